package foreign

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded reads captures that lie beside the repository. They are others' property and stay where they are.
func recorded(t *testing.T, names ...string) Recording {
	t.Helper()
	var all Recording
	for _, name := range names {
		r, err := Read(filepath.Join("..", "..", "..", "shared", "captures", name))
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("no capture: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r...)
	}
	return all
}

// TestPeersKnowEachOther has the foreign ETR register with the foreign Map-Server: what they hold against a router of ours
// they hold against each other first.
func TestPeersKnowEachOther(t *testing.T) {
	r := recorded(t, "oor-xtr-resolve-data.pcap")
	places := map[netip.Addr]netip.Addr{
		netip.MustParseAddr("10.99.0.1"): netip.MustParseAddr("127.99.10.1"),
		netip.MustParseAddr("10.99.0.2"): netip.MustParseAddr("127.99.10.2"),
		netip.MustParseAddr("10.99.0.3"): netip.MustParseAddr("127.99.10.3"),
	}
	config := func(at string) Config {
		return Config{Recording: r, At: places[netip.MustParseAddr(at)], Key: "secret1", Places: places}
	}
	server, err := NewMapServer(config("10.99.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	etr, err := NewETR(config("10.99.0.2"), netip.MustParseAddr("10.99.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etr.Close() }()

	for _, eid := range []string{"10.1.0.0/24", "2001:db8:1::/64"} {
		if err := etr.Register(t.Context(), netip.MustParsePrefix(eid)); err != nil {
			t.Error(err)
		}
		if _, err := server.AwaitRegister(t.Context(), netip.MustParsePrefix(eid)); err != nil {
			t.Error(err)
		}
	}
	host := netip.MustParseAddr("10.1.0.10")
	if err := server.AskETR(t.Context(), netip.MustParseAddr("10.99.0.2"), host); err != nil {
		t.Error(err)
	}
	if err := etr.AwaitRequest(t.Context(), host); err != nil {
		t.Error(err)
	}
}

// TestRecordedAuthentication holds the digest against that of the stack which was captured.
func TestRecordedAuthentication(t *testing.T) {
	for _, f := range recorded(t, "oor-register-v4v6.pcap") {
		if kind := typeOf(f.Payload); kind == mapRegister || kind == mapNotify {
			if err := signed(f.Payload, "secret1"); err != nil {
				t.Errorf("frame %d: %v", f.Number, err)
			}
			if err := signed(f.Payload, "secret2"); err == nil {
				t.Errorf("frame %d: another key is taken", f.Number)
			}
		}
	}
}

// TestRubbish: the same source gives the same rubbish, and none of it is authentic.
func TestRubbish(t *testing.T) {
	r := recorded(t, "oor-register-v4v6.pcap")
	one, two := r.Rubbish(rand.New(rand.NewPCG(1, 1)), 500), r.Rubbish(rand.New(rand.NewPCG(1, 1)), 500)
	for i, b := range one {
		if string(b) != string(two[i]) {
			t.Errorf("message %d differs", i)
		}
		if kind := typeOf(b); (kind == mapRegister || kind == mapNotify) && signed(b, "secret1") == nil {
			t.Errorf("message %d is authentic: % x", i, b)
		}
	}
}
