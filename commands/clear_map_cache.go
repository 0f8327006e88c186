package commands

import (
	"net/netip"

	"lisplab/commands/grammar"
	"lisplab/lispcore"
)

// clearMapCacheRows drop what an ITR has learned.
func clearMapCacheRows() []Row {
	row := func(ip string, family lispcore.Family, eid string) Row {
		clear := "clear " + ip + " lisp map-cache"
		return Row{Modes: []grammar.Mode{Exec},
			Syntax: clear + " [eid-table <default | vrf WORD$vrf> | instance-id <0-16777214>$iid] [" + eid + "$eid]",
			Help: grammar.Words{
				"clear " + ip:                       family.String() + " information",
				"clear " + ip + " lisp":             "LISP information",
				clear:                               "Drop dynamic map-cache entries",
				clear + " eid-table":                "Of one EID table",
				clear + " eid-table default":        "The table of the default VRF",
				clear + " eid-table vrf":            "The table of a VRF",
				clear + " eid-table vrf WORD":       "VRF name",
				clear + " instance-id":              "Of one instance",
				clear + " instance-id <0-16777214>": "Instance ID",
				clear + " " + eid:                   "EID prefix",
			},
			Run: func(c *Context, a Args) error {
				cfg := c.Device.Config()
				if cfg.LISP == nil {
					return errNoLISP
				}
				table, err := findEIDTable(cfg.LISP, a)
				if err != nil {
					return err
				}
				var only netip.Prefix
				if a.Has("eid") {
					only = a.Prefix("eid").Masked()
				}
				if !c.Device.ClearMapCache(lispcore.Service{Instance: table.Instance, Family: family}, only) {
					return errNoITR(family)
				}
				return nil
			}}
	}
	return []Row{row("ip", lispcore.IPv4, "A.B.C.D/nn"), row("ipv6", lispcore.IPv6, "X:X:X:X::X/<0-128>")}
}

// errNoITR is the answer of a command about the map-cache of a router that has none.
func errNoITR(f lispcore.Family) error {
	return refuse("%% LISP %v ITR functionality is not enabled.", f)
}
