package commands

import (
	"bytes"
	"strings"
	"testing"
)

// TestTerminal types the settings of a terminal as clients do.
func TestTerminal(t *testing.T) {
	s := compiled(t)
	type settings struct {
		length, width, history int
		monitor                bool
	}
	for _, tt := range []struct {
		line string
		want settings
	}{
		{"terminal length 0", settings{0, 80, 20, false}},
		{"term len 0", settings{0, 80, 20, false}},
		{"terminal width 0", settings{24, 0, 20, false}},
		{"terminal width 511", settings{24, 511, 20, false}},
		{"term width 512", settings{24, 512, 20, false}},
		{"terminal history size 100", settings{24, 80, 100, false}},
		{"terminal no length", settings{24, 80, 20, false}},
		{"terminal no width", settings{24, 80, 20, false}},
		{"terminal no history", settings{24, 80, 0, false}},
		{"terminal no history; terminal history", settings{24, 80, 20, false}},
		{"terminal history size 7; terminal history", settings{24, 80, 7, false}},
		{"terminal history size 7; terminal no history size", settings{24, 80, 20, false}},
		{"terminal length 5; terminal width 5; terminal no length; terminal no width", settings{24, 80, 20, false}},
		{"terminal monitor", settings{24, 80, 20, true}},
		{"terminal no monitor", settings{24, 80, 20, false}},
	} {
		var out bytes.Buffer
		c := &Context{Out: &out, Terminal: NewTerminal()}
		for line := range strings.SplitSeq(tt.line, "; ") {
			if err := s.Run(c, line); err != nil || out.Len() > 0 {
				t.Errorf("%s: answers %q (%v), want silence", line, out.String(), err)
			}
			if err := s.Run(&Context{Out: &out}, line); err != nil || out.Len() > 0 {
				t.Errorf("%s without a terminal: answers %q (%v), want silence", line, out.String(), err)
			}
		}
		if got := (settings{c.Terminal.Length, c.Terminal.Width, c.Terminal.History, c.Terminal.Monitor}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.line, got, tt.want)
		}
	}
	if err := s.Run(&Context{Terminal: NewTerminal()}, "terminal length 513"); err == nil {
		t.Error("terminal length 513 is taken")
	}
}
