package commands

import (
	"cmp"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// defaultVRF is the name of the VRF that needs no definition.
const defaultVRF = "default"

// databaseRows are the EID tables in the classic form, and in both forms what stands in a table.
func databaseRows() []Row {
	const inTable = "router lisp\n eid-table default instance-id 0\n  "
	mappings := mappingRow("PREFIX", Row{Modes: []grammar.Mode{RouterLISP, EIDTable}, Prints: classicForm, Example: "router lisp\n database-mapping 10.10.10.0/24"})
	mappings.Help["database-mapping"] = "Configures an EID prefix of this site and its locators"
	for path, help := range map[string]string{
		"ADDRESS": "Locator address", "locator-set": "Use a named set of locators", "locator-set WORD": "Locator-set name",
		"priority": helpPriority, "priority <0-255>": helpPriorityValue, "priority weight": helpWeight, "priority weight <0-100>": helpWeightValue,
	} {
		mappings.Help["database-mapping "+path] = help
	}
	cache := mapCacheRow("PREFIX", Row{Modes: []grammar.Mode{EIDTable}, Prints: classicForm, Example: inTable + "map-cache 10.0.0.0/8"})
	cache.Help["map-cache"] = "Configures a static map-cache entry"
	cache.Help["map-cache drop"] = "Drop packets for the EID prefix"
	cache.Help["map-cache map-request"] = "Ask for the locators of the EID prefix"
	cache.Help["map-cache native-forward"] = "Forward packets for the EID prefix natively"

	inService := func(f lispcore.Family, mode grammar.Mode, line string) Row {
		return Row{Modes: []grammar.Mode{mode}, Releases: hierarchicalForm, Example: instanceExample(f) + "\n   " + line}
	}
	return []Row{
		{Modes: []grammar.Mode{RouterLISP},
			Syntax: "eid-table <default | vrf WORD$vrf> instance-id <0-16777214>$instance",
			No:     "eid-table <default | vrf WORD$vrf> instance-id <0-16777214>$instance",
			Help: grammar.Words{
				"eid-table":                          "Binds an EID table to an instance ID",
				"eid-table default":                  "The default table",
				"eid-table vrf":                      "The table of a VRF",
				"eid-table vrf WORD":                 "VRF name",
				"eid-table instance-id":              "Specifies the instance ID of the table",
				"eid-table instance-id <0-16777214>": "Instance ID",
			},
			Run:     selectEIDTable,
			Prints:  classicForm,
			Print:   printEIDTables,
			Example: "router lisp\n eid-table vrf BLUE instance-id 100"},
		mappings,
		mappingRow("A.B.C.D/nn", inService(lispcore.IPv4, InstanceIPv4, "database-mapping 10.10.10.0/24")),
		mappingRow("X:X:X:X::X/<0-128>", inService(lispcore.IPv6, InstanceIPv6, "database-mapping 2001:DB8::/32")),
		cache,
		mapCacheRow("A.B.C.D/nn", inService(lispcore.IPv4, InstanceIPv4, "map-cache 172.16.0.0/16")),
		mapCacheRow("X:X:X:X::X/<0-128>", inService(lispcore.IPv6, InstanceIPv6, "map-cache 2001:DB8::/32")),
	}
}

// mappingRow is the row of database mappings for the EID prefixes of a place. Its example ends with the prefix.
func mappingRow(eid string, r Row) Row {
	r.Syntax = "database-mapping " + eid + "$eid <ADDRESS$rloc priority <0-255>$priority weight <0-100>$weight | locator-set WORD$set>"
	r.No = "database-mapping " + eid + "$eid [ADDRESS$rloc [priority <0-255>$priority weight <0-100>$weight] | locator-set WORD$set]"
	r.Help = grammar.Words{"database-mapping " + eid: "EID prefix"}
	r.Run, r.Print = setMapping, printMappings
	r.Example += " 203.0.113.11 priority 1 weight 100"
	return r
}

// mapCacheRow is the row of static map-cache entries for the EID prefixes of a place. Its example ends with the prefix.
func mapCacheRow(eid string, r Row) Row {
	r.Syntax = "map-cache " + eid + "$eid <drop|map-request|native-forward>$action"
	r.No = "map-cache " + eid + "$eid [<drop|map-request|native-forward>$action]"
	r.Help = grammar.Words{"map-cache " + eid: "EID prefix"}
	r.Run, r.Print = setMapCache, printMapCache
	r.Example += " map-request"
	return r
}

// selectEIDTable enters the EID table of an instance, and binds both address families to it. A VRF and an instance belong
// to each other: neither takes a second partner.
func selectEIDTable(c *Context, a Args) error {
	l, instance, vrf := c.lisp(), a.Uint("instance"), typedVRF(a)
	if a.Has("no") {
		before := len(l.EIDTables)
		l.EIDTables = slices.DeleteFunc(l.EIDTables, func(t devices.EIDTable) bool { return t.Explicit && t.VRF == vrf && t.Instance == instance })
		if len(l.EIDTables) == before {
			return refuse("%% EID table %s instance-id %d is not configured.", vrfText(vrf), instance)
		}
		return nil
	}
	if _, err := c.bind(vrf, instance, families...); err != nil {
		return err
	}
	c.enter(frame{mode: EIDTable, subject: vrf, instance: instance})
	return nil
}

// typedVRF is the VRF of a line `... <default | vrf WORD> ...`.
func typedVRF(a Args) string {
	if a.Has("vrf") {
		return a.String("vrf")
	}
	return defaultVRF
}

func vrfText(vrf string) string {
	if vrf == defaultVRF {
		return vrf
	}
	return "vrf " + vrf
}

func printEIDTables(cfg *devices.Config, p *Printer) {
	for _, t := range cfg.LISP.EIDTables {
		if t.Explicit {
			p.block(frame{mode: EIDTable, subject: t.VRF, instance: t.Instance}, true, "eid-table %s instance-id %d", vrfText(t.VRF), t.Instance)
		}
	}
}

// bind returns the table of an instance in the candidate, bound to a VRF for some families; it makes the instance when it
// is not there.
func (c *Context) bind(vrf string, instance uint32, services ...lispcore.Family) (*devices.EIDTable, error) {
	if err := mayBind(c.lisp(), vrf, instance); err != nil {
		return nil, err
	}
	t := c.instance(instance)
	t.VRF, t.Explicit = vrf, true
	for _, f := range services {
		*t.Service(f) = devices.TableServiceBound
	}
	return t, nil
}

// mayBind tells why a VRF can't be that of an instance: one of them has a partner.
func mayBind(l *devices.LISP, vrf string, instance uint32) error {
	for _, t := range l.EIDTables {
		if t.VRF == vrf && t.Instance != instance || t.VRF != vrf && t.Instance == instance && t.VRF != "" {
			return refuse("%% EID table %s is bound to instance-id %d.", vrfText(t.VRF), t.Instance)
		}
	}
	return nil
}

// instance returns an instance of the candidate, and makes it when it is not there.
func (c *Context) instance(id uint32) *devices.EIDTable {
	l := c.lisp()
	i, found := slices.BinarySearchFunc(l.EIDTables, id, func(t devices.EIDTable, id uint32) int { return cmp.Compare(t.Instance, id) })
	if !found {
		l.EIDTables = slices.Insert(l.EIDTables, i, devices.EIDTable{Instance: id})
	}
	return &l.EIDTables[i]
}

// instanceOf finds an instance in a configuration; nil when it is not there.
func instanceOf(l *devices.LISP, id uint32) *devices.EIDTable {
	for i := range l.EIDTables {
		if l.EIDTables[i].Instance == id {
			return &l.EIDTables[i]
		}
	}
	return nil
}

// eidTable returns the EID table that a line of the present mode is about, with its instance made if need be. Directly
// under `router lisp` it is that of instance 0: in the classic form on the block's own level, while the hierarchical form
// has no such level.
func (c *Context) eidTable(family lispcore.Family) (*devices.EIDTable, error) {
	switch f := c.top(); {
	case f.mode == EIDTable:
		return c.bind(f.subject, f.instance, families...)
	case f.mode != RouterLISP:
		return c.boundTable(f.instance, family)
	case c.release().HierarchicalLISP():
		return c.bind(defaultVRF, 0, family)
	}
	if err := mayBind(c.lisp(), defaultVRF, 0); err != nil {
		return nil, err
	}
	t := c.instance(0)
	t.VRF = defaultVRF
	return t, nil
}

// tableAt finds the EID table that a block of configuration is about; nil when it is not there.
func tableAt(l *devices.LISP, f frame) *devices.EIDTable {
	t := instanceOf(l, f.instance) // 0 directly under `router lisp`
	if t != nil && f.mode == EIDTable && t.VRF != f.subject {
		return nil
	}
	return t
}

// printsTable returns the EID table whose lines stand in the block that is being printed, or nil. In the classic form the
// lines of an instance 0 without an eid-table line stand directly under `router lisp`.
func printsTable(cfg *devices.Config, p *Printer) *devices.EIDTable {
	t := tableAt(cfg.LISP, p.frame)
	if t != nil && p.frame.mode == RouterLISP && t.Explicit {
		return nil
	}
	return t
}

// printsIn tells whether an EID prefix stands in the block that is being printed: a `service` block has its own family.
func printsIn(p *Printer, eid netip.Prefix) bool {
	m := p.frame.mode
	return m == RouterLISP || m == EIDTable || lispcore.FamilyOf(eid.Addr()) == modeFamily(m)
}

func compareEIDs(a, b netip.Prefix) int {
	return lispcore.NewEID(0, a).Compare(lispcore.NewEID(0, b))
}

// setMapping adds to or removes from the mapping of one EID prefix. A mapping has locators of its own or names a
// locator-set, never both.
func setMapping(c *Context, a Args) error {
	eid := a.Prefix("eid").Masked()
	if a.Has("no") {
		return c.unsetMapping(a, eid)
	}
	if name := a.String("set"); a.Has("set") && locatorSetOf(c.lisp(), name) == nil {
		return refuse("%% Locator-set %s does not exist.", name)
	}
	t, err := c.eidTable(lispcore.FamilyOf(eid.Addr()))
	if err != nil {
		return err
	}
	i, found := findMapping(t, eid)
	if !found {
		t.Mappings = slices.Insert(t.Mappings, i, devices.DatabaseMapping{EID: eid})
	}
	switch m := &t.Mappings[i]; {
	case a.Has("set") && len(m.Locators) > 0:
		return refuse("%% Database-mapping %s has locators of its own.", prefixText(eid))
	case a.Has("set"):
		m.LocatorSet = a.String("set")
	case m.LocatorSet != "":
		return refuse("%% Database-mapping %s uses locator-set %s.", prefixText(eid), m.LocatorSet)
	default:
		m.Locators = withLocator(m.Locators, typedLocator(a))
	}
	return nil
}

func findMapping(t *devices.EIDTable, eid netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(t.Mappings, eid, func(m devices.DatabaseMapping, p netip.Prefix) int { return compareEIDs(m.EID, p) })
}

// unsetMapping removes one locator of a mapping, or the whole mapping with its last locator or when none was typed. An
// EID table that nobody typed goes with its last mapping.
func (c *Context) unsetMapping(a Args, eid netip.Prefix) error {
	missing := refuse("%% Database-mapping %s is not configured.", prefixText(eid))
	t := tableAt(c.lisp(), c.top())
	if t == nil {
		return missing
	}
	i, found := findMapping(t, eid)
	if !found {
		return missing
	}
	m := &t.Mappings[i]
	removed := true
	switch {
	case a.Has("set"):
		removed = m.LocatorSet == a.String("set")
		m.LocatorSet = ""
	case a.Has("rloc"):
		m.Locators, removed = withoutLocator(m.Locators, a.Addr("rloc"))
	default:
		m.Locators, m.LocatorSet = nil, ""
	}
	if !removed {
		return missing
	}
	if len(m.Locators) == 0 && m.LocatorSet == "" {
		t.Mappings = slices.Delete(t.Mappings, i, i+1)
	}
	l := c.lisp()
	l.EIDTables = slices.DeleteFunc(l.EIDTables, func(t devices.EIDTable) bool { return !t.Explicit && len(t.Mappings) == 0 })
	return nil
}

func printMappings(cfg *devices.Config, p *Printer) {
	t := printsTable(cfg, p)
	if t == nil {
		return
	}
	for _, m := range t.Mappings {
		if !printsIn(p, m.EID) {
			continue
		}
		line := "database-mapping " + prefixText(m.EID)
		if m.LocatorSet != "" {
			p.Line("%s locator-set %s", line, m.LocatorSet)
		}
		for _, l := range m.Locators {
			p.Line("%s %s", line, locatorText(l))
		}
	}
}

// mapCacheActions are the actions that a static map-cache entry may have.
var mapCacheActions = map[string]lispcore.Action{
	"drop":           lispcore.DropNoReason,
	"map-request":    lispcore.SendMapRequest,
	"native-forward": lispcore.NativelyForward,
}

// setMapCache adds, changes or removes a static entry of the map-cache.
func setMapCache(c *Context, a Args) error {
	entry := devices.StaticMapCache{Prefix: a.Prefix("eid").Masked(), Action: mapCacheActions[a.String("action")]}
	byPrefix := func(e devices.StaticMapCache, p netip.Prefix) int { return compareEIDs(e.Prefix, p) }
	if a.Has("no") {
		t := tableAt(c.lisp(), c.top())
		if t != nil {
			if i, found := slices.BinarySearchFunc(t.MapCache, entry.Prefix, byPrefix); found && (!a.Has("action") || t.MapCache[i] == entry) {
				t.MapCache = slices.Delete(t.MapCache, i, i+1)
				return nil
			}
		}
		return refuse("%% Map-cache entry %s is not configured.", prefixText(entry.Prefix))
	}
	t, err := c.eidTable(lispcore.FamilyOf(entry.Prefix.Addr()))
	if err != nil {
		return err
	}
	i, found := slices.BinarySearchFunc(t.MapCache, entry.Prefix, byPrefix)
	if !found {
		t.MapCache = slices.Insert(t.MapCache, i, entry)
	}
	t.MapCache[i] = entry
	return nil
}

func printMapCache(cfg *devices.Config, p *Printer) {
	for _, e := range printsTable(cfg, p).MapCache {
		if !printsIn(p, e.Prefix) {
			continue
		}
		for word, action := range mapCacheActions {
			if action == e.Action {
				p.Line("map-cache %s %s", prefixText(e.Prefix), word)
			}
		}
	}
}
