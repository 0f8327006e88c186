package commands

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// showLISPForwardingRows show LISP as the data plane has it: the prefixes that it looks up, what it is for an EID table, and
// what it has counted.
func showLISPForwardingRows() []Row {
	row := func(ip string, family lispcore.Family, address string, what, help string, run func(forwardingView, *Context, Args) error) Row {
		show := "show " + ip + " lisp forwarding"
		words := lispTableWords(show + " " + what)
		words[show+" "+what] = help
		syntax := show + " " + what + " " + lispTable
		if strings.HasPrefix(what, "eid ") {
			syntax += " [" + address + "$eid]"
			words[show+" "+what+" "+address] = "EID"
		}
		if what == "eid local" { // the first of the rows
			words[show], words[show+" eid"] = "LISP forwarding information", "Prefixes of the data plane"
		}
		return Row{Modes: anyExec, Syntax: syntax, Help: words, Run: showForwarding(family, run)}
	}
	var rows []Row
	for _, f := range []struct {
		ip      string
		family  lispcore.Family
		address string
	}{{"ip", lispcore.IPv4, "A.B.C.D"}, {"ipv6", lispcore.IPv6, "X:X:X:X::X"}} {
		rows = append(rows,
			row(f.ip, f.family, f.address, "eid local", "EID prefixes of the own site", forwardingView.showLocal),
			row(f.ip, f.family, f.address, "eid remote", "EID prefixes of other sites", forwardingView.showRemote),
			row(f.ip, f.family, f.address, "state", "What the router is for an EID table", forwardingView.showState),
			row(f.ip, f.family, f.address, "statistics", "What the data plane has counted", func(v forwardingView, c *Context, _ Args) error {
				var p statisticsPage
				fmt.Fprintf(&p, "LISP forwarding statistics for EID table %s\n", v.tableText())
				statisticsOf(c, v.state.Service).forwarding(&p)
				_, err := io.WriteString(c.Out, p.String())
				return err
			}))
	}
	return rows
}

// showForwarding runs a view of the EID table that a line is about.
func showForwarding(family lispcore.Family, view func(forwardingView, *Context, Args) error) func(*Context, Args) error {
	return func(c *Context, a Args) error {
		table, err := lispTableAt(c, a)
		if err != nil {
			return err
		}
		return view(forwardingOf(c, table, family), c, a)
	}
}

// forwardingView is what `show ip lisp forwarding` prints of one EID table and address family.
type forwardingView struct {
	lisp   *devices.LISP
	table  devices.EIDTable
	vrfs   []devices.VRF
	family lispcore.Family
	state  itr.ServiceState           // the map-cache
	bits   map[lispcore.Family]uint32 // Locator-Status-Bits of the own site
}

func forwardingOf(c *Context, table devices.EIDTable, family lispcore.Family) forwardingView {
	cfg := c.Device.Config()
	v := forwardingView{lisp: cfg.LISP, table: table, vrfs: cfg.VRFs, family: family, bits: map[lispcore.Family]uint32{}}
	snap, _ := c.Device.ITR()
	v.state, _ = snap.Service(lispcore.Service{Instance: table.Instance, Family: family})
	registered, _ := c.Device.ETR()
	for _, f := range families {
		v.bits[f] = viewDatabase(cfg.LISP, table, f, registered, c.Device.Interfaces(), c.Device.StaticRoutes()).statusBits()
	}
	return v
}

// tableText names the EID table as the data plane does: "IPv4:Default".
func (v forwardingView) tableText() string { return familyTable(v.family, v.table.VRF) }

func familyTable(f lispcore.Family, vrf string) string {
	if vrf == defaultVRF {
		vrf = capital(vrf)
	}
	return fmt.Sprintf("%v:%s", f, vrf)
}

// showLocal lists the EID prefixes of the own site, or the one that covers an EID.
func (v forwardingView) showLocal(c *Context, a Args) error {
	var list []netip.Prefix
	for _, m := range v.table.Mappings {
		if lispcore.FamilyOf(m.EID.Addr()) == v.family {
			list = append(list, m.EID)
		}
	}
	io.WriteString(c.Out, "Prefix\n")
	if a.Has("eid") {
		list = longestOf(list, a.Addr("eid"))
		if len(list) == 0 {
			return refuse("%% No local EID prefix in %s matching %s", v.tableText(), addrText(a.Addr("eid")))
		}
	}
	for _, p := range list {
		io.WriteString(c.Out, prefixText(p)+"\n")
	}
	return nil
}

// longestOf leaves the longest prefix that covers an address.
func longestOf(list []netip.Prefix, addr netip.Addr) (longest []netip.Prefix) {
	for _, p := range list {
		if p.Contains(addr) && (longest == nil || p.Bits() > longest[0].Bits()) {
			longest = []netip.Prefix{p}
		}
	}
	return longest
}

// showRemote lists the entries of the map-cache, or the one that a packet to an EID would use.
func (v forwardingView) showRemote(c *Context, a Args) error {
	entries := v.state.Entries
	if a.Has("eid") {
		i := mapCacheView{state: v.state}.longest(a.Prefix("eid"))
		if i < 0 {
			return refuse("%% No remote EID prefix in %s matching %s", v.tableText(), addrText(a.Addr("eid")))
		}
		entries = entries[i : i+1]
	}
	_, err := io.WriteString(c.Out, remoteText(c.Device.Release().XELISPViews(), entries))
	return err
}

// remoteText prints entries. 17.x adds the instance that packets of an extranet have, which the lab knows none of.
func remoteText(xe bool, entries []itr.Entry) string {
	var b strings.Builder
	head, instance := "", ""
	if xe {
		head, instance = "   encap_iid", "            N/A"
	}
	fmt.Fprintf(&b, "Prefix                 Fwd action  Locator status bits%s\n", head)
	for _, e := range entries {
		fmt.Fprintf(&b, "%-22s %-11s 0x%08X%s\n", prefixText(e.Prefix), forwardAction(e), locatorBits(e), instance)
		fmt.Fprintf(&b, "  packets/bytes       %d/%d\n", e.Packets, e.Bytes)
	}
	return b.String()
}

func (v forwardingView) showState(c *Context, _ Args) error {
	_, err := io.WriteString(c.Out, v.stateText())
	return err
}

// stateColumn is where the values of stateText stand.
const stateColumn = 31

// stateText is `show ip lisp forwarding state`.
func (v forwardingView) stateText() string {
	var b strings.Builder
	line := func(indent int, label, value string) {
		fmt.Fprintf(&b, "%*s%-*s%s\n", indent, "", 31-indent, label, value)
	}
	vrf, number := v.table.VRF, 0 // of the VRF: 0 is the default one
	if vrf == defaultVRF {
		vrf = capital(vrf)
	} else {
		number = 1 + slices.IndexFunc(v.vrfs, func(o devices.VRF) bool { return o.Name == vrf })
	}
	fmt.Fprintf(&b, "LISP forwarding state for EID table %s\n", v.tableText())
	line(2, "Instance ID", fmt.Sprint(v.table.Instance))
	line(2, "EID VRF", fmt.Sprintf("%s (0x%X)", vrf, number))
	for _, f := range families {
		fmt.Fprintf(&b, "    %v\n", f)
		line(6, "Configured roles", forwardingRoles(v.lisp.Service(f)))
		line(6, "EID table", familyTable(f, v.table.VRF))
		line(6, "ALT table", "<null>")
		line(6, "Locator status bits", fmt.Sprintf("0x%08X", v.bits[f]))
		line(6, "TTL Propagation", capital(enabled(!v.lisp.DisableTTLPropagate)))
	}
	line(4, "RLOC transport VRF", "Default (0x0)")
	line(6, "IPv4 RLOC table", "IPv4:Default")
	line(6, "IPv6 RLOC table", "IPv6:Default")
	line(4, "LISP router ID", "0")
	line(4, "LISP virtual interface", lispInterface(v.table.Instance))
	line(4, "User", "LISP")
	return b.String()
}

// forwardingRoles are the roles that the data plane plays.
func forwardingRoles(s *devices.LISPService) string {
	var roles []string
	for _, role := range []struct {
		name string
		on   bool
	}{{"ITR", s.ITR}, {"ETR", s.ETR}, {"PITR", s.ProxyITR.IsValid()}, {"PETR", s.ProxyETR}} {
		if role.on {
			roles = append(roles, role.name)
		}
	}
	if len(roles) == 0 {
		return "DISABLED"
	}
	return strings.Join(roles, "|")
}
