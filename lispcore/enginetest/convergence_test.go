package enginetest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
)

// The properties of this file hold for any doings of operators and networks, drawn as the lines of a scenario: what rapid
// prints of a failure can be played as one.

var (
	eids = []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16", "172.16.0.0/12", "[7]10.1.0.0/16", "[7]10.1.1.0/24",
		"2001:db8::/32", "2001:db8:1::/48", "0.0.0.0/0"}
	etrs    = []string{"X", "Y"}
	servers = []string{"M", "N"}
	keys    = []string{"k1", "k2"}
)

func one(t *rapid.T, of ...string) string { return rapid.SampledFrom(of).Draw(t, "of") }

// some draws a few different words.
func some(t *rapid.T, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 5, rapid.ID[string]).Draw(t, "some")
}

// starred marks some of the EIDs as accepting more specifics.
func starred(t *rapid.T, words []string) []string {
	for i := range words {
		words[i] += one(t, "", "*")
	}
	return words
}

// drawLine draws something that may happen.
func drawLine(t *rapid.T) string {
	x, m := one(t, etrs...), one(t, servers...)
	a, b := x, m
	if rapid.Bool().Draw(t, "swap") {
		a, b = m, x
	}
	switch rapid.IntRange(0, 21).Draw(t, "what") {
	case 0, 1:
		return strings.Join(append([]string{"database", x}, some(t, eids)...), " ")
	case 2:
		return fmt.Sprintf("mapping %s %s rloc=10.0.0.1/1/%s rloc=10.0.0.2/1/50", x, one(t, eids...), one(t, "10", "90"))
	case 3, 4:
		return fmt.Sprintf("map-server %s %s %s %s", x, m, one(t, keys...), one(t, "ipv4", "ipv6", ""))
	case 5:
		return fmt.Sprintf("no map-server %s %s %s", x, m, one(t, "ipv4", "ipv6"))
	case 6, 7:
		return strings.Join(append([]string{"site", m, one(t, "A", "B", "C"), one(t, keys...)}, starred(t, some(t, eids))...), " ")
	case 8:
		return fmt.Sprintf("family %s %s", m, one(t, "ipv4", "ipv6", "both"))
	case 9, 10, 11, 12:
		return "advance " + one(t, "100ms", "1s", "2s", "10s", "59s", "60s", "90s", "120s", "181s", "1h")
	case 13:
		return fmt.Sprintf("cut %s %s", x, m)
	case 14:
		return fmt.Sprintf("restore %s %s", x, m)
	case 15:
		return fmt.Sprintf("%s %s %s %s", one(t, "drop", "flip"), a, b, one(t, "1", "3"))
	case 16:
		return one(t, "refuse M", "listen M")
	case 17:
		return fmt.Sprintf("%s %s", one(t, "stop", "start", "start"), a)
	case 18:
		return fmt.Sprintf("clear-site %s %s", m, one(t, "A", "*"))
	case 19:
		return fmt.Sprintf("clear-session %s", a)
	case 20:
		return fmt.Sprintf("%s %s %s", one(t, "close", "reset", "timeout"), a, b)
	}
	return fmt.Sprintf("route %s %s %s", x, m, one(t, "up", "down"))
}

// drawScenario draws a world and what happens in it.
func drawScenario(t *rapid.T) []string {
	jitter := one(t, "", "jitter")
	lines := []string{
		"ms M 10.0.0.9", "ms N 10.0.0.8 old", "etr X 10.0.0.1 " + jitter, "etr Y 10.0.0.2 " + jitter,
		"map-server X M k1", "map-server X N k1", "map-server Y M k2 ipv4",
	}
	if rapid.Bool().Draw(t, "at work") {
		lines = append(lines, "site M A k1 10.0.0.0/8* 2001:db8::/32*", "site M B k2 0.0.0.0/0* 10.1.0.0/16*", "site N A k1 0.0.0.0/0*",
			"database X 10.1.0.0/16 10.2.0.0/16 2001:db8::/32 172.16.0.0/12", "database Y 10.1.0.0/16 10.1.1.0/24 [7]10.1.0.0/16", "advance 5s")
	}
	return append(lines, rapid.SliceOfN(rapid.Custom(drawLine), 1, 30).Draw(t, "lines")...)
}

// play plays the lines; the end of a connection that is not there is left out.
func play(p *enginetest.Player, lines []string) string {
	var w strings.Builder
	for _, line := range lines {
		switch words := strings.Fields(line); words[0] {
		case "close", "reset", "timeout":
			if p.Bed().Between(p.Bed().Node(words[1]), p.Bed().Node(words[2])) == 0 {
				continue
			}
		}
		w.WriteString("> " + line + "\n" + p.Play(line))
	}
	return w.String()
}

// heal takes all faults back and lets five minutes pass.
func heal(p *enginetest.Player) string {
	var lines []string
	for _, n := range append(slices.Clone(etrs), servers...) {
		lines = append(lines, "start "+n)
	}
	for _, x := range etrs {
		for _, m := range servers {
			lines = append(lines, "restore "+x+" "+m, "route "+x+" "+m+" up")
			for _, fault := range []string{"drop", "flip"} {
				lines = append(lines, fmt.Sprintf("%s %s %s 0", fault, x, m), fmt.Sprintf("%s %s %s 0", fault, m, x))
			}
		}
	}
	return play(p, append(lines, "listen M", "advance 5m"))
}

// TestConvergence: whatever happened, when all paths have been up and quiet for five minutes, each Map-Server holds exactly
// what each ETR registers and is allowed, with the ETR's present data, reliably where both can; and the ETR knows it.
func TestConvergence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := drawScenario(t)
		p := enginetest.NewPlayer()
		if rapid.Bool().Draw(t, "segments") {
			p.Bed().Segment(func(n int) int { return min(n, 7) })
		}
		text := play(p, lines) + heal(p)
		for _, m := range servers {
			ms := p.Bed().Node(m)
			got, want := held(t, ms), expected(p, ms)
			if !maps.Equal(got, want) {
				t.Fatalf("%s holds\n%swant\n%s\n%s", m, listing(got), listing(want), text)
			}
			for _, x := range etrs {
				if bad := misjudged(p.Bed().Node(x), ms, want); bad != "" {
					t.Fatalf("%s at %s: %s\n%s", x, m, bad, text)
				}
			}
		}
	})
}

// claim is a registration of one ETR.
type claim struct {
	etr string
	eid lispcore.EID
}

// held is what a Map-Server has: the data of each registration. A prefix of one ETR stands in one place only.
func held(t *rapid.T, ms *enginetest.Node) map[claim]string {
	list := make(map[claim]string)
	for _, s := range ms.MS.Snapshot().Sites {
		for _, en := range s.Entries {
			for _, prefix := range append([]mapserver.Prefix{en.Exact}, en.MoreSpecifics...) {
				for _, r := range prefix.Registrations {
					c := claim{r.ETR.String(), prefix.EID}
					if list[c] != "" {
						t.Fatalf("%v of %s stands twice:\n%s", c.eid, c.etr, ms.Sites())
					}
					list[c] = data(r.Mapping, r.Reliable)
				}
			}
		}
	}
	return list
}

func data(m lispcore.Mapping, reliable bool) string {
	return fmt.Sprintf("ttl %d, locators %v, reliable %t", m.TTL, m.Locators, reliable)
}

// expected is what a Map-Server should have, from the configurations alone.
func expected(p *enginetest.Player, ms *enginetest.Node) map[claim]string {
	list := make(map[claim]string)
	for _, x := range etrs {
		x := p.Bed().Node(x)
		for _, m := range x.ETRConfig.Database {
			for _, line := range x.ETRConfig.MapServers {
				if line.Addr == ms.Addr && line.Family == m.EID.Family() && allowed(ms.MSConfig, m.EID, line.Key) {
					list[claim{x.Addr.String(), m.EID}] = data(m, ms.MSConfig.Reliable)
				}
			}
		}
	}
	return list
}

func allowed(cfg mapserver.Config, eid lispcore.EID, key string) bool {
	if eid.Family() == lispcore.IPv4 && !cfg.IPv4 || eid.Family() == lispcore.IPv6 && !cfg.IPv6 {
		return false
	}
	for _, s := range cfg.Sites {
		for _, en := range s.EIDs {
			if s.Key == key && (en.EID == eid || en.AcceptMoreSpecifics && en.EID.Covers(eid)) {
				return true
			}
		}
	}
	return false
}

// misjudged tells what an ETR believes wrongly about its registrations at a Map-Server.
func misjudged(x, ms *enginetest.Node, want map[claim]string) string {
	up := false
	for _, s := range x.Sessions.Snapshot() {
		up = up || s.Peer == ms.Addr && s.State == session.Up
	}
	for _, en := range x.ETR.Snapshot().Database {
		for _, s := range en.Status {
			if s.MapServer != ms.Addr {
				continue
			}
			_, accepted := want[claim{x.Addr.String(), en.Mapping.EID}]
			state := etr.Periodic
			switch {
			case accepted && ms.MSConfig.Reliable && !up:
				return "there is no session"
			case up && accepted:
				state = etr.Stable
			case up:
				state = etr.Rejected
			}
			if s.State != state {
				return fmt.Sprintf("%v is %v, want %v", en.Mapping.EID, s.State, state)
			}
		}
	}
	return ""
}

func listing(claims map[claim]string) string {
	var lines []string
	for c, d := range claims {
		lines = append(lines, fmt.Sprintf("  %v of %s: %s\n", c.eid, c.etr, d))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// TestDeterminism: the same scenario passes in the same way every time, and also when engines are ticked too often.
func TestDeterminism(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := drawScenario(t)
		p := enginetest.NewPlayer()
		want := play(p, lines) + heal(p)
		p = enginetest.NewPlayer()
		if got := play(p, lines) + heal(p); got != want {
			t.Fatalf("the second time: %s", enginetest.Diff(want, got))
		}
		p = enginetest.NewPlayer()
		p.Bed().Spurious()
		if got := play(p, lines) + heal(p); got != want {
			t.Fatalf("with spurious ticks: %s", enginetest.Diff(want, got))
		}
	})
}

// TestManyETRs is one site network of 40 ETRs with two Map-Servers and an operator, twice.
func TestManyETRs(t *testing.T) {
	run := func() string {
		lines := []string{"ms M 10.255.0.1", "ms N 10.255.0.2"}
		for _, m := range servers {
			lines = append(lines, "site "+m+" A k1 10.0.0.0/8* 2001:db8::/32*", "site "+m+" B k2 0.0.0.0/0* [7]0.0.0.0/0*")
		}
		for i := range 40 {
			x := fmt.Sprintf("X%d", i)
			lines = append(lines, fmt.Sprintf("etr %s 10.254.0.%d jitter", x, i+1),
				fmt.Sprintf("database %s 10.%d.0.0/24+3 10.%d.0.0/16 [7]10.1.1.0/24 2001:db8:%x::/48", x, i, i%7, i+1),
				fmt.Sprintf("map-server %s M k%d", x, i%2+1), fmt.Sprintf("map-server %s N k%d", x, i%3%2+1))
		}
		lines = append(lines, "advance 3m", "site M A k3 10.0.0.0/8*", "no site N A", "advance 1m", "clear-session M", "clear-site N *", "advance 10m",
			"stop N", "advance 5m", "start N", "advance 10m")
		p := enginetest.NewPlayer()
		return p.Play(lines...) + p.Bed().Node("M").Sites() + p.Bed().Node("N").Sites()
	}
	want := run()
	if n := strings.Count(want, "\n"); n < 2000 {
		t.Fatalf("only %d lines passed", n)
	}
	if got := run(); got != want {
		t.Errorf("%s", enginetest.Diff(want, got))
	}
}
