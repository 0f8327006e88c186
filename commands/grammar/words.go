package grammar

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Words holds the help lines by word path. A word path is the keywords that lead to a word and the word itself, one
// blank apart:
//
//	"show widget"             the keyword widget
//	"show widget name WORD"   the place
//
// Places in the middle and options that were left behind are not part of a path: after "add [at <1-9>$pos] WORD$item
// weight <0-100>$w" the paths are "add", "add at", "add at <1-9>", "add WORD", "add weight" and "add weight <0-100>". A
// required choice of keywords counts as one word: "red|blue". A path that means something else in one mode is written
// with the mode before it: "mode: show widget". Where places of one kind follow each other, each has the name of its value
// behind it: "move <1-9>$from" and "move <1-9>$to".
type Words map[string]string

// Merge joins lists of help. A path that stands in two of them is an error: help is kept once.
func Merge(lists ...Words) (Words, error) {
	all := Words{}
	var errs []error
	for _, list := range lists {
		for _, path := range sortedKeys(list) {
			if _, twice := all[path]; twice {
				errs = append(errs, fmt.Errorf("help for %q is given twice", path))
			}
			all[path] = list[path]
		}
	}
	return all, errors.Join(errs...)
}

// find returns the help of a path in a mode, and the key under which it stands. name is the $name of its place, if it is one.
func (w Words) find(m Mode, path, name string) (help, key string, ok bool) {
	named := path + "$" + name
	for _, key := range []string{string(m) + ": " + named, named, string(m) + ": " + path, path} {
		if help, ok := w[key]; ok && strings.TrimSpace(help) != "" {
			return help, key, true
		}
	}
	return "", "", false
}

func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
