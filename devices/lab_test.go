package devices

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore/session"
)

var (
	xTR1    = netip.MustParseAddr("203.0.113.11")
	xTR2    = netip.MustParseAddr("198.51.100.21")
	newMSMR = netip.MustParseAddr("209.165.201.31")
	oldMSMR = netip.MustParseAddr("209.165.201.41")
)

func open(t testing.TB, name string, opt Options) *Lab {
	t.Helper()
	opt.Parse = parse
	lab, err := OpenLab(name, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab
}

func advance(t testing.TB, lab *Lab, seconds float64) {
	t.Helper()
	must(t, lab.Advance(time.Duration(seconds*float64(time.Second))))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sessionWith prints one session of a device: "Up 05:05:40 6/3 2".
func sessionWith(lab *Lab, device string, peer netip.Addr) string {
	for _, s := range lab.Device(device).Sessions() {
		if s.Peer == peer {
			since := "never"
			if !s.Since.IsZero() {
				since = lab.Now().Sub(s.Since).Truncate(time.Second).String()
			}
			return fmt.Sprintf("%v %s %d/%d %d", s.State, since, s.In, s.Out, len(s.Users))
		}
	}
	return "none"
}

func wantSession(t *testing.T, lab *Lab, device string, peer netip.Addr, want string) {
	t.Helper()
	if got := sessionWith(lab, device, peer); got != want {
		t.Errorf("%v: session of %s with %v: %s, want %s", lab.Now().Sub(labStart), device, peer, got, want)
	}
}

// registered prints the live registrations of a map server, by site, one a line: "A 10.10.10.0/24 203.0.113.11 1h59m44s #".
func registered(lab *Lab, device string) []string {
	snap, _ := lab.Device(device).MapServer()
	var list []string
	for _, site := range snap.Sites {
		for _, e := range site.Entries {
			for _, p := range append(slices.Clone(e.MoreSpecifics), e.Exact) {
				for _, r := range p.Registrations {
					reliable := ""
					if r.Reliable {
						reliable = " #"
					}
					list = append(list, fmt.Sprintf("%s %v %v %v%s", site.Name, p.EID.Prefix, r.ETR, lab.Now().Sub(r.Last).Truncate(time.Second), reliable))
				}
			}
		}
	}
	return list
}

// The history of the chapter in the day-0 lab, by its command times: the sessions and the tables are the documented ones,
// and the routers end with the configurations of the complete lab.
func TestHistory(t *testing.T) {
	lab := open(t, "reliable-registration-day0", Options{})
	advance(t, lab, 18341)
	wantSession(t, lab, "xTR1", newMSMR, "Up 5h5m40s 6/3 2")
	wantSession(t, lab, "xTR1", oldMSMR, "Down never 0/0 1")
	advance(t, lab, 19194-18341)
	wantSession(t, lab, "New-MSMR", xTR1, "Up 5h19m53s 3/6 1")
	wantSession(t, lab, "New-MSMR", xTR2, "Up 5h18m28s 2/5 1")
	advance(t, lab, 6)
	must(t, edit(lab.Device("New-MSMR"), "site A 2001:db8::/32", "site B 21.0.0.0/8 more", "site B 2001:db8::/48"))
	must(t, edit(lab.Device("Old-MSMR"), "site A 2001:db8::/32", "site B 2001:db8::/48"))
	advance(t, lab, 6)
	must(t, edit(lab.Device("xTR1"), "database 172.16.0.0/24"))
	advance(t, lab, 5)
	must(t, edit(lab.Device("xTR2"), "database 21.21.21.0/24"))
	advance(t, lab, 3)
	must(t, edit(lab.Device("xTR2"), "database 2001:db8::/48"))
	advance(t, lab, 7)
	lab.Device("xTR1").ClearSessions(netip.Addr{})
	advance(t, lab, 1)
	lab.Device("xTR2").ClearSessions(netip.Addr{})
	advance(t, lab, 26466-19222)

	for device, want := range map[string]string{
		"New-MSMR": `
			A 10.10.10.0/24 203.0.113.11 1h59m44s #
			A 10.20.20.0/24 203.0.113.11 1h59m44s #
			A 172.16.0.0/24 203.0.113.11 1h59m44s #
			A 2001:db8::/32 203.0.113.11 1h59m44s #
			B 10.30.30.0/24 198.51.100.21 1h59m43s #
			B 10.40.40.0/24 198.51.100.21 1h59m43s #
			B 21.21.21.0/24 198.51.100.21 1h59m43s #
			B 2001:db8::/48 198.51.100.21 1h59m43s #`,
		"Old-MSMR": `
			A 172.16.0.0/24 203.0.113.11 0s
			A 21.21.21.0/24 198.51.100.21 55s
			A 2001:db8::/32 203.0.113.11 3s
			B 10.10.10.0/24 203.0.113.11 0s
			B 10.20.20.0/24 203.0.113.11 0s
			B 10.30.30.0/24 198.51.100.21 55s
			B 10.40.40.0/24 198.51.100.21 55s
			B 2001:db8::/48 198.51.100.21 52s`,
	} {
		wantLines(t, device, registered(lab, device), want)
	}
	complete := open(t, "reliable-registration", Options{})
	for i, d := range lab.Devices() {
		if want := complete.Devices()[i].Config(); !d.Config().Equal(want) {
			t.Errorf("%s ends with\n%+v\nthe complete lab has\n%+v", d.Name(), d.Config(), want)
		}
	}
}

func wantLines(t *testing.T, what string, got []string, want string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%s\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// What happens to sessions and registrations when something fails, to the second.
func TestFaultsWithTheEngines(t *testing.T) {
	const converged = 200
	for _, row := range []struct {
		name string
		do   func(*testing.T, *Lab)
	}{
		{"an ETR without power: the session is lost at 120 s, its registrations run out 180 s later", func(t *testing.T, lab *Lab) {
			must(t, lab.StopDevice("xTR1"))
			advance(t, lab, 119)
			wantSession(t, lab, "New-MSMR", xTR1, "Up 5m18s 4/9 1")
			advance(t, lab, 1)
			wantSession(t, lab, "New-MSMR", xTR1, "Down 0s 4/9 1")
			if n := len(lab.Device("New-MSMR").streams); n != 1 {
				t.Errorf("the map server keeps %d streams, want that of xTR2", n)
			}
			advance(t, lab, 179)
			if n := countOf(lab, "New-MSMR", xTR1); n != 4 {
				t.Errorf("%d registrations 179 s after the loss, want 4", n)
			}
			advance(t, lab, 2)
			if n := countOf(lab, "New-MSMR", xTR1); n != 0 {
				t.Errorf("%d registrations 181 s after the loss, want none", n)
			}
		}},
		{"a link that is down for 60 s: the session survives", func(t *testing.T, lab *Lab) {
			before := sessionWith(lab, "xTR1", newMSMR)
			must(t, lab.SetLink("xTR1", "Core1", false))
			advance(t, lab, 60)
			must(t, lab.SetLink("core1", "xtr1", true))
			advance(t, lab, 600)
			got, _, _ := strings.Cut(sessionWith(lab, "xTR1", newMSMR), " ")
			if got != "Up" || lab.Device("xTR1").Sessions()[0].Since != labStart.Add(time.Second) {
				t.Errorf("session %s, before %s", sessionWith(lab, "xTR1", newMSMR), before)
			}
		}},
		{"a link that is down for 6 minutes: lost at 120 s, expired at 300 s, back after it", func(t *testing.T, lab *Lab) {
			must(t, lab.SetLink("xTR1", "Core1", false))
			advance(t, lab, 120)
			wantSession(t, lab, "New-MSMR", xTR1, "Down 0s 4/9 1")
			if got, _, _ := strings.Cut(sessionWith(lab, "xTR1", newMSMR), " 9/"); got != "Down 0s" {
				t.Errorf("session of xTR1: %s", got)
			}
			advance(t, lab, 179)
			if n := countOf(lab, "New-MSMR", xTR1); n != 4 {
				t.Errorf("%d registrations after 299 s, want 4", n)
			}
			advance(t, lab, 2)
			if n := countOf(lab, "New-MSMR", xTR1); n != 0 {
				t.Errorf("%d registrations after 301 s, want none", n)
			}
			advance(t, lab, 59)
			must(t, lab.SetLink("xTR1", "Core1", true))
			advance(t, lab, 130)
			if lab.Device("New-MSMR").Sessions()[0].State != session.Up || countOf(lab, "New-MSMR", xTR1) != 4 {
				t.Errorf("after the link is back: %s, %d registrations", sessionWith(lab, "New-MSMR", xTR1), countOf(lab, "New-MSMR", xTR1))
			}
		}},
		{"a map server that is restarted: the ETR notices within a minute, TCP only after a Map-Notify", func(t *testing.T, lab *Lab) {
			must(t, lab.StopDevice("New-MSMR"))
			advance(t, lab, 30)
			must(t, lab.StartDevice("New-MSMR"))
			if sessions := lab.Device("New-MSMR").Sessions(); len(sessions) != 0 {
				t.Errorf("a map server that has just booted has %d sessions", len(sessions))
			}
			advance(t, lab, 60)
			if s := lab.Device("xTR1").Sessions()[0]; s.State != session.Down {
				t.Errorf("60 s after the restart the session is %v", s.State)
			}
			advance(t, lab, 62)
			wantSession(t, lab, "New-MSMR", xTR2, sessionWith(lab, "New-MSMR", xTR2))
			if s := lab.Device("New-MSMR").Sessions(); len(s) != 2 || s[0].State != session.Up || s[1].State != session.Up {
				t.Errorf("two minutes after the restart: %+v", s)
			}
		}},
		{"a map server that is one no more closes its sessions", func(t *testing.T, lab *Lab) {
			d := lab.Device("New-MSMR")
			cfg := d.Config()
			cfg.LISP.IPv4.MapServer, cfg.LISP.IPv6.MapServer = false, false
			must(t, d.Apply(cfg))
			must(t, lab.Settle())
			if _, ok := d.MapServer(); ok || len(d.Sessions()) != 0 {
				t.Error("the role and its sessions are still there")
			}
			if s := lab.Device("xTR1").Sessions()[0]; s.State != session.Down {
				t.Errorf("the ETR's session is %v", s.State)
			}
			advance(t, lab, 200)
			cfg.LISP.IPv4.MapServer, cfg.LISP.IPv6.MapServer = true, true
			must(t, d.Apply(cfg))
			advance(t, lab, 130)
			if countOf(lab, "New-MSMR", xTR1) != 4 {
				t.Errorf("registrations after it is one again: %v", registered(lab, "New-MSMR"))
			}
		}},
		{"an ETR that is one no more withdraws", func(t *testing.T, lab *Lab) {
			d := lab.Device("xTR1")
			cfg := d.Config()
			cfg.LISP.IPv4.ETR, cfg.LISP.IPv6.ETR = false, false
			must(t, d.Apply(cfg))
			must(t, lab.Settle())
			if _, ok := d.ETR(); ok || len(d.Sessions()) != 0 {
				t.Errorf("the role and its sessions are still there: %v", d.Sessions())
			}
			if n := countOf(lab, "New-MSMR", xTR1) + countOf(lab, "Old-MSMR", xTR1); n != 0 {
				t.Errorf("%d registrations are still there", n)
			}
		}},
		{"an interface that is shut is a path that is gone", func(t *testing.T, lab *Lab) {
			d := lab.Device("Core1")
			cfg := d.Config()
			i := slices.IndexFunc(cfg.Interfaces, func(i Interface) bool { return i.Name == "GigabitEthernet0/1" })
			cfg.Interfaces[i].Shutdown = true
			must(t, d.Apply(cfg))
			advance(t, lab, 120)
			wantSession(t, lab, "New-MSMR", xTR1, "Down 0s 4/9 1")
			log := d.Log()
			if got := log[len(log)-2].Text + "; " + log[len(log)-1].Text; got != "%LINK-5-CHANGED: Interface GigabitEthernet0/1, changed state to administratively down; "+
				"%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to down" {
				t.Errorf("log of Core1: %s", got)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			lab := nominal(t)
			advance(t, lab, converged)
			row.do(t, lab)
		})
	}
}

// nominal is the complete lab with exactly the nominal times.
func nominal(t *testing.T) *Lab {
	t.Helper()
	files := fstest.MapFS{}
	entries, err := builtIn.ReadDir("labs/" + DefaultLab)
	must(t, err)
	for _, e := range entries {
		text, err := builtIn.ReadFile("labs/" + DefaultLab + "/" + e.Name())
		must(t, err)
		if e.Name() == labFileName {
			text = append(text, "jitter: 0\n"...)
		}
		files["lab/"+e.Name()] = &fstest.MapFile{Data: text}
	}
	return open(t, "lab", Options{FS: files})
}

func countOf(lab *Lab, device string, etr netip.Addr) int {
	n := 0
	for _, line := range registered(lab, device) {
		if strings.Contains(line, etr.String()) {
			n++
		}
	}
	return n
}

// trace runs a lab for an hour, with faults, and returns the digest of all that passed.
func trace(seed uint64) (digest string, events int, err error) {
	h := sha256.New()
	lab, err := OpenLab(DefaultLab, Options{Parse: parse, Seed: &seed, Observe: func(e underlay.Event) {
		events++
		fmt.Fprintf(h, "%d %v %v %v %d %d %d %x %s\n", e.At.UnixNano(), e.Kind, e.Src, e.Dst, e.Conn, e.Seq, e.Ack, e.Payload, e.Detail)
	}})
	if err != nil {
		return "", 0, err
	}
	var errs []error
	for i := range 20 {
		errs = append(errs, lab.Advance(90*time.Second), lab.SetLink("xTR1", "Core1", i%3 != 0))
		switch {
		case i == 5:
			errs = append(errs, lab.StopDevice("New-MSMR"))
		case i == 6:
			errs = append(errs, lab.StartDevice("New-MSMR"))
		case i%4 == 0:
			lab.Device("xTR2").ClearSessions(netip.Addr{})
		}
	}
	errs = append(errs, lab.Advance(30*time.Minute), lab.Close())
	return fmt.Sprintf("%x", h.Sum(nil)), events, errors.Join(errs...)
}

// One seed gives one run, on any number of processors and beside other labs; another seed gives another.
func TestDeterminism(t *testing.T) {
	want, n, err := trace(1)
	must(t, err)
	if n < 300 {
		t.Errorf("the trace has only %d events", n)
	}
	for _, procs := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(procs)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if got, _, err := trace(1); got != want || err != nil {
					t.Errorf("GOMAXPROCS %d: another trace (error: %v)", procs, err)
				}
			})
		}
		both.Wait()
		runtime.GOMAXPROCS(before)
	}
	if other, _, err := trace(2); other == want || err != nil {
		t.Errorf("another seed gives the same trace (error: %v)", err)
	}
}

// A byte that is flipped between socket and engine makes LISP refuse the message.
func TestTamper(t *testing.T) {
	flipped := 0
	lab := open(t, "reliable-registration", Options{Tamper: func(e underlay.Event) []byte {
		if e.Kind != underlay.Datagram || e.Src.Addr() != xTR1 {
			return e.Payload
		}
		flipped++
		p := bytes.Clone(e.Payload)
		p[len(p)-1] ^= 1
		return p
	}})
	advance(t, lab, 300)
	if flipped == 0 || countOf(lab, "New-MSMR", xTR1) != 0 || countOf(lab, "New-MSMR", xTR2) != 4 {
		t.Errorf("%d messages were flipped, registered: %v", flipped, registered(lab, "New-MSMR"))
	}
	snap, _ := lab.Device("New-MSMR").MapServer()
	if snap.Counters.AuthFailures == 0 {
		t.Error("the map server counts no authentication failure")
	}
}

// A boot draws nonces that no earlier boot has drawn, and the same xTR-ID.
func TestNoncesOfABoot(t *testing.T) {
	var first []string // the first Map-Register of each boot
	booting := true
	lab := open(t, "reliable-registration", Options{Observe: func(e underlay.Event) {
		if booting && e.Kind == underlay.Datagram && e.Src.Addr() == xTR1 {
			booting = false
			first = append(first, fmt.Sprintf("%x", e.Payload))
		}
	}})
	id := func() string { snap, _ := lab.Device("xTR1").ETR(); return fmt.Sprintf("%x", snap.XTRID) }
	before := id()
	must(t, lab.StopDevice("xTR1"))
	booting = true
	must(t, lab.StartDevice("xTR1"))
	must(t, lab.Settle())
	if len(first) != 2 || first[0] == first[1] {
		t.Errorf("two boots register by the same message: %v", first)
	}
	if after := id(); after != before || after == strings.Repeat("0", len(after)) {
		t.Errorf("xTR-ID %s after the boot, %s before", after, before)
	}
}

// What an ETR registers is what its configuration means.
func TestDatabase(t *testing.T) {
	lab := open(t, "reliable-registration", Options{})
	d := lab.Device("xTR1")
	cfg := d.Config()
	other := netip.MustParseAddr("198.51.100.21")
	cfg.LISP.LocatorSets = []LocatorSet{{Name: "RLOCS", Locators: []Locator{{xTR1, 1, 60}, {other, 2, 40}}}}
	m := &cfg.LISP.EIDTables[0].Mappings
	(*m)[0].Locators, (*m)[0].LocatorSet = nil, "RLOCS"
	(*m)[1].Locators, (*m)[1].LocatorSet = nil, "none such"
	must(t, d.Apply(cfg))
	snap, _ := d.ETR()
	var got []string
	for _, e := range snap.Database {
		got = append(got, fmt.Sprintf("%v TTL %d", e.Mapping.EID.Prefix, e.Mapping.TTL))
		for _, l := range e.Mapping.Locators {
			got = append(got, fmt.Sprintf("%v %d/%d multicast %d/%d local %v reachable %v", l.RLOC, l.Priority, l.Weight, l.MPriority, l.MWeight, l.Local, l.Reachable))
		}
	}
	wantLines(t, "database", got, `
		10.10.10.0/24 TTL 1440
		198.51.100.21 2/40 multicast 2/40 local false reachable true
		203.0.113.11 1/60 multicast 1/60 local true reachable true
		172.16.0.0/24 TTL 1440
		203.0.113.11 1/100 multicast 1/100 local true reachable true
		2001:db8::/32 TTL 1440
		203.0.113.11 1/100 multicast 1/100 local true reachable true`)
}

func TestApplyIsAllOrNothing(t *testing.T) {
	lab := open(t, "reliable-registration", Options{})
	d := lab.Device("New-MSMR")
	before := d.Config()
	for _, row := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Interfaces = append(c.Interfaces, Interface{Name: "GigabitEthernet7/7"}) },
			"found interface GigabitEthernet7/7, expected a loopback or one that New-MSMR has: GigabitEthernet0/0"},
		{func(c *Config) {
			c.Interfaces = append(c.Interfaces, Interface{Name: "Loopback0", IPv4: netip.MustParsePrefix("209.165.201.30/32")})
		}, "209.165.201.30 overlaps with Loopback0"},
		{func(c *Config) { c.Routes[0].NextHop = netip.MustParseAddr("2001:db8::1") }, "the next hop 2001:db8::1 is of the other address family"},
		{func(c *Config) { c.Routes[0].NextHop = netip.Addr{} }, "neither a next hop nor an interface"},
		{func(c *Config) { c.LISP.Sites = append(c.LISP.Sites, c.LISP.Sites[0]) }, `site "A" stands twice or has no name`},
	} {
		cfg := d.Config()
		cfg.LISP.Sites[0].Key = "another"
		row.change(&cfg)
		if err := d.Apply(cfg); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("error %v, want %s", err, row.want)
		}
		if !d.Config().Equal(before) {
			t.Fatalf("a refused configuration has changed the router: %+v", d.Config())
		}
	}
}

func TestDevicesAndLinks(t *testing.T) {
	lab := open(t, "reliable-registration-day0", Options{})
	var names []string
	for _, d := range lab.Devices() {
		names = append(names, fmt.Sprintf("%s %s", d.Name(), d.Release()))
	}
	wantLines(t, "devices", names, "xTR1 15.5\nxTR2 15.5\nCore1 15.5\nCore2 15.5\nNew-MSMR 15.5\nOld-MSMR 15.2\nPxTR1 15.5")
	if lab.Console() != "New-MSMR" || lab.Name() != "reliable-registration-day0" || len(lab.Links()) != 6 {
		t.Errorf("console %s of %s, links %v", lab.Console(), lab.Name(), lab.Links())
	}
	x := lab.Device("XTR2")
	if x.Running() || !x.Booted().IsZero() || x.Apply(Config{}) == nil {
		t.Error("xTR2 has power before its time")
	}
	advance(t, lab, 84.999)
	if x.Running() {
		t.Error("xTR2 has power before its time")
	}
	advance(t, lab, 0.001)
	if !x.Running() || x.Booted() != labStart.Add(85*time.Second) {
		t.Errorf("xTR2 runs: %v, booted %v", x.Running(), x.Booted())
	}
	for _, row := range []struct {
		err  error
		want string
	}{
		{lab.StartDevice("xTR2"), "xTR2 is running already"},
		{lab.StopDevice("nobody"), `no device "nobody" in lab reliable-registration-day0: its devices are xTR1, xTR2, Core1, Core2, New-MSMR, Old-MSMR, PxTR1`},
		{lab.SetLink("xTR1", "xTR2", false), "no link between xTR1 and xTR2: xTR1 is linked to Core1"},
		{lab.SetLink("Core1", "nobody", false), `no device "nobody"`},
		{lab.Advance(-time.Second), "lab time can't go back by 1s"},
	} {
		if row.err == nil || !strings.HasPrefix(row.err.Error(), row.want) {
			t.Errorf("error %v, want %s", row.err, row.want)
		}
	}
	must(t, lab.SetLink("xTR2", "Core2", false))
	line := func(name string) (up bool) {
		for _, i := range x.Interfaces() {
			if i.Name == name {
				up = i.LineUp
			}
		}
		return up
	}
	if line("GigabitEthernet0/0") || !line("GigabitEthernet0/1") || len(x.StaticRoutes()) != 0 {
		t.Errorf("xTR2 without its link: interfaces %+v, routes %v", x.Interfaces(), x.StaticRoutes())
	}
	must(t, lab.StopDevice("xTR2"))
	if err := lab.StopDevice("xTR2"); err == nil || err.Error() != "xTR2 is stopped already" {
		t.Errorf("stopped twice: %v", err)
	}
	if len(x.Interfaces()) != 0 || len(x.Sessions()) != 0 {
		t.Error("a stopped router shows interfaces or sessions")
	}
}

// The log of a map server, in its words.
func TestLog(t *testing.T) {
	lab := open(t, "reliable-registration-day0", Options{})
	advance(t, lab, 10)
	lab.Device("New-MSMR").NoteConfigured("console")
	var got []string
	for _, l := range lab.Device("New-MSMR").Log() {
		got = append(got, fmt.Sprintf("%s %s", l.At.Format("15:04:05"), l.Text))
	}
	wantLines(t, "log", got, `
		00:00:00 %SYS-5-RESTART: System restarted --
		00:00:00 %LINK-3-UPDOWN: Interface GigabitEthernet0/0, changed state to up
		00:00:00 %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/0, changed state to up
		00:00:00 %LISP-6-REGISTER: Site A, EID 10.20.20.0/24 registered by 203.0.113.11
		00:00:00 %LISP-6-REGISTER: Site A, EID 10.10.10.0/24 registered by 203.0.113.11
		00:00:00 %LISP-4-REFUSED: EID 2001:DB8::/32 of 203.0.113.11 refused: not a valid site EID prefix
		00:00:01 %LISP-4-REFUSED: EID 2001:DB8::/32 of 203.0.113.11 refused: not a valid site EID prefix
		00:00:01 %LISP-5-SESSION: Reliable session with 203.0.113.11 is up
		00:00:01 %LISP-4-REFUSED: EID 2001:DB8::/32 of 203.0.113.11 refused: not a valid site EID prefix
		00:00:10 %SYS-5-CONFIG_I: Configured from console by console`)
}

func TestLogRing(t *testing.T) {
	lab := open(t, "reliable-registration", Options{})
	d := lab.Device("Core1")
	for i := range logSize + 10 {
		d.say(fmt.Sprint(i))
	}
	log := d.Log()
	if len(log) != logSize || log[0].Text != "10" || log[logSize-1].Text != fmt.Sprint(logSize+9) {
		t.Errorf("%d lines, from %q to %q", len(log), log[0].Text, log[len(log)-1].Text)
	}
}

// While a lab follows the wall clock, Do hands closures to its owner, Advance moves time ahead of the wall, and Close ends
// it all.
func TestFollow(t *testing.T) {
	lab := open(t, "reliable-registration-day0", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lab.Follow(ctx)
	lab.Follow(ctx) // goes on as it was
	var all sync.WaitGroup
	calls := 0
	for range 50 {
		all.Go(func() { lab.Do(func() { calls++ }) })
	}
	all.Wait()
	lab.Do(func() {
		before := lab.Now()
		must(t, lab.Advance(2*time.Minute))
		if d := lab.Now().Sub(before); d < 2*time.Minute || calls != 50 {
			t.Errorf("advanced %v, %d calls", d, calls)
		}
	})
	lab.Do(func() {
		if !lab.Device("xTR2").Running() || lab.Device("New-MSMR").Sessions()[1].State != session.Up {
			t.Error("xTR2 has no session after two minutes")
		}
	})
	cancel()
	lab.Do(func() { calls++ }) // the owner may have gone
	if calls != 51 {
		t.Errorf("%d calls, want 51", calls)
	}
	must(t, lab.Close())
	must(t, lab.Close())
}

// A lab that follows wakes up at its deadlines by itself: xTR2 gets power without anybody asking.
func TestFollowWakesUp(t *testing.T) {
	seen := make(chan struct{})
	var once sync.Once
	lab := open(t, "reliable-registration-day0", Options{Observe: func(e underlay.Event) {
		if e.Src.Addr() == xTR2 {
			once.Do(func() { close(seen) })
		}
	}})
	advance(t, lab, 84.99)
	lab.Follow(t.Context())
	<-seen
}

func TestCloneAndEqual(t *testing.T) {
	lab := open(t, "reliable-registration", Options{})
	for _, d := range lab.Devices() {
		a, b := d.Config(), d.Config()
		if !a.Equal(b) || !a.Clone().Equal(a) {
			t.Fatalf("%s: two copies differ", d.Name())
		}
		b.Interfaces[0].IPv6 = []netip.Prefix{}
		if !a.Equal(b) {
			t.Errorf("%s: an empty list differs from none", d.Name())
		}
		b.Interfaces[0].Description = "other"
		if len(b.Routes) > 0 {
			b.Routes[0].Interface = "Null0"
		}
		if b.LISP != nil {
			b.LISP.IPv4.ITRMapResolvers = append(b.LISP.IPv4.ITRMapResolvers[:0], netip.IPv6Loopback())
			for i := range b.LISP.Sites {
				b.LISP.Sites[i].EIDPrefixes[0].Instance = 9
			}
		}
		if a.Equal(b) || !a.Equal(d.Config()) {
			t.Errorf("%s: a change of a copy shows in the original, or not in the copy", d.Name())
		}
	}
}

func TestReleases(t *testing.T) {
	old, err := ParseRelease("15.2")
	must(t, err)
	if old.ReliableTransport() || old.ShowLISPSession() || old.SiteLayout() != SiteLayoutB || old.Version() != "15.2(4)S7" {
		t.Errorf("release 15.2: %+v", releases[old.index()])
	}
	if def := Release(""); !def.ReliableTransport() || def.SiteLayout() != SiteLayoutC {
		t.Error("the default release is not 15.5")
	}
	for _, r := range Releases() {
		if again, err := ParseRelease(r.Name()); err != nil || again != r {
			t.Errorf("release %s: %v, %v", r, again, err)
		}
		if r.HierarchicalLISP() != (r == Release179) {
			t.Errorf("release %s prints the hierarchical form: %v", r, r.HierarchicalLISP())
		}
	}
	if _, err := ParseRelease("12.4"); err == nil || err.Error() != `found release "12.4", expected one of 15.2, 15.5, 17.9` {
		t.Errorf("release 12.4: %v", err)
	}
}

// BenchmarkConverge opens the seven routers and lets them converge: 10 s of lab time, and the close.
func BenchmarkConverge(b *testing.B) {
	for b.Loop() {
		lab, err := OpenLab(DefaultLab, Options{Parse: parse})
		must(b, err)
		advance(b, lab, 10)
		must(b, lab.Close())
	}
}

// BenchmarkHistory is as much lab time as the seed transcript has: 7 h 21 min.
func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		lab, err := OpenLab("reliable-registration-day0", Options{Parse: parse})
		must(b, err)
		advance(b, lab, 26466)
		must(b, lab.Close())
	}
}

// BenchmarkLabHeap reports the live heap of a lab that has converged.
func BenchmarkLabHeap(b *testing.B) {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		before := heap()
		lab, err := OpenLab(DefaultLab, Options{Parse: parse})
		must(b, err)
		advance(b, lab, 10)
		b.ReportMetric((heap()-before)/1e6, "MB/lab")
		must(b, lab.Close())
	}
}
