package clients

import (
	"regexp"
	"strings"
	"testing"
)

// The prompts that Unicon looks for at a router, whose name it was told. It looks at all that came since it typed last.
var (
	uniconDisable = regexp.MustCompile(`^(?s:.*?)(Router|Switch|ios|xTR1)>\s?$`)
	uniconEnable  = regexp.MustCompile(`^(?s:.*?)(Router|Switch|ios|xTR1)#\s?$`)
	uniconConfig  = regexp.MustCompile(`^(?s:.*?)(Router|Switch|ios|xTR1)\([^)]*(con|cfg)[^)]*\)#\s?$`)
	uniconSecret  = regexp.MustCompile(`^(?s:.*?)[Pp]assword: ?$`)
	uniconLogin   = regexp.MustCompile(`^(?s:.*?)[Uu]sername: ?$`)
	uniconErrors  = regexp.MustCompile(`(?m)^%\s*(?i:invalid (command|input)|incomplete|ambiguous|bad IP address or host name|unknown command or computer name)`)
)

// TestUnicon goes through what Unicon types at a router, keystroke by keystroke: Enter to wake the line, the levels of
// privilege, its settings of the terminal, what it asks to learn the software, its configuration of the lines, a
// configuration of its user's, saved, and the way out. Nothing of it may be answered with an error.
func TestUnicon(t *testing.T) {
	opening := map[string][]struct {
		send string
		want *regexp.Regexp
	}{
		"ssh":    {{"", uniconDisable}},
		"telnet": {{"", uniconLogin}, {guest, uniconSecret}, {guest, uniconDisable}},
	}
	exchange := []struct {
		send string
		want *regexp.Regexp
	}{
		{"", uniconDisable},
		{"enable", uniconSecret},
		{secret, uniconEnable},
		{"term length 0", uniconEnable},
		{"term width 0", uniconEnable},
		{"show version", uniconEnable},
		{"config term", uniconConfig},
		{"no logging console", uniconConfig},
		{"line console 0", uniconConfig},
		{"exec-timeout 0", uniconConfig},
		{"line vty 0 4", uniconConfig},
		{"exec-timeout 0", uniconConfig},
		{"end", uniconEnable},
		{"show running-config", uniconEnable},
		{"config term", uniconConfig},
		{"router lisp", uniconConfig},
		{"locator-set UNICON", uniconConfig},
		{"203.0.113.11 priority 7 weight 7", uniconConfig},
		{"end", uniconEnable},
		{"show running-config | section locator-set UNICON", uniconEnable},
		{"copy running-config startup-config", regexp.MustCompile(`(?s)^.*Destination filename \[startup-config\]\?\s*$`)},
		{"", uniconEnable},
		{"show startup-config | include priority 7", uniconEnable},
		{"config term", uniconConfig},
		{"router lisp", uniconConfig},
		{"no locator-set UNICON", uniconConfig},
		{"end", uniconEnable},
		{"disable", uniconDisable},
		{"enable", uniconSecret},
		{secret, uniconEnable},
	}
	wants := map[string][]string{
		"show version":        {"IOS Software", "xTR1 uptime is ", "Configuration register is 0x2102"},
		"show running-config": {"\r\nline con 0\r\n exec-timeout 0 0\r\n", "\r\nno logging console\r\n", "\r\nline vty 0 4\r\n exec-timeout 0 0\r\n"},
		"show running-config | section locator-set UNICON": {"  203.0.113.11 priority 7 weight 7\r\n"},
		"show startup-config | include priority 7":         {"  203.0.113.11 priority 7 weight 7\r\n"},
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, labOptions{})
			var c *session
			if way == "ssh" {
				_, c = s.ssh(t, "xTR1", guest)
			} else {
				c = s.telnet(t, "xTR1")
			}
			for i, step := range append(opening[way], exchange...) {
				if i > 0 {
					c.types(step.send + "\r")
				}
				answer := c.matches(step.want)
				if uniconErrors.MatchString(strings.ReplaceAll(answer, "\r", "")) {
					t.Errorf("%q is answered with %q", step.send, answer)
				}
				for _, want := range wants[step.send] {
					if !strings.Contains(answer, want) {
						t.Errorf("%s shows\n%s\nwithout %q", step.send, answer, want)
					}
				}
			}
			c.types("exit\r")
			c.ends()
		})
	}
}
