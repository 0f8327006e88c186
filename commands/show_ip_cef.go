package commands

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// showIPCEFRows tell how a destination is forwarded.
func showIPCEFRows() []Row {
	row := func(ip, address string) Row {
		show := "show " + ip + " cef"
		return Row{Modes: anyExec, Syntax: show + " [vrf WORD$vrf] " + address + "$destination [detail]",
			Help: grammar.Words{
				show:                 "Cisco Express Forwarding",
				show + " vrf":        "VPN Routing/Forwarding instance",
				show + " vrf WORD":   "VPN Routing/Forwarding instance name",
				show + " " + address: "Destination",
				show + " detail":     "Display detailed information",
			},
			Run: showCEF}
	}
	return []Row{row("ip", "A.B.C.D"), row("ipv6", "X:X:X:X::X")}
}

// showCEF asks forwarding about a packet to the destination. Where the VRF has EIDs it comes from one of them, since LISP
// takes no other one at an ITR.
func showCEF(c *Context, a Args) error {
	to, vrf, cfg := a.Addr("destination"), a.String("vrf"), c.Device.Config()
	if !hasTable(cfg, vrf, to.Is4()) {
		return refuse("%% VRF %s does not exist.", vrf)
	}
	table := eidTableOf(cfg.LISP, vrf)
	decision, err := c.Device.Decide(devices.Flow{VRF: vrf, Source: siteAddress(table, to.Is4()), Destination: to})
	if err != nil {
		return err
	}
	snap, _ := c.Device.ITR()
	state, _ := snap.Service(lispcore.Service{Instance: table.Instance, Family: lispcore.FamilyOf(to)})
	_, err = io.WriteString(c.Out, fibEntryOf(to, decision, state).text(a.Has("detail")))
	return err
}

// eidTableOf is the EID table that a VRF has, or the table of the default VRF as it comes.
func eidTableOf(cfg *devices.LISP, vrf string) devices.EIDTable {
	if vrf == "" {
		vrf = devices.DefaultVRF
	}
	if cfg != nil {
		if i := slices.IndexFunc(cfg.EIDTables, func(t devices.EIDTable) bool { return t.VRF == vrf }); i >= 0 {
			return cfg.EIDTables[i]
		}
	}
	return devices.EIDTable{VRF: vrf}
}

// siteAddress is an address of the table's first EID prefix of a family; the zero Addr where it has none.
func siteAddress(t devices.EIDTable, v4 bool) netip.Addr {
	for _, m := range t.Mappings {
		if m.EID.Addr().Is4() != v4 {
			continue
		}
		if a := m.EID.Addr().Next(); m.EID.Contains(a) {
			return a
		}
		return m.EID.Addr()
	}
	return netip.Addr{}
}

// fibEntry is how packets to a prefix are forwarded.
type fibEntry struct {
	prefix netip.Prefix
	flags  []string
	paths  []string // each on a line of its own; in detail a path may have a second one
	deep   []string // the paths in detail, where they differ
	lisp   []string // in detail: what the map-cache says
}

// fibEntryOf words a decision. state is the map-cache that LISP took it by.
func fibEntryOf(to netip.Addr, dec devices.Decision, state itr.ServiceState) fibEntry {
	whole := netip.PrefixFrom(to, to.BitLen())
	e := fibEntry{prefix: whole}
	if dec.Routed {
		e.prefix = dec.Route.Prefix
	}
	if dec.Asked && dec.Verdict.Entry.IsValid() {
		e.prefix = dec.Verdict.Entry
		e.flags = append(e.flags, "check lisp eligibility")
	}
	switch {
	case dec.Action == devices.Deliver:
		e.flags, e.paths = []string{"receive"}, []string{"receive for " + dec.Route.Interface}
	case dec.Reason == devices.DropMartian:
		e.prefix, e.paths = whole, []string{"drop"}
	case dec.Action == devices.Encapsulate:
		for _, rloc := range sharedLocators(dec.Verdict, state) {
			e.paths = append(e.paths, fmt.Sprintf("nexthop %s %s", addrText(rloc), lispInterface(state.Service.Instance)))
		}
	case dec.Reason == devices.DropLISP && signals(dec.Verdict.Reason):
		e.paths = []string{"attached to " + lispInterface(state.Service.Instance)}
	case dec.Reason == devices.DropLISP:
		e.paths = []string{"drop"}
	case !dec.Routed:
		if !dec.Verdict.Entry.IsValid() {
			e.prefix = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
			if to.Is6() {
				e.prefix = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
			}
		}
		e.paths = []string{"no route"}
	case dec.Route.NextHop.IsValid():
		e.paths = []string{fmt.Sprintf("nexthop %s %s", addrText(dec.Route.NextHop), dec.Route.Interface)}
		e.deep = []string{"recursive via " + addrText(dec.Route.NextHop), "  attached to " + dec.Route.Interface}
	default:
		if dec.Route.Kind == underlay.RouteConnected {
			e.flags = append(e.flags, "attached", "connected")
		}
		e.paths = []string{"attached to " + dec.Route.Interface}
	}
	if e.prefix.Bits() == 0 {
		e.flags = append(e.flags, "default route")
	}
	if dec.Asked {
		e.lisp = lispLines(dec.Verdict, state, e.paths)
	}
	return e
}

// signals tells whether packets make LISP ask for a mapping.
func signals(why itr.Reason) bool {
	switch why {
	case itr.MapRequestSent, itr.MapRequestPending, itr.NoMapResolver, itr.TooManyRequests:
		return true
	}
	return false
}

// lispInterface is the interface that IOS shows tunnels of an instance by.
func lispInterface(instance uint32) string {
	if instance == 0 {
		return "LISP0"
	}
	return fmt.Sprintf("LISP0.%d", instance)
}

// sharedLocators are the locators that packets to an entry are shared among: of those that are up the ones with the lowest
// priority.
func sharedLocators(v itr.Verdict, state itr.ServiceState) []netip.Addr {
	locators := state.PETRs
	if v.Reason != itr.ViaPETR {
		locators = cacheEntryOf(v, state).Locators
	}
	best, list := 255, []netip.Addr(nil)
	for _, l := range locators {
		p := int(l.Priority)
		if l.State != itr.Up || l.Self || p > best || p == 255 {
			continue
		}
		if p < best {
			best, list = p, nil
		}
		list = append(list, l.RLOC)
	}
	if !slices.Contains(list, v.RLOC) { // what forwarding says is true
		return []netip.Addr{v.RLOC}
	}
	return list
}

// cacheEntryOf is the map-cache entry that a verdict was found by.
func cacheEntryOf(v itr.Verdict, state itr.ServiceState) itr.Entry {
	i := slices.IndexFunc(state.Entries, func(e itr.Entry) bool { return e.Prefix == v.Entry })
	if i < 0 {
		return itr.Entry{}
	}
	return state.Entries[i]
}

// lispLines are what the detail says of the map-cache entry.
func lispLines(v itr.Verdict, state itr.ServiceState, paths []string) []string {
	if !v.Entry.IsValid() {
		return nil
	}
	e := cacheEntryOf(v, state)
	var lines []string
	if len(e.Locators) > 0 {
		lines = append(lines, fmt.Sprintf("SC owned,sourced: LISP remote EID - locator status bits 0x%08X", locatorBits(e)))
	}
	remote := fmt.Sprintf("LISP remote EID: %d packets %d bytes fwd action %s", e.Packets, e.Bytes, forwardAction(e))
	if configuredEID(e, state) {
		remote += ", cfg as EID space"
	}
	lines = append(lines, remote)
	if v.Kind == itr.Encapsulate || signals(v.Reason) {
		lines = append(lines, "LISP source path list")
		for _, p := range paths {
			lines = append(lines, "  "+p)
		}
	}
	return lines
}

// locatorBits are the Locator-Status-Bits of an entry: bit n is set while its n-th locator is up.
func locatorBits(e itr.Entry) (bits uint32) {
	for i, l := range e.Locators {
		if l.State == itr.Up && i < 32 {
			bits |= 1 << i
		}
	}
	return bits
}

// forwardAction is what forwarding does with packets to an entry, in the words of the data plane.
func forwardAction(e itr.Entry) string {
	switch {
	case len(e.Locators) > 0:
		return "encap"
	case e.ViaPETR:
		return "fwd native via petr"
	case e.Action == lispcore.NativelyForward:
		return "fwd native"
	case e.Action == lispcore.SendMapRequest:
		return "signal"
	}
	return "drop"
}

// configuredEID tells whether an entry lies in what a `map-cache` line, or the ITR's own entry for everything, says to be
// EIDs.
func configuredEID(e itr.Entry, state itr.ServiceState) bool {
	return slices.ContainsFunc(state.Entries, func(s itr.Entry) bool {
		return s.Static && s.Prefix.Bits() <= e.Prefix.Bits() && s.Prefix.Contains(e.Prefix.Addr())
	})
}

// text is the entry as `show ip cef` prints it.
func (e fibEntry) text(detail bool) string {
	var b strings.Builder
	b.WriteString(prefixText(e.prefix))
	paths := e.paths
	if detail {
		b.WriteString(", epoch 0")
		if len(e.flags) > 0 {
			b.WriteString(", flags [" + strings.Join(e.flags, ", ") + "]")
		}
		if len(paths) > 1 {
			b.WriteString(", per-destination sharing")
		}
		if e.deep != nil {
			paths = e.deep
		}
		paths = append(slices.Clone(e.lisp), paths...)
	}
	b.WriteString("\n")
	for _, p := range paths {
		b.WriteString("  " + p + "\n")
	}
	return b.String()
}
