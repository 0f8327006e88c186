package commands

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapserver"
)

// showLISPSummaryRows count what an xTR and a Map-Server have.
func showLISPSummaryRows() []Row {
	rows := []Row{{
		Modes: anyExec, Syntax: "show lisp site summary [instance-id <0-16777214>$iid]", Releases: devices.Release.XELISPViews,
		Help: grammar.Words{
			"show lisp site summary":                          "How many EID prefixes the sites have",
			"show lisp site summary instance-id":              "Those of one instance",
			"show lisp site summary instance-id <0-16777214>": "Instance ID",
		},
		Run: showLISPSiteSummary,
	}}
	for _, f := range families {
		service := "show lisp service " + serviceWord(f)
		syntax := "show lisp " + lispRouter + " service " + serviceWord(f) + " summary"
		help := grammar.Words{
			service:              f.String() + " of every instance",
			service + " summary": "How much each EID table has",
		}
		if f == lispcore.IPv4 {
			help["show lisp service"] = "One service of every instance"
		}
		rows = append(rows, Row{Modes: anyExec, Syntax: syntax, Releases: devices.Release.XELISPViews, Help: help,
			Run: ofRouter(func(c *Context, _ Args) error { return showLISPServiceSummary(c, f) })})
	}
	return rows
}

// serviceWord is how lines of release 17.9 name a service: "ipv4".
func serviceWord(f lispcore.Family) string { return strings.ToLower(f.String()) }

func showLISPServiceSummary(c *Context, f lispcore.Family) error {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return errNoLISP
	}
	registered, _ := c.Device.ETR()
	cached, _ := c.Device.ITR()
	v := serviceSummary{roles: strings.ReplaceAll(forwardingRoles(cfg.LISP.Service(f)), "|", "-")}
	if v.roles == "DISABLED" {
		v.roles = "NONE"
	}
	for _, t := range instancesOf(cfg.LISP) {
		v.instances++
		if t.Explicit && *t.Service(f) != devices.TableServiceBound {
			continue
		}
		state, _ := cached.Service(lispcore.Service{Instance: t.Instance, Family: f})
		v.tables = append(v.tables, tableSummary{
			viewDatabase(cfg.LISP, t, f, registered, c.Device.Interfaces(), c.Device.StaticRoutes()), cacheSummaryOf(c.Lab.Now(), state),
		})
	}
	_, err := io.WriteString(c.Out, v.text())
	return err
}

// instancesOf are the instances of a router. The first one is there without a line that says so.
func instancesOf(cfg *devices.LISP) []devices.EIDTable {
	inDefault := func(t devices.EIDTable) bool { return t.VRF == defaultVRF || t.Instance == 0 }
	if slices.ContainsFunc(cfg.EIDTables, inDefault) {
		return cfg.EIDTables
	}
	return append([]devices.EIDTable{{VRF: defaultVRF}}, cfg.EIDTables...)
}

// serviceSummary is what `show lisp service` prints of all EID tables of an address family.
type serviceSummary struct {
	instances int
	roles     string
	tables    []tableSummary
}

// tableSummary is one EID table.
type tableSummary struct {
	database databaseView
	cache    cacheSummary
}

// cacheSummary counts the entries of a map-cache: all; those that no configuration holds, and so come and go; and of these the
// ones that are to be asked for still, and the ones that no packet has used for a while.
type cacheSummary struct{ size, aging, incomplete, idle int }

func cacheSummaryOf(now time.Time, state itr.ServiceState) (s cacheSummary) {
	for _, e := range state.Entries {
		s.size++
		if e.Static {
			continue
		}
		s.aging++
		if !e.Complete {
			s.incomplete++
		}
		if !e.Active(now) {
			s.idle++
		}
	}
	return s
}

func (v serviceSummary) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Router-lisp ID:   0\nInstance count:   %d\n", v.instances)
	b.WriteString("Key: DB - Local EID Database entry count (@ - RLOC check pending\n" +
		"                                          * - RLOC consistency problem),\n" +
		"     DB no route - Local EID DB entries with no matching RIB route,\n" +
		"     Cache - Remote EID mapping cache size, IID - Instance ID,\n" +
		"     Role - Configured Role\n\n" +
		"                      Interface    DB  DB no  Cache Incom Cache\n" +
		"EID VRF name             (.IID)  size  route   size plete  Idle Role\n")
	var entries, cached, inconsistent, incomplete int
	for _, t := range v.tables {
		mark := " "
		if !t.database.consistent() {
			mark = "*"
			inconsistent++
		}
		if t.cache.incomplete > 0 {
			incomplete++
		}
		entries += len(t.database.Entries)
		cached += t.cache.size
		fmt.Fprintf(&b, "%-20s %10s %5d%s%6d %6d %5s %5s %s\n", t.database.VRF, lispInterface(t.database.Instance),
			len(t.database.Entries), mark, t.database.noRoutes(), t.cache.size,
			percentage(t.cache.incomplete, t.cache.size), percentage(t.cache.idle, t.cache.aging), v.roles)
	}
	b.WriteString("\n")
	total := func(label string, n int, more string) { fmt.Fprintf(&b, "%-45s%10d%s\n", label+":", n, more) }
	total("Number of eid-tables", len(v.tables), "")
	total("Total number of database entries", entries, " (inactive 0)")
	total("EID-tables with inconsistent locators", inconsistent, "")
	total("Total number of map-cache entries", cached, "")
	total("EID-tables with incomplete map-cache entries", incomplete, "")
	total("EID-tables pending map-cache update to FIB", 0, "") // packets are forwarded by the map-cache itself
	return b.String()
}

// percentage is a part of a whole: "0%" of nothing, "100%", and otherwise with one digit behind the point.
func percentage(part, whole int) string {
	switch {
	case whole == 0:
		return "0%"
	case part == whole:
		return "100%"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// consistent tells whether all prefixes of the view have the same locators, as one set of Locator-Status-Bits wants it.
func (v databaseView) consistent() bool {
	same := func(a, b lispcore.Locator) bool { return a.RLOC == b.RLOC }
	return !slices.ContainsFunc(v.Entries, func(e databaseEntry) bool { return !slices.EqualFunc(e.Locators, v.Entries[0].Locators, same) })
}

func showLISPSiteSummary(c *Context, a Args) error {
	snap, err := sitesOf(c)
	if err != nil {
		return err
	}
	wanted := func(eid lispcore.EID) bool { return !a.Has("iid") || eid.Instance == a.Uint("iid") }
	_, err = io.WriteString(c.Out, siteSummaryText(snap, wanted))
	return err
}

// siteCount counts EID prefixes of one address family: configured ones, registered ones, and those of which ETRs say
// different things.
type siteCount struct{ configured, registered, inconsistent int }

func (n *siteCount) add(o siteCount) {
	n.configured += o.configured
	n.registered += o.registered
	n.inconsistent += o.inconsistent
}

// siteCountOf counts what a site has of a family.
func siteCountOf(site mapserver.Site, f lispcore.Family, wanted func(lispcore.EID) bool) (n siteCount) {
	for _, e := range site.Entries {
		if e.EID.Family() != f || !wanted(e.EID) {
			continue
		}
		n.configured++
		for _, p := range sitePrefixes(e) {
			if len(p.Registrations) > 0 {
				n.registered++
			}
			if inconsistent(p.Registrations) {
				n.inconsistent++
			}
		}
	}
	return n
}

// inconsistent tells whether ETRs register one prefix with different locators, and do not ask for a merge.
func inconsistent(live []mapserver.Registration) bool {
	same := func(a, b lispcore.Locator) bool { return a.RLOC == b.RLOC }
	return slices.ContainsFunc(live, func(r mapserver.Registration) bool {
		return !r.Merge && !slices.EqualFunc(r.Mapping.Locators, live[0].Mapping.Locators, same)
	})
}

// siteSummaryText is `show lisp site summary`. There are no MAC addresses in the lab's sites, and no limits.
func siteSummaryText(snap mapserver.Snapshot, wanted func(lispcore.EID) bool) string {
	var b strings.Builder
	b.WriteString("                     ----------- IPv4 ----------- ----------- IPv6 ----------- ----------- MAC ----------- \n" +
		"Site name            Configured Registered Incons Configured Registered Incons Configured Registered Incons\n")
	sums := map[lispcore.Family]*siteCount{lispcore.IPv4: {}, lispcore.IPv6: {}}
	registered, differing := 0, 0
	for _, site := range snap.Sites {
		fmt.Fprintf(&b, "%-20s", site.Name)
		var all siteCount
		for _, f := range families {
			n := siteCountOf(site, f, wanted)
			sums[f].add(n)
			all.add(n)
			fmt.Fprintf(&b, " %10d %10d %6d", n.configured, n.registered, n.inconsistent)
		}
		fmt.Fprintf(&b, " %10d %10d %6d\n", 0, 0, 0)
		registered += min(1, all.registered)
		differing += min(1, all.inconsistent)
	}
	b.WriteString("\n")
	total := func(label string, n int) { fmt.Fprintf(&b, "%-47s%10d\n", label+":", n) }
	total("Site-registration limit for router lisp 0", 0)
	total("Site-registration count for router lisp 0", sums[lispcore.IPv4].registered+sums[lispcore.IPv6].registered)
	total("Number of address-resolution entries", 0)
	total("Number of configured sites", len(snap.Sites))
	total("Number of registered sites", registered)
	total("Sites with inconsistent registrations", differing)
	for _, f := range families {
		if n := sums[f]; cmp.Or(n.configured, n.registered) > 0 {
			fmt.Fprintf(&b, "%v\n", f)
			total("  Number of configured EID prefixes", n.configured)
			total("  Number of registered EID prefixes", n.registered)
		}
	}
	return b.String()
}
