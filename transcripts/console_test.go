package transcripts

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	configured = "*Jan  1 00:00:00.000: %SYS-5-CONFIG_I: Configured from console by console\n"
	down       = "*Jan  1 00:00:00.000: %LINK-3-UPDOWN: Interface GigabitEthernet0/0, changed state to down\n" +
		"*Jan  1 00:00:00.000: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/0, changed state to down\n"
	entered = "xTR1#configure terminal\nEnter configuration commands, one per line.  End with CNTL/Z.\n"
)

// TestConsole: an update gives the lines of a log their place, whatever stood there, and takes away those that are none.
func TestConsole(t *testing.T) {
	const head = "!! console on\n" + entered
	const logged = "xTR1#\n" + configured
	for name, tt := range map[string]struct{ file, want string }{
		"below a step": {
			head + "xTR1(config)#end\nxTR1#show privilege\n",
			head + "xTR1(config)#end\n" + logged + "xTR1#show privilege\nCurrent privilege level is 15\n"},
		"at the end": {head + "xTR1(config)#end\n", head + "xTR1(config)#end\n" + logged},
		"below a key": {
			head + "xTR1(config)#<^Z>\nxTR1#show pri?\n",
			head + "xTR1(config)#<^Z>\n" + logged + "xTR1#show pri?\nprivilege\n\n"},
		"above a comment": {
			head + "xTR1(config)#end\n\n! text\n",
			head + "xTR1(config)#end\n" + logged + "\n! text\n"},
		"where the file has them": {
			head + "xTR1(config)#end\n\n! text\nxTR1#\nxTR1#show privilege\n",
			head + "xTR1(config)#end\n\n! text\n" + logged + "xTR1#show privilege\nCurrent privilege level is 15\n"},
		"other lines": {
			head + "xTR1(config)#end\nxTR1#\nrubbish\n",
			head + "xTR1(config)#end\n" + logged},
		"no lines": {
			head + "xTR1(config)#exit\n" + logged + logged + "xTR1#show privilege\n",
			head + "xTR1(config)#exit\n" + logged + "xTR1#show privilege\nCurrent privilege level is 15\n"},
		"silenced": {
			head + "xTR1(config)#no logging console\nxTR1(config)#end\n" + logged + "xTR1#disable\n",
			head + "xTR1(config)#no logging console\nxTR1(config)#end\nxTR1#disable\n"},
		"at another router": {
			head + "xTR2#\nxTR1(config)#end\nxTR2#show privilege\n",
			head + "xTR2#\nxTR1(config)#end\n" + logged + "xTR2#show privilege\nCurrent privilege level is 15\n"},
		"come elsewhere": {
			"!! console on\nxTR1#\nxTR2#\n\n!! link xTR1 Core1 down\n!! advance 1ms\n\n! text\nxTR1#disable\n",
			"!! console on\nxTR1#\nxTR2#\n\n!! link xTR1 Core1 down\n!! advance 1ms\n\n! text\nxTR1#\n" + down + "xTR1#disable\n"},
		"between directives": {
			"!! console on\nxTR1#\n\n!! link xTR1 Core1 down\n!! advance 1ms\n\n\n! text\n",
			"!! console on\nxTR1#\n\n!! link xTR1 Core1 down\nxTR1#\n" + down + "\n!! advance 1ms\n\n\n! text\n"},
		"above empty lines": {
			"!! console on\nxTR1#\n\n!! link xTR1 Core1 down\n\n\nxTR1#disable\n",
			"!! console on\nxTR1#\n\n!! link xTR1 Core1 down\n\n\nxTR1#\n" + down + "xTR1#disable\n"},
		"under a connection": {
			"!! advance 3s\n!! console on\nxTR1#telnet 209.165.201.31\nUsername: lab\nPassword: lab\nNew-MSMR#clear lisp vrf default session *\nNew-MSMR#exit\n",
			"!! advance 3s\n!! console on\nxTR1#telnet 209.165.201.31\nTrying 209.165.201.31 ... Open\n\n\nUser Access Verification\n\nUsername: lab\nPassword: lab\n" +
				"New-MSMR#clear lisp vrf default session *\nNew-MSMR#\n" +
				"*Jan  1 00:00:03.000: %LISP-5-SESSION: Reliable session with 209.165.201.31 is down: closed by peer\n" +
				"New-MSMR#exit\n\n[Connection to 209.165.201.31 closed by foreign host]\n"},
		"off": {
			"!! console on\n!! console off\n" + entered + "xTR1(config)#end\nxTR1#show logging | include CONFIG\n",
			"!! console on\n!! console off\n" + entered + "xTR1(config)#end\nxTR1#show logging | include CONFIG\n" + strings.Replace(configured, "by console", "by vty0", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			got := updated(t, tt.file)
			if got != tt.want {
				t.Errorf("the file becomes\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestConsoleDirective holds which directives there are.
func TestConsoleDirective(t *testing.T) {
	for _, text := range []string{"!! console\n", "!! console yes\n", "!! console on now\n"} {
		tr, err := Parse("x.txt", text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Replay(tr, Options{}); err == nil || !strings.Contains(err.Error(), "expected `console on` or `console off`") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestConsoleUpdates draws files with log lines at any place, and empty lines and comments around them: what an update
// writes replays without another answer.
func TestConsoleUpdates(t *testing.T) {
	draw := rapid.SliceOfN(rapid.SampledFrom([]string{
		"xTR1#copy running-config startup-config", "xTR1#", "xTR2#", "xTR1#\n*Jan  1 rubbish", "", "", "", "! text", "!! advance 1s",
		"!! link xTR1 Core1 down", "!! link xTR1 Core1 up", "!! link xTR2 Core1 down", "!! console off", "!! console on",
		"!! device xTR1 stop", "!! device xTR1 start",
	}), 1, 12)
	played := 0
	for seed := 0; played < 25; seed++ {
		text := "!! console on\nxTR1#\n\n" + strings.Join(draw.Example(seed), "\n") + "\n"
		tr, err := Parse("x.txt", text)
		if err == nil {
			_, err = Replay(tr, Options{})
		}
		if err == nil {
			played++
			updated(t, text)
		}
	}
}

// updated returns what an update makes of a file, which then replays as it is.
func updated(t *testing.T, text string) string {
	t.Helper()
	for range 2 {
		tr, err := Parse("x.txt", text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Replay(tr, Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, err := res.Transcript.Format()
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if len(res.Failures) == 0 && again != text {
			t.Fatalf("without a failure\n%sbecomes\n%s", text, again)
		}
		if text == again {
			return text
		}
		text = again
	}
	t.Fatalf("another update would change it again:\n%s", text)
	return ""
}

// TestConsoleIsRepeatable replays what consoles have shown.
func TestConsoleIsRepeatable(t *testing.T) {
	for _, file := range []string{"shell/console.txt", "forwarding/debug.txt"} {
		for range 20 {
			for _, f := range replay(t, file, Options{}).Failures {
				t.Fatal(f)
			}
		}
	}
}
