// Package clients is acceptance by clients that nobody here wrote: scrapligo, Netmiko, Ansible, OpenSSH and a telnet client
// against the routers of a lab, and the exchanges of those that are not at hand, keystroke by keystroke. It holds tests only.
//
//	client ──> ssh or telnet ──> shell.Server ──> a lab of this process
//
// Each client keeps its default options except for ports, credentials, host keys and timeouts. Clients that are programs
// are skipped where they are not installed; .ci/run installs them.
package clients

import (
	"cmp"
	"context"
	"io/fs"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/password"
	"lisplab/shell"
)

// patience is how long a test waits for what never comes. No test waits that long when all is well.
const patience = 30 * time.Second

// What the built-in labs let in, and what privileged commands cost.
const (
	user   = "lab"
	secret = "lab"
	guest  = "guest" // of level 1; the tests add him
)

// keysDir holds the host keys for all tests: to make them anew for each takes longer than most tests.
var keysDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "lisplab-keys-") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := keysDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// labOptions say what lab is served.
type labOptions struct {
	name    string // of a built-in lab; "" for the default one
	release string // of all its routers, whatever the lab file says; "" for those of the lab file
	short   bool   // prompts

	vtys   int                   // lines of every router; 0 for as many as the lab file says
	change func(*devices.Config) // of the configuration of every router; may be nil
}

// served is a lab that is reachable from outside.
type served struct {
	lab    *devices.Lab
	server *shell.Server
	stop   func() // ends the serving, and returns when it is over
}

// serve makes a lab reachable at free ports until the test ends.
func serve(t testing.TB, opt labOptions) *served {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	var server *shell.Server
	in := devices.Options{
		Parse: func(rel devices.Release, file, text string) (devices.Config, error) {
			cfg, err := set.Load(rel, file, text)
			letIn(&cfg, opt)
			return cfg, err
		},
		ShortPrompts: opt.short,
		Logged: func(d *devices.Device, l devices.LogLine) {
			if server != nil {
				server.Logged(d, l)
			}
		},
		Powered: func(d *devices.Device, on bool) {
			if server != nil {
				server.Powered(d, on)
			}
		},
	}
	name := cmp.Or(opt.name, devices.DefaultLab)
	if opt.release != "" {
		in.FS = otherRelease(t, name, opt.release)
		name = "lab.yaml"
	}
	lab, err := devices.OpenLab(name, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Advance(100 * time.Second); err != nil { // the day-0 lab powers its last router on at 85 s
		t.Fatal(err)
	}
	dir, err := keysDir()
	if err != nil {
		t.Fatal(err)
	}
	free := shell.Ports{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	if server, err = shell.NewServer(lab, set, shell.ServerOptions{SSH: free, Telnet: free, Keys: shell.HostKeys{Dir: dir}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	lab.Follow(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		server.Serve(ctx)
	}()
	s := &served{lab: lab, server: server, stop: sync.OnceFunc(func() {
		cancel()
		<-over
	})}
	t.Cleanup(func() {
		s.stop()
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// letIn gives a router a user without privileges, and what else the test wants.
func letIn(cfg *devices.Config, opt labOptions) {
	cfg.Users = append(cfg.Users, devices.User{Name: guest, Level: 1, Secret: true, Password: password.Password{Text: guest}})
	for len(cfg.VTYs) < cmp.Or(opt.vtys, 16) {
		cfg.VTYs = append(cfg.VTYs, devices.Line{Login: devices.LoginLocal})
	}
	if opt.change != nil {
		opt.change(cfg)
	}
}

// otherRelease is the folder of a built-in lab whose routers all run another release.
func otherRelease(t testing.TB, name, release string) fs.FS {
	t.Helper()
	folder, err := fs.Sub(os.DirFS("../../devices/labs"), name)
	if err != nil {
		t.Fatal(err)
	}
	changed := fstest.MapFS{}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(folder, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() == "lab.yaml" {
			text = regexp.MustCompile(`(?m)^( *release:) \S+`).ReplaceAll(text, []byte("$1 "+release))
		}
		changed[e.Name()] = &fstest.MapFile{Data: text}
	}
	return changed
}

// do runs f as the owner of the lab, and fails the test when it fails.
func (s *served) do(t testing.TB, f func(*devices.Lab) error) {
	t.Helper()
	var err error
	s.lab.Do(func() { err = f(s.lab) })
	if err != nil {
		t.Fatal(err)
	}
}

// endpoint is where a router is reachable.
func (s *served) endpoint(t testing.TB, device string) shell.Endpoint {
	t.Helper()
	for _, e := range s.server.Endpoints() {
		if e.Device == device {
			return e
		}
	}
	t.Fatalf("no endpoint of %s", device)
	return shell.Endpoint{}
}

// lines is how many sessions sit at the lines of a router.
func (s *served) lines(device string) (n int) {
	s.lab.Do(func() { n = len(s.lab.Device(device).Terminals()) })
	return n
}

// hostname is the name that a router shows in its prompt.
func (s *served) hostname(device string) (name string) {
	s.lab.Do(func() { name = s.lab.Device(device).Config().Hostname })
	return name
}

// leaks fails the test when a goroutine that it started is left behind. It comes before serve.
func leaks(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// ways are the two ways to a router.
var ways = []string{"ssh", "telnet"}

// at is the port of a router by one of the ways.
func at(e shell.Endpoint, way string) netip.AddrPort {
	if way == "ssh" {
		return e.SSH
	}
	return e.Telnet
}

// everyLab runs a test for each built-in lab.
func everyLab(t *testing.T, test func(t *testing.T, s *served)) {
	for _, name := range devices.BuiltInLabs() {
		t.Run(name, func(t *testing.T) {
			leaks(t)
			test(t, serve(t, labOptions{name: name}))
		})
	}
}

func itoa(n uint16) string { return strconv.Itoa(int(n)) }
