package enginetest

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file shows what routers know, as tables.

// since writes how long ago something was.
func (b *Bed) since(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return clock(b.now.Sub(t))
}

// Sites shows what a Map-Server knows: one line per row of `show lisp site`, and one per registration of it.
func (n *Node) Sites() string {
	var w strings.Builder
	for _, s := range n.MS.Snapshot().Sites {
		fmt.Fprintf(&w, "site %s\n", s.Name)
		for _, en := range s.Entries {
			star := ""
			if en.AcceptMoreSpecifics {
				star = "*"
			}
			n.bed.row(&w, EID(en.EID)+star, en.Exact)
			for _, p := range en.MoreSpecifics {
				n.bed.row(&w, "  "+EID(p.EID), p)
			}
		}
	}
	return w.String()
}

// row writes a prefix with its registrations, the newest first; # marks a reliable one.
func (b *Bed) row(w *strings.Builder, label string, p mapserver.Prefix) {
	if len(p.Registrations) == 0 {
		fmt.Fprintf(w, "  %-26s --\n", label)
	}
	for _, r := range p.Registrations {
		mark := " "
		if r.Reliable {
			mark = "#"
		}
		etr := &Node{Addr: r.ETR}
		what := strings.TrimPrefix(record(etr, true, wire.Record{Mapping: r.Mapping, Authoritative: true}), EID(p.EID))
		line := fmt.Sprintf("  %-26s %s %-6s first %s last %s%s", label, mark, b.nameOf(r.ETR), b.since(r.First), b.since(r.Last), what)
		w.WriteString(strings.TrimRight(line, " ") + "\n")
		label = ""
	}
}

// Database shows what an ETR registers, and its state at each map server.
func (n *Node) Database() string {
	var w strings.Builder
	for _, en := range n.ETR.Snapshot().Database {
		for _, s := range en.Status {
			reason := ""
			if s.Reason != 0 {
				reason = "  " + s.Reason.String()
			}
			fmt.Fprintf(&w, "  %-22s %-8s %-8s acked %s%s\n", EID(en.Mapping.EID), n.bed.nameOf(s.MapServer), s.State, n.bed.since(s.Acked), reason)
		}
	}
	return w.String()
}

// States lists the states of an ETR's prefixes at its first map server, in one line.
func (n *Node) States() string {
	var states []string
	for _, en := range n.ETR.Snapshot().Database {
		state := etr.NoState
		if len(en.Status) > 0 {
			state = en.Status[0].State
		}
		states = append(states, state.String())
	}
	return strings.Join(states, " ")
}

// ShowSessions shows the sessions of a router: state, since when, messages in and out, and the users.
func (n *Node) ShowSessions() string {
	var w strings.Builder
	for _, s := range n.Sessions.Snapshot() {
		state := s.State.String()
		fmt.Fprintf(&w, "  %-6s %-5s %-9s %d/%d  users:", n.bed.nameOf(s.Peer), state, n.bed.since(s.Since), s.In, s.Out)
		for _, u := range s.Users {
			fmt.Fprintf(&w, " %s %d/%d", user(s, u), u.In, u.Out)
		}
		for _, c := range []struct {
			n    uint64
			name string
		}{{s.Malformed, "malformed"}, {s.Unsupported, "unsupported"}, {s.Errors, "errors"}} {
			if c.n > 0 {
				fmt.Fprintf(&w, "  %s: %d", c.name, c.n)
			}
		}
		w.WriteString("\n")
	}
	return w.String()
}

func user(s session.Snapshot, u session.User) string {
	if u.Service.Family == 0 {
		return fmt.Sprintf("[%d]", u.Service.Instance)
	}
	family := map[lispcore.Family]string{lispcore.IPv4: "v4", lispcore.IPv6: "v6"}[u.Service.Family]
	return fmt.Sprintf("[%d]%s", u.Service.Instance, family)
}

// Counters shows the counters of a router's engines that are not zero; those of the Map-Resolver have its name before them.
func (n *Node) Counters() string {
	var list []string
	if n.ETR != nil {
		list = counters(list, "", reflect.ValueOf(n.ETR.Snapshot().Counters))
	}
	if n.MS != nil {
		list = counters(list, "", reflect.ValueOf(n.MS.Snapshot().Counters))
	}
	if n.MR != nil {
		list = counters(list, "resolver ", reflect.ValueOf(n.MR.Snapshot().Counters))
	}
	return "  " + strings.Join(list, ", ") + "\n"
}

// counters appends the numbers in a struct of counters that are not zero.
func counters(list []string, prefix string, v reflect.Value) []string {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Uint64 && f.Uint() > 0 {
			list = append(list, fmt.Sprintf("%s%s %d", prefix, v.Type().Field(i).Name, f.Uint()))
		}
	}
	return list
}
