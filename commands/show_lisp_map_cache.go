package commands

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// showLISPMapCacheRows are the map-cache of an ITR: as a list, in detail, and the entry that a packet to an EID would use.
func showLISPMapCacheRows() []Row {
	row := func(ip string, family lispcore.Family, address, prefix string) Row {
		show := "show " + ip + " lisp map-cache"
		return Row{
			Modes:  anyExec,
			Syntax: show + " [eid-table <default | vrf WORD$vrf> | instance-id <0-16777214>$iid] [detail | " + address + "$eid | " + prefix + "$eid]",
			Help: grammar.Words{
				show:                               "Mappings of other sites that this router has asked for",
				show + " eid-table":                "The map-cache of one EID table",
				show + " eid-table default":        "The table of the default VRF",
				show + " eid-table vrf":            "The table of a VRF",
				show + " eid-table vrf WORD":       "VRF name",
				show + " instance-id":              "The map-cache of one instance",
				show + " detail":                   "All that is known of each entry",
				show + " instance-id <0-16777214>": "Instance ID",
				show + " " + address:               "EID",
				show + " " + prefix:                "EID prefix",
			},
			Run: func(c *Context, a Args) error { return showLISPMapCache(c, a, family) },
		}
	}
	return []Row{row("ip", lispcore.IPv4, "A.B.C.D", "A.B.C.D/nn"), row("ipv6", lispcore.IPv6, "X:X:X:X::X", "X:X:X:X::X/<0-128>")}
}

func showLISPMapCache(c *Context, a Args, family lispcore.Family) error {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return errNoLISP
	}
	table, err := findEIDTable(cfg.LISP, a)
	if err != nil {
		return err
	}
	snap, _ := c.Device.ITR()
	state, ok := snap.Service(lispcore.Service{Instance: table.Instance, Family: family})
	if !ok {
		return errNoITR(family)
	}
	view := mapCacheView{release: c.Device.Release(), table: table, state: state, now: c.Lab.Now()}
	switch {
	case a.Has("eid"):
		i := view.longest(a.Prefix("eid"))
		if i < 0 {
			return refuse("%% Could not find EID %s in map-cache.", eidText(a, "eid"))
		}
		return view.write(c.Out, c.Form, state.Entries[i:i+1], true)
	case a.Has("detail"):
		return view.write(c.Out, c.Form, state.Entries, true)
	}
	return view.write(c.Out, c.Form, state.Entries, false)
}

// mapCacheView is what `show ip lisp map-cache` prints of one EID table and address family.
type mapCacheView struct {
	release devices.Release
	table   devices.EIDTable
	state   itr.ServiceState
	now     time.Time
}

// xe tells whether it prints as in 17.x.
func (v mapCacheView) xe() bool { return v.release.XELISPViews() }

// longest returns the index of the entry that a packet to the EID would use, or -1.
func (v mapCacheView) longest(eid netip.Prefix) int {
	best := -1
	for i, e := range v.state.Entries {
		covers := e.Prefix.Bits() <= eid.Bits() && e.Prefix.Contains(eid.Addr())
		if covers && (best < 0 || e.Prefix.Bits() > v.state.Entries[best].Prefix.Bits()) {
			best = i
		}
	}
	return best
}

// write prints entries. The title always tells of the whole map-cache.
func (v mapCacheView) write(w io.Writer, form Form, entries []itr.Entry, detail bool) error {
	if form == FormJSON {
		return mapCacheJSON.write(w, form, v.jsonCells(entries))
	}
	router := ""
	if v.xe() {
		router = "LISP 0 "
	}
	fmt.Fprintf(w, "LISP %v Mapping Cache for %sEID-table %s (IID %d), %d entries\n\n",
		v.state.Service.Family, router, vrfText(v.table.VRF), v.table.Instance, len(v.state.Entries))
	for _, e := range entries {
		if err := v.entry(w, form, e, detail); err != nil {
			return err
		}
	}
	return nil
}

func (v mapCacheView) entry(w io.Writer, form Form, e itr.Entry, detail bool) error {
	fmt.Fprintf(w, "%s, uptime: %s, expires: %s, via %s\n", prefixText(e.Prefix), age(v.now, e.Created), v.expires(e), v.viaText(e))
	if detail {
		v.details(w, e)
	}
	switch {
	case e.ViaPETR:
		_, err := io.WriteString(w, "  Encapsulating to proxy ETR\n")
		return err
	case len(e.Locators) == 0:
		_, err := fmt.Fprintf(w, "  Negative cache entry, action: %s\n", actionText(e.Action))
		return err
	case !detail:
		return v.locatorListing(e.Locators).write(w, form, v.locatorCells(e.Locators))
	}
	var table bytes.Buffer // whose rows are parted by what is known of each locator
	if err := v.locatorListing(e.Locators).write(&table, form, v.locatorCells(e.Locators)); err != nil {
		return err
	}
	for i, line := range strings.SplitAfter(table.String(), "\n") {
		io.WriteString(w, line)
		if i > 0 && i <= len(e.Locators) {
			v.locatorDetails(w, e.Locators[i-1])
		}
	}
	return nil
}

func (v mapCacheView) expires(e itr.Entry) string {
	if e.Expires.IsZero() {
		return "never"
	}
	return age(e.Expires, v.now)
}

// viaText tells where an entry comes from, and how complete it is.
func (v mapCacheView) viaText(e itr.Entry) string {
	switch {
	case e.Source == itr.StaticEntry:
		return v.staticText(e.Action)
	case len(e.Locators) == 0:
		return "map-reply, " + actionText(e.Action)
	case e.Self && v.xe():
		return "map-reply, self, complete"
	case e.Self:
		return "map-reply, self"
	}
	return "map-reply, complete"
}

// staticText is a static entry with its action, as the head of the entry words it. 17.x names one action only.
func (v mapCacheView) staticText(a lispcore.Action) string {
	switch {
	case v.xe() && a == lispcore.SendMapRequest:
		return "static-send-map-request"
	case v.xe():
		return "static"
	case a == lispcore.SendMapRequest:
		return "static send map-request"
	}
	return "static " + actionText(a)
}

// actionText is the action of an entry without locators.
func actionText(a lispcore.Action) string {
	switch a {
	case lispcore.NativelyForward:
		return "forward-native"
	case lispcore.SendMapRequest:
		return "send-map-request"
	}
	return "drop"
}

// details are the lines of an entry that only the detailed forms have.
func (v mapCacheView) details(w io.Writer, e itr.Entry) {
	var sources []string
	if e.Static {
		sources = append(sources, v.staticText(lispcore.SendMapRequest))
	}
	state, from := "complete", "local"
	if len(e.Locators) == 0 {
		state = actionText(e.Action)
	}
	if e.Source == itr.StaticEntry {
		sources = []string{v.staticText(e.Action)}
	} else {
		sources, from = append(sources, "map-reply"), addrText(e.From)
	}
	fmt.Fprintf(w, "  Sources: %s\n", strings.Join(sources, ", "))
	fmt.Fprintf(w, "  State: %s, last modified: %s, map-source: %s\n", state, age(v.now, e.Modified), from)
	use := "Idle"
	switch {
	case e.Static:
		use = "Exempt"
	case e.Active(v.now):
		use = "Active"
	}
	fmt.Fprintf(w, "  %s, Packets out: %d(%d bytes)", use, e.Packets, e.Bytes)
	if !e.LastPacket.IsZero() {
		fmt.Fprintf(w, " (~ %s ago)", age(v.now, e.LastPacket))
	}
	io.WriteString(w, "\n")
	if e.Static {
		io.WriteString(w, "  Configured as EID address space\n")
	}
}

// locatorListing is the locator table of one entry: "  %-*s  %-10s%-11s%3d/%-3d"; in 17.x "  %-*s  %-10s%-*s%3d/%-3d       %s",
// where the states take what room they need.
func (v mapCacheView) locatorListing(locators []itr.Locator) listing {
	width, state := len("Locator"), len("State")
	for _, l := range locators {
		width, state = max(width, len(addrText(l.RLOC))), max(state, len(mapCacheState(l)))
	}
	if !v.xe() {
		state = 9
	}
	t := listing{indent: 2, columns: []field{
		{head: "Locator", width: width, gap: 2},
		{head: "Uptime", width: 10, push: true},
		{head: "State", width: state + 2, push: true},
		{head: "Pri/Wgt", width: 7},
	}}
	if v.xe() {
		t.columns[3].gap = 5
		t.columns = append(t.columns, field{head: "Encap-IID"})
	}
	return t
}

// locatorCells are the rows of the table. Packets to a locator have the instance of their own table, and no other.
func (v mapCacheView) locatorCells(locators []itr.Locator) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, l := range locators {
			row := []string{addrText(l.RLOC), age(v.now, l.Created), mapCacheState(l), priWgt(l.Priority, l.Weight)}
			if v.xe() {
				row = append(row, "  -")
			}
			if !yield(row) {
				return
			}
		}
	}
}

func mapCacheState(l itr.Locator) string {
	if l.Self {
		return l.State.String() + ", self"
	}
	return l.State.String()
}

// locatorDetails are the lines below a locator.
func (v mapCacheView) locatorDetails(w io.Writer, l itr.Locator) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-39s"+format+"\n", append([]any{label + ":"}, args...)...)
	}
	line("    Last up-down state change", "%s, state change count: %d", age(v.now, l.StateChanged), l.StateChanges)
	line("    Last route reachability change", "%s, state change count: %d", age(v.now, l.RouteChanged), l.RouteChanges)
	line("    Last priority / weight change", "%s/%s", age(v.now, l.PriorityChanged), age(v.now, l.WeightChanged))
	io.WriteString(w, "    RLOC-probing loc-status algorithm:\n")
	probe := age(v.now, l.ProbeSent)
	if !l.ProbeReplied.IsZero() && !l.ProbeReplied.Before(l.ProbeSent) {
		probe += fmt.Sprintf(" (rtt %dms)", max(1, l.RTT.Milliseconds()))
	}
	line("      Last RLOC-probe sent", "%s", probe)
}

var mapCacheJSON = listing{columns: []field{{head: "EID Prefix"}, {head: "Inst ID"}, {head: "Uptime"}, {head: "Expires"}, {head: "Via"},
	{head: "Action"}, {head: "Locator"}, {head: "State"}, {head: "Pri/Wgt"}, {head: "Packets"}}}

// jsonCells has a row for each locator, or one for an entry without.
func (v mapCacheView) jsonCells(entries []itr.Entry) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, e := range entries {
			head := []string{prefixText(e.Prefix), fmt.Sprint(v.table.Instance), age(v.now, e.Created), v.expires(e), v.viaText(e)}
			if len(e.Locators) == 0 && !yield(append(head, actionText(e.Action), "", "", "", fmt.Sprint(e.Packets))) {
				return
			}
			for _, l := range e.Locators {
				if !yield(append(head[:len(head):len(head)], "", addrText(l.RLOC), l.State.String(), priWgt(l.Priority, l.Weight), fmt.Sprint(l.Packets))) {
					return
				}
			}
		}
	}
}
