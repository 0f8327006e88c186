package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showAccessListsRows() []Row {
	clear := func(c *Context, a Args) error {
		if !c.Device.ClearAccessLists(a.String("list")) {
			return refuse("%%Access-list %s not found.", a.String("list"))
		}
		return nil
	}
	return []Row{
		{Modes: anyExec, Syntax: "show access-lists [WORD$list]",
			Help: grammar.Words{"show access-lists": "List access lists", "show access-lists WORD": "ACL name or number"},
			Run:  showAccessLists},
		{Modes: anyExec, Syntax: "show ip access-lists [WORD$list]",
			Help: grammar.Words{"show ip access-lists": "List IP access lists", "show ip access-lists WORD": "ACL name or number"},
			Run:  showAccessLists},
		{Modes: []grammar.Mode{Exec}, Syntax: "clear access-list counters [WORD$list]",
			Help: grammar.Words{
				"clear access-list":               "Clear access list statistical information",
				"clear access-list counters":      "Clear access list counters",
				"clear access-list counters WORD": "Access list name or number",
			},
			Run: clear},
		{Modes: []grammar.Mode{Exec}, Syntax: "clear ip access-list counters [WORD$list]",
			Help: grammar.Words{
				"clear ip access-list":               "Clear access list statistical information",
				"clear ip access-list counters":      "Clear access list counters",
				"clear ip access-list counters WORD": "Access list name or number",
			},
			Run: clear},
	}
}

func showAccessLists(c *Context, a Args) error {
	_, err := io.WriteString(c.Out, accessListsText(c.Device.AccessLists(), a.String("list")))
	return err
}

// accessListsText is `show access-lists` of one list, or with "" of all: standard ones before extended ones. Remarks are not
// shown.
func accessListsText(lists []devices.AccessListState, name string) string {
	lists = slices.Clone(lists)
	slices.SortStableFunc(lists, func(a, b devices.AccessListState) int { return boolInt(a.Extended) - boolInt(b.Extended) })
	var b strings.Builder
	for _, l := range lists {
		if name != "" && l.Name != name {
			continue
		}
		kind := "Standard"
		if l.Extended {
			kind = "Extended"
		}
		fmt.Fprintf(&b, "%s IP access list %s\n", kind, l.Name)
		for i, e := range l.Entries {
			if e.Remark == "" {
				fmt.Fprintf(&b, "    %d %s%s\n", e.Sequence, shownEntryText(e, l.Extended), matchesText(l.Hits[i]))
			}
		}
	}
	return b.String()
}

// shownEntryText is an entry as it is shown, which is not quite as a configuration says it.
func shownEntryText(e devices.AccessEntry, extended bool) string {
	text := accessEntryText(e, extended)
	if extended {
		return strings.Replace(text, "deny   ", "deny ", 1)
	}
	if e.Source.Addr.IsValid() && !e.Source.Wildcard.IsUnspecified() {
		return strings.Replace(text, " "+e.Source.Wildcard.String(), ", wildcard bits "+e.Source.Wildcard.String(), 1)
	}
	return text
}

// matchesText tells how many packets an entry has matched; nothing where there were none.
func matchesText(n uint64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " (1 match)"
	}
	return fmt.Sprintf(" (%d matches)", n)
}
