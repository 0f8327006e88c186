package commands

import (
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
)

func showLISPDatabaseRows() []Row {
	row := func(ip string, family lispcore.Family, eid string) Row {
		show := "show " + ip + " lisp database"
		return Row{
			Modes:  anyExec,
			Syntax: show + " [eid-table <default | vrf WORD$vrf> | instance-id <0-16777214>$iid] [" + eid + "]",
			Help: grammar.Words{
				"show " + ip + " lisp":       family.String() + " LISP information",
				show:                         "Mappings of this router as an ETR",
				show + " eid-table":          "The database of one EID table",
				show + " eid-table default":  "The table of the default VRF",
				show + " eid-table vrf":      "The table of a VRF",
				show + " eid-table vrf WORD": "VRF name",
				show + " instance-id":        "The database of one instance",
			},
			Run: func(c *Context, a Args) error { return showLISPDatabase(c, a, family) },
		}
	}
	return []Row{
		row("ip", lispcore.IPv4, "A.B.C.D$eid | A.B.C.D/nn$eid"),
		row("ipv6", lispcore.IPv6, "X:X:X:X::X$eid | X:X:X:X::X/<0-128>$eid"),
	}
}

func showLISPDatabase(c *Context, a Args, family lispcore.Family) error {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return errNoLISP
	}
	eidTable, err := findEIDTable(cfg.LISP, a)
	if err != nil {
		return err
	}
	snap, _ := c.Device.ETR()
	view := viewDatabase(cfg.LISP, eidTable, family, snap, c.Device.Interfaces(), c.Device.StaticRoutes())
	view.release, view.now = c.Device.Release(), c.Lab.Now()
	entries := view.Entries
	if a.Has("eid") {
		i := view.longest(lispcore.NewEID(view.Instance, a.Prefix("eid")))
		if i < 0 {
			return refuse("%% No local EID prefix in %v:%s matching %s", family, capital(view.VRF), eidText(a, "eid"))
		}
		entries, view.asked = entries[i:i+1], true
	}
	return writeDatabase(c.Out, c.Form, view, entries)
}

// findEIDTable finds the table that was asked for; without a word, that of the default VRF.
func findEIDTable(cfg *devices.LISP, a Args) (devices.EIDTable, error) {
	wanted := func(t devices.EIDTable) bool { return t.VRF == "default" }
	missing := error(nil)
	switch {
	case a.Has("iid"):
		iid := a.Uint("iid")
		wanted = func(t devices.EIDTable) bool { return t.Instance == iid }
		missing = refuse("%% Could not find EID table instance ID %d in LISP 0.", iid)
		if iid == 0 {
			missing = nil
		}
	case a.Has("vrf"):
		vrf := a.String("vrf")
		wanted = func(t devices.EIDTable) bool { return t.VRF == vrf }
		missing = refuse("%% Could not find EID table vrf %s in LISP 0.", vrf)
	}
	if i := slices.IndexFunc(cfg.EIDTables, wanted); i >= 0 {
		return cfg.EIDTables[i], nil
	}
	return devices.EIDTable{VRF: "default"}, missing // `router lisp` alone has instance 0 of the default VRF
}

// viewDatabase joins what the configuration says of a table with what the ETR registers of it.
func viewDatabase(cfg *devices.LISP, t devices.EIDTable, family lispcore.Family, snap etr.Snapshot,
	interfaces []devices.InterfaceState, static []devices.StaticRoute) databaseView {
	view := databaseView{Family: family, VRF: t.VRF, Instance: t.Instance}
	held := map[lispcore.EID]etr.Entry{}
	for _, e := range snap.Database {
		held[e.Mapping.EID] = e
	}
	for _, m := range t.Mappings {
		eid := lispcore.NewEID(t.Instance, m.EID)
		if eid.Family() != family {
			continue
		}
		configured := configuredLocators(cfg, m, interfaces)
		registered, ok := held[eid]
		locators := registered.Mapping.Locators
		if !ok {
			locators = configured
		}
		locators = withoutDead(locators, configured)
		set := locatorSetOf(cfg, m.LocatorSet)
		view.Entries = append(view.Entries, databaseEntry{EID: eid, LocatorSet: m.LocatorSet, AutoDiscover: set != nil && set.AutoDiscover,
			NoRoute: !hasRoute(m.EID, interfaces, static), Locators: locators, Discovered: registered.Discovered,
			Since: registered.Since, Changed: registered.Changed, Status: registered.Status})
	}
	return view
}

// withoutDead shows the router's own locators as unreachable while their interfaces are down, though the registration may
// still say otherwise: a router that is cut off can't take back what it told.
func withoutDead(locators, configured []lispcore.Locator) []lispcore.Locator {
	list := slices.Clone(locators)
	for i := range list {
		dead := func(l lispcore.Locator) bool { return l.RLOC == list[i].RLOC && l.Local && !l.Reachable }
		list[i].Reachable = list[i].Reachable && !slices.ContainsFunc(configured, dead)
	}
	return list
}

// configuredLocators are the locators of a mapping that no ETR registers: its own ones are reachable while their
// interface is up, those of other routers are not probed.
func configuredLocators(cfg *devices.LISP, m devices.DatabaseMapping, interfaces []devices.InterfaceState) []lispcore.Locator {
	configured := m.Locators
	for _, set := range cfg.LocatorSets {
		if m.LocatorSet != "" && set.Name == m.LocatorSet {
			configured = set.Locators
		}
	}
	locators := make([]lispcore.Locator, len(configured))
	for i, l := range configured {
		locators[i] = lispcore.Locator{RLOC: l.RLOC, Priority: l.Priority, Weight: l.Weight, Reachable: true}
		for _, port := range interfaces {
			for _, a := range append([]netip.Prefix{port.IPv4}, port.IPv6...) {
				if a.IsValid() && a.Addr() == l.RLOC {
					locators[i].Local, locators[i].Reachable = true, port.LineUp
				}
			}
		}
	}
	return locators
}

// hasRoute tells whether the router can forward into an EID prefix: a connected network or a static route, other than
// the default route, covers it.
func hasRoute(p netip.Prefix, interfaces []devices.InterfaceState, static []devices.StaticRoute) bool {
	covers := func(r netip.Prefix) bool {
		return r.IsValid() && r.Bits() > 0 && r.Bits() <= p.Bits() && r.Contains(p.Addr())
	}
	for _, i := range interfaces {
		if i.LineUp && (covers(i.IPv4) || slices.ContainsFunc(i.IPv6, covers)) {
			return true
		}
	}
	return slices.ContainsFunc(static, func(r devices.StaticRoute) bool { return covers(r.Prefix) })
}

// longest returns the index of the longest prefix that covers an EID, or -1.
func (v databaseView) longest(eid lispcore.EID) int {
	best := -1
	for i, e := range v.Entries {
		if e.EID.Covers(eid) && (best < 0 || e.EID.Prefix.Bits() > v.Entries[best].EID.Prefix.Bits()) {
			best = i
		}
	}
	return best
}

// databaseView is what `show ip lisp database` prints of one EID table and address family.
type databaseView struct {
	Family   lispcore.Family
	VRF      string // "default" or a name
	Instance uint32
	Entries  []databaseEntry // by address, by length

	release devices.Release
	now     time.Time
	asked   bool // for one EID
}

// databaseEntry is one EID prefix of the database.
type databaseEntry struct {
	EID        lispcore.EID
	LocatorSet string // "" when the locators stand in the database-mapping lines
	NoRoute    bool   // the router itself has no route to the prefix
	Locators   []lispcore.Locator

	AutoDiscover bool // the locator-set has the map servers merge what the routers of the site say
	Discovered   []lispcore.Locator

	// What the ETR holds of it; zero on a router that registers nothing.
	Since, Changed time.Time
	Status         []etr.Status
}

// writeDatabase prints the database. entries are those to be listed (one EID's, or all of the view); the title always tells of
// the whole view. 17.x counts on a line of its own, and says more of each entry.
func writeDatabase(w io.Writer, form Form, view databaseView, entries []databaseEntry) error {
	if form == FormJSON {
		return databaseJSON.write(w, form, databaseJSONCells(entries))
	}
	xe := view.release.XELISPViews()
	if xe {
		fmt.Fprintf(w, "LISP ETR %v Mapping Database for LISP 0 EID-table %s (IID %d), LSBs: 0x%X\n",
			view.Family, vrfText(view.VRF), view.Instance, view.statusBits())
		fmt.Fprintf(w, "Entries total %d, no-route %d, inactive 0, do-not-register 0\n\n", len(view.Entries), view.noRoutes())
	} else {
		fmt.Fprintf(w, "LISP ETR %v Mapping Database for EID-table %s (IID %d), LSBs: 0x%X, %d entries\n\n",
			view.Family, vrfText(view.VRF), view.Instance, view.statusBits(), len(view.Entries))
	}
	if view.unreachable() {
		io.WriteString(w, unreachableBanner(xe))
	}
	for _, e := range entries {
		io.WriteString(w, prefixText(e.EID.Prefix))
		if e.LocatorSet != "" {
			io.WriteString(w, ", locator-set "+e.LocatorSet)
		}
		if e.AutoDiscover {
			io.WriteString(w, ", auto-discover-rlocs")
		}
		if e.NoRoute {
			io.WriteString(w, " *** NO ROUTE TO EID PREFIX ***")
		}
		io.WriteString(w, "\n")
		if xe { // routers have no domain but their own, and packets are led through no service
			fmt.Fprintf(w, "  Uptime: %s, Last-change: %s\n  Domain-ID: local\n  Service-Insertion: N/A (0)\n",
				age(view.now, e.Since), age(view.now, e.Changed))
		}
		if err := databaseListing(slices.Concat(e.Locators, e.Discovered)).write(w, form, locatorCells(e)); err != nil {
			return err
		}
		if xe && view.asked {
			if err := registeredListing.write(w, form, registeredCells(view.now, e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// unreachableBanner stands above a database whose prefixes all lack a route.
func unreachableBanner(xe bool) string {
	if xe {
		return "*** ALL ACTIVE LOCAL EID PREFIXES HAVE NO ROUTE ***\n" +
			"***    REPORTING LOCAL RLOCS AS UNREACHABLE     ***\n\n"
	}
	return "*** ALL CONFIGURED LOCAL EID PREFIXES HAVE NO ROUTE ***\n" +
		"***      REPORTING LOCAL RLOCS AS UNREACHABLE       ***\n\n"
}

// registeredListing tells of 17.x's one entry where it is registered: "  %-16s %-14s %-4s %s".
var registeredListing = listing{indent: 2, columns: []field{
	{head: "Map-server", width: 16, gap: 1, push: true},
	{head: "Uptime", width: 14, gap: 1},
	{head: "ACK", width: 4, gap: 1},
	{head: "Domain-ID"},
}}

// registeredCells are the map servers of an entry. Uptime is the time since the last acknowledgment; a map server that has told
// of no domain has number 0.
func registeredCells(now time.Time, e databaseEntry) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, s := range e.Status {
			acked := !s.Acked.IsZero() && (s.State == etr.Periodic || s.State == etr.Stable)
			if !yield([]string{addrText(s.MapServer), age(now, s.Acked), capital(yesNo(acked)), "0"}) {
				return
			}
		}
	}
}

// databaseListing is the locator table of one entry: "  %-*s  %3d/%-3d  %-9s  %s".
func databaseListing(locators []lispcore.Locator) listing {
	return listing{indent: 2, columns: []field{
		{head: "Locator", width: locatorWidth(locators), gap: 2},
		{head: "Pri/Wgt", width: 7, gap: 2},
		{head: "Source", width: 9, gap: 2},
		{head: "State"},
	}}
}

// locatorCells are the locators of an entry: those of its configuration, then those that the map servers have told of.
func locatorCells(e databaseEntry) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i, l := range slices.Concat(e.Locators, e.Discovered) {
			source := "cfg-addr"
			if i >= len(e.Locators) {
				source = "auto-disc"
			}
			if !yield([]string{addrText(l.RLOC), priWgt(l.Priority, l.Weight), source, locatorState(l)}) {
				return
			}
		}
	}
}

var databaseJSON = listing{columns: []field{{head: "EID Prefix"}, {head: "Inst ID"}, {head: "Locator Set"},
	{head: "Locator"}, {head: "Pri/Wgt"}, {head: "Source"}, {head: "State"}}}

func databaseJSONCells(entries []databaseEntry) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, e := range entries {
			for cells := range locatorCells(e) {
				if !yield(append([]string{prefixText(e.EID.Prefix), fmt.Sprint(e.EID.Instance), e.LocatorSet}, cells...)) {
					return
				}
			}
		}
	}
}

// locatorState words the L and R bits that the router puts into its registrations (RFC 9301 section 5.4).
func locatorState(l lispcore.Locator) string {
	switch {
	case l.Local && l.Reachable:
		return "site-self, reachable"
	case l.Local:
		return "site-self, unreachable"
	case l.Reachable:
		return "site-other, report-reachable"
	}
	return "site-other, report-unreachable"
}

// statusBits are the Locator-Status-Bits (RFC 9300 section 10): bit n stands for the n-th locator of the view, in
// the order of addresses, and is set while it is reachable.
func (v databaseView) statusBits() uint32 {
	var locators []lispcore.Locator
	for _, e := range v.Entries {
		locators = append(locators, e.Locators...)
	}
	slices.SortFunc(locators, lispcore.CompareLocators)
	locators = slices.CompactFunc(locators, func(a, b lispcore.Locator) bool { return a.RLOC == b.RLOC })
	var bits uint32
	for i, l := range locators {
		if l.Reachable && i < 32 {
			bits |= 1 << i
		}
	}
	return bits
}

// noRoutes counts the prefixes that the router has no route to.
func (v databaseView) noRoutes() (n int) {
	for _, e := range v.Entries {
		if e.NoRoute {
			n++
		}
	}
	return n
}

// unreachable tells whether every prefix of the view lacks a route and its own locators are reported down.
func (v databaseView) unreachable() bool {
	reported := func(l lispcore.Locator) bool { return l.Local && l.Reachable }
	return len(v.Entries) > 0 && !slices.ContainsFunc(v.Entries, func(e databaseEntry) bool {
		return !e.NoRoute || slices.ContainsFunc(e.Locators, reported)
	})
}
