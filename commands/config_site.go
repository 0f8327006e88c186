package commands

import (
	"cmp"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

func siteRows() []Row {
	only := []grammar.Mode{Site}
	return []Row{
		{Modes: []grammar.Mode{RouterLISP}, Syntax: "site WORD$site", No: "site WORD$site",
			Help:    grammar.Words{"site": "Configure a LISP Site on a Map Server", "site WORD": "Site name"},
			Run:     selectSite,
			Print:   printSites,
			Example: "router lisp\n site A"},
		{Modes: only, Syntax: "description LINE$text", No: "description [LINE$text]",
			Help: grammar.Words{
				"config-router-lisp-site: description":      "Site description",
				"config-router-lisp-site: description LINE": "Up to 80 characters describing this site",
			},
			Run: func(c *Context, a Args) error {
				c.site().Description = a.String("text")
				if a.Has("no") {
					c.site().Description = ""
				}
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if text := siteOf(cfg.LISP, p.frame.subject).Description; text != "" {
					p.Line("description %s", text)
				}
			},
			Example: "router lisp\n site A\n  description Headquarters"},
		{Modes: only, Syntax: "authentication-key [<0|7>$type] WORD$key", No: "authentication-key [[<0|7>$type] WORD$key]",
			Help: grammar.Words{
				"authentication-key":      "Configures the site's authentication key",
				"authentication-key 0":    helpKeyClear,
				"authentication-key 7":    helpKeyHidden,
				"authentication-key WORD": helpKey,
			},
			Run: func(c *Context, a Args) error {
				if a.Has("no") {
					c.site().Key = ""
					return nil
				}
				key, err := typedKey(a)
				if err == nil {
					c.site().Key = key
				}
				return err
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if key := siteOf(cfg.LISP, p.frame.subject).Key; key != "" {
					p.Line("authentication-key %s", p.keyText(key))
				}
			},
			Example: "router lisp\n site A\n  authentication-key site-a-key"},
		siteEIDRow("eid-prefix", Row{Prints: classicForm}),
		siteEIDRow("eid-record", Row{Releases: hierarchicalForm}),
	}
}

// siteEIDRow is the row of an EID prefix under the name that one form of the configuration has for it.
func siteEIDRow(name string, r Row) Row {
	r.Modes = []grammar.Mode{Site}
	r.Syntax = name + " [instance-id <0-16777214>$instance] PREFIX$eid [accept-more-specifics]"
	r.No = r.Syntax
	r.Help = grammar.Words{
		name:                               "Specifies an EID prefix that the site may register",
		name + " instance-id":              "Specifies the instance ID of the EID prefix",
		name + " instance-id <0-16777214>": "Instance ID",
		name + " PREFIX":                   "EID prefix",
		name + " accept-more-specifics":    "Accept registration of more specific EID prefixes",
	}
	r.Run = setSiteEID
	r.Print = func(cfg *devices.Config, p *Printer) {
		for _, e := range siteOf(cfg.LISP, p.frame.subject).EIDPrefixes {
			line := name + " " + instancePrefixText(e.Instance, e.Prefix)
			if e.AcceptMoreSpecifics {
				line += " accept-more-specifics"
			}
			p.Line("%s", line)
		}
	}
	r.Example = "router lisp\n site A\n  " + name + " instance-id 100 10.0.0.0/8 accept-more-specifics"
	return r
}

func selectSite(c *Context, a Args) error {
	l, name := c.lisp(), a.String("site")
	if a.Has("no") {
		before := len(l.Sites)
		l.Sites = slices.DeleteFunc(l.Sites, func(s devices.Site) bool { return s.Name == name })
		if len(l.Sites) == before {
			return refuse("%% Could not find site %s.", name)
		}
		return nil
	}
	c.enter(frame{mode: Site, subject: name})
	c.site()
	return nil
}

// site returns the site of the present mode in the candidate, and makes it when it is not there.
func (c *Context) site() *devices.Site {
	l, name := c.lisp(), c.top().subject
	if s := siteOf(l, name); s != nil {
		return s
	}
	l.Sites = append(l.Sites, devices.Site{Name: name})
	slices.SortFunc(l.Sites, func(a, b devices.Site) int { return cmp.Compare(a.Name, b.Name) })
	return siteOf(l, name)
}

func siteOf(l *devices.LISP, name string) *devices.Site {
	for i := range l.Sites {
		if l.Sites[i].Name == name {
			return &l.Sites[i]
		}
	}
	return nil
}

func printSites(cfg *devices.Config, p *Printer) {
	for _, s := range cfg.LISP.Sites {
		p.block(frame{mode: Site, subject: s.Name}, true, "site %s", s.Name)
	}
}

// setSiteEID adds, changes or removes one EID prefix. The same prefix may stand in several sites (real IOS refuses that).
func setSiteEID(c *Context, a Args) error {
	s := c.site()
	e := devices.SiteEIDPrefix{Instance: a.Uint("instance"), Prefix: a.Prefix("eid").Masked(), AcceptMoreSpecifics: a.Has("accept-more-specifics")}
	i, found := slices.BinarySearchFunc(s.EIDPrefixes, e, compareSiteEIDs)
	switch {
	case a.Has("no") && !found:
		return refuse("%% EID prefix %s is not configured in site %s.", instancePrefixText(e.Instance, e.Prefix), s.Name)
	case a.Has("no"):
		s.EIDPrefixes = slices.Delete(s.EIDPrefixes, i, i+1)
	case found:
		s.EIDPrefixes[i] = e
	default:
		s.EIDPrefixes = slices.Insert(s.EIDPrefixes, i, e)
	}
	return nil
}

func compareSiteEIDs(a, b devices.SiteEIDPrefix) int {
	return lispcore.NewEID(a.Instance, a.Prefix).Compare(lispcore.NewEID(b.Instance, b.Prefix))
}
