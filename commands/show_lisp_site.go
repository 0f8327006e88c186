package commands

import (
	"fmt"
	"io"
	"iter"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
)

func showLISPSiteRows() []Row {
	return []Row{{
		Modes: anyExec,
		Syntax: "show lisp site [detail | name WORD$site | instance-id <0-16777214>$iid EID$eid |" +
			" EID$eid [instance-id <0-16777214>$iid]]",
		Help: grammar.Words{
			"show lisp site":             "LISP site registration information",
			"show lisp site detail":      "Every site in detail",
			"show lisp site name":        "One site in detail",
			"show lisp site name WORD":   "Site name",
			"show lisp site instance-id": "Instance of the EID",
		},
		Run: showLISPSite,
	}}
}

func showLISPSite(c *Context, a Args) error {
	snap, err := sitesOf(c)
	if err != nil {
		return err
	}
	return writeSiteView(c, a, snap, a.Uint("iid"))
}

// sitesOf is what the router knows of its sites.
func sitesOf(c *Context) (mapserver.Snapshot, error) {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return mapserver.Snapshot{}, errNoLISP
	}
	if snap, ok := c.Device.MapServer(); ok {
		return snap, nil
	}
	return configuredSites(cfg.LISP), nil
}

// writeSiteView prints the table of sites, or what a line asks for in detail. instance is that of the EID it may ask for.
func writeSiteView(c *Context, a Args, snap mapserver.Snapshot, instance uint32) error {
	now := c.Lab.Now()
	detail := siteDetail{c.Out, c.Device.Release(), now}
	switch {
	case a.Has("detail"):
		return detail.sites(snap.Sites)
	case a.Has("site"):
		return detail.named(snap, a.String("site"))
	case a.Has("eid"):
		return detail.eid(snap, lispcore.NewEID(instance, a.Prefix("eid")), eidText(a, "eid"))
	}
	return writeSites(c.Out, c.Form, c.Device.Release().SiteLayout(), now, snap)
}

// eidText returns an EID as it was typed: an address or a prefix.
func eidText(a Args, name string) string {
	if addr := a.Addr(name); addr.IsValid() {
		return addrText(addr)
	}
	return prefixText(a.Prefix(name))
}

const siteTitle = "LISP Site Registration Information\n"

// siteListing is the table of `show lisp site`. The width of Up belongs to the software generation: layout B
// "%-14s %-9s %-4s %-20s %-8s %s", layouts C and D with "%-6s".
func siteListing(layout devices.SiteLayout) listing {
	up := 6
	if layout == devices.SiteLayoutB {
		up = 4
	}
	return listing{tabbed: true, columns: []field{
		{head: "Site Name\n", width: 14, gap: 1, group: true},
		{head: "Last\nRegister", width: 9, gap: 1},
		{head: "Up\n", width: up, gap: 1},
		{head: "Who Last\nRegistered", width: 20, gap: 1},
		{head: "Inst\nID", width: 8, gap: 1},
		{head: "EID Prefix\n"},
	}}
}

// writeSites prints `show lisp site`. The legends belong to the software, not to the data: a release without reliable
// transport has no `#` line, and one that has it prints the line even above an empty table.
func writeSites(w io.Writer, form Form, layout devices.SiteLayout, now time.Time, snap mapserver.Snapshot) error {
	if form != FormJSON {
		io.WriteString(w, siteTitle+"* = Some locators are down or unreachable\n")
		if layout != devices.SiteLayoutB {
			io.WriteString(w, "# = Some registrations are sourced by reliable transport\n")
		}
		io.WriteString(w, "\n")
	}
	return siteListing(layout).write(w, form, siteCells(layout, now, snap))
}

// siteCells yields the rows in the order of the snapshot: each configured prefix, then what was learned under it.
func siteCells(layout devices.SiteLayout, now time.Time, snap mapserver.Snapshot) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, site := range snap.Sites {
			for _, e := range site.Entries {
				for _, p := range sitePrefixes(e) {
					if !yield(siteRow(layout, now, site.Name, p.EID, p.Registrations)) {
						return
					}
				}
			}
		}
	}
}

// sitePrefixes lists an entry's prefixes as they are shown: itself, then what was learned under it.
func sitePrefixes(e mapserver.Entry) []mapserver.Prefix {
	self := e.Exact
	self.EID = e.EID
	return append([]mapserver.Prefix{self}, e.MoreSpecifics...)
}

// siteRow is one row. Who and Last are those of the newest live registration, which comes first.
func siteRow(layout devices.SiteLayout, now time.Time, site string, eid lispcore.EID, live []mapserver.Registration) []string {
	last, who, instance := "never", "--", instanceText(eid.Instance)
	if len(live) > 0 {
		last, who = age(now, live[0].Last), addrText(live[0].ETR)
		if layout == devices.SiteLayoutD {
			who = addrPortText(live[0].ETR, live[0].Port)
		}
	}
	if layout == devices.SiteLayoutD {
		instance = fmt.Sprint(eid.Instance)
	}
	return []string{site, last, upText(live), who, instance, prefixText(eid.Prefix)}
}

// upText is the Up column: "no", or "yes" with "*" when a locator of the newest registration is down or unreachable
// (its R bit is 0, RFC 9301 section 5.4), and "#" when a registration is held by reliable transport.
func upText(live []mapserver.Registration) string {
	if len(live) == 0 {
		return "no"
	}
	up := "yes"
	for _, l := range live[0].Mapping.Locators {
		if !l.Reachable {
			up += "*"
			break
		}
	}
	for _, r := range live {
		if r.Reliable {
			return up + "#"
		}
	}
	return up
}

// instanceText is the Inst ID column: generations before layout D leave instance 0 blank.
func instanceText(instance uint32) string {
	if instance == 0 {
		return ""
	}
	return fmt.Sprint(instance)
}

// configuredSites is what a router with sites in its configuration, but without a map-server service, shows: every
// prefix unregistered.
func configuredSites(cfg *devices.LISP) mapserver.Snapshot {
	var snap mapserver.Snapshot
	for _, s := range cfg.Sites {
		site := mapserver.Site{Name: s.Name, Description: s.Description}
		for _, p := range s.EIDPrefixes {
			eid := lispcore.NewEID(p.Instance, p.Prefix)
			site.Entries = append(site.Entries, mapserver.Entry{EID: eid, AcceptMoreSpecifics: p.AcceptMoreSpecifics,
				Exact: mapserver.Prefix{EID: eid}})
		}
		snap.Sites = append(snap.Sites, site)
	}
	return snap
}

// errNoLISP is the answer of a LISP command on a router without `router lisp`. No capture of IOS's own words is known.
var errNoLISP = refuse("%% LISP is not running.")
