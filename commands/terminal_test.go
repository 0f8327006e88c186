package commands

import (
	"bytes"
	"testing"
)

// TestTerminal types the settings of a terminal as clients do.
func TestTerminal(t *testing.T) {
	s := compiled(t)
	for _, tt := range []struct {
		line string
		want Terminal
	}{
		{"terminal length 0", Terminal{Length: 0, Width: 80, History: 20}},
		{"term len 0", Terminal{Length: 0, Width: 80, History: 20}},
		{"terminal width 0", Terminal{Length: 24, Width: 0, History: 20}},
		{"terminal width 511", Terminal{Length: 24, Width: 511, History: 20}},
		{"term width 512", Terminal{Length: 24, Width: 512, History: 20}},
		{"terminal history size 100", Terminal{Length: 24, Width: 80, History: 100}},
		{"terminal monitor", Terminal{Length: 24, Width: 80, History: 20, Monitor: true}},
		{"terminal no monitor", Terminal{Length: 24, Width: 80, History: 20}},
	} {
		var out bytes.Buffer
		c := &Context{Out: &out, Terminal: NewTerminal()}
		c.Terminal.By = ""
		if err := s.Run(c, tt.line); err != nil || out.Len() > 0 {
			t.Errorf("%s: answers %q (%v), want silence", tt.line, out.String(), err)
		}
		if *c.Terminal != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.line, *c.Terminal, tt.want)
		}
		if err := s.Run(&Context{Out: &out}, tt.line); err != nil || out.Len() > 0 {
			t.Errorf("%s without a terminal: answers %q (%v), want silence", tt.line, out.String(), err)
		}
	}
	if err := s.Run(&Context{Terminal: NewTerminal()}, "terminal length 513"); err == nil {
		t.Error("terminal length 513 is taken")
	}
}
