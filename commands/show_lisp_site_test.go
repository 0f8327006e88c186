package commands

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"

	"pgregory.net/rapid"
)

func eidOf(instance uint32, prefix string) lispcore.EID {
	return lispcore.NewEID(instance, netip.MustParsePrefix(prefix))
}

func locatorOf(rloc string, reachable bool) lispcore.Locator {
	return lispcore.Locator{RLOC: netip.MustParseAddr(rloc), Priority: 1, Weight: 50, Local: true, Reachable: reachable}
}

// registrationOf is a registration of an ETR by its own locator, last heard of at an instant.
func registrationOf(etr string, last time.Time, reliable bool) mapserver.Registration {
	return mapserver.Registration{ETR: netip.MustParseAddr(etr), Port: 4342, First: labTime(0), Last: last, Reliable: reliable,
		Mapping:    lispcore.Mapping{TTL: 1440, Locators: []lispcore.Locator{locatorOf(etr, true)}},
		WantNotify: true, Algorithm: wire.AlgSHA1, Nonce: 0x7be12fc9af5df791, HasXTRID: true,
		XTRID: wire.XTRID{0xdb, 0x22, 0x56, 0x08, 0x43, 0x7e, 0x7b, 0x02, 0xcc, 0x1c, 0x81, 0xe3, 0x1e, 0x9a, 0x02, 0x24}}
}

func prefixOf(eid lispcore.EID, first time.Time, live ...mapserver.Registration) mapserver.Prefix {
	for i := range live {
		live[i].Mapping.EID = eid
	}
	return mapserver.Prefix{EID: eid, First: first, Registrations: live}
}

func entryOf(eid lispcore.EID, moreSpecifics bool, exact mapserver.Prefix, more ...mapserver.Prefix) mapserver.Entry {
	return mapserver.Entry{EID: eid, AcceptMoreSpecifics: moreSpecifics, Exact: exact, MoreSpecifics: more}
}

// chapterSites are the two map servers of the chapter, by hand.
func chapterSites() (newMSMR, oldMSMR mapserver.Snapshot) {
	prefixes := func(at int, reliable bool, etr string, eids ...string) []mapserver.Prefix {
		var list []mapserver.Prefix
		for _, e := range eids {
			list = append(list, prefixOf(eidOf(0, e), labTime(at), registrationOf(etr, labTime(at), reliable)))
		}
		return list
	}
	site := func(name string, entries ...mapserver.Entry) mapserver.Site {
		return mapserver.Site{Name: name, Entries: entries}
	}
	open := func(eid string, more ...mapserver.Prefix) mapserver.Entry {
		return entryOf(eidOf(0, eid), true, mapserver.Prefix{}, more...)
	}
	exact := func(p []mapserver.Prefix) mapserver.Entry { return entryOf(p[0].EID, false, p[0]) }
	const xTR1, xTR2 = "203.0.113.11", "198.51.100.21"
	newMSMR.Sites = []mapserver.Site{
		site("A", open("0.0.0.0/0", prefixes(0, true, xTR1, "10.10.10.0/24", "10.20.20.0/24", "172.16.0.0/24")...),
			exact(prefixes(0, true, xTR1, "2001:db8::/32"))),
		site("B", open("0.0.0.0/0"), open("10.0.0.0/8", prefixes(1, true, xTR2, "10.30.30.0/24", "10.40.40.0/24")...),
			open("21.0.0.0/8", prefixes(1, true, xTR2, "21.21.21.0/24")...),
			exact(prefixes(1, true, xTR2, "2001:db8::/48"))),
	}
	const now = 7184
	oldMSMR.Sites = []mapserver.Site{
		site("A", open("0.0.0.0/0", append(prefixes(now, false, xTR1, "172.16.0.0/24"), prefixes(now-55, false, xTR2, "21.21.21.0/24")...)...),
			exact(prefixes(now-3, false, xTR1, "2001:db8::/32"))),
		site("B", open("10.0.0.0/8", append(prefixes(now, false, xTR1, "10.10.10.0/24", "10.20.20.0/24"),
			prefixes(now-55, false, xTR2, "10.30.30.0/24", "10.40.40.0/24")...)...),
			exact(prefixes(now-52, false, xTR2, "2001:db8::/48"))),
	}
	return newMSMR, oldMSMR
}

// manySites holds each branch of the table: long names and addresses, instances, several ETRs, locators that are down,
// and, on a release that has it, reliable transport.
func manySites(reliable bool) mapserver.Snapshot {
	down := registrationOf("203.0.113.11", labTime(50), false)
	down.Mapping.Locators = []lispcore.Locator{locatorOf("203.0.113.11", true), locatorOf("203.0.113.12", false)}
	downReliable := down
	downReliable.Reliable = reliable
	bare := registrationOf("203.0.113.11", labTime(50), false)
	bare.Mapping.Locators = nil
	const long = "2001:db8:1111:2222::33"
	return mapserver.Snapshot{Sites: []mapserver.Site{
		{Name: "Empty"},
		{Name: "a-name-of-16-chr", Entries: []mapserver.Entry{
			entryOf(eidOf(0, "10.0.0.0/8"), false, mapserver.Prefix{}),
			entryOf(eidOf(0, "11.0.0.0/8"), false, prefixOf(eidOf(0, "11.0.0.0/8"), labTime(1), registrationOf(long, labTime(60), reliable))),
		}},
		{Name: "Branches", Entries: []mapserver.Entry{
			entryOf(eidOf(0, "10.1.0.0/16"), false, prefixOf(eidOf(0, "10.1.0.0/16"), labTime(1), down)),
			entryOf(eidOf(0, "10.2.0.0/16"), false, prefixOf(eidOf(0, "10.2.0.0/16"), labTime(1), downReliable)),
			entryOf(eidOf(0, "10.3.0.0/16"), false, prefixOf(eidOf(0, "10.3.0.0/16"), labTime(1), bare)),
			// The newest of two ETRs is shown; the `#` belongs to the prefix.
			entryOf(eidOf(0, "10.4.0.0/16"), false, prefixOf(eidOf(0, "10.4.0.0/16"), labTime(1),
				registrationOf("198.51.100.21", labTime(99), false), registrationOf("203.0.113.11", labTime(2), reliable))),
			entryOf(eidOf(4100, "10.1.0.0/16"), false, prefixOf(eidOf(4100, "10.1.0.0/16"), labTime(1),
				registrationOf("198.51.100.21", labTime(-90000), reliable))),
			entryOf(eidOf(16777215, "::/0"), false, prefixOf(eidOf(16777215, "::/0"), labTime(1), registrationOf(long, labTime(100), false))),
		}},
	}}
}

// capturedSites is the table that a router of release 17.x printed (ios-cli.md section 1.1).
func capturedSites() mapserver.Snapshot {
	registered := func(prefix, by string, port uint16, last int) mapserver.Entry {
		r := registrationOf(by, labTime(last), true)
		r.Port = port
		return entryOf(eidOf(4100, prefix), false, prefixOf(eidOf(4100, prefix), labTime(0), r))
	}
	return mapserver.Snapshot{Sites: []mapserver.Site{{Name: "Shire", Entries: []mapserver.Entry{
		entryOf(eidOf(4100, "192.168.1.0/24"), true, mapserver.Prefix{}),
		registered("192.168.1.71/32", "11.11.11.11", 33079, 0),
		registered("2001:192:168:1::/64", "2222:2222:2222:2222::", 27643, 4),
	}}}}
}

func TestShowLISPSite(t *testing.T) {
	newMSMR, oldMSMR := chapterSites()
	table := func(form Form, layout devices.SiteLayout, now int, snap mapserver.Snapshot) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeSites(w, form, layout, labTime(now), snap); err != nil {
				t.Error(err)
			}
		}
	}
	b, c, d := devices.SiteLayoutB, devices.SiteLayoutC, devices.SiteLayoutD
	checkGolden(t, "show_lisp_site", []goldenCase{
		{"layout C: the chapter's New MSMR", table(FormIOS, c, 7184, newMSMR)},
		{"layout B: the chapter's Old MSMR", table(FormIOS, b, 7184, oldMSMR)},
		{"document form: the chapter's New MSMR", table(FormDocument, c, 7184, newMSMR)},
		{"document form: the chapter's Old MSMR", table(FormDocument, b, 7184, oldMSMR)},
		{"layout C: every branch", table(FormIOS, c, 100, manySites(true))},
		{"layout D: every branch", table(FormIOS, d, 100, manySites(true))},
		{"layout D: the rows of a capture", table(FormIOS, d, 3010, capturedSites())},
		{"layout B: every branch", table(FormIOS, b, 100, manySites(false))},
		{"document form: every branch", table(FormDocument, c, 100, manySites(true))},
		{"JSON: every branch", table(FormJSON, c, 100, manySites(true))},
		{"layout C: no site", table(FormIOS, c, 100, mapserver.Snapshot{})},
		{"layout B: no site", table(FormIOS, b, 100, mapserver.Snapshot{})},
		{"JSON: no site", table(FormJSON, c, 100, mapserver.Snapshot{})},
		{"sites configured, but no map-server service", table(FormIOS, c, 100, configuredSites(&devices.LISP{Sites: []devices.Site{
			{Name: "A", EIDPrefixes: []devices.SiteEIDPrefix{{Prefix: netip.MustParsePrefix("10.0.0.0/8"), AcceptMoreSpecifics: true},
				{Instance: 7, Prefix: netip.MustParsePrefix("2001:db8::/32")}}}}}))},
	})
}

func TestShowLISPSiteDetail(t *testing.T) {
	first := registrationOf("4.4.4.4", labTime(60), false)
	second := registrationOf("2001:db8:1111:2222:3333:4444:5555:6666", labTime(3), true)
	second.ProxyReply, second.WantNotify, second.Merge, second.Security = true, false, true, true
	second.Algorithm, second.SiteID, second.Mapping.TTL = wire.AlgSHA256, 77, 10
	second.Mapping.Locators = []lispcore.Locator{locatorOf("4.4.4.4", false),
		{RLOC: netip.MustParseAddr("2001:db8::99"), Priority: 255, Weight: 100, Reachable: true}}
	plain := registrationOf("4.4.4.5", labTime(60), false)
	plain.HasXTRID, plain.Mapping.Locators, plain.Algorithm = false, nil, wire.AlgSHA256HKDF
	failing := entryOf(eidOf(0, "6.0.0.0/8"), true, mapserver.Prefix{},
		prefixOf(eidOf(0, "6.6.0.0/16"), labTime(30), plain), prefixOf(eidOf(0, "6.6.6.0/24"), labTime(31), plain))
	failing.AuthFailures = 12
	snap := mapserver.Snapshot{Sites: []mapserver.Site{
		{Name: "SITE_A", Description: "the first site", Entries: []mapserver.Entry{
			entryOf(eidOf(0, "0.0.0.0/0"), true, mapserver.Prefix{}),
			failing,
			entryOf(eidOf(101, "6.0.0.0/8"), false, prefixOf(eidOf(101, "6.0.0.0/8"), labTime(0), first)),
		}},
		{Name: "SITE_B", Entries: []mapserver.Entry{
			entryOf(eidOf(0, "0.0.0.0/0"), false, mapserver.Prefix{}),
			entryOf(eidOf(0, "5.5.5.0/24"), false, prefixOf(eidOf(0, "5.5.5.0/24"), labTime(0), first)),
			entryOf(eidOf(0, "2001:db8::/32"), false, prefixOf(eidOf(0, "2001:db8::/32"), labTime(1), first, second)),
		}},
	}}
	screen := func(rel devices.Release, show func(d siteDetail) error) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := show(siteDetail{w, rel, labTime(69)}); err != nil {
				w.WriteString(ErrorText(err, 0, ""))
			}
		}
	}
	eid := func(instance uint32, prefix, typed string) func(siteDetail) error {
		return func(d siteDetail) error { return d.eid(snap, eidOf(instance, prefix), typed) }
	}
	old, now := devices.Release152, devices.Release155
	checkGolden(t, "show_lisp_site_detail", []goldenCase{
		{"15.5: an EID, registered over UDP", screen(now, eid(0, "5.5.5.5/32", "5.5.5.5"))},
		{"15.2: the same", screen(old, eid(0, "5.5.5.5/32", "5.5.5.5"))},
		{"15.5: two ETRs, one by reliable transport", screen(now, eid(0, "2001:db8::/32", "2001:DB8::/32"))},
		{"15.2: the same", screen(old, eid(0, "2001:db8::/32", "2001:DB8::/32"))},
		{"15.5: an EID of an instance", screen(now, eid(101, "6.1.1.1/32", "6.1.1.1"))},
		{"15.5: the longest match is a learned prefix, without xTR-ID and locators", screen(now, eid(0, "6.6.6.6/32", "6.6.6.6"))},
		{"15.5: a prefix in two sites", screen(now, eid(0, "0.0.0.0/0", "0.0.0.0/0"))},
		{"15.5: no such EID", screen(now, eid(0, "2002::1/128", "2002::1"))},
		{"15.5: no such EID in the instance", screen(now, eid(7, "5.5.5.5/32", "5.5.5.5"))},
		{"15.5: one site by name", screen(now, func(d siteDetail) error { return d.named(snap, "SITE_A") })},
		{"15.5: no such site", screen(now, func(d siteDetail) error { return d.named(snap, "site_a") })},
		{"15.5: detail", screen(now, func(d siteDetail) error { return d.sites(snap.Sites) })},
		{"15.5: detail without sites", screen(now, func(d siteDetail) error { return d.sites(nil) })},
		{"17.9: two ETRs, one by reliable transport", screen(devices.Release179, eid(0, "2001:db8::/32", "2001:DB8::/32"))},
		{"17.9: one site by name", screen(devices.Release179, func(d siteDetail) error { return d.named(snap, "SITE_A") })},
	})
}

// The longest match equals what a look at every prefix finds.
func TestLongestSitePrefix(t *testing.T) {
	eids := []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.1/32", "::/0", "2001:db8::/32", "2001:db8::/48"}
	drawn := rapid.Custom(func(t *rapid.T) lispcore.EID {
		return eidOf(rapid.Uint32Range(0, 1).Draw(t, "instance"), rapid.SampledFrom(eids).Draw(t, "eid"))
	})
	rapid.Check(t, func(t *rapid.T) {
		var snap mapserver.Snapshot
		var all []lispcore.EID
		for _, name := range []string{"A", "B"} {
			site := mapserver.Site{Name: name}
			for range rapid.IntRange(0, 3).Draw(t, "entries") {
				e := entryOf(drawn.Draw(t, "entry"), true, mapserver.Prefix{})
				all = append(all, e.EID)
				for range rapid.IntRange(0, 2).Draw(t, "more") {
					p := mapserver.Prefix{EID: drawn.Draw(t, "learned")}
					all = append(all, p.EID)
					e.MoreSpecifics = append(e.MoreSpecifics, p)
				}
				site.Entries = append(site.Entries, e)
			}
			snap.Sites = append(snap.Sites, site)
		}
		asked := drawn.Draw(t, "asked")
		best, count := -1, 0
		for _, e := range all {
			switch bits := e.Prefix.Bits(); {
			case !e.Covers(asked) || bits < best:
			case bits > best:
				best, count = bits, 1
			default:
				count++
			}
		}
		found := longestSitePrefix(snap, asked)
		if len(found) != count {
			t.Fatalf("%v: found %d prefixes, want %d", asked, len(found), count)
		}
		for _, f := range found {
			if f.prefix.EID.Prefix.Bits() != best || !f.prefix.EID.Covers(asked) {
				t.Fatalf("%v: found %v, want a prefix of length %d", asked, f.prefix.EID, best)
			}
		}
	})
}

// Layout D as a router printed it, read where the notes are at hand.
func TestShowLISPSiteEqualsCapture(t *testing.T) {
	text, err := os.ReadFile("../../shared/ios-cli.md")
	if err != nil {
		t.Skip("the notes on IOS are not beside this repository")
	}
	var got strings.Builder
	if err := writeSites(&got, FormIOS, devices.SiteLayoutD, labTime(3010), capturedSites()); err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(got.String(), "\nShire")
	if !strings.Contains(string(text), "\nShire"+rows) {
		t.Errorf("the notes do not hold\n%s", rows)
	}
}

// The chapter's own tables, read where the chapter is at hand.
func TestShowLISPSiteEqualsChapter(t *testing.T) {
	text, err := os.ReadFile("../../shared/seed/lisp-reliable-registration.txt")
	if err != nil {
		t.Skip("the chapter's text is not beside this repository")
	}
	newMSMR, oldMSMR := chapterSites()
	for _, c := range []struct {
		name   string
		layout devices.SiteLayout
		snap   mapserver.Snapshot
	}{{"New MSMR", devices.SiteLayoutC, newMSMR}, {"Old MSMR", devices.SiteLayoutB, oldMSMR}} {
		var got strings.Builder
		if err := writeSites(&got, FormDocument, c.layout, labTime(7184), c.snap); err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(got.String(), "\n\n")
		if !strings.Contains(string(text), "\n"+table) {
			t.Errorf("%s: the chapter does not hold\n%s", c.name, table)
		}
	}
}
