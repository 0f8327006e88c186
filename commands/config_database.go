package commands

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// defaultVRF is the name of the VRF that needs no definition.
const defaultVRF = "default"

func locatorSetRows() []Row {
	locator := "ADDRESS$rloc"
	return []Row{
		{Modes: []grammar.Mode{RouterLISP}, Syntax: "locator-set WORD$set", No: "locator-set WORD$set",
			Help:    grammar.Words{"locator-set": "Configures a named set of locators", "locator-set WORD": "Locator-set name"},
			Run:     selectLocatorSet,
			Print:   printLocatorSets,
			Example: "router lisp\n locator-set RLOCS"},
		{Modes: []grammar.Mode{LocatorSet},
			Syntax: locator + " priority <0-255>$priority weight <0-100>$weight",
			No:     locator + " [priority <0-255>$priority weight <0-100>$weight]",
			Help: grammar.Words{
				"ADDRESS":                 "Locator address",
				"priority":                helpPriority,
				"priority <0-255>":        helpPriorityValue,
				"priority weight":         helpWeight,
				"priority weight <0-100>": helpWeightValue,
			},
			Run:     setLocator,
			Print:   printLocators,
			Example: "router lisp\n locator-set RLOCS\n  203.0.113.11 priority 1 weight 100"},
	}
}

// The help of a locator's values.
const (
	helpPriority      = "Priority of the locator"
	helpPriorityValue = "The lowest is used; 255 keeps the locator from being used"
	helpWeight        = "Weight of the locator"
	helpWeightValue   = "Share of the traffic among locators of one priority"
)

func selectLocatorSet(c *Context, a Args) error {
	l, name := c.lisp(), a.String("set")
	if !a.Has("no") {
		c.enter(frame{mode: LocatorSet, subject: name})
		c.locatorSet()
		return nil
	}
	if locatorSetOf(l, name) == nil {
		return refuse("%% Locator-set %s does not exist.", name)
	}
	for _, t := range l.EIDTables {
		for _, m := range t.Mappings {
			if m.LocatorSet == name {
				return refuse("%% Locator-set %s is in use by database-mapping %s.", name, prefixText(m.EID))
			}
		}
	}
	l.LocatorSets = slices.DeleteFunc(l.LocatorSets, func(s devices.LocatorSet) bool { return s.Name == name })
	return nil
}

// locatorSet returns the locator-set of the present mode in the candidate, and makes it when it is not there.
func (c *Context) locatorSet() *devices.LocatorSet {
	l, name := c.lisp(), c.top().subject
	if s := locatorSetOf(l, name); s != nil {
		return s
	}
	l.LocatorSets = append(l.LocatorSets, devices.LocatorSet{Name: name})
	slices.SortFunc(l.LocatorSets, func(a, b devices.LocatorSet) int { return cmp.Compare(a.Name, b.Name) })
	return locatorSetOf(l, name)
}

func locatorSetOf(l *devices.LISP, name string) *devices.LocatorSet {
	for i := range l.LocatorSets {
		if l.LocatorSets[i].Name == name {
			return &l.LocatorSets[i]
		}
	}
	return nil
}

func printLocatorSets(cfg *devices.Config, p *Printer) {
	for _, s := range cfg.LISP.LocatorSets {
		p.block(frame{mode: LocatorSet, subject: s.Name}, true, "locator-set %s", s.Name)
	}
}

func setLocator(c *Context, a Args) error {
	s := c.locatorSet()
	if !a.Has("no") {
		s.Locators = withLocator(s.Locators, typedLocator(a))
		return nil
	}
	var removed bool
	if s.Locators, removed = withoutLocator(s.Locators, a.Addr("rloc")); !removed {
		return refuse("%% Locator %s is not configured in locator-set %s.", addrText(a.Addr("rloc")), s.Name)
	}
	return nil
}

func printLocators(cfg *devices.Config, p *Printer) {
	for _, l := range locatorSetOf(cfg.LISP, p.frame.subject).Locators {
		p.Line("%s", locatorText(l))
	}
}

func typedLocator(a Args) devices.Locator {
	return devices.Locator{RLOC: a.Addr("rloc"), Priority: uint8(a.Uint("priority")), Weight: uint8(a.Uint("weight"))}
}

func locatorText(l devices.Locator) string {
	return fmt.Sprintf("%s priority %d weight %d", addrText(l.RLOC), l.Priority, l.Weight)
}

// withLocator adds a locator in order, or replaces the one with its address.
func withLocator(list []devices.Locator, l devices.Locator) []devices.Locator {
	i, found := slices.BinarySearchFunc(list, l.RLOC, func(l devices.Locator, a netip.Addr) int { return l.RLOC.Compare(a) })
	if found {
		list[i] = l
		return list
	}
	return slices.Insert(list, i, l)
}

func withoutLocator(list []devices.Locator, rloc netip.Addr) ([]devices.Locator, bool) {
	rest := slices.DeleteFunc(list, func(l devices.Locator) bool { return l.RLOC == rloc })
	return rest, len(rest) < len(list)
}

func databaseRows() []Row {
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
			Print:   printEIDTables,
			Example: "router lisp\n eid-table vrf BLUE instance-id 100"},
		{Modes: []grammar.Mode{RouterLISP, EIDTable},
			Syntax: "database-mapping PREFIX$eid <ADDRESS$rloc priority <0-255>$priority weight <0-100>$weight | locator-set WORD$set>",
			No:     "database-mapping PREFIX$eid [ADDRESS$rloc [priority <0-255>$priority weight <0-100>$weight] | locator-set WORD$set]",
			Help: grammar.Words{
				"database-mapping":                         "Configures an EID prefix of this site and its locators",
				"database-mapping PREFIX":                  "EID prefix",
				"database-mapping ADDRESS":                 "Locator address",
				"database-mapping priority":                helpPriority,
				"database-mapping priority <0-255>":        helpPriorityValue,
				"database-mapping priority weight":         helpWeight,
				"database-mapping priority weight <0-100>": helpWeightValue,
				"database-mapping locator-set":             "Use a named set of locators",
				"database-mapping locator-set WORD":        "Locator-set name",
			},
			Run:     setMapping,
			Print:   printMappings,
			Example: "router lisp\n database-mapping 10.10.10.0/24 203.0.113.11 priority 1 weight 100"},
	}
}

// selectEIDTable enters the EID table of an instance. A VRF and an instance belong to each other: neither takes a second
// partner.
func selectEIDTable(c *Context, a Args) error {
	l, instance, vrf := c.lisp(), a.Uint("instance"), defaultVRF
	if a.Has("vrf") {
		vrf = a.String("vrf")
	}
	if a.Has("no") {
		before := len(l.EIDTables)
		l.EIDTables = slices.DeleteFunc(l.EIDTables, func(t devices.EIDTable) bool { return t.Explicit && t.VRF == vrf && t.Instance == instance })
		if len(l.EIDTables) == before {
			return refuse("%% EID table %s instance-id %d is not configured.", vrfText(vrf), instance)
		}
		return nil
	}
	c.enter(frame{mode: EIDTable, subject: vrf, instance: instance})
	t, err := c.eidTable()
	if err != nil {
		return err
	}
	t.Explicit = true
	return nil
}

// eidTable returns the EID table of the present mode in the candidate, and makes it when it is not there. Directly under
// `router lisp` it is that of instance 0.
func (c *Context) eidTable() (*devices.EIDTable, error) {
	l, f := c.lisp(), tableFrame(c.top())
	for i := range l.EIDTables {
		switch t := &l.EIDTables[i]; {
		case t.VRF == f.subject && t.Instance == f.instance:
			return t, nil
		case t.VRF == f.subject || t.Instance == f.instance:
			return nil, refuse("%% EID table %s is bound to instance-id %d.", vrfText(t.VRF), t.Instance)
		}
	}
	l.EIDTables = append(l.EIDTables, devices.EIDTable{VRF: f.subject, Instance: f.instance, Explicit: f.mode == EIDTable})
	slices.SortFunc(l.EIDTables, func(a, b devices.EIDTable) int { return cmp.Compare(a.Instance, b.Instance) })
	return eidTableOf(l, f), nil
}

func eidTableOf(l *devices.LISP, f frame) *devices.EIDTable {
	for i := range l.EIDTables {
		if t := &l.EIDTables[i]; t.VRF == f.subject && t.Instance == f.instance {
			return t
		}
	}
	return nil
}

// tableFrame is the frame itself for an eid-table, and the default table's for `router lisp`.
func tableFrame(f frame) frame {
	if f.mode == RouterLISP {
		f.subject = defaultVRF
	}
	return f
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

// setMapping adds to or removes from the mapping of one EID prefix. A mapping has locators of its own or names a
// locator-set, never both.
func setMapping(c *Context, a Args) error {
	l, eid := c.lisp(), a.Prefix("eid").Masked()
	if name := a.String("set"); a.Has("set") && locatorSetOf(l, name) == nil {
		return refuse("%% Locator-set %s does not exist.", name)
	}
	t, err := c.eidTable()
	if err != nil {
		return err
	}
	want := devices.DatabaseMapping{EID: eid}
	i, found := slices.BinarySearchFunc(t.Mappings, want, func(a, b devices.DatabaseMapping) int {
		return lispcore.NewEID(0, a.EID).Compare(lispcore.NewEID(0, b.EID))
	})
	if a.Has("no") {
		return c.unsetMapping(a, t, i, found)
	}
	if !found {
		t.Mappings = slices.Insert(t.Mappings, i, want)
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

// unsetMapping removes one locator of a mapping, or the whole mapping with its last locator or when none was typed. An
// EID table that nobody typed goes with its last mapping.
func (c *Context) unsetMapping(a Args, t *devices.EIDTable, i int, found bool) error {
	missing := refuse("%% Database-mapping %s is not configured.", prefixText(a.Prefix("eid").Masked()))
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
	t := eidTableOf(cfg.LISP, tableFrame(p.frame))
	if t == nil || t.Explicit != (p.frame.mode == EIDTable) {
		return
	}
	for _, m := range t.Mappings {
		line := "database-mapping " + prefixText(m.EID)
		if m.LocatorSet != "" {
			p.Line("%s locator-set %s", line, m.LocatorSet)
		}
		for _, l := range m.Locators {
			p.Line("%s %s", line, locatorText(l))
		}
	}
}
