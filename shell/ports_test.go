package shell

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

// TestPorts reads what the user may write, and finds the ports of routers in it.
func TestPorts(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // of the routers 0, 1 and 2; "" for one that has no port
	}{
		{"127.0.0.1:2201-", []string{"127.0.0.1:2201", "127.0.0.1:2202", "127.0.0.1:2203"}},
		{"127.0.0.1:2201-2202", []string{"127.0.0.1:2201", "127.0.0.1:2202", ""}},
		{"localhost:65534-", []string{"127.0.0.1:65534", "127.0.0.1:65535", ""}},
		{"[::1]:2201-", []string{"[::1]:2201", "[::1]:2202", "[::1]:2203"}},
		{"0.0.0.0:2201-", []string{"0.0.0.0:2201", "0.0.0.0:2202", "0.0.0.0:2203"}},
		{"127.0.0.1:0", []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}},
	} {
		p, err := ParsePorts(tt.text)
		if err != nil || !p.On() {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		for n, want := range tt.want {
			got := ""
			if at, err := p.at(n); err == nil {
				got = at.String()
			} else if !strings.Contains(err.Error(), "too few") {
				t.Errorf("%s: %v", tt.text, err)
			}
			if got != want {
				t.Errorf("%s: router %d at %q, want %q", tt.text, n, got, want)
			}
		}
	}
	if p, err := ParsePorts("off"); err != nil || p.On() {
		t.Errorf("off: %v (%v)", p, err)
	}
}

// TestPortsThatAreNone holds that a mistake is told, with what was found and expected. An address that is left out is one:
// it would be every address of the machine.
func TestPortsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "2201", ":2201-", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x-", "127.0.0.1:2201", "127.0.0.1:0-", "127.0.0.1:70000-",
		"127.0.0.1:2203-2201", "127.0.0.1:2201-x", "router:2201-", "::1:2201-", "[::1:2201-", "[127.0.0.1]:2201-",
	} {
		var p Ports
		err := p.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is taken: %+v", text, p)
		} else if !strings.HasPrefix(err.Error(), `found "`+text+`", expected ADDRESS:FIRST-`) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestServerWantsAllPorts holds that a port that can't be had is told with the router that it is for, and that nothing
// listens then.
func TestServerWantsAllPorts(t *testing.T) {
	lab, set := openLab(t, "reliable-registration")
	at, taken := twoPorts(t)
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct {
		ports Ports
		want  string
	}{
		{Ports{Addr: at.Addr(), First: at.Port() + 1}, "telnet of xTR1: "},
		{Ports{Addr: at.Addr(), First: at.Port()}, "telnet of xTR2: "},
		{Ports{Addr: at.Addr(), First: at.Port(), Last: at.Port()}, "telnet of xTR2: ports"},
		{Ports{Addr: netip.MustParseAddr("192.0.2.1"), First: 2201}, "telnet of xTR1: "},
	} {
		if _, err := NewServer(lab, set, ServerOptions{Telnet: tt.ports}); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %s...", tt.ports, err, tt.want)
		}
	}
	again, err := listen(Ports{Addr: at.Addr(), First: at.Port()}, 0)
	if err != nil {
		t.Errorf("a port is still taken: %v", err)
	} else {
		_ = again.Close()
	}
}

// twoPorts finds a free port with one behind it that is taken.
func twoPorts(t *testing.T) (free netip.AddrPort, taken net.Listener) {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	for range 100 {
		first, err := listen(Ports{Addr: loopback}, 0)
		if err != nil {
			t.Fatal(err)
		}
		free = addrPort(first.Addr())
		if free.Port() < 65535 {
			taken, err = listen(Ports{Addr: loopback, First: free.Port() + 1}, 0)
		}
		_ = first.Close()
		if taken != nil && err == nil {
			return free, taken
		}
	}
	t.Fatal("found no two free ports side by side")
	return free, nil
}
