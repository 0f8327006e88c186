package clients

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
)

// The rows of the acceptance list of a vty. Each test is named after its row; row 15, the whole by a client that nobody
// here wrote, is in scrapligo_test.go.

// TestVtyRow01EchoOnce holds every typed byte's echo, one by one, and that nothing else comes.
func TestVtyRow01EchoOnce(t *testing.T) {
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, _ *served, c *session) {
		for range 3 {
			for _, key := range "show clock" {
				c.types(string(key))
				c.shows(string(key))
			}
			c.types("\r")
			c.shows("\r\n")
			if got := c.until("xTR1#"); !regexp.MustCompile(`^\*?\d\d:\d\d:\d\d\.\d{3} UTC \w{3} Jan 1 2026\r\nxTR1#$`).MatchString(got) {
				t.Errorf("the answer is %q", got)
			}
		}
		var all strings.Builder
		for _, line := range []string{"terminal length 0", "show version", "show running-config | include zzz", "conf t", "no zzz", "end", "?"} {
			c.types(line + "\r")
			all.WriteString(c.until("#"))
		}
		if strings.ContainsAny(all.String(), "\x1b\x07\x00") {
			t.Errorf("something that is no text was sent: %q", all.String())
		}
	})
}

// TestVtyRow02Prompt holds what stands in a prompt, and that nothing stands behind it: the next byte is an echo.
func TestVtyRow02Prompt(t *testing.T) {
	const long = "a-router-with-a-very-long-name.example"
	for name, mark := range map[string]string{user: "#", guest: ">"} {
		bothWays(t, labOptions{}, "xTR1", name, func(t *testing.T, _ *served, c *session) {
			c.types("\r")
			c.shows("\r\nxTR1" + mark)
			c.types("s")
			c.shows("s")
		})
	}
	bothWays(t, labOptions{change: func(cfg *devices.Config) { cfg.Hostname = long }}, "xTR1", user, func(t *testing.T, _ *served, c *session) {
		c.types("\r")
		c.shows("\r\n" + long + "#")
		c.run("configure terminal", long[:20]+"(config)#")
		c.run("interface GigabitEthernet0/0", long[:20]+"(config-if)#")
		c.run("end", long+"#")
	})
}

// TestVtyRow03PromptWithin32 goes to every mode of configuration, with short prompts: what stands between the parentheses
// begins with config and holds at most 32 characters.
func TestVtyRow03PromptWithin32(t *testing.T) {
	routes := map[string][]string{
		"config":                            nil,
		"config-if":                         {"interface GigabitEthernet0/0"},
		"config-line":                       {"line vty 0 4"},
		"config-vrf":                        {"vrf definition RED"},
		"config-vrf-af":                     {"vrf definition RED", "address-family ipv4"},
		"config-std-nacl":                   {"ip access-list standard S"},
		"config-ext-nacl":                   {"ip access-list extended E"},
		"config-router-lisp":                {"router lisp"},
		"config-router-lisp-site":           {"router lisp", "site A"},
		"config-router-lisp-locator-set":    {"router lisp", "locator-set S"},
		"config-router-lisp-eid-table":      {"router lisp", "eid-table default instance-id 0"},
		"config-router-lisp-serv-ipv4":      {"router lisp", "service ipv4"},
		"config-router-lisp-serv-ipv6":      {"router lisp", "service ipv6"},
		"config-router-lisp-inst":           {"router lisp", "instance-id 7"},
		"config-router-lisp-inst-serv-ipv4": {"router lisp", "instance-id 7", "service ipv4"},
		"config-router-lisp-inst-serv-ipv6": {"router lisp", "instance-id 7", "service ipv6"},
	}
	reference, err := os.ReadFile("../../commands/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^Mode `(config[^`]*)`").FindAllStringSubmatch(string(reference), -1) {
		if _, ok := routes[m[1]]; !ok {
			t.Errorf("no way to mode %s is known here", m[1])
		}
	}
	opt := options17(true)
	opt.change = func(cfg *devices.Config) { cfg.Hostname = strings.Repeat("x", 40) }
	bothWays(t, opt, "New-MSMR", user, func(t *testing.T, _ *served, c *session) {
		short := regexp.MustCompile(`\r\nx{20}\((config[-+\w.@/:]{0,26})\)#$`) // scrapligo's own, and 32 in all
		c.run("terminal width 0", strings.Repeat("x", 40)+"#")                 // as clients do; 80 columns are few behind such a name
		for mode, lines := range routes {
			c.run("configure terminal", "(config)#")
			got := "\r\n" + strings.Repeat("x", 20) + "(config)#"
			for _, line := range lines {
				c.types(line + "\r")
				got = c.until(")#")
			}
			m := short.FindStringSubmatch(got)
			switch {
			case m == nil:
				t.Errorf("%s: the prompt is %q", mode, got)
			case m[1] != mode && len(mode) <= 32:
				t.Errorf("%s: the prompt says %s", mode, m[1])
			}
			c.types("end\r")
			c.until("x#")
		}
	})
}

// TestVtyRow04TerminalSettings holds that what clients send first is taken without a word.
func TestVtyRow04TerminalSettings(t *testing.T) {
	for _, name := range []string{user, guest} {
		opt := labOptions{}
		bothWays(t, opt, "xTR1", name, func(t *testing.T, s *served, c *session) {
			for _, line := range []string{
				"terminal length 0", "terminal width 511", "terminal width 512", "terminal width 0", "term width 512", "term len 0",
				"term length 0", "term width 0", "terminal length 24", "terminal width 80", "terminal length 512",
			} {
				if got := c.run(line, s.prompt("xTR1", name)); got != "" {
					t.Errorf("%s is answered with %q", line, got)
				}
			}
		})
	}
}

// TestVtyRow05WindowIsNotWidth holds that lines scroll by the width that `terminal width` sets, and never by the window of
// the client: the session's is 80 by 255 and says so twice.
func TestVtyRow05WindowIsNotWidth(t *testing.T) {
	long := "show running-config | include " + strings.Repeat("abcdefghij", 50)
	test := func(t *testing.T, c *session) {
		for _, width := range []string{"0", "511", "512"} {
			if got := c.run("terminal width "+width, "xTR1#"); got != "" {
				t.Errorf("saw %q", got)
			}
			c.run(long, "xTR1#") // holds the echo
		}
		if got := c.run("terminal width 80", "xTR1#"); got != "" {
			t.Errorf("saw %q", got)
		}
		c.types(long)
		c.sees("\b$") // scrolls
	}
	t.Run("ssh", func(t *testing.T) {
		leaks(t)
		s := serve(t, labOptions{})
		ch, c := s.ssh(t, "xTR1", user)
		c.until("xTR1#")
		if err := ch.WindowChange(1000, 511); err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
	t.Run("telnet", func(t *testing.T) {
		leaks(t)
		s := serve(t, labOptions{})
		c := s.login(t, "telnet", "xTR1", user)
		c.types("\xff\xfb\x1f\xff\xfa\x1f\x01\xff\xff\x03\xe8\xff\xf0") // WILL NAWS, and a window of 511 by 1000
		c.shows("\xff\xfd\x1f")                                         // DO NAWS
		test(t, c)
	})
	// A page is as long as the terminal, whatever the window.
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, _ *served, c *session) {
		c.types("show running-config\r")
		if got := c.until(" --More-- "); strings.Count(got, "\n") != 1+23 {
			t.Errorf("a page has %d lines: %q", strings.Count(got, "\n")-1, got)
		}
		c.types("q")
	})
}

// TestVtyRow06Enable holds the way up and the way down, with a secret and without.
func TestVtyRow06Enable(t *testing.T) {
	level := func(c *session, prompt, want string) {
		c.t.Helper()
		if got := c.run("show privilege", prompt); got != "Current privilege level is "+want+"\r\n" {
			c.t.Errorf("show privilege shows %q", got)
		}
	}
	bothWays(t, labOptions{}, "xTR1", guest, func(t *testing.T, _ *served, c *session) {
		level(c, "xTR1>", "1")
		c.types("enable\r")
		c.shows("enable\r\nPassword: ")
		c.types("wrong\r")
		c.shows("\r\nPassword: ")
		c.types("\r")
		c.shows("\r\nPassword: ")
		c.types("wrong again\r")
		c.shows("\r\n% Bad secrets\r\n")
		c.until("xTR1>")
		level(c, "xTR1>", "1")
		c.types("enable\r")
		c.shows("enable\r\nPassword: ")
		c.types(secret + "\r")
		c.shows("\r\nxTR1#")
		level(c, "xTR1#", "15")
		c.run("enable", "xTR1#") // nothing is asked of who is there already
		c.run("disable", "xTR1>")
		level(c, "xTR1>", "1")
	})
	none := labOptions{change: func(cfg *devices.Config) { cfg.Enable = nil }}
	bothWays(t, none, "xTR1", guest, func(t *testing.T, _ *served, c *session) {
		c.types("enable\r")
		c.shows("enable\r\n% No password set\r\n")
		c.until("xTR1>")
		level(c, "xTR1>", "1")
	})
}

// TestVtyRow07LeavingConfiguration holds the ways out of configuration, `do`, and what an EXEC command is answered there.
func TestVtyRow07LeavingConfiguration(t *testing.T) {
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, _ *served, c *session) {
		into := func() {
			t.Helper()
			if got := c.run("configure terminal", "xTR1(config)#"); got != "Enter configuration commands, one per line.  End with CNTL/Z.\r\n" {
				t.Errorf("configure terminal says %q", got)
			}
			c.run("router lisp", "xTR1(config-router-lisp)#")
			c.run("locator-set S", "xTR1(config-router-lisp-locator-set)#")
		}
		into()
		c.run("exit", "xTR1(config-router-lisp)#")
		c.run("exit", "xTR1(config)#")
		c.run("exit", "xTR1#")
		into()
		c.run("end", "xTR1#")
		into()
		c.types("\x1a")
		c.shows("^Z\r\nxTR1#")
		into()
		c.types("203.0.113.11 priority 1 weight 1\x1a")
		c.until("weight 1^Z\r\nxTR1#")
		if got := c.run("show running-config | include 203.0.113.11 priority 1 weight 1$", "xTR1#"); !strings.Contains(got, "  203.0.113.11 priority 1 weight 1\r\n") {
			t.Errorf("the line before Ctrl-Z was not run: %q", got)
		}
		into()
		if got := c.run("do show privilege", "xTR1(config-router-lisp-locator-set)#"); got != "Current privilege level is 15\r\n" {
			t.Errorf("do show privilege shows %q", got)
		}
		c.run("exit", "xTR1(config-router-lisp)#")
		c.run("exit", "xTR1(config)#")
		for _, line := range []string{"show version", "copy running-config startup-config", "ping 10.10.10.1", "disable"} {
			got := c.run(line, "xTR1(config)#")
			if !regexp.MustCompile(`^ {13,}\^\r\n% Invalid input detected at '\^' marker\.\r\n\r\n$`).MatchString(got) {
				t.Errorf("%s is answered with %q", line, got)
			}
		}
		c.run("end", "xTR1#")
	})
}

// TestVtyRow08Hostname holds that a new name is in the very next prompt, at every session.
func TestVtyRow08Hostname(t *testing.T) {
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, s *served, c *session) {
		other := s.login(t, "ssh", "xTR1", guest)
		c.run("configure terminal", "xTR1(config)#")
		c.run("hostname Edge", "Edge(config)#")
		c.run("end", "Edge#")
		other.types("\r")
		other.shows("\r\nEdge>")
		c.run("configure terminal", "Edge(config)#")
		c.run("no hostname", "(config)#")
	})
}

// TestVtyRow09Noise holds that what is no typing changes nothing, and that a session that goes away takes nothing with it.
func TestVtyRow09Noise(t *testing.T) {
	noise := map[string]string{
		"ssh":    "\x00\x00\x00",
		"telnet": "\x00\xff\xf1\xff\xf6\xff\xfa\x18\x00xterm\xff\xf0\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfd\x05\xff\xfb\x27\x00",
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, labOptions{})
			witness := s.login(t, "ssh", "xTR1", user)
			c := s.login(t, way, "xTR1", user)
			if way == "telnet" { // what it offers and asks for is declined, and its AYT answered or not: read that away
				c.types(noise[way])
				c.types("show clock\r")
				c.sees("show clock\r\n")
				c.until("xTR1#")
			}
			for _, part := range []string{"sh", "ow pri", "vilege"} {
				c.types(part + strings.Trim(noise[way], "\xff\xf6")[:1])
				c.shows(part)
			}
			c.types("\r")
			c.shows("\r\nCurrent privilege level is 15\r\nxTR1#")
			c.types("show running-config\rconf") // and gone, in the middle of a page
			c.sees(" --More-- ")
			c.close()
			// Somebody else types on when the session is long over.
			beyond := s.login(t, way, "xTR1", user)
			beyond.types("exit\r" + strings.Repeat("x", 10_000))
			beyond.ends()
			if got := witness.run("show privilege", "xTR1#"); got != "Current privilege level is 15\r\n" {
				t.Errorf("the other session shows %q", got)
			}
		})
	}
	t.Run("channels", func(t *testing.T) {
		leaks(t)
		s := serve(t, labOptions{})
		conn := s.dial(t, "xTR1", user)
		ch, first := channel(t, conn)
		first.until("xTR1#")
		if err := ch.Setenv("LANG", "C.UTF-8"); err == nil {
			t.Error("a router has taken a variable of the environment")
		}
		if ok, err := ch.SendRequest("auth-agent-req@openssh.com", true, nil); ok || err != nil {
			t.Errorf("a router forwards agents: %v, %v", ok, err)
		}
		if ok, _, err := conn.SendRequest("keepalive@openssh.com", true, nil); ok || err != nil {
			t.Errorf("keepalive: %v, %v", ok, err)
		}
		if _, _, err := conn.OpenChannel("direct-tcpip", nil); err == nil {
			t.Error("a router forwards ports")
		}
		if ok, err := ch.SendRequest("subsystem", true, gossh.Marshal(struct{ Name string }{"sftp"})); ok || err != nil {
			t.Errorf("a router has subsystems: %v, %v", ok, err)
		}
		second, other := channel(t, conn)
		other.until("xTR1#")
		other.run("configure terminal", "xTR1(config)#")
		for range 100 {
			if err := ch.WindowChange(1, 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := first.run("show privilege", "xTR1#"); got != "Current privilege level is 15\r\n" {
			t.Errorf("the first session shows %q", got)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
		first.run("show clock", "xTR1#")
	})
}

// TestVtyRow10TypeAhead holds that lines that come at once are run in order, each at the prompt that the one before leads to.
func TestVtyRow10TypeAhead(t *testing.T) {
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, _ *served, c *session) {
		c.types("terminal length 0\rconfigure terminal\rinterface GigabitEthernet0/1\rdescription typed ahead\rend\rshow running-config | include typed\r")
		c.shows("terminal length 0\r\nxTR1#configure terminal\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\n" +
			"xTR1(config)#interface GigabitEthernet0/1\r\nxTR1(config-if)#description typed ahead\r\nxTR1(config-if)#end\r\n" +
			"xTR1#show running-config | include typed\r\n description typed ahead\r\nxTR1#")
		// Also behind a page, and at a question.
		c.types("terminal length 24\rshow running-config\rq" + "enable\rshow privilege\r")
		c.sees(" --More-- ")
		c.sees("xTR1#enable\r\nxTR1#show privilege\r\nCurrent privilege level is 15\r\nxTR1#")
	})
	// Even before the password is asked for.
	t.Run("login", func(t *testing.T) {
		leaks(t)
		c := serve(t, labOptions{}).telnet(t, "xTR1")
		c.types(guest + "\r\n" + guest + "\r\nenable\r\n" + secret + "\r\nshow privilege\r\n")
		c.sees("Username: " + guest + "\r\nPassword: \r\nxTR1>enable\r\nPassword: \r\nxTR1#show privilege\r\nCurrent privilege level is 15\r\nxTR1#")
	})
}

// TestVtyRow11ExecRequest holds a command without a terminal: `ssh host "show version"`.
func TestVtyRow11ExecRequest(t *testing.T) {
	leaks(t)
	s := serve(t, labOptions{})
	conn := s.dial(t, "xTR1", user)
	run := func(line string) (text string, err error) {
		t.Helper()
		ch, err := conn.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ch.Close() }()
		out, err := ch.Output(line)
		return string(out), err
	}
	text, err := run("show version")
	if err != nil || !strings.Contains(text, "Cisco IOS Software, ") || strings.Contains(text, "--More--") {
		t.Errorf("show version (%v):\n%s", err, text)
	}
	text, err = run("show running-config")
	if err != nil || !strings.HasSuffix(strings.TrimSpace(text), "\nend") || strings.Contains(text, "--More--") {
		t.Errorf("show running-config (%v):\n%s", err, text)
	}
	text, err = run("show nonsense")
	if e, ok := err.(*gossh.ExitError); !ok || e.ExitStatus() == 0 || !strings.Contains(text, "% Invalid input detected at '^' marker.") {
		t.Errorf("show nonsense (%v):\n%s", err, text)
	}
	if n := s.lines("xTR1"); n != 0 {
		t.Errorf("%d lines are still taken", n)
	}
}

// TestVtyRow12Syslog holds who sees the router's log: nobody before `terminal monitor`; with `logging synchronous` what was
// being typed is shown again below.
func TestVtyRow12Syslog(t *testing.T) {
	const message = `\r\n\*?Jan  1 \d\d:\d\d:\d\d\.\d{3}: %SYS-5-CONFIG_I: Configured from console by lab on vty1 \(127\.0\.0\.1\)\r\n`
	logs := func(t *testing.T, s *served) {
		t.Helper()
		other := s.login(t, "ssh", "xTR1", user)
		other.run("configure terminal", "xTR1(config)#")
		other.run("end", "xTR1#")
		other.run("exit", "") // gives vty1 back
		other.ends()
	}
	for _, synchronous := range []bool{false, true} {
		t.Run(fmt.Sprintf("synchronous=%v", synchronous), func(t *testing.T) {
			opt := labOptions{change: func(cfg *devices.Config) {
				for i := range cfg.VTYs {
					cfg.VTYs[i].LoggingSynchronous = synchronous
				}
			}}
			bothWays(t, opt, "xTR1", user, func(t *testing.T, s *served, c *session) {
				c.types("show pri")
				c.shows("show pri")
				logs(t, s)
				c.types("vilege\r")
				c.shows("vilege\r\nCurrent privilege level is 15\r\nxTR1#")
				if got := c.run("terminal monitor", "xTR1#"); got != "" {
					t.Errorf("terminal monitor says %q", got)
				}
				c.types("show pri")
				c.shows("show pri")
				logs(t, s)
				want := message
				if synchronous {
					want += "xTR1#show pri"
				}
				got := c.sees("(127.0.0.1)\r\n")
				if synchronous {
					got += c.sees("xTR1#show pri")
				}
				if !regexp.MustCompile("^" + want + "$").MatchString(got) {
					t.Errorf("the log came as %q", got)
				}
				c.types("vilege\r")
				c.shows("vilege\r\nCurrent privilege level is 15\r\nxTR1#")
				c.run("terminal no monitor", "xTR1#")
				logs(t, s)
				c.types("s")
				c.shows("s")
			})
		})
	}
}

// unMore takes the prompt of a page off the screen, as IOS does.
const unMore = "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"

// TestVtyRow13More holds the pages: a blank for the next, Enter for a line, any other key for the prompt.
func TestVtyRow13More(t *testing.T) {
	bothWays(t, labOptions{}, "xTR1", user, func(t *testing.T, s *served, c *session) {
		whole := strings.SplitAfter(func() string {
			c.run("terminal length 0", "xTR1#")
			text := c.run("show running-config", "xTR1#")
			c.run("terminal length 24", "xTR1#")
			return text
		}(), "\n")
		lines := func(from, n int) string { return strings.Join(whole[from:from+n], "") }
		if len(whole) < 50 {
			t.Fatalf("the configuration has only %d lines", len(whole))
		}
		c.types("show running-config\r")
		c.shows("show running-config\r\n" + lines(0, 23) + " --More-- ")
		c.types(" ")
		c.shows(unMore + lines(23, 23) + " --More-- ")
		c.types("\r")
		c.shows(unMore + lines(46, 1) + " --More-- ")
		c.types("\r")
		c.shows(unMore + lines(47, 1) + " --More-- ")
		c.types("q")
		c.shows(unMore + "xTR1#")
		for _, key := range []string{"x", "Q", "\x03", "\x1a"} {
			c.types("show running-config\r")
			c.shows("show running-config\r\n" + lines(0, 23) + " --More-- ")
			c.types(key)
			c.shows(unMore + "xTR1#")
		}
		// To the very end: the last page has no prompt of its own.
		c.types("show running-config\r")
		c.shows("show running-config\r\n")
		for at := 0; ; at += 23 {
			if len(whole)-1-at <= 23 {
				c.shows(lines(at, len(whole)-1-at) + "xTR1#")
				break
			}
			c.shows(lines(at, 23) + " --More-- ")
			c.types(" ")
			c.shows(unMore)
		}
	})
}

// TestVtyRow14KeyboardInteractive holds the other way to give a password, and that three bad ones end the connection.
func TestVtyRow14KeyboardInteractive(t *testing.T) {
	leaks(t)
	s := serve(t, labOptions{})
	dial := func(auth gossh.AuthMethod) (*gossh.Client, error) {
		return gossh.Dial("tcp", s.endpoint(t, "xTR1").SSH.String(), &gossh.ClientConfig{
			User: user, Auth: []gossh.AuthMethod{auth}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
		})
	}
	var asked []string
	answer := func(with string) gossh.KeyboardInteractiveChallenge {
		return func(_, _ string, questions []string, echos []bool) (answers []string, err error) {
			for i, q := range questions {
				if asked = append(asked, q); echos[i] {
					t.Errorf("%q would be echoed", q)
				}
				answers = append(answers, with)
			}
			return answers, nil
		}
	}
	conn, err := dial(gossh.KeyboardInteractive(answer(secret)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if !slices.Equal(asked, []string{"Password: "}) {
		t.Errorf("asked for %q", asked)
	}
	_, c := channel(t, conn)
	c.until("xTR1#")

	if conn, err := dial(gossh.Password(secret)); err != nil {
		t.Errorf("password: %v", err)
	} else {
		_ = conn.Close()
	}
	for name, auth := range map[string]func(tries *int) gossh.AuthMethod{
		"keyboard-interactive": func(tries *int) gossh.AuthMethod {
			return gossh.RetryableAuthMethod(gossh.KeyboardInteractive(func(name, instruction string, q []string, e []bool) ([]string, error) {
				*tries += len(q)
				return answer("wrong")(name, instruction, q, e)
			}), 10)
		},
		"password": func(tries *int) gossh.AuthMethod {
			return gossh.RetryableAuthMethod(gossh.PasswordCallback(func() (string, error) {
				*tries++
				return "wrong", nil
			}), 10)
		},
	} {
		tries := 0
		if conn, err := dial(auth(&tries)); err == nil {
			_ = conn.Close()
			t.Errorf("%s: a wrong password was taken", name)
		}
		if tries != 3 {
			t.Errorf("%s: %d tries, expected 3", name, tries)
		}
	}
}
