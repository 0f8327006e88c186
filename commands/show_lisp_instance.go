package commands

import (
	"io"
	"maps"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
)

// lispRouter is how lines of release 17.9 name the `router lisp` blocks that they are about. IOS XE may have several; here there
// is number 0.
const lispRouter = "[all | <0-15>$router]"

// ofRouter runs a view of the blocks that a line names. Where it asks for all of them, each has a heading.
func ofRouter(view func(*Context, Args) error) func(*Context, Args) error {
	return func(c *Context, a Args) error {
		if n := a.Uint("router"); n != 0 {
			return refuse("%% Could not find router lisp %d.", n)
		}
		if a.Has("all") && c.Form != FormJSON {
			rule := strings.Repeat("=", 49) + "\n"
			if _, err := io.WriteString(c.Out, rule+"Output for router lisp 0\n"+rule); err != nil {
				return err
			}
		}
		return view(c, a)
	}
}

// showLISPInstanceRows are the views of one EID table and service as release 17.9 asks for them: by instance, or by VRF. Each
// prints what an older line prints, too.
func showLISPInstanceRows() []Row {
	rows := slices.Concat(instanceViews(lispcore.IPv4), instanceViews(lispcore.IPv6))
	maps.Copy(rows[0].Help, grammar.Words{ // what is before the views
		"show lisp all":                      "Of every router lisp",
		"show lisp <0-15>":                   "Of one router lisp",
		"show lisp instance-id":              "One instance",
		"show lisp instance-id <0-16777214>": "Instance ID",
		"show lisp eid-table":                "One EID table",
		"show lisp eid-table default":        "The table of the default VRF",
		"show lisp eid-table vrf":            "The table of a VRF",
		"show lisp eid-table vrf WORD":       "VRF name",
	})
	return rows
}

// instanceViews are the rows of one service.
func instanceViews(f lispcore.Family) []Row {
	address, prefix := "A.B.C.D", "A.B.C.D/nn"
	if f == lispcore.IPv6 {
		address, prefix = "X:X:X:X::X", "X:X:X:X::X/<0-128>"
	}
	eid := address + "$eid | " + prefix + "$eid"
	word := serviceWord(f)
	const table = "show lisp " + lispRouter + " <eid-table <default | vrf WORD$vrf> | instance-id <0-16777214>$iid> "
	row := func(view string, run func(*Context, Args, lispcore.Family) error, words grammar.Words) Row {
		help := grammar.Words{}
		for path, text := range words {
			help["show lisp "+word+path] = text
		}
		return Row{Modes: anyExec, Syntax: table + word + view, Releases: devices.Release.XELISPViews, Help: help,
			Run: ofRouter(func(c *Context, a Args) error { return run(c, a, f) })}
	}
	forwarding := func(view func(forwardingView, *Context, Args) error) func(*Context, Args, lispcore.Family) error {
		return func(c *Context, a Args, f lispcore.Family) error { return showForwarding(f, view)(c, a) }
	}
	return []Row{
		row("", showLISPService, grammar.Words{"": f.String() + " service"}),
		row(" database ["+eid+"]", showLISPDatabase, grammar.Words{
			" database":            "Mappings of this router as an ETR",
			" database " + address: "EID",
			" database " + prefix:  "EID prefix",
		}),
		row(" forwarding eid remote ["+address+"$eid]", forwarding(forwardingView.showRemote), grammar.Words{
			" forwarding":                       "LISP forwarding information",
			" forwarding eid":                   "Prefixes of the data plane",
			" forwarding eid remote":            "EID prefixes of other sites",
			" forwarding eid remote " + address: "EID",
		}),
		row(" forwarding state", forwarding(forwardingView.showState), grammar.Words{" forwarding state": "What the router is for an EID table"}),
		row(" map-cache [detail | "+eid+"]", showLISPMapCache, grammar.Words{
			" map-cache":            "Mappings of other sites that this router has asked for",
			" map-cache detail":     "All that is known of each entry",
			" map-cache " + address: "EID",
			" map-cache " + prefix:  "EID prefix",
		}),
		row(" server [detail | name WORD$site | "+eid+"]", showLISPServer, grammar.Words{
			" server":            "Site registration information",
			" server detail":     "Every site in detail",
			" server name":       "One site in detail",
			" server name WORD":  "Site name",
			" server " + address: "EID",
			" server " + prefix:  "EID prefix",
		}),
		row(" statistics", showLISPStatistics, grammar.Words{" statistics": "LISP address family packet counts"}),
	}
}

// showLISPServer is `show lisp site` of one service. A Map-Server needs no EID table for an instance of its sites.
func showLISPServer(c *Context, a Args, f lispcore.Family) error {
	snap, err := sitesOf(c)
	if err != nil {
		return err
	}
	service := lispcore.Service{Family: f}
	if a.Has("iid") {
		service.Instance = a.Uint("iid")
	} else {
		table, err := lispTableAt(c, a)
		if err != nil {
			return err
		}
		service.Instance = table.Instance
	}
	return writeSiteView(c, a, sitesOfService(snap, service), service.Instance)
}

// sitesOfService leaves what the sites have of one service.
func sitesOfService(snap mapserver.Snapshot, service lispcore.Service) mapserver.Snapshot {
	for i := range snap.Sites {
		var entries []mapserver.Entry
		for _, e := range snap.Sites[i].Entries {
			if e.EID.Service() == service {
				entries = append(entries, e)
			}
		}
		snap.Sites[i].Entries = entries
	}
	return snap
}
