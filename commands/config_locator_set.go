package commands

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

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
		{Modes: []grammar.Mode{LocatorSet}, Syntax: "auto-discover-rlocs", No: "auto-discover-rlocs",
			Help: grammar.Words{"auto-discover-rlocs": "Automatically discover locators of all xTRs of the site"},
			Run: func(c *Context, a Args) error {
				c.locatorSet().AutoDiscover = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if locatorSetOf(cfg.LISP, p.frame.subject).AutoDiscover {
					p.Line("auto-discover-rlocs")
				}
			},
			Example: "router lisp\n locator-set RLOCS\n  auto-discover-rlocs"},
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
