package lispcore_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// The scenario of the one public capture of Cisco's reliable registration: a Map-Server and two ETRs that register in two
// instances and both address families. Its keys are known, so every byte that an engine of ours sends can be compared.
// Everything that our engines say in it is also kept as a golden, so that the property holds where the capture is absent.

var update = flag.Bool("update", false, "rewrite the goldens")

const (
	captureFile = "../../shared/captures/cisco_vectors.json"
	goldenFile  = "testdata/cisco_scenario.golden"
)

var mapServer = netip.MustParseAddr("10.0.123.1")

// ciscoETR is one ETR of the capture: what it was configured with, and what it drew at random.
type ciscoETR struct {
	addr    netip.Addr
	port    uint16
	key     string
	xtrID   string
	nonces  []uint64 // by instance, IPv4 before IPv6
	mapping []lispcore.Mapping
}

func ciscoETRs() []ciscoETR {
	r2, r3 := netip.MustParseAddr("10.0.123.2"), netip.MustParseAddr("10.0.123.3")
	return []ciscoETR{
		{
			addr: r2, port: 15373, key: "R2", xtrID: "d0f4d45814b6d3e32183c9432e4b58f2",
			nonces: []uint64{0x67ab931f9e8b974a, 0x3e3bd1d1f80a12da, 0xe70430fca1809623, 0x56fadc32c8dcc250},
			mapping: []lispcore.Mapping{
				mapping(0, "10.0.0.2/32", r2, 22, 22), mapping(0, "fc00::2/128", r2, 22, 22),
				mapping(100, "192.168.102.0/26", r2, 22, 22), mapping(100, "fc00:192:168:102::/64", r2, 22, 22),
			},
		},
		{
			addr: r3, port: 52995, key: "R3", xtrID: "59eb3fb9fa991d3fef005289c97f3b7d",
			nonces: []uint64{0x7b0336b18e10a8c4, 0xaa290cc505166df5, 0x71722a7b4e1e8a1a, 0x14dd31cdff1edace},
			mapping: []lispcore.Mapping{
				mapping(0, "10.0.0.3/32", r3, 33, 33), mapping(0, "192.168.103.0/26", r3, 255, 33),
				mapping(0, "fc00::3/128", r3, 33, 33), mapping(0, "fc00:192:168:103::/64", r3, 255, 33),
				mapping(100, "192.168.103.0/26", r3, 33, 33), mapping(100, "fc00:192:168:103::/64", r3, 33, 33),
			},
		},
	}
}

// mapping has one locator; in the capture only the unicast priority of a misplaced prefix differs from the other values.
func mapping(instance uint32, prefix string, rloc netip.Addr, priority, others uint8) lispcore.Mapping {
	return lispcore.Mapping{
		EID: lispcore.NewEID(instance, netip.MustParsePrefix(prefix)), TTL: 1440,
		Locators: []lispcore.Locator{{RLOC: rloc, Priority: priority, Weight: others, MPriority: others, MWeight: others, Local: true, Reachable: true}},
	}
}

func ciscoSites() mapserver.Config {
	site := func(name string, prefixes ...lispcore.EID) mapserver.SiteConfig {
		s := mapserver.SiteConfig{Name: name, Key: name}
		for _, p := range prefixes {
			s.EIDs = append(s.EIDs, mapserver.SiteEID{EID: p})
		}
		return s
	}
	eid := func(instance uint32, p string) lispcore.EID {
		return lispcore.NewEID(instance, netip.MustParsePrefix(p))
	}
	return mapserver.Config{IPv4: true, IPv6: true, Reliable: true, Sites: []mapserver.SiteConfig{
		site("R2", eid(0, "10.0.0.2/32"), eid(0, "fc00::2/128"), eid(100, "192.168.102.0/26"), eid(100, "fc00:192:168:102::/64")),
		site("R3", eid(0, "10.0.0.3/32"), eid(0, "fc00::3/128"), eid(100, "192.168.103.0/26"), eid(100, "fc00:192:168:103::/64")),
	}}
}

// scripted is a source of randomness that says what the ETR of the capture drew.
type scripted []uint64

func (s *scripted) Uint64() uint64 {
	v := (*s)[0]
	*s = (*s)[1:]
	return v
}

func (c ciscoETR) engine(now time.Time) *etr.Engine {
	nonces := scripted(slices.Clone(c.nonces))
	var id wire.XTRID
	copy(id[:], unhex(c.xtrID))
	cfg := etr.Config{Database: c.mapping, XTRID: id, Reliable: true, Rand: rand.New(&nonces)}
	for _, family := range []lispcore.Family{lispcore.IPv4, lispcore.IPv6} {
		cfg.MapServers = append(cfg.MapServers, etr.MapServerConfig{Addr: mapServer, Family: family, Key: c.key, Local: c.addr})
	}
	e := etr.New(session.NewTable())
	e.Configure(now, cfg)
	return e
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// said is one message: who sent it, by what transport, and its bytes.
type said struct{ from, transport, bytes string }

func (s said) String() string { return fmt.Sprintf("%-10s  %s  %s", s.from, s.transport, s.bytes) }

// sayings turns outputs into messages; a WriteStream is cut into its frames.
func sayings(from netip.Addr, outputs []lispcore.Output) (list []said) {
	for _, out := range outputs {
		switch out := out.(type) {
		case lispcore.SendDatagram:
			list = append(list, said{from.String(), "udp", hex.EncodeToString(out.Payload)})
		case lispcore.WriteStream:
			for data := out.Data; len(data) > 0; {
				_, n, err := wire.ParseFrame(data)
				if err != nil || n == 0 {
					panic(fmt.Sprint("a broken frame was sent: ", err))
				}
				list = append(list, said{from.String(), "tcp", hex.EncodeToString(data[:n])})
				data = data[n:]
			}
		}
	}
	return list
}

func datagram(from, to netip.Addr, payload string) lispcore.Datagram {
	return lispcore.Datagram{
		From:    netip.AddrPortFrom(from, lispcore.ControlPort),
		To:      netip.AddrPortFrom(to, lispcore.ControlPort),
		Payload: unhex(payload),
	}
}

func opened(id lispcore.StreamID, local, remote netip.AddrPort, dialled bool) lispcore.StreamOpened {
	return lispcore.StreamOpened{Stream: id, Local: local, Remote: remote, Dialled: dialled}
}

// etrSays runs the capture's ETR against the Map-Server's messages: registers, then, two seconds later, the session.
func etrSays(c ciscoETR, notifies, stream []string) []said {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := c.engine(now)
	e.Handle(now, lispcore.Tick{})
	list := sayings(c.addr, e.Drain())
	for _, n := range notifies {
		e.Handle(now, datagram(mapServer, c.addr, n))
	}
	now = now.Add(2 * time.Second)
	e.Handle(now, lispcore.Tick{})
	for _, out := range e.Drain() {
		if open, ok := out.(lispcore.OpenStream); ok {
			e.Handle(now, opened(open.Stream, netip.AddrPortFrom(c.addr, c.port), open.To, true))
			for _, m := range stream {
				e.Handle(now, lispcore.StreamData{Stream: open.Stream, Data: unhex(m)})
			}
		}
	}
	return append(list, sayings(c.addr, e.Drain())...)
}

// mapServerSays runs the Map-Server against the ETRs' messages, one ETR after the other; each ETR's Registrations come in one
// segment, as in the capture.
func mapServerSays(registers, stream func(ciscoETR) []string) (list []said) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	sessions := session.NewTable()
	e := mapserver.New(sessions)
	e.Configure(now, ciscoSites())
	for _, c := range ciscoETRs() {
		for _, m := range registers(c) {
			e.Handle(now, datagram(c.addr, mapServer, m))
		}
		id := sessions.NextStream()
		e.Handle(now, opened(id, netip.AddrPortFrom(mapServer, lispcore.ControlPort), netip.AddrPortFrom(c.addr, c.port), false))
		e.Handle(now, lispcore.StreamData{Stream: id, Data: unhex(strings.Join(stream(c), ""))})
	}
	return sayings(mapServer, e.Drain())
}

// capture is what the Cisco routers said.
type capture []struct {
	Proto, Src, Dst, Message, Hex string
}

func readCapture(t *testing.T) capture {
	b, err := os.ReadFile(captureFile)
	if err != nil {
		t.Skipf("the Cisco capture is not here (%v); the golden of our own run stands in for it", err)
	}
	var file struct{ Messages capture }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Messages
}

// between returns the messages from one router to another.
func (c capture) between(from, to netip.Addr, transport string) (list []string) {
	for _, m := range c {
		if m.Message != "" && m.Proto == transport && addrOf(m.Src) == from && addrOf(m.Dst) == to {
			list = append(list, m.Hex)
		}
	}
	return list
}

func addrOf(s string) netip.Addr { return netip.MustParseAddrPort(s).Addr() }

func (c capture) from(addr netip.Addr) (list []said) {
	for _, m := range c {
		if m.Message != "" && addrOf(m.Src) == addr {
			list = append(list, said{addr.String(), m.Proto, m.Hex})
		}
	}
	return list
}

// compare counts the messages that are the same. UDP messages are compared as a set, since the capture's order of Map-Notifies
// is that of a busy router; those of a session in their order.
func compare(t *testing.T, who string, got, want []said) (same int) {
	t.Helper()
	split := func(list []said) (udp, tcp []said) {
		for _, s := range list {
			if s.transport == "udp" {
				udp = append(udp, s)
			} else {
				tcp = append(tcp, s)
			}
		}
		slices.SortFunc(udp, func(a, b said) int { return strings.Compare(a.bytes, b.bytes) })
		return udp, tcp
	}
	gotUDP, gotTCP := split(got)
	wantUDP, wantTCP := split(want)
	if d := cmp.Diff(append(wantUDP, wantTCP...), append(gotUDP, gotTCP...), cmp.AllowUnexported(said{})); d != "" {
		t.Errorf("%s differs from the Cisco capture (-cisco +ours):\n%s", who, d)
		return 0
	}
	return len(want)
}

func TestCiscoParity(t *testing.T) {
	c := readCapture(t)
	same := compare(t, "the Map-Server", mapServerSays(
		func(r ciscoETR) []string { return c.between(r.addr, mapServer, "udp") },
		func(r ciscoETR) []string { return c.between(r.addr, mapServer, "tcp") },
	), c.from(mapServer))
	for _, r := range ciscoETRs() {
		ours := etrSays(r, c.between(mapServer, r.addr, "udp"), c.between(mapServer, r.addr, "tcp"))
		same += compare(t, "the ETR "+r.addr.String(), ours, c.from(r.addr))
	}
	t.Logf("%d of 46 messages are Cisco's, byte for byte", same)
	if same != 46 {
		t.Errorf("%d messages match, want 46", same)
	}
}

// TestCiscoScenarioGolden runs the scenario with our engines at both ends and compares with what they said before.
func TestCiscoScenarioGolden(t *testing.T) {
	registers := map[netip.Addr][]string{}
	for _, c := range ciscoETRs() {
		registers[c.addr] = hexOf(etrSays(c, nil, nil))
	}
	notifies := hexOf(mapServerSays(
		func(c ciscoETR) []string { return registers[c.addr] },
		func(c ciscoETR) []string { return nil },
	))
	var all []said
	streams := map[netip.Addr][]string{}
	for i, c := range ciscoETRs() {
		// Of the Map-Server's 2 x (4 Map-Notifies, Refresh) each ETR gets its own.
		mine := notifies[5*i : 5*i+5]
		list := etrSays(c, mine[:4], mine[4:])
		streams[c.addr] = hexOf(list)[4:]
		all = append(all, list...)
	}
	all = append(all, mapServerSays(
		func(c ciscoETR) []string { return registers[c.addr] },
		func(c ciscoETR) []string { return streams[c.addr] },
	)...)
	var got strings.Builder
	for _, s := range all {
		fmt.Fprintln(&got, s)
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); d != "" {
		t.Errorf("the engines say something else than before (-before +now):\n%s", d)
	}
}

func hexOf(list []said) (bytes []string) {
	for _, s := range list {
		bytes = append(bytes, s.bytes)
	}
	return bytes
}
