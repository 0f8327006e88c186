package commands

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// What an extended entry says of one side, and of the ports of TCP and UDP there. Each %s is "s" for the source and "d" for
// the destination.
const (
	accessSide = "<any | host A.B.C.D$%[1]shost | A.B.C.D$%[1]saddr A.B.C.D$%[1]swildcard>"
	accessPort = "[eq WORD$%[1]seq | gt <0-65534>$%[1]sgt | lt <2-65535>$%[1]slt | range <0-65535>$%[1]sfirst <0-65535>$%[1]slast]"
)

// extendedSyntax are the forms of an extended entry: of the protocols without ports, of UDP and of TCP.
func extendedSyntax() []string {
	from, to := fmt.Sprintf(accessSide, "s"), fmt.Sprintf(accessSide, "d")
	ports := from + " " + fmt.Sprintf(accessPort, "s") + " " + to + " " + fmt.Sprintf(accessPort, "d")
	const action = "<deny|permit>$action "
	return []string{action + "<icmp|ip>$protocol " + from + " " + to, action + "udp$protocol " + ports, action + "tcp$protocol " + ports + " [established]"}
}

const standardSyntax = "<deny|permit>$action <any | host A.B.C.D$shost | A.B.C.D$saddr [A.B.C.D$swildcard]>"

// ports are the ports that IOS knows, and prints, by name.
type ports map[string]uint16

var portNames = map[string]ports{
	"tcp": {"bgp": 179, "domain": 53, "ftp": 21, "smtp": 25, "telnet": 23, "www": 80},
	"udp": {"bootpc": 68, "bootps": 67, "domain": 53, "ntp": 123, "snmp": 161, "syslog": 514, "tftp": 69},
}

// text is a port as IOS prints it.
func (p ports) text(port uint16) string {
	for name, n := range p {
		if n == port {
			return name
		}
	}
	return strconv.Itoa(int(port))
}

// accessListRows are the IPv4 access lists: named ones with their modes, and the lines of numbered ones.
func accessListRows() []Row {
	rows := []Row{
		{Modes: []grammar.Mode{Config},
			Syntax: "ip access-list <extended <<100-199>$number | WORD$name> | standard <<1-99>$number | WORD$name>>",
			No:     "ip access-list <extended <<100-199>$number | WORD$name> | standard <<1-99>$number | WORD$name>>",
			Help: grammar.Words{
				"ip access-list":                    "Named access-list",
				"ip access-list extended":           "Extended Access List",
				"ip access-list extended <100-199>": "Extended IP access-list number",
				"ip access-list extended WORD":      "Access-list name",
				"ip access-list standard":           "Standard Access List",
				"ip access-list standard <1-99>":    "Standard IP access-list number",
				"ip access-list standard WORD":      "Access-list name",
			},
			Run:     selectAccessList,
			Print:   printAccessLists,
			Example: "ip access-list extended NO-TCP"},
	}
	for _, list := range []struct {
		mode    grammar.Mode
		numbers string
		forms   []string
	}{
		{ExtendedList, "<100-199>", extendedSyntax()},
		{StandardList, "<1-99>", []string{standardSyntax}},
	} {
		in, global := []grammar.Mode{list.mode}, []grammar.Mode{Config}
		const remark, sequence = "remark LINE$remark", "<1-2147483647>$sequence"
		number := "access-list " + list.numbers + "$number"
		for _, form := range list.forms {
			rows = append(rows,
				Row{Modes: in, Syntax: form, No: form, Run: setAccessEntry},
				Row{Modes: in, Syntax: sequence + " " + form, Run: setAccessEntry},
				Row{Modes: global, Syntax: number + " " + form, Run: setAccessEntry})
		}
		rows = append(rows,
			Row{Modes: in, Syntax: remark, No: remark, Run: setAccessEntry},
			Row{Modes: in, Syntax: sequence + " " + remark, No: sequence, Run: setAccessEntry},
			Row{Modes: global, Syntax: number + " " + remark, No: number, Run: setAccessEntry})
	}
	rows[0].Help, _ = grammar.Merge(rows[0].Help, accessWords())
	return rows
}

// accessWords is the help of the words of entries, in the modes of lists and behind `access-list`.
func accessWords() grammar.Words {
	all := grammar.Words{
		"access-list":           "Add an access list entry",
		"access-list <1-99>":    "IP standard access list",
		"access-list <100-199>": "IP extended access list",
		"<1-2147483647>":        "Sequence Number",
	}
	source := grammar.Words{
		"any":                "Any host",
		"host":               "A single host",
		"host A.B.C.D$shost": "Source address",
		"A.B.C.D$saddr":      "Source address",
		"A.B.C.D$swildcard":  "Source wildcard bits",
	}
	destination := grammar.Words{
		"host A.B.C.D$dhost": "Destination address",
		"A.B.C.D$daddr":      "Destination address",
		"A.B.C.D$dwildcard":  "Destination wildcard bits",
	}
	ports := grammar.Words{
		"eq":              "Match only packets on a given port number",
		"eq WORD":         "Port number, or the name of a well-known port",
		"gt":              "Match only packets with a greater port number",
		"gt <0-65534>":    "Port number",
		"lt":              "Match only packets with a lower port number",
		"lt <2-65535>":    "Port number",
		"range":           "Match only packets in the range of port numbers",
		"range <0-65535>": "Port number",
	}
	add := func(before string, list grammar.Words) {
		for path, help := range list {
			all[before+path] = help
		}
	}
	for _, before := range []string{"", "access-list "} {
		add(before, grammar.Words{
			"deny": "Specify packets to reject", "permit": "Specify packets to forward",
			"remark": "Access list entry comment", "remark LINE": "Comment up to 100 characters",
		})
		const action = "deny|permit "
		add(before+action, source)
		add(before+action, grammar.Words{
			"icmp": "Internet Control Message Protocol", "ip": "Any Internet Protocol",
			"tcp": "Transmission Control Protocol", "udp": "User Datagram Protocol",
			"tcp established": "Match established connections",
		})
		add(before+action+"icmp|ip ", source)
		add(before+action+"icmp|ip ", destination)
		for _, protocol := range []string{"tcp ", "udp "} {
			add(before+action+protocol, source)
			add(before+action+protocol, destination)
			add(before+action+protocol, ports)
		}
	}
	return all
}

// selectAccessList enters a list, or removes it.
func selectAccessList(c *Context, a Args) error {
	l := devices.AccessList{Name: a.String("name"), Extended: a.Has("extended")}
	if a.Has("number") {
		l.Name = strconv.Itoa(int(a.Uint("number")))
	}
	have := findAccessList(c.Config, l.Name)
	switch n, err := strconv.Atoi(l.Name); {
	case have != nil && have.Extended != l.Extended:
		return refuse("%% Access list type conflicts with prior definition")
	case a.Has("no") && have == nil:
		return nil
	case a.Has("no"):
		return c.removeAccessList(l.Name)
	case err == nil && !a.Has("number"): // of the other kind, or of no kind
		return refuse("%% Invalid access list name: %d", n)
	}
	c.accessList(l)
	mode := StandardList
	if l.Extended {
		mode = ExtendedList
	}
	c.enter(frame{mode: mode, subject: l.Name})
	return nil
}

func (c *Context) removeAccessList(name string) error {
	c.Config.AccessLists = slices.DeleteFunc(c.Config.AccessLists, func(l devices.AccessList) bool { return l.Name == name })
	return nil
}

func findAccessList(cfg *devices.Config, name string) *devices.AccessList {
	for i := range cfg.AccessLists {
		if cfg.AccessLists[i].Name == name {
			return &cfg.AccessLists[i]
		}
	}
	return nil
}

// accessList returns a list of the candidate, and makes it when it is not there.
func (c *Context) accessList(l devices.AccessList) *devices.AccessList {
	if have := findAccessList(c.Config, l.Name); have != nil {
		return have
	}
	c.Config.AccessLists = append(c.Config.AccessLists, l)
	slices.SortFunc(c.Config.AccessLists, compareAccessLists)
	return findAccessList(c.Config, l.Name)
}

// compareAccessLists orders numbered lists by number, and the others behind them by name.
func compareAccessLists(a, b devices.AccessList) int {
	n, errA := strconv.Atoi(a.Name)
	m, errB := strconv.Atoi(b.Name)
	if errA == nil && errB == nil {
		return cmp.Compare(n, m)
	}
	return cmp.Or(-cmp.Compare(boolInt(errA == nil), boolInt(errB == nil)), cmp.Compare(a.Name, b.Name))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sequenceStep is the distance of the numbers that entries get by themselves.
const sequenceStep = 10

// setAccessEntry adds an entry to the list of the mode, or to the numbered list of the line, or removes one.
func setAccessEntry(c *Context, a Args) error {
	at := devices.AccessList{Name: c.top().subject, Extended: c.top().mode == ExtendedList}
	if a.Has("number") {
		n := a.Uint("number")
		at = devices.AccessList{Name: strconv.Itoa(int(n)), Extended: n >= 100}
	}
	only := !a.Has("action") && !a.Has("remark")
	if only && a.Has("number") {
		return c.removeAccessList(at.Name)
	}
	l := c.accessList(at)
	e, err := typedAccessEntry(a)
	if err != nil {
		return err
	}
	same := func(o devices.AccessEntry) bool {
		if only {
			return o.Sequence == e.Sequence
		}
		o.Sequence = e.Sequence
		return o == e
	}
	i := slices.IndexFunc(l.Entries, same)
	switch {
	case a.Has("no") && i < 0:
		return refuse("%%No matching entry found")
	case a.Has("no"):
		l.Entries = slices.Delete(l.Entries, i, i+1)
		return nil
	case i >= 0 && e.Remark == "": // an entry that is there already is no other one
		return nil
	case e.Sequence == 0:
		e.Sequence = sequenceStep
		if n := len(l.Entries); n > 0 {
			e.Sequence = l.Entries[n-1].Sequence + sequenceStep
		}
	}
	at2, found := slices.BinarySearchFunc(l.Entries, e, func(a, b devices.AccessEntry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	if found {
		return refuse("%% Duplicate sequence number")
	}
	l.Entries = slices.Insert(l.Entries, at2, e)
	return nil
}

// typedAccessEntry is the entry of a line.
func typedAccessEntry(a Args) (devices.AccessEntry, error) {
	e := devices.AccessEntry{
		Sequence: int(a.Uint("sequence")), Remark: a.String("remark"), Permit: a.String("action") == "permit",
		Source: typedSide(a, "s"), Destination: typedSide(a, "d"), Established: a.Has("established"),
	}
	protocol := a.String("protocol")
	switch {
	case protocol == "icmp":
		e.Protocol = devices.ICMPProtocol
	case protocol == "tcp":
		e.Protocol = devices.TCPProtocol
	case protocol == "udp":
		e.Protocol = devices.UDPProtocol
	}
	var err error
	if e.SourcePort, err = typedPort(a, "s", portNames[protocol]); err == nil {
		e.DestinationPort, err = typedPort(a, "d", portNames[protocol])
	}
	return e, err
}

func typedSide(a Args, side string) devices.AccessAddr {
	none := netip.IPv4Unspecified()
	switch {
	case a.Has(side + "host"):
		return devices.AccessAddr{Addr: a.Addr(side + "host"), Wildcard: none}
	case !a.Has(side + "addr"):
		return devices.AccessAddr{}
	}
	s := devices.AccessAddr{Addr: a.Addr(side + "addr"), Wildcard: none}
	if a.Has(side + "wildcard") {
		s.Wildcard = a.Addr(side + "wildcard")
	}
	if s.Wildcard == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return devices.AccessAddr{} // any
	}
	addr, wild := s.Addr.As4(), s.Wildcard.As4()
	for i := range addr {
		addr[i] &^= wild[i]
	}
	s.Addr = netip.AddrFrom4(addr)
	return s
}

func typedPort(a Args, side string, names ports) (devices.AccessPort, error) {
	number := func(name string) uint16 { return uint16(a.Uint(side + name)) }
	const last = 1<<16 - 1
	switch {
	case a.Has(side + "eq"):
		n, named := names[strings.ToLower(a.String(side+"eq"))]
		if !named {
			typed, err := strconv.ParseUint(a.String(side+"eq"), 10, 16)
			if err != nil || typed == 0 {
				return devices.AccessPort{}, a.Invalid(side+"eq", "<1-65535>")
			}
			n = uint16(typed)
		}
		return devices.AccessPort{First: n, Last: n}, nil
	case a.Has(side + "gt"):
		return devices.AccessPort{First: number("gt") + 1, Last: last}, nil
	case a.Has(side + "lt"):
		return devices.AccessPort{Last: number("lt") - 1}, nil
	case a.Has(side + "first"):
		p := devices.AccessPort{First: number("first"), Last: number("last")}
		if p.First > p.Last {
			p.First, p.Last = p.Last, p.First
		}
		if p == (devices.AccessPort{}) || p == (devices.AccessPort{Last: last}) {
			return devices.AccessPort{}, a.Invalid(side + "last")
		}
		return p, nil
	}
	return devices.AccessPort{}, nil
}

// accessEntryText is an entry as IOS prints it, without its number.
func accessEntryText(e devices.AccessEntry, extended bool) string {
	if e.Remark != "" {
		return "remark " + e.Remark
	}
	words := []string{"deny  "}
	if e.Permit {
		words[0] = "permit"
	}
	if !extended {
		return words[0] + " " + strings.TrimPrefix(sideText(e.Source), "host ")
	}
	name := map[devices.AccessProtocol]string{devices.AnyProtocol: "ip", devices.ICMPProtocol: "icmp", devices.TCPProtocol: "tcp", devices.UDPProtocol: "udp"}[e.Protocol]
	words = append(words, name, sideText(e.Source)+portText(e.SourcePort, name), sideText(e.Destination)+portText(e.DestinationPort, name))
	if e.Established {
		words = append(words, "established")
	}
	return strings.Join(words, " ")
}

func sideText(s devices.AccessAddr) string {
	switch {
	case !s.Addr.IsValid():
		return "any"
	case s.Wildcard.IsUnspecified():
		return "host " + s.Addr.String()
	}
	return s.Addr.String() + " " + s.Wildcard.String()
}

// portText is a range of ports behind an address, with the blank before it.
func portText(p devices.AccessPort, protocol string) string {
	names := portNames[protocol]
	switch {
	case p == devices.AccessPort{}:
		return ""
	case p.First == p.Last:
		return " eq " + names.text(p.First)
	case p.Last == 1<<16-1:
		return " gt " + strconv.Itoa(int(p.First)-1)
	case p.First == 0:
		return " lt " + strconv.Itoa(int(p.Last)+1)
	}
	return fmt.Sprintf(" range %d %d", p.First, p.Last)
}

// printAccessLists prints the named lists as blocks. The older releases print a numbered list line by line, behind them.
func printAccessLists(cfg *devices.Config, p *Printer) {
	flat := func(l devices.AccessList) bool {
		_, err := strconv.Atoi(l.Name)
		return err == nil && classicForm(p.rel)
	}
	for _, l := range cfg.AccessLists {
		if flat(l) {
			continue
		}
		kind := "standard"
		if l.Extended {
			kind = "extended"
		}
		p.Line("ip access-list %s %s", kind, l.Name)
		for _, e := range l.Entries {
			if classicForm(p.rel) { // the older releases keep no numbers in a configuration
				p.Line(" %s", accessEntryText(e, l.Extended))
			} else {
				p.Line(" %d %s", e.Sequence, accessEntryText(e, l.Extended))
			}
		}
		p.separator()
	}
	for _, l := range cfg.AccessLists {
		if !flat(l) {
			continue
		}
		for _, e := range l.Entries {
			p.Line("access-list %s %s", l.Name, accessEntryText(e, l.Extended))
		}
		p.separator()
	}
}

// accessGroupRow puts an access list at an interface.
func accessGroupRow(only []grammar.Mode) Row {
	return Row{Modes: only, Syntax: "ip access-group WORD$list <in|out>$way", No: "ip access-group WORD$list <in|out>$way",
		Help: grammar.Words{
			"ip access-group":      "Specify access control for packets",
			"ip access-group WORD": "IP access list, by number or name",
			"ip access-group in":   "inbound packets",
			"ip access-group out":  "outbound packets",
		},
		Run: func(c *Context, a Args) error {
			itf := c.boundInterface()
			list := &itf.AccessIn
			if a.String("way") == "out" {
				list = &itf.AccessOut
			}
			if *list = a.String("list"); a.Has("no") {
				*list = ""
			}
			return nil
		},
		Print: func(cfg *devices.Config, p *Printer) {
			itf := interfaceAt(cfg, p.frame)
			if itf.AccessIn != "" {
				p.Line("ip access-group %s in", itf.AccessIn)
			}
			if itf.AccessOut != "" {
				p.Line("ip access-group %s out", itf.AccessOut)
			}
		},
		Example: "interface GigabitEthernet0/0\n ip access-group NO-TCP in"}
}
