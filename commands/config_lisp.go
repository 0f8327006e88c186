package commands

import (
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// The two forms of `router lisp`. A release prints one of them; one that prints the hierarchical form takes lines of both.
//
//	classic                                   hierarchical
//	router lisp                               router lisp
//	 eid-table default instance-id 0           service ipv4
//	  database-mapping ...                      etr map-server ...
//	  exit                                      exit-service-ipv4
//	 !                                         !
//	 ipv4 etr map-server ...                   instance-id 0
//	 exit                                       service ipv4
//	                                             eid-table default
//	                                             database-mapping ...
//	                                             exit-service-ipv4
//	                                            !
//	                                            exit-instance-id
//	                                           !
//	                                           exit-router-lisp
func hierarchicalForm(rel devices.Release) bool { return rel.HierarchicalLISP() }
func classicForm(rel devices.Release) bool      { return !rel.HierarchicalLISP() }

// lispRows are `router lisp` and all beneath it, in the order in which IOS prints them.
func lispRows() []Row {
	return slices.Concat(
		[]Row{
			{Modes: []grammar.Mode{Config}, Syntax: "router lisp", No: "router lisp",
				Help:    grammar.Words{"router": "Enable a routing process", "router lisp": "Locator/ID Separation Protocol"},
				Run:     routerLISP,
				Print:   printRouterLISP,
				Example: "router lisp"},
			{Modes: []grammar.Mode{RouterLISP}, Syntax: "locator-table default", No: "locator-table default",
				Help: grammar.Words{
					"locator-table":         "Configures the table that locators are looked up in",
					"locator-table default": "Look locators up in the default table",
				},
				Run: func(c *Context, a Args) error {
					c.lisp().LocatorTable = !a.Has("no")
					return nil
				},
				Print: func(cfg *devices.Config, p *Printer) {
					if cfg.LISP.LocatorTable {
						p.Line("locator-table default")
					}
				},
				Example: "router lisp\n locator-table default"},
		},
		reachabilityRows(),
		locatorSetRows(),
		hierarchicalServiceRows(),
		instanceRows(),
		databaseRows(),
		siteRows(),
		classicServiceRows(lispcore.IPv4),
		classicServiceRows(lispcore.IPv6),
		exitRows(),
	)
}

func routerLISP(c *Context, a Args) error {
	if a.Has("no") {
		c.Config.LISP = nil
		return nil
	}
	c.lisp()
	c.enter(frame{mode: RouterLISP})
	return nil
}

// lisp returns the `router lisp` block of the candidate; one that another session removed comes back.
func (c *Context) lisp() *devices.LISP {
	if c.Config.LISP == nil {
		c.Config.LISP = &devices.LISP{}
	}
	return c.Config.LISP
}

func printRouterLISP(cfg *devices.Config, p *Printer) {
	if cfg.LISP != nil {
		p.block(frame{mode: RouterLISP}, true, "router lisp")
	}
}

// exits are the lines that close the blocks of the hierarchical form.
var exits = []struct {
	line string
	of   []grammar.Mode
}{
	{"exit-router-lisp", []grammar.Mode{RouterLISP}},
	{"exit-locator-set", []grammar.Mode{LocatorSet}},
	{"exit-service-ipv4", []grammar.Mode{ServiceIPv4, InstanceIPv4}},
	{"exit-service-ipv6", []grammar.Mode{ServiceIPv6, InstanceIPv6}},
	{"exit-instance-id", []grammar.Mode{Instance}},
	{"exit-site", []grammar.Mode{Site}},
}

func exitRows() []Row {
	var rows []Row
	for _, e := range exits {
		rows = append(rows, Row{Modes: e.of, Syntax: e.line, Releases: hierarchicalForm,
			Help: grammar.Words{e.line: "Exit from this block of the LISP configuration"},
			Run:  exitConfig})
	}
	return rows
}

// exitLine is the line that closes a block when a release prints it.
func exitLine(rel devices.Release, m grammar.Mode) string {
	for _, e := range exits {
		if rel.HierarchicalLISP() && slices.Contains(e.of, m) {
			return e.line
		}
	}
	return "exit"
}
