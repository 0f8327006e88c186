package devices

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	vishnetns "github.com/vishvananda/netns"

	"lisplab/devices/foreign"
	"lisplab/devices/netns"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/itr"
)

// joinedWires and joinedSite are joined on wires: the stranger is a host of the lab, in whose namespace its program runs.
const (
	joinedWires = `
links:
  - xTR:GigabitEthernet0/0 -- MSMR:GigabitEthernet0/0
hosts:
  - {name: stranger, address: 10.99.0.2/24, attached: MSMR:GigabitEthernet0/0}
== MSMR`
	joinedSite = `
hosts:
  - {name: stranger, address: [10.99.0.1/24, 10.99.0.3/24], attached: xTR1:GigabitEthernet0/0}
== MSMR`
)

// openWires opens a network in namespaces, and returns what runs a function in that of the host "stranger".
func openWires(t *testing.T, text string) (lab *Lab, inside func(func() error) error) {
	t.Helper()
	if err := netns.Check(); err != nil {
		t.Skip(err)
	}
	wanted := Netns
	if strings.Contains(text, "underlay: netns") {
		wanted = "" // the lab file says it
	}
	run := netns.RunName(fmt.Sprintf("test-%s-%d", t.Name(), os.Getpid()))
	lab = open(t, "net", Options{FS: networkFiles(text), Underlay: wanted, Run: run})
	return lab, func(fn func() error) error {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends in the namespace
			done <- func() error {
				ns, err := vishnetns.GetFromName("lisplab." + run + ".stranger")
				if err != nil {
					return err
				}
				defer ns.Close()
				if err := vishnetns.Set(ns); err != nil {
					return err
				}
				return fn()
			}()
		}()
		return <-done
	}
}

// only leaves one of the devices of joined.
func only(t *testing.T, text string, names ...string) string {
	t.Helper()
	var kept []string
	for line := range strings.Lines(text) {
		name, device := strings.CutPrefix(line, "  - {name: ")
		if name, _, _ = strings.Cut(name, ","); !device || !strings.Contains(line, "config:") || slices.Contains(names, name) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A foreign ETR registers with our Map-Server, by UDP for good, and our ITR resolves what it has registered: between
// processes, and in namespaces.
func TestForeignETR(t *testing.T) {
	t.Run("host", func(t *testing.T) {
		at := ground(t, "10.99.0.1", "10.99.0.2", "10.99.0.3")
		recording := recorded(t, "oor-xtr-resolve-data.pcap")
		here := func(fn func() error) error { return fn() }
		foreignETR(t, openNode(t, joined, "MSMR", at), openNode(t, joined, "xTR", at), here,
			foreign.Config{Recording: recording, At: at[addr("10.99.0.2")], Key: "secret1", Places: at})
	})
	t.Run("netns", func(t *testing.T) {
		recording := recorded(t, "oor-xtr-resolve-data.pcap")
		text := only(t, strings.Replace(joined, "\n== MSMR", joinedWires, 1), "MSMR", "xTR")
		lab, inside := openWires(t, strings.Replace(text, "jitter: 0", "jitter: 0\nunderlay: netns", 1))
		foreignETR(t, lab, lab, inside, foreign.Config{Recording: recording, At: addr("10.99.0.2"), Key: "secret1"})
	})
}

func foreignETR(t *testing.T, msmr, xtr *Lab, inside func(func() error) error, cfg foreign.Config) {
	var stranger *foreign.ETR
	must(t, inside(func() (err error) {
		stranger, err = foreign.NewETR(cfg, addr("10.99.0.1"))
		return err
	}))
	defer func() { must(t, stranger.Close()) }()
	labs := slices.Compact([]*Lab{msmr, xtr})
	eids := []string{"10.1.0.0/24", "2001:db8:1::/64"}
	meanwhile(t, func() {
		for _, eid := range eids {
			must(t, stranger.Register(t.Context(), netip.MustParsePrefix(eid)))
		}
	}, labs...)
	for _, eid := range eids {
		if !slices.ContainsFunc(registered(msmr, "MSMR"), func(r string) bool {
			return strings.HasPrefix(r, "foreign "+eid+" 10.99.0.2") && !strings.HasSuffix(r, "#")
		}) {
			t.Errorf("%s is not registered by 10.99.0.2 over UDP: %q", eid, registered(msmr, "MSMR"))
		}
	}
	if s := sessionWith(msmr, "MSMR", addr("10.99.0.2")); !strings.HasPrefix(s, "Down never 0/0") {
		t.Errorf("the session with an ETR that knows no TCP: %s", s)
	}
	others := slices.DeleteFunc(labs, func(l *Lab) bool { return l == xtr })
	meanwhile(t, func() {
		text := await(t, xtr, xtr.Device("xTR").Lig(LigOptions{
			EIDs:   []lispcore.EID{lispcore.NewEID(0, netip.MustParsePrefix("10.1.0.10/32"))},
			Render: func(r itr.LigResult) string { return fmt.Sprint(r) },
		}))
		if !strings.Contains(text, "10.99.0.2") {
			t.Errorf("lig 10.1.0.10 says\n%s", text)
		}
		must(t, stranger.AwaitRequest(t.Context(), addr("10.1.0.10")))
	}, others...)
}

// Our ETR registers with a foreign Map-Server. Its TCP 4342 refuses; the registration lives on UDP, a change is told by UDP
// too, and the ETR answers the Map-Request that the Map-Server sends on.
func TestForeignMapServer(t *testing.T) {
	t.Run("host", func(t *testing.T) {
		at := ground(t, "10.99.0.1", "10.99.0.2", "10.99.0.3")
		recording := recorded(t, "oor-register-v4v6.pcap")
		here := func(fn func() error) error { return fn() }
		foreignMapServer(t, openNode(t, joined, "xTR1", at), here,
			foreign.Config{Recording: recording, At: at[addr("10.99.0.1")], Key: "secret1", Places: at})
	})
	t.Run("netns", func(t *testing.T) {
		recording := recorded(t, "oor-register-v4v6.pcap")
		lab, inside := openWires(t, only(t, strings.Replace(joined, "\n== MSMR", joinedSite, 1), "xTR1"))
		foreignMapServer(t, lab, inside, foreign.Config{Recording: recording, At: addr("10.99.0.1"), Key: "secret1"})
	})
}

func foreignMapServer(t *testing.T, lab *Lab, inside func(func() error) error, cfg foreign.Config) {
	var server *foreign.MapServer
	must(t, inside(func() (err error) {
		server, err = foreign.NewMapServer(cfg)
		return err
	}))
	defer func() { must(t, server.Close()) }()
	eid := netip.MustParsePrefix("10.1.0.0/24")
	xtr := lab.Device("xTR1")
	state := func() etr.Status {
		snap, _ := xtr.ETR()
		return snap.Database[0].Status[0]
	}
	until(t, lab, "the Map-Notify has come", func() bool { return !state().Acked.IsZero() })
	_, err := server.AwaitRegister(t.Context(), eid)
	must(t, err)
	stats := lab.net.(interface{ Stats() underlay.KernelStats })
	until(t, lab, "TCP 4342 has refused", func() bool { return stats.Stats().Refused > 0 })

	first := state().Acked
	cfgs := xtr.Config()
	cfgs.LISP.EIDTables[0].Mappings[0].Locators[0].Weight = 50
	must(t, xtr.Apply(cfgs))
	until(t, lab, "the change is acknowledged", func() bool { return state().Acked.After(first) })
	_, err = server.AwaitRegister(t.Context(), eid)
	must(t, err)
	want(t, "state", state().State.String(), "Periodic")
	if s := sessionWith(lab, "xTR1", addr("10.99.0.1")); !strings.HasPrefix(s, "Down never 0/0") {
		t.Errorf("the session with a Map-Server that knows no TCP: %s", s)
	}
	meanwhile(t, func() {
		must(t, inside(func() error { return server.AskETR(t.Context(), addr("10.99.0.2"), addr("10.1.0.10")) }))
	}, lab)
}
