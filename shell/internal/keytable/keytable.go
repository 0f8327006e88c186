// Package keytable is the table of what keys do in a line. The vty's editor and the console's are tested with the same
// rows: the bytes that they send to the terminal differ, the lines that come out must not.
package keytable

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed keys.txt
var text string

// Row is one row of the table: the keys typed at one line, and what becomes of them.
type Row struct {
	Name    string
	Width   int      // of the terminal; 0 for one that has none
	Kind    string   // "command", "answer" or "secret"
	History []string // oldest first
	Keys    string   // as the terminal sends them; the last one ends the line, or asks for something
	Bytes   string   // what the vty's editor echoes, the prompt left out
	Event   string   // what the last key is: "enter", "end", "interrupt", "help", "complete" or "suspend"
	Line    string   // what the line is then
	Before  string   // what of it stands before the cursor; for "help" and "complete" only
	VtyOnly string   // why the row does not hold for the console, "" if it does
}

// Prompt is the prompt of every row.
const Prompt = "R1#"

// names are the keys that have no character of their own.
var names = map[string]string{
	"<BS>": "\b", "<DEL>": "\x7f", "<CR>": "\r", "<LF>": "\n", "<NUL>": "\x00", "<TAB>": "\t", "<ESC>": "\x1b", "<SP>": " ",
	"<UP>": "\x1b[A", "<DOWN>": "\x1b[B", "<RIGHT>": "\x1b[C", "<LEFT>": "\x1b[D", "<HOME>": "\x1b[H", "<END>": "\x1b[F",
	"<DELETE>": "\x1b[3~", "<^^>": "\x1e",
}

var named = regexp.MustCompile(`<(\^.|[A-Z]+|x[0-9A-F]{2})>`)

// keys reads the notation of keys: `<^A>` is Ctrl-A, `<x80>` a byte, and the names above.
func keys(s string) string {
	return named.ReplaceAllStringFunc(s, func(name string) string {
		if key, ok := names[name]; ok {
			return key
		}
		if name[1] == '^' {
			return string(name[2] & 0x1F)
		}
		b, err := strconv.ParseUint(name[2:4], 16, 8)
		if err != nil {
			return name
		}
		return string([]byte{byte(b)})
	})
}

// Rows returns the table.
func Rows() ([]Row, error) { return parse(text) }

func parse(text string) ([]Row, error) {
	var rows []Row
	for n, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			rows = append(rows, Row{Name: name, Kind: "command", Event: "enter"})
			continue
		}
		if len(rows) == 0 {
			return nil, fmt.Errorf("keys.txt:%d: found %q, expected `== NAME`", n+1, line)
		}
		field, value, _ := strings.Cut(line, " ")
		if err := rows[len(rows)-1].set(field, strings.TrimLeft(value, " ")); err != nil {
			return nil, fmt.Errorf("keys.txt:%d: %w", n+1, err)
		}
	}
	return rows, nil
}

func (r *Row) set(field, value string) (err error) {
	switch field {
	case "width":
		r.Width, err = strconv.Atoi(value)
	case "kind":
		r.Kind = value
	case "history":
		r.History = append(r.History, value)
	case "keys":
		r.Keys = keys(value)
	case "bytes":
		r.Bytes, err = strconv.Unquote(value)
	case "event":
		r.Event = value
	case "line":
		r.Line, err = strconv.Unquote(value)
	case "before":
		r.Before, err = strconv.Unquote(value)
	case "vty-only":
		r.VtyOnly = value
	default:
		err = fmt.Errorf("found field %q", field)
	}
	return err
}

// SetBytes returns the table's text with the bytes of each row replaced, in the table's order.
func SetBytes(bytes []string) string {
	lines := strings.Split(text, "\n")
	for i, n := 0, 0; i < len(lines) && n < len(bytes); i++ {
		if strings.HasPrefix(lines[i], "bytes ") {
			lines[i] = "bytes  " + strconv.Quote(bytes[n])
			n++
		}
	}
	return strings.Join(lines, "\n")
}
