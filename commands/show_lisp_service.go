package commands

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/itr"
)

// lispTable is how a line names the EID table that it is about, and lispTableWords its help behind a command.
const lispTable = "[eid-table <default | vrf WORD$vrf> | instance-id <0-16777214>$iid]"

func lispTableWords(command string) grammar.Words {
	return grammar.Words{
		command + " eid-table":                "That of one EID table",
		command + " eid-table default":        "The table of the default VRF",
		command + " eid-table vrf":            "The table of a VRF",
		command + " eid-table vrf WORD":       "VRF name",
		command + " instance-id":              "That of one instance",
		command + " instance-id <0-16777214>": "Instance ID",
	}
}

// showLISPServiceRows tell what the router is for EIDs of a family.
func showLISPServiceRows() []Row {
	row := func(ip string, family lispcore.Family) Row {
		show := "show " + ip + " lisp"
		return Row{Modes: anyExec, Syntax: show + " " + lispTable, Help: lispTableWords(show),
			Run: func(c *Context, a Args) error { return showLISPService(c, a, family) }}
	}
	return []Row{row("ip", lispcore.IPv4), row("ipv6", lispcore.IPv6)}
}

func showLISPService(c *Context, a Args, family lispcore.Family) error {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return errNoLISP
	}
	table, err := findEIDTable(cfg.LISP, a)
	if err != nil {
		return err
	}
	v := serviceView{lisp: cfg.LISP, family: family, table: table, now: c.Lab.Now(),
		reachable: func(addr netip.Addr) bool { _, ok := c.Device.Route("", addr); return ok }}
	v.etr, v.registers = c.Device.ETR()
	snap, _ := c.Device.ITR()
	v.itr, _ = snap.Service(lispcore.Service{Instance: table.Instance, Family: family})
	v.database = viewDatabase(cfg.LISP, table, family, v.etr, c.Device.Interfaces(), c.Device.StaticRoutes())
	_, err = io.WriteString(c.Out, v.text())
	return err
}

// serviceView is what `show ip lisp` prints of one EID table and address family.
type serviceView struct {
	lisp      *devices.LISP
	family    lispcore.Family
	table     devices.EIDTable
	database  databaseView
	etr       etr.Snapshot
	registers bool // there is an ETR
	itr       itr.ServiceState
	reachable func(netip.Addr) bool // there is a route to an RLOC
	now       time.Time
}

// Labels of this view stand in a column of their own. IOS prints more of them, about what no router of the lab has.
const serviceColumn = 37

// notFound stands for an address that should be there.
const notFound = "*** NOT FOUND ***"

func (v serviceView) text() string {
	var b strings.Builder
	line := func(indent int, label, format string, args ...any) {
		fmt.Fprintf(&b, "%*s%-*s%s\n", indent, "", serviceColumn+2-indent, label+":", fmt.Sprintf(format, args...))
	}
	list := func(label string, items []string) {
		if len(items) == 0 {
			items = []string{notFound}
		}
		for ; len(items) > 0; items = items[min(2, len(items)):] { // as IOS, two a line
			text := strings.Join(items[:min(2, len(items))], ", ")
			if label == "" {
				fmt.Fprintf(&b, "%*s%s\n", serviceColumn+2, "", text)
				continue
			}
			line(2, label, "%s", text)
			label = ""
		}
	}
	s := v.lisp.Service(v.family)
	line(2, "Instance ID", "%d", v.table.Instance)
	line(2, "Router-lisp ID", "0")
	line(2, "Locator table", "default")
	line(2, "EID table", "%s", vrfText(v.table.VRF))
	line(2, "Ingress Tunnel Router (ITR)", "%s", enabled(s.ITR))
	line(2, "Egress Tunnel Router (ETR)", "%s", enabled(s.ETR))
	if s.ProxyITR.IsValid() {
		line(2, "Proxy-ITR Router (PITR)", "enabled RLOCs: %s", addrText(s.ProxyITR))
	} else {
		line(2, "Proxy-ITR Router (PITR)", "disabled")
	}
	line(2, "Proxy-ETR Router (PETR)", "%s", enabled(s.ProxyETR))
	line(2, "NAT-traversal Router (NAT-RTR)", "disabled")
	line(2, "Mobility First-Hop Router", "disabled")
	line(2, "Map Server (MS)", "%s", enabled(s.MapServer))
	line(2, "Map Resolver (MR)", "%s", enabled(s.MapResolver))
	line(2, "Delegated Database Tree (DDT)", "disabled")
	if s.MapRequestSource.IsValid() {
		line(2, "Map-Request source", "%s", addrText(s.MapRequestSource))
	} else {
		line(2, "Map-Request source", "derived from EID destination")
	}
	list("ITR Map-Resolver(s)", v.resolvers())
	list("ETR Map-Server(s)", v.mapServers())
	if v.registers {
		line(2, "xTR-ID", "%s", xtrIDText(v.etr.XTRID))
		if v.etr.SiteID == 0 {
			line(2, "site-ID", "unspecified")
		} else {
			line(2, "site-ID", "%d", v.etr.SiteID)
		}
	}
	line(2, "ITR local RLOC (last resort)", "%s", v.lastResort())
	if len(s.UsePETRs) > 0 {
		var petrs []string
		for _, p := range s.UsePETRs {
			petrs = append(petrs, addrText(p.RLOC))
		}
		list("ITR use proxy ETR RLOC(s)", petrs)
	}
	line(2, "ITR Solicit Map Request (SMR)", "accept and process")
	line(2, "ETR accept mapping data", "disabled, verify disabled")
	line(2, "ETR map-cache TTL", "%s", v.mapCacheTTL())
	b.WriteString("  Locator Status Algorithms:\n")
	line(4, "RLOC-probe algorithm", "%s", enabled(v.lisp.RLOCProbing))
	line(4, "LSB reports", "%s", map[bool]string{true: "process", false: "ignore"}[v.lisp.LSBReports])
	b.WriteString("  Map-cache:\n")
	line(4, "Static mappings configured", "%d", v.staticMappings())
	if v.itr.Limit > 0 { // there is an ITR
		line(4, "Map-cache size/limit", "%d/%d", len(v.itr.Entries), v.itr.Limit)
	}
	line(4, "Map-cache activity check period", "60 secs")
	line(4, "Persistent map-cache", "disabled")
	b.WriteString("  Database:\n")
	line(4, "Total database mapping size", "%d", len(v.database.Entries))
	line(2, "Encapsulation type", "lisp")
	return b.String()
}

func enabled(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

func (v serviceView) resolvers() (list []string) {
	for _, addr := range v.lisp.Service(v.family).ITRMapResolvers {
		list = append(list, addrText(addr)+v.mark(addr))
	}
	return list
}

// mapServers are the map servers, each with the time since it last confirmed a registration.
func (v serviceView) mapServers() (list []string) {
	for _, m := range v.lisp.Service(v.family).ETRMapServers {
		last := time.Time{}
		for _, s := range v.etr.MapServers {
			if s.Addr == m.Addr && s.Family == v.family {
				last = s.LastNotify
			}
		}
		list = append(list, fmt.Sprintf("%s (%s)%s", addrText(m.Addr), age(v.now, last), v.mark(m.Addr)))
	}
	return list
}

// mark tells of an address that there is no route to.
func (v serviceView) mark(addr netip.Addr) string {
	if v.reachable(addr) {
		return ""
	}
	return " *** not reachable ***"
}

// lastResort is the router's own locator that packets leave from where nothing better is known.
func (v serviceView) lastResort() string {
	for _, e := range v.database.Entries {
		for _, l := range e.Locators {
			if l.Local && l.Reachable {
				return addrText(l.RLOC)
			}
		}
	}
	if addr := v.lisp.Service(v.family).ProxyITR; addr.IsValid() {
		return addrText(addr)
	}
	return notFound
}

// mapCacheTTL is for how long others may keep the mappings of this router.
func (v serviceView) mapCacheTTL() string {
	minutes := int64(v.lisp.Service(v.family).MapCacheTTL)
	if minutes == 0 {
		minutes = day / minute
	}
	return span(minutes * minute)
}

func (v serviceView) staticMappings() (n int) {
	for _, m := range v.table.MapCache {
		if lispcore.FamilyOf(m.Prefix.Addr()) == v.family {
			n++
		}
	}
	return n
}
