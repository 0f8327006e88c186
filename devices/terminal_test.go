package devices

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"lisplab/devices/password"
)

// configured opens the default lab and changes the configuration of one of its routers.
func configured(t *testing.T, device string, change func(cfg *Config)) (*Lab, *Device) {
	t.Helper()
	lab := open(t, "reliable-registration", Options{})
	d := lab.Device(device)
	cfg := d.Config()
	change(&cfg)
	if err := d.Apply(cfg); err != nil {
		t.Fatal(err)
	}
	return lab, d
}

// Sessions take the first line that lets them in, and find what the line has for them.
func TestOpenVTY(t *testing.T) {
	_, d := configured(t, "xTR1", func(cfg *Config) {
		cfg.VTYs = []Line{{TransportInput: TransportSSH, Length: -1}, {TransportInput: TransportNone}, {TransportInput: TransportTelnet | TransportSSH, Width: 511},
			{TransportInput: TransportTelnet, History: 100}, {TransportInput: TransportNone}}
	})
	from := netip.MustParseAddr("127.0.0.1")
	type seat struct {
		by   Transport
		line int
		err  error
	}
	var terminals []*Terminal
	for _, s := range []seat{
		{TransportTelnet, 2, nil}, {TransportSSH, 0, nil}, {TransportTelnet, 3, nil}, {TransportSSH, 0, ErrTransport}, {TransportTelnet, 0, ErrTransport},
		{0, 1, nil}, {0, 4, nil}, {0, 0, ErrNoLine}, {TransportSSH, 0, ErrNoLine},
	} {
		term, err := d.OpenVTY(s.by, from)
		if !errors.Is(err, s.err) || err == nil && term.Line != (LineName{true, s.line}) {
			t.Fatalf("by %d: %v, %v; want line %d, %v", s.by, term, err, s.line, s.err)
		}
		if err == nil {
			terminals = append(terminals, term)
		}
	}
	for i, want := range []struct{ length, width, history int }{{24, 511, 20}, {0, 80, 20}, {24, 80, 100}, {24, 80, 20}, {24, 80, 20}} {
		if got := terminals[i]; got.Length != want.length || got.Width != want.width || got.History != want.history {
			t.Errorf("line %v: %d by %d, history %d; want %+v", got.Line, got.Length, got.Width, got.History, want)
		}
	}
	var order []int
	for _, term := range d.Terminals() {
		order = append(order, term.Line.Absolute())
	}
	if !slices.Equal(order, []int{1, 2, 3, 4, 5}) {
		t.Errorf("the lines in use are %v", order)
	}
	terminals[1].Close()
	if term, err := d.OpenVTY(TransportSSH, from); err != nil || term.Line.Number != 0 {
		t.Errorf("the line that was given back: %v, %v", term, err)
	}
	if lines := d.Lines(); len(lines) != 6 || lines[0].InUse || lines[1] != (LineState{LineName{true, 0}, true, 2}) {
		t.Errorf("the lines are %+v", lines)
	}
}

// A line asks who is there as it is told to, and otherwise as its kind does.
func TestLoginMethods(t *testing.T) {
	for _, tt := range []struct {
		console, vty         LoginMethod
		wantConsole, wantVTY LoginMethod
	}{
		{LoginDefault, LoginDefault, LoginNone, LoginPassword},
		{LoginPassword, LoginNone, LoginPassword, LoginNone},
		{LoginLocal, LoginLocal, LoginLocal, LoginLocal},
	} {
		_, d := configured(t, "xTR1", func(cfg *Config) { cfg.Console.Login, cfg.VTYs = tt.console, []Line{{Login: tt.vty}} })
		console, err := d.OpenConsole()
		if err != nil {
			t.Fatal(err)
		}
		vty, err := d.OpenVTY(0, netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		if console.Login() != tt.wantConsole || vty.Login() != tt.wantVTY {
			t.Errorf("%+v: %d and %d", tt, console.Login(), vty.Login())
		}
	}
}

// A session loses its line with the power of the router, and with the line.
func TestTerminalsEnd(t *testing.T) {
	lab, d := configured(t, "xTR1", func(cfg *Config) { cfg.VTYs = make([]Line, 7) })
	var terminals []*Terminal
	for range 7 {
		term, err := d.OpenVTY(0, netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		terminals = append(terminals, term)
	}
	cfg := d.Config()
	cfg.VTYs = nil
	if err := d.Apply(cfg); err != nil {
		t.Fatal(err)
	}
	for i, term := range terminals {
		if term.Open() != (i < DefaultVTYs) {
			t.Errorf("vty %d is open: %v", i, term.Open())
		}
	}
	if err := lab.StopDevice("xTR1"); err != nil {
		t.Fatal(err)
	}
	if terminals[0].Open() || len(d.Terminals()) > 0 {
		t.Error("a session outlives the power of its router")
	}
	if _, err := d.OpenVTY(0, netip.Addr{}); !errors.Is(err, ErrStopped) {
		t.Errorf("a session at a router without power: %v", err)
	}
	if _, err := d.OpenConsole(); !errors.Is(err, ErrStopped) {
		t.Errorf("a console of a router without power: %v", err)
	}
}

// The exec-timeout is counted on the wall clock, from the last key on, and follows the configuration.
func TestExecTimeout(t *testing.T) {
	lab, d := configured(t, "xTR1", func(cfg *Config) {
		cfg.VTYs = []Line{{ExecTimeout: 30 * time.Millisecond}, {ExecTimeout: -1}, {ExecTimeout: -1}}
	})
	var terminals []*Terminal
	expired := make(chan int, 3)
	lab.Do(func() {
		for i := range 3 {
			term, err := d.OpenVTY(0, netip.Addr{})
			if err != nil {
				t.Error(err)
				return
			}
			term.OnTimeout(func() { expired <- i })
			terminals = append(terminals, term)
		}
		terminals[2].Close()
	})
	if first := <-expired; first != 0 {
		t.Fatalf("session %d is the first to be over", first)
	}
	lab.Do(func() {
		if idle := terminals[0].Idle(); idle < 30*time.Millisecond {
			t.Errorf("it was idle for %v", idle)
		}
		cfg := d.Config() // a session that might last for ever, until now
		cfg.VTYs[1].ExecTimeout = time.Millisecond
		if err := d.Apply(cfg); err != nil {
			t.Error(err)
		}
	})
	if second := <-expired; second != 1 {
		t.Fatalf("session %d is the second to be over", second)
	}
	select {
	case other := <-expired:
		t.Errorf("session %d is over, which was closed", other)
	default:
	}
	if (&Terminal{}).Idle() != 0 {
		t.Error("a terminal that nobody touches is idle")
	}
}

func TestLineDefaults(t *testing.T) {
	for _, tt := range []struct {
		timeout, want time.Duration
	}{{0, 10 * time.Minute}, {-1, 0}, {time.Second, time.Second}} {
		if got := (Line{ExecTimeout: tt.timeout}).Timeout(); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.timeout, got, tt.want)
		}
	}
	for n, want := range map[LineName][2]string{{}: {"console", "con 0"}, {VTY: true, Number: 3}: {"vty3", "vty 3"}} {
		if n.String() != want[0] || n.Short() != want[1] {
			t.Errorf("%+v is %q and %q", n, n.String(), n.Short())
		}
	}
}

// Passwords are kept as the release and the services say; the same secret of the same user is kept as the same hash.
func TestPasswordsAreSealed(t *testing.T) {
	for _, device := range []string{"xTR1", "Old-MSMR"} {
		_, d := configured(t, device, func(cfg *Config) {
			cfg.Services.HidePasswords = true
			cfg.Users = []User{{Name: "a", Level: 15, Secret: true, Password: password.Password{Text: "one"}}, {Name: "b", Password: password.Password{Text: "two"}},
				{Name: "c", Secret: true, Password: password.Password{Text: "one"}}, {Name: "d", Password: password.Password{Text: "\u00fc"}}}
			cfg.Enable = []Enable{{Level: 15, Secret: password.Password{Text: "three"}, Password: password.Password{Text: "four"}}}
			cfg.Console.Password = password.Password{Text: "five"}
			cfg.VTYs = []Line{{Password: password.Password{Text: "five"}}}
		})
		cfg := d.Config()
		e := cfg.EnableFor(15)
		for _, tt := range []struct {
			password.Password
			kind  uint8
			clear string
		}{
			{cfg.Users[0].Password, 5, "one"}, {cfg.Users[1].Password, 7, "two"}, {cfg.Users[2].Password, 5, "one"}, {cfg.Users[3].Password, 0, "\u00fc"},
			{e.Secret, 5, "three"}, {e.Password, 7, "four"}, {cfg.Console.Password, 7, "five"}, {cfg.VTY(0).Password, 7, "five"},
		} {
			if tt.Type != tt.kind || !tt.Check(tt.clear) {
				t.Errorf("%v: want type %d of %q", tt.Password, tt.kind, tt.clear)
			}
		}
		if cfg.Users[0].Password == cfg.Users[2].Password {
			t.Error("two users share a salt")
		}
		again := d.Config()
		again.Users[0].Password = password.Password{Text: "one"}
		if err := d.Apply(again); err != nil {
			t.Fatal(err)
		}
		if !d.Config().Equal(cfg) {
			t.Error("the same secret is kept as another hash")
		}
		if user, ok := cfg.Authenticate("a", "one"); !ok || user.Level != 15 {
			t.Errorf("user a: %+v, %v", user, ok)
		}
		for _, wrong := range [][2]string{{"a", "two"}, {"b", "one"}, {"nobody", "one"}, {"nobody", ""}, {"a", ""}} {
			if user, ok := cfg.Authenticate(wrong[0], wrong[1]); ok {
				t.Errorf("%q with %q is %+v", wrong[0], wrong[1], user)
			}
		}
	}
	if _, ok := (Config{}).Authenticate("", ""); ok {
		t.Error("nobody is let in where nobody is known")
	}
	if Release152.SecretType() != 5 || Release155.SecretType() != 5 || Release179.SecretType() != 9 {
		t.Error("the hashes of the releases")
	}
}

// Lines of the log go where their severity lets them.
func TestLogGoesBySeverity(t *testing.T) {
	for text, want := range map[string]Severity{
		"%SYS-5-RESTART: System restarted --": 5, "%LISP-3-X: %A-1-B: c": 3, "%SEC_LOGIN-4-LOGIN_FAILED: x": 4, "a line without": 7, "%LISP-CONTROL-6-X: y": 6, "%A-9-B: c": 7,
	} {
		if got := (LogLine{Text: text}).Severity(); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if to := LogAt(4); !to.Takes(4) || to.Takes(5) || to.Level() != 4 || to.Level().String() != "warnings" {
		t.Errorf("%+v", to)
	}
	if !(LogTo{}).Takes(7) || (LogTo{Off: true}).Takes(0) {
		t.Error("all, and none")
	}
	_, d := configured(t, "xTR1", func(cfg *Config) { cfg.Logging.Console, cfg.Logging.Monitor = LogAt(4), LogAt(5) })
	console, err := d.OpenConsole()
	if err != nil {
		t.Fatal(err)
	}
	vty, err := d.OpenVTY(0, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	before := d.Logged()
	line := LogLine{Text: "%SYS-5-CONFIG_I: x"}
	if console.Shows(line) || vty.Shows(line) {
		t.Error("a notice is shown on a console for warnings, or on a vty that did not ask")
	}
	vty.Monitor = true
	if !vty.Shows(line) || !NewTerminal().Shows(line) {
		t.Error("a notice is not shown where it should")
	}
	d.NoteConfigured("test")
	if got := d.Logged(); got != (Logged{before.Console, before.Monitor + 1, before.Buffered + 1}) {
		t.Errorf("%+v were logged before, and %+v now", before, got)
	}
}
