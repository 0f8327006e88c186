package shell

import (
	"bytes"
	"io"
	"testing"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell/internal/keytable"
)

// openLab opens a built-in lab for a test.
func openLab(t testing.TB, name string) (*devices.Lab, *commands.Set) {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := devices.OpenLab(name, devices.Options{Parse: set.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab, set
}

// TestConsoleKeyTable types the key table of the vty at the console. What readline writes to the terminal is its own
// business; the line that comes out must be the same.
func TestConsoleKeyTable(t *testing.T) {
	rows, err := keytable.Rows()
	if err != nil {
		t.Fatal(err)
	}
	lab, set := openLab(t, devices.DefaultLab)
	sh := New(lab, set)
	if err := sh.Attach(lab.Console()); err != nil {
		t.Fatal(err)
	}
	in, keys := io.Pipe()
	c, err := NewConsole(t.Context(), sh, in, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	ends := map[rune]string{0: "enter", markEnd: "end", markBreak: "interrupt"}
	for _, row := range rows {
		if row.VtyOnly != "" || row.Event == "complete" { // there the console completes the line at once
			continue
		}
		c.line.SetConfig(c.exec)
		c.line.ResetHistory()
		for _, line := range row.History {
			if err := c.line.SaveHistory(line); err != nil {
				t.Fatal(err)
			}
		}
		typed, event := row.Keys, row.Event
		if event == "help" { // the console has answered, and the line goes on
			typed, event = typed+"\r", "enter"
		}
		go func() { _, _ = io.WriteString(keys, typed) }()
		line, end, err := c.read()
		switch {
		case err != nil:
			t.Fatalf("%s: %v", row.Name, err)
		case ends[end] != event:
			t.Errorf("%s: %s, want %s", row.Name, ends[end], event)
		case line != row.Line:
			t.Errorf("%s: line %q, want %q", row.Name, line, row.Line)
		}
	}
}
