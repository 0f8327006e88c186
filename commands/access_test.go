package commands

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

// What a few typed lines of access leave behind, as the router prints it.
func TestAccessEdits(t *testing.T) {
	const five = "line con 0|line vty 0 4| login|"
	for _, tt := range []struct{ what, typed, printed string }{
		{"vtys that say the same share a block, but for the first five",
			"line vty 0 15; login local; transport input ssh telnet; line vty 7; no login; line vty 8 9; no login",
			"line con 0|line vty 0 4| login local| transport input telnet ssh|line vty 5 6| login local| transport input telnet ssh|" +
				"line vty 7 9| no login| transport input telnet ssh|line vty 10 15| login local| transport input telnet ssh|"},
		{"a vty makes those before it", "line vty 6", "line con 0|line vty 0 4| login|line vty 5 6| login|"},
		{"vtys go from one on", "line vty 0 15; no line vty 6 15; no line vty 5", five},
		{"login without a method is what a vty does, and the console does not", "line con 0; login; line vty 0 4; no login; login",
			"line con 0| login|line vty 0 4| login|"},
		{"what is as it comes is not printed", "line con 0; exec-timeout 10 0; length 24; width 80; history size 20; privilege level 1; logging synchronous; no logging synchronous", five},
		{"0 is another thing than nothing", "line con 0; exec-timeout 0 0; length 0; width 0; no history",
			"line con 0| exec-timeout 0 0| length 0| width 0| no history|line vty 0 4| login|"},
		{"default takes all back", "line con 0; exec-timeout 1; length 9; login local; no history; default exec-timeout; default length; default login; default history", five},
		{"seconds alone", "line con 0; exec-timeout 0 90", "line con 0| exec-timeout 1 30|line vty 0 4| login|"},
		{"a password that reads like its type keeps it", "line con 0; password 0 7", "line con 0| password 0 7|line vty 0 4| login|"},
	} {
		got := printedFrom(t, "line con 0", tt.typed)
		if got != tt.printed+"!" {
			t.Errorf("%s:\n got %s\nwant %s!", tt.what, got, tt.printed)
		}
	}
	for _, tt := range []struct{ what, typed, printed string }{
		{"a user keeps what a line does not say", "username a secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0; username b; username a privilege 15; no username b password x",
			"username a privilege 15 secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0|!"},
		{"a user takes a new password", "username a password b; username a password 7 0822455D0A16", "username a password 7 0822455D0A16|!"},
		{"levels of enable", "enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0; enable password level 5 x; enable password y; enable secret level 2 0 z; no enable secret; no enable secret level 2",
			"enable password level 5 x|enable password y|!"},
		{"logging", "logging console 4; no logging monitor; logging buffered 9000 warnings; logging buffered errors", "logging buffered errors|logging console warnings|no logging monitor|!"},
		{"logging as it comes", "no logging console; default logging console; logging monitor alerts; logging monitor; logging buffered 9000; no logging buffered; logging buffered", ""},
		{"names", "no ip domain-lookup; ip domain-name a.example; ip domain name b.example", "no ip domain lookup|ip domain name b.example|!"},
		{"names by default", "no ip domain lookup; default ip domain lookup; ip domain name x; no ip domain name; ip ssh version 2; default ip ssh version", ""},
		{"a banner on one line", "banner motd #hello# and what stands behind it; banner login xhix; no banner login", "banner motd ^Chello^C|!"},
		{"banners of several lines", "banner exec ^C; two  words; !; end; ^C; banner motd # #", "banner exec ^C|two  words|!|end|^C|banner motd ^C ^C|!"},
		{"a banner that holds the usual delimiter", "banner motd @a^Cb!@", "banner motd \"a^Cb!\"|!"},
		{"a banner that is taken back", "banner motd #x#; default banner motd", ""},
		{"keys are hidden with the passwords", "service password-encryption; router lisp; site A; authentication-key cisco", "router lisp| site A|  authentication-key 7 00071A150754|  exit| !| exit|!"},
	} {
		cfg := load(t, strings.ReplaceAll(tt.typed, "; ", "\n"))
		cfg.Services = devices.Services{HidePasswords: cfg.Services.HidePasswords}
		if got := strings.Join(middle(compiled(t).RunningConfig(devices.Release155, cfg)), "|"); got != tt.printed {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.printed)
		}
	}
	for typed, want := range map[string]string{
		"service timestamps log uptime; no service timestamps debug":                               "no service timestamps debug|service timestamps log uptime|no service password-encryption|!",
		"no service timestamps; service timestamps log datetime localtime msec show-timezone year": "no service timestamps debug|service timestamps log datetime msec localtime show-timezone year|no service password-encryption|!",
		"no service timestamps; default service timestamps":                                        "service timestamps debug datetime msec|service timestamps log datetime msec|no service password-encryption|!",
		"no service prompt config; service password-encryption":                                    "service timestamps debug datetime msec|service timestamps log datetime msec|service password-encryption|no service prompt config|!",
	} {
		lines := compiled(t).RunningConfig(devices.Release155, load(t, strings.ReplaceAll(typed, "; ", "\n")))
		if got := strings.Join(lines[:len(lines)-4], "|"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", typed, got, want)
		}
	}
}

// printedFrom is what lines leave behind, from one printed line on.
func printedFrom(t *testing.T, first, typed string) string {
	text := strings.Join(compiled(t).RunningConfig(devices.Release155, load(t, strings.ReplaceAll(typed, "; ", "\n"))), "|")
	_, text, _ = strings.Cut(text, first)
	return first + text
}

// middle leaves out the services above and the lines below.
func middle(lines []string) []string { return lines[4 : len(lines)-4] }

// Lines of access that can't be.
func TestAccessRefused(t *testing.T) {
	for typed, want := range map[string]string{
		"username a secret 5 cisco":                    "ERROR: The secret you entered is not a valid encrypted secret.",
		"username a password 7 zz":                     "Invalid encrypted password: zz",
		"username a password b\nusername a secret c":   "ERROR: Can not have both a user password and a user secret.",
		"no line vty 0 15":                             "Can't delete last 5 VTY lines",
		"line vty 9 8":                                 `found "", expected <9-97>`,
		"line vty 0 98":                                `found "98", expected <0-97>`,
		"line con 0\ntransport input ssh":              "Nobody connects to the console: it has no transport input.",
		"ip ssh version 1":                             `expected 2: version 1 is not spoken here`,
		"service timestamps log datetime msec nothing": `found "nothing"`,
		"banner motd #\nnever\nended":                  "found no \"#\" behind this text",
		"username a privilege 16":                      `found "16"`,
	} {
		_, err := compiled(t).Load(devices.Release155, "R.cfg", typed)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", typed, err, want)
		}
	}
}

// A `default` in front of an example's last line takes it back as `no` does, or sets what is usual. An interface stays, empty:
// transcripts/guide/interfaces.txt.
func TestDefaultUndoesExamples(t *testing.T) {
	eachExample(t, func(t *testing.T, rel devices.Release, r Row) {
		lines := strings.Split(r.Example, "\n")
		last := strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "no ")
		if r.No == "" || strings.HasPrefix(r.Syntax, "banner") || strings.HasPrefix(r.Syntax, "interface ") {
			return
		}
		cfg := loadAs(t, rel, r.Example+"\n"+strings.Join(lines[:len(lines)-1], "\n")+"\ndefault "+last)
		for _, line := range compiled(t).RunningConfig(rel, cfg) {
			if strings.TrimSpace(line) == strings.TrimSpace(lines[len(lines)-1]) {
				t.Errorf("%q stands after `default %s`", line, last)
			}
		}
	})
}

// Every way from one level of privilege to another, at a terminal from the network and at the console.
func TestEnable(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", 10*time.Second)
	d := lab.Device("Core1")
	vty, err := d.OpenVTY(devices.TransportSSH, netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	o := operate(t, lab, "Core1")
	o.c.Terminal = vty
	steps := func(list ...[3]string) {
		t.Helper()
		for _, s := range list {
			if out := o.types(s[0]); o.c.Prompt() != s[1] || out != s[2] {
				t.Fatalf("%q: prompt %q, want %q; answers\n%q, want\n%q", s[0], o.c.Prompt(), s[1], out, s[2])
			}
		}
	}
	const level5, level1 = "Current privilege level is 5\n", "Current privilege level is 1\n"
	steps(
		[3]string{"disable 5", "Core1#", ""},
		[3]string{"show privilege", "Core1#", level5},
		[3]string{"configure terminal", "Core1#", strings.Repeat(" ", 6+0) + "^\n% Invalid input detected at '^' marker.\n\n"},
		[3]string{"disable 6", "Core1#", "% New privilege level must be less than current privilege level\n"},
		[3]string{"enable 3", "Core1#", ""},
		[3]string{"disable", "Core1>", ""},
		[3]string{"show privilege", "Core1>", level1},
		[3]string{"enable 5", "Core1>", "% No password set\n"},
		[3]string{"enable", "Core1>", ""},
		[3]string{"no", "Core1>", ""},
		[3]string{"", "Core1>", ""},
		[3]string{"LAB", "Core1>", "% Bad secrets\n\n"},
		[3]string{"enable", "Core1>", ""},
		[3]string{"no", "Core1>", ""},
		[3]string{"lab", "Core1#", ""},
		[3]string{"enable", "Core1#", ""},
	)
	o.types("configure terminal", "enable secret level 5 five", "enable password level 7 seven", "no enable secret", "end")
	steps(
		[3]string{"disable", "Core1>", ""},
		[3]string{"enable", "Core1>", "% No password set\n"},
		[3]string{"enable 5", "Core1>", ""},
		[3]string{"five", "Core1#", ""},
		[3]string{"show privilege", "Core1#", level5},
		[3]string{"enable 7", "Core1#", ""},
		[3]string{"x", "Core1#", ""},
		[3]string{"x", "Core1#", ""},
		[3]string{"x", "Core1#", "% Bad passwords\n\n"},
		[3]string{"enable 7", "Core1#", ""},
		[3]string{"seven", "Core1#", ""},
		[3]string{"login", "Core1#", ""},
		[3]string{"lab", "Core1#", ""},
		[3]string{"wrong", "Core1#", "% Login invalid\n\n"},
		[3]string{"lab", "Core1#", ""},
		[3]string{"lab", "Core1#", ""},
		[3]string{"show privilege", "Core1#", "Current privilege level is 15\n"},
	)
	if vty.User != "lab" {
		t.Errorf("the terminal is %q's", vty.User)
	}
	o.c.Terminal, err = d.OpenConsole()
	if err != nil {
		t.Fatal(err)
	}
	steps([3]string{"disable", "Core1>", ""}, [3]string{"enable", "Core1#", ""}) // whoever sits there may
}

// The prompt of configuration goes with `no service prompt config`, and comes back.
func TestPromptConfig(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", time.Second)
	o := operate(t, lab, "Core1")
	o.types("configure terminal", "no service prompt config")
	if o.c.Prompt() != "" {
		t.Errorf("the prompt is %q", o.c.Prompt())
	}
	o.types("interface gi0/0", "end")
	if o.c.Prompt() != "Core1#" {
		t.Errorf("the prompt is %q", o.c.Prompt())
	}
	o.types("configure terminal", "service prompt config")
	if o.c.Prompt() != "Core1(config)#" {
		t.Errorf("the prompt is %q", o.c.Prompt())
	}
}

// A banner is typed line by line, without a prompt of its own.
func TestBannerIsTyped(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", time.Second)
	o := operate(t, lab, "Core1")
	o.expect("Enter configuration commands, one per line.  End with CNTL/Z.\nEnter TEXT message.  End with the character '#'.\n",
		"configure terminal", "banner motd #", "exit", "", "  two #ignored")
	if got, want := o.c.Device.Config().Banners.MOTD, "\nexit\n\n  two "; got != want {
		t.Errorf("the banner is %q, want %q", got, want)
	}
	if o.c.Mode() != Config {
		t.Errorf("the session stands in %s", o.c.Mode())
	}
}

// Dates of log lines, as the configuration has them.
func TestLogText(t *testing.T) {
	booted := labTime(60)
	line := devices.LogLine{At: labTime(60 + 86400 + 3661), Text: "%SYS-5-X: y"}
	for text, ts := range map[string]devices.Timestamps{
		"*Jan  2 01:02:01.000: %SYS-5-X: y":      {},
		"*Jan  2 01:02:01: %SYS-5-X: y":          {NoMsec: true},
		"*Jan  2 01:02:01 UTC: %SYS-5-X: y":      {NoMsec: true, Zone: true, Localtime: true},
		"*Jan  2 2026 01:02:01.000: %SYS-5-X: y": {Year: true},
		"1d01h: %SYS-5-X: y":                     {Form: devices.TimestampUptime},
		"%SYS-5-X: y":                            {Form: devices.TimestampNone},
	} {
		cfg := devices.Config{Services: devices.Services{TimestampsLog: ts}}
		if got := LogText(cfg, booted, line); got != text {
			t.Errorf("%+v: %q, want %q", ts, got, text)
		}
	}
}
