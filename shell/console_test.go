//go:build unix

package shell

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"lisplab/commands"
	"lisplab/devices"
)

// person sits at a terminal: types keys, and looks at the screen until it shows what is expected.
type person struct {
	t      *testing.T
	pty    *os.File
	screen vt10x.Terminal
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := p.pty.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// sees reads what the terminal gets until the screen ends in the lines.
func (p *person) sees(lines ...string) {
	p.t.Helper()
	want := strings.Join(lines, "\n")
	buf := make([]byte, 4096)
	for !strings.HasSuffix(p.shown(), want) {
		n, err := p.pty.Read(buf)
		if err != nil {
			p.t.Fatalf("%v: the screen shows\n%s\nand does not end in\n%s", err, p.shown(), want)
		}
		if _, err := p.screen.Write(buf[:n]); err != nil {
			p.t.Fatal(err)
		}
	}
}

// shown is the screen without the blanks behind its lines, up to its last line.
func (p *person) shown() string {
	lines := strings.Split(p.screen.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// clear empties the screen, so that what comes can't be taken for what was there.
func (p *person) clear() {
	if _, err := p.screen.Write([]byte("\x1b[2J\x1b[H")); err != nil {
		p.t.Fatal(err)
	}
}

// TestConsole is one session at the console, key by key. There is one readline instance in a process, so there is one test.
func TestConsole(t *testing.T) {
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	var console *Console
	lab, err := devices.OpenLab("reliable-registration", devices.Options{Parse: set.Load, Logged: func(*devices.Device, devices.LogLine) {
		if console != nil {
			console.Wake()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Advance(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	sh := New(lab, set)
	sh.SetConsole(true)
	if err := sh.Attach("New-MSMR"); err != nil {
		t.Fatal(err)
	}

	ptm, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	// Non-blocking, so that a screen that never comes ends the test and not its patience.
	fd, err := syscall.Dup(int(ptm.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	terminal := os.NewFile(uintptr(fd), "terminal")
	defer terminal.Close()
	if err := terminal.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	restore, err := Raw(tty)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	if console, err = NewConsole(t.Context(), sh, tty, tty); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- console.Run() }()

	p := &person{t, terminal, vt10x.New(vt10x.WithSize(80, 24))}
	p.sees("New-MSMR#")

	// `?` acts at once: help, and the line again as it was.
	p.types("sh?")
	p.sees("New-MSMR#sh?", "show", "", "New-MSMR#sh")
	p.types("\tli?") // Tab writes the word out on a fresh line
	p.sees("New-MSMR#sh", "New-MSMR#show li?", "lisp", "", "New-MSMR#show li")
	p.types("sp session\r")
	p.sees("198.51.100.21                  Up         00:00:08        4/9      1", "New-MSMR#")

	// Editing: to the start, to the end, a word back, all away; NUL and control characters without a meaning do nothing.
	p.clear()
	p.types("how clock junk\x01s\x05\x17\x00\x1c\r")
	p.sees("New-MSMR#show clock", "*00:00:10.000 UTC Thu Jan 1 2026", "New-MSMR#")
	p.types("rubbish\x15show clo\x7f\x7f\x7f\x1b[D\x1b[C\x1b[3~clock\r")
	p.sees("New-MSMR#show clock", "*00:00:10.000 UTC Thu Jan 1 2026", "New-MSMR#")

	// A literal question mark, and one in the middle of a line.
	p.clear()
	p.types("show version | include Soft\x16?\r")
	p.sees("New-MSMR#show version | include Soft?", "Cisco IOS Software, LISPLAB Software (LISPLAB-ADVENTERPRISEK9-M), Version 15.5(1", ")T, RELEASE SOFTWARE (fc1)", "New-MSMR#")

	// The histories of EXEC mode and of configuration are two.
	p.clear()
	p.types("configure terminal\rhostname ABC\x1a")
	p.sees("Enter configuration commands, one per line.  End with CNTL/Z.", "New-MSMR(config)#hostname ABC^Z",
		"*Jan  1 00:00:10.000: %SYS-5-CONFIG_I: Configured from console by console", "ABC#")
	p.types("\x1b[A")
	p.sees("ABC#configure terminal")
	p.types("\r")
	p.sees("ABC(config)#")
	p.types("\x1b[A")
	p.sees("ABC(config)#hostname ABC")
	p.types("\x7f\x7f\x7fNew-MSMR\r")
	p.sees("New-MSMR(config)#")
	p.types("router lisp\rsite nonsense\x03")
	p.sees("New-MSMR(config-router-lisp)#site nonsense^C", "*Jan  1 00:00:10.000: %SYS-5-CONFIG_I: Configured from console by console", "New-MSMR#")
	p.types("show running-config | include site n|hostname\r")
	p.sees("hostname New-MSMR", "New-MSMR#")

	// Pages: Enter shows a line, a blank a page, q ends it. What was typed ahead behind q is the next line.
	p.clear()
	p.types("show running-config\r")
	p.sees(" site A", " --More--")
	p.types("\r")
	p.sees("  authentication-key site-a-key", " --More--")
	p.types("qshow clock\r")
	p.sees("  authentication-key site-a-key", "New-MSMR#show clock", "*00:00:10.000 UTC Thu Jan 1 2026", "New-MSMR#")

	// A terminal may have no pages, whatever the window is.
	p.clear()
	p.types("terminal length 0\rshow running-config\r")
	p.sees("!", "end", "", "New-MSMR#")
	p.types("terminal length 24\r")
	p.sees("New-MSMR#terminal length 24", "New-MSMR#")

	// Behind telnet the keys are the far router's, which echoes them, until Ctrl-^ x or the end of the connection.
	p.clear()
	lab.Do(func() { vtys(t, lab.Device("xTR1"), devices.TransportTelnet) })
	p.types("telnet 203.0.113.11\rlab\rlab\rsh\tclok\x7fck\r")
	p.sees("User Access Verification", "", "Username: lab", "Password:", "xTR1#sh", "xTR1#show clock", "*00:00:10.000 UTC Thu Jan 1 2026", "xTR1#")
	p.types("\x1exwhere\r")
	p.sees("xTR1#", "New-MSMR#where", "Conn Host                Address             Byte  Idle Conn Name",
		"*  1 203.0.113.11        203.0.113.11           0     0 203.0.113.11", "New-MSMR#")
	p.types("resume\rexit\r")
	p.sees("[Resuming connection 1 to 203.0.113.11 ... ]", "exit", "", "[Connection to 203.0.113.11 closed by foreign host]", "New-MSMR#")

	// A ping prints as it goes, until Ctrl-^. What is typed meanwhile is for the prompts behind it, other pings included.
	p.clear()
	pass := func(d time.Duration) {
		lab.Do(func() { err = lab.Advance(d) })
		if err != nil {
			t.Fatal(err)
		}
	}
	began := []string{"Type escape sequence to abort.", "Sending 9, 100-byte ICMP Echos to 198.18.0.1, timeout is 60 seconds:"}
	p.types("ping 198.18.0.1 repeat 9 timeout 60\r")
	p.sees(append([]string{"New-MSMR#ping 198.18.0.1 repeat 9 timeout 60"}, began...)...)
	pass(time.Minute)
	p.sees(append(began, ".")...)
	p.types("ping 198.18.0.1 repeat 9 timeout 60\rshow privilege\r\x1e")
	p.sees(append([]string{".", "Success rate is 0 percent (0/2)", "New-MSMR#ping 198.18.0.1 repeat 9 timeout 60"}, began...)...)
	p.types("\x1e")
	p.sees("Success rate is 0 percent (0/1)", "New-MSMR#show privilege", "Current privilege level is 15", "New-MSMR#")

	// A log line comes between what is typed; the line being edited is drawn again below it.
	p.clear()
	p.types("show lis")
	p.sees("New-MSMR#show lis")
	lab.Do(func() { err = lab.SetLink("New-MSMR", "Core1", false) })
	if err != nil {
		t.Fatal(err)
	}
	p.sees("*Jan  1 00:01:10.000: %LINK-3-UPDOWN: Interface GigabitEthernet0/0, changed stat", "e to down",
		"*Jan  1 00:01:10.000: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEth", "ernet0/0, changed state to down",
		"New-MSMR#show lis")

	// The lab's own lines: another router, and its power.
	p.clear()
	p.types("\x15lab connect xtr1\r")
	p.sees("New-MSMR#lab connect xtr1", "xTR1#")
	p.types("lab dev?")
	p.sees("xTR1#lab dev?", "device  devices", "", "xTR1#lab dev")
	p.types("ice xTR1 stop\rshow clock\r")
	p.sees("xTR1#show clock", "% xTR1 is powered off", "xTR1#")
	p.types("lab devcie\r")
	p.sees("xTR1#lab devcie", "            ^", "% found \"devcie\", expected advance, capture, connect, device, devices, explain,", "help, host, hosts, link or links", "", "xTR1#")

	// Questions: Tab and `?` mean nothing there, the answer is no line of the history, one key confirms, Ctrl-C gives up.
	p.clear()
	p.types("lab connect New-MSMR\rshow clock | redirect flash:clock\rcopy flash:clock flash:\r")
	p.sees("New-MSMR#copy flash:clock flash:", "Destination filename [clock]?")
	p.types("\tmine?\x7f\r")
	p.sees("Destination filename [clock]? mine", "33 bytes copied in 0.001 secs (33000 bytes/sec)", "New-MSMR#")
	p.types("\x1b[A")
	p.sees("New-MSMR#copy flash:clock flash:")
	p.types("\x15delete flash:mine\r\r")
	p.sees("New-MSMR#delete flash:mine", "Delete filename [mine]?", "Delete flash:/mine? [confirm]")
	p.types("n")
	p.sees("Delete flash:/mine? [confirm]n", "New-MSMR#")
	p.types("delete flash:mine\r\ryreload\r")
	p.sees("Delete flash:/mine? [confirm]y", "New-MSMR#reload", "Proceed with reload? [confirm]")
	p.types("\x03")
	p.sees("Proceed with reload? [confirm]^C", "New-MSMR#")

	// Nobody types for the exec-timeout: the session is over. The next one begins as the line says; Ctrl-C is no way in.
	p.clear()
	line := func(l devices.Line) {
		lab.Do(func() {
			d := lab.Device("New-MSMR")
			cfg := d.Config()
			cfg.Console, cfg.Banners.MOTD = l, "Keep out!"
			if err := d.Apply(cfg); err != nil {
				t.Error(err)
			}
		})
	}
	p.types("configure terminal\rhost")
	p.sees("New-MSMR(config)#host")
	line(devices.Line{ExecTimeout: time.Millisecond, Login: devices.LoginLocal})
	available := []string{"New-MSMR con0 is now available", "", "", "", "", "", "Press RETURN to get started."}
	p.sees(available...)
	line(devices.Line{ExecTimeout: -1, Login: devices.LoginLocal})
	p.clear()
	p.types("x\rlab\r\x03")
	p.sees(append([]string{"Keep out!", "", "User Access Verification", "", "Username: lab", "Password: ^C", "", "", ""}, available...)...)
	p.types("\rx\rx\rx\rx\rx\rx\r")
	p.sees(append([]string{"Username: x", "Password:", "% Login invalid", "", "", "", ""}, available...)...)
	p.types("\rlab\rlab\rshow users\r")
	p.sees("New-MSMR#show users", "    Line       User       Host(s)              Idle       Location", "*  0 con 0     lab        idle                 00:00:00", "",
		"  Interface    User               Mode         Idle     Peer Address", "", "New-MSMR#")

	// `exit` leads there, too. A session begins at the level of the line, below its banners.
	p.clear()
	lab.Do(func() {
		d := lab.Device("New-MSMR")
		cfg := d.Config()
		cfg.Console, cfg.Banners.MOTD, cfg.Banners.Exec = devices.Line{}, "Keep out!", "\nCome in."
		if err := d.Apply(cfg); err != nil {
			t.Error(err)
		}
	})
	p.types("exit\r")
	p.sees(available...)
	p.clear()
	p.types("\rshow privilege\r")
	p.sees("Keep out!", "", "Come in.", "New-MSMR>show privilege", "Current privilege level is 1", "New-MSMR>")

	// So does a boot, with other words; the log of the boot is below them.
	p.clear()
	for _, act := range []func(string) error{lab.StopDevice, lab.StartDevice} {
		lab.Do(func() { err = act("New-MSMR") })
		if err != nil {
			t.Fatal(err)
		}
	}
	p.sees("Cisco IOS Software, LISPLAB Software (LISPLAB-ADVENTERPRISEK9-M), Version 15.5(1", ")T, RELEASE SOFTWARE (fc1)",
		"Emulated by lisplab; no software of Cisco Systems runs here", "", "", "Press RETURN to get started!", "", "",
		"*Jan  1 00:01:10.000: %SYS-5-RESTART: System restarted --")
	p.clear()
	p.types("show clock\r")
	p.sees("New-MSMR>")
	p.types("enable\rlab\r")
	p.sees("New-MSMR>enable", "Password:", "New-MSMR#")

	// The Delete key on an empty line does nothing, Ctrl-D leaves; as it does where there is no line.
	p.clear()
	p.types("lab connect New-MSMR\r\x1b[3~exit\r")
	p.sees(available...)
	p.types("\x04")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := lab.Close(); err != nil {
		t.Error(err)
	}
}
