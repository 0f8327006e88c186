package commands

import (
	"fmt"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// instanceRows are the instances of the hierarchical form, and what binds their services to EID tables. What stands in
// the tables is in databaseRows.
func instanceRows() []Row {
	return []Row{
		{Modes: []grammar.Mode{RouterLISP}, Releases: hierarchicalForm,
			Syntax: "instance-id <0-16777214>$instance", No: "instance-id <0-16777214>$instance",
			Help: grammar.Words{
				"instance-id":              "Configures a LISP instance",
				"instance-id <0-16777214>": "Instance ID",
			},
			Run:     selectInstance,
			Print:   printInstances,
			Example: "router lisp\n instance-id 100"},
		{Modes: []grammar.Mode{InstanceIPv4, InstanceIPv6}, Releases: hierarchicalForm,
			Syntax: "eid-table <default | vrf WORD$vrf>", No: "eid-table [default | vrf WORD$vrf]",
			Run:     setEIDTable,
			Print:   printEIDTable,
			Example: "router lisp\n instance-id 100\n  service ipv6\n   eid-table vrf BLUE"},
	}
}

// instanceExample is the lines of a `service` block of instance 0 that is bound to its table.
func instanceExample(f lispcore.Family) string {
	return fmt.Sprintf("router lisp\n instance-id 0\n  service %s\n   eid-table default", familyWord(f))
}

func selectInstance(c *Context, a Args) error {
	l, id := c.lisp(), a.Uint("instance")
	if !a.Has("no") {
		c.instance(id).Explicit = true
		c.enter(frame{mode: Instance, instance: id})
		return nil
	}
	if instanceOf(l, id) == nil {
		return refuse("%% Instance-id %d is not configured.", id)
	}
	l.EIDTables = slices.DeleteFunc(l.EIDTables, func(t devices.EIDTable) bool { return t.Instance == id })
	return nil
}

func printInstances(cfg *devices.Config, p *Printer) {
	for _, t := range cfg.LISP.EIDTables {
		p.block(frame{mode: Instance, instance: t.Instance}, true, "instance-id %d", t.Instance)
	}
}

// selectInstanceService enters a `service` block of the present instance, or removes it with all that stands in it.
func (c *Context) selectInstanceService(a Args, f lispcore.Family) error {
	id := c.top().instance
	if a.Has("no") {
		if t := instanceOf(c.lisp(), id); t != nil {
			unbind(t, f)
			*t.Service(f) = devices.TableServiceAbsent
		}
		return nil
	}
	c.openService(id, f)
	c.enter(frame{mode: serviceMode(Instance, f), instance: id})
	return nil
}

// openService returns an instance of the candidate with a `service` block of a family, made if need be.
func (c *Context) openService(id uint32, f lispcore.Family) *devices.EIDTable {
	t := c.instance(id)
	t.Explicit = true
	if s := t.Service(f); *s == devices.TableServiceAbsent {
		*s = devices.TableServiceOpen
	}
	return t
}

// unbind takes the EID table from a service of an instance, with all that stands in it.
func unbind(t *devices.EIDTable, f lispcore.Family) {
	if *t.Service(f) == devices.TableServiceBound {
		*t.Service(f) = devices.TableServiceOpen
	}
	of := func(p netip.Prefix) bool { return lispcore.FamilyOf(p.Addr()) == f }
	t.Mappings = slices.DeleteFunc(t.Mappings, func(m devices.DatabaseMapping) bool { return of(m.EID) })
	t.MapCache = slices.DeleteFunc(t.MapCache, func(e devices.StaticMapCache) bool { return of(e.Prefix) })
	if t.IPv4 != devices.TableServiceBound && t.IPv6 != devices.TableServiceBound {
		t.VRF = ""
	}
}

// setEIDTable binds a service of an instance to a table. The services of an instance share one VRF.
func setEIDTable(c *Context, a Args) error {
	at := c.top()
	id, f, vrf := at.instance, modeFamily(at.mode), typedVRF(a)
	if !a.Has("no") {
		_, err := c.bind(vrf, id, f)
		return err
	}
	t := instanceOf(c.lisp(), id)
	if t == nil || *t.Service(f) != devices.TableServiceBound || (a.Has("vrf") || a.Has("default")) && t.VRF != vrf {
		return refuse("%% No such EID table is configured for service %s of instance-id %d.", familyWord(f), id)
	}
	unbind(t, f)
	return nil
}

func printEIDTable(cfg *devices.Config, p *Printer) {
	if t := instanceOf(cfg.LISP, p.frame.instance); *t.Service(modeFamily(p.frame.mode)) == devices.TableServiceBound {
		p.Line("eid-table %s", vrfText(t.VRF))
	}
}

// boundTable returns the table of an instance in the candidate, for a line in the `service` block of a family. Such a line
// needs an eid-table line before it.
func (c *Context) boundTable(id uint32, f lispcore.Family) (*devices.EIDTable, error) {
	t := c.openService(id, f)
	if *t.Service(f) != devices.TableServiceBound {
		return nil, refuse("%% Configure an eid-table for service %s of instance-id %d first.", familyWord(f), id)
	}
	return t, nil
}
