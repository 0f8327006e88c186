package commands

import (
	"bytes"
	"net/netip"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

const ligOptions = "[count <1-5>$count | source ADDRESS$source | to ADDRESS$to]..."

// ligRows ask the mapping system who has an EID, or whether it knows the own ones.
func ligRows() []Row {
	options := func(path string) grammar.Words {
		return grammar.Words{
			path + " count":          "Number of Map-Requests to send",
			path + " count <1-5>":    "Number of Map-Requests to send",
			path + " source":         "Source EID of the Map-Request",
			path + " source ADDRESS": "Source EID",
			path + " to":             "Map-Resolver to ask",
			path + " to ADDRESS":     "Locator address of the Map-Resolver",
		}
	}
	other := Row{Modes: anyExec, Syntax: "lig [instance-id <0-16777214>$iid] ADDRESS$eid " + ligOptions, Help: options("lig"),
		Run: func(c *Context, a Args) error {
			return c.lig(a, lispcore.NewEID(a.Uint("iid"), netip.PrefixFrom(a.Addr("eid"), a.Addr("eid").BitLen())))
		}}
	for path, help := range map[string]string{
		"lig": "LISP Internet Groper", "lig ADDRESS": "Destination EID", "lig instance-id": "Instance of the EID", "lig instance-id <0-16777214>": "Instance ID",
	} {
		other.Help[path] = help
	}
	self := Row{Modes: anyExec, Syntax: "lig self <all | ipv4 [all-eid] | ipv6 [all-eid]> " + ligOptions, Help: options("lig self"),
		Run: func(c *Context, a Args) error { return c.lig(a, c.ownEIDs(a)...) }}
	for path, help := range map[string]string{
		"": "Ask for the own EID prefixes", " all": "Of both address families", " ipv4": "IPv4 EID prefixes", " ipv6": "IPv6 EID prefixes",
		" ipv4 all-eid": "Every one of them, not only the first", " ipv6 all-eid": "Every one of them, not only the first",
	} {
		self.Help["lig self"+path] = help
	}
	return []Row{other, self}
}

// ownEIDs are the EID prefixes of the router that `lig self` asks for: of each family the first, or all.
func (c *Context) ownEIDs(a Args) (eids []lispcore.EID) {
	snap, _ := c.Device.ETR()
	for _, f := range families {
		if !a.Has("all") && !a.Has(map[lispcore.Family]string{lispcore.IPv4: "ipv4", lispcore.IPv6: "ipv6"}[f]) {
			continue
		}
		for _, e := range snap.Database {
			if e.Mapping.EID.Family() != f {
				continue
			}
			eids = append(eids, e.Mapping.EID)
			if !a.Has("all-eid") {
				break
			}
		}
	}
	return eids
}

func (c *Context) lig(a Args, eids ...lispcore.EID) error {
	if c.Device.Config().LISP == nil {
		return errNoLISP
	}
	for i, e := range eids { // a Map-Request asks for an address
		eids[i].Prefix = netip.PrefixFrom(e.Prefix.Addr(), e.Prefix.Addr().BitLen())
	}
	device, now, form := c.Device, c.Lab.Now, c.Form
	c.Begin(device.Lig(devices.LigOptions{
		EIDs: eids, Source: a.Addr("source"), To: a.Addr("to"), Count: int(a.Uint("count")),
		Render: func(r itr.LigResult) string {
			snap, _ := device.ITR()
			state, _ := snap.Service(r.EID.Service())
			view := mapCacheView{release: device.Release(), state: state, now: now()}
			i := view.longest(r.EID.Prefix)
			if i < 0 {
				return ""
			}
			var b bytes.Buffer
			if err := view.entry(&b, form, state.Entries[i], false); err != nil {
				return err.Error()
			}
			return b.String()
		},
	}))
	return nil
}
