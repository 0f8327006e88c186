package devices

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// FileError is what is wrong with a lab file, and where.
type FileError struct {
	File            string
	Line, Column    int // from 1
	Found, Expected string
}

// Error prints the place, what was found and what was expected.
func (e *FileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: found %s, expected %s", e.File, e.Line, e.Column, e.Found, e.Expected)
}

// yamlFile is a YAML file that is read strictly: every field is known, stands once and has the right kind.
type yamlFile struct{ name string }

// field is one key of a mapping: a function that reads its value.
type field struct {
	name string
	read func(ast.Node) error
}

// parse returns the root of the file.
func (y yamlFile) parse(text []byte) (ast.Node, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			pos := at.GetToken().Position
			return nil, &FileError{y.name, pos.Line, pos.Column, strings.TrimPrefix(at.GetMessage(), "found "), "a YAML file"}
		}
		return nil, fmt.Errorf("%s: %w", y.name, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, &FileError{y.name, 1, 1, fmt.Sprintf("%d YAML documents with content", len(tree.Docs)-1), "one: a lab"}
	}
	return tree.Docs[0].Body, nil
}

// wrong is the error of a node: found is what it is when it is not the scalar that it says.
func (y yamlFile) wrong(n ast.Node, expected string) error {
	pos := n.GetToken().Position
	found := fmt.Sprintf("%q", n.GetToken().Value)
	switch v := n.(type) {
	case *ast.MappingNode:
		if v.Start != nil {
			pos = v.Start.Position
		}
		if len(v.Values) > 0 && !v.IsFlowStyle {
			pos = v.Values[0].Key.GetToken().Position
		}
		found = "a mapping"
	case *ast.MappingValueNode:
		pos, found = v.Key.GetToken().Position, "a mapping"
	case *ast.SequenceNode:
		found = "a list"
	case *ast.NullNode:
		found = "nothing"
	}
	return &FileError{y.name, pos.Line, pos.Column, found, expected}
}

// mapping reads a mapping field by field, in the order of the file. A field that the list names and the file does not is
// left alone. What is wrong with one field does not keep the others from being read: the errors are joined.
func (y yamlFile) mapping(n ast.Node, what string, fields ...field) error {
	var pairs []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		pairs = v.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{v}
	default:
		return y.wrong(n, what)
	}
	var errs []error
	for _, pair := range pairs {
		key := pair.Key.GetToken()
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			var names []string
			for _, f := range fields {
				names = append(names, f.name)
			}
			errs = append(errs, &FileError{y.name, key.Position.Line, key.Position.Column, fmt.Sprintf("field %q", key.Value),
				"one of " + strings.Join(names, ", ")})
			continue
		}
		errs = append(errs, fields[i].read(pair.Value))
	}
	return errors.Join(errs...)
}

// list reads a list item by item, and joins their errors.
func (y yamlFile) list(n ast.Node, what string, read func(ast.Node) error) error {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return y.wrong(n, what)
	}
	var errs []error
	for _, item := range seq.Values {
		errs = append(errs, read(item))
	}
	return errors.Join(errs...)
}

// scalar returns the text of a scalar as it stands in the file: 15.5 is "15.5".
func (y yamlFile) scalar(n ast.Node, what string) (string, error) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	}
	return "", y.wrong(n, what)
}
