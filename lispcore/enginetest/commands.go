package enginetest

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

// The commands of a scenario. "no" before a configuration command takes it back, "silently" before any hides what passed.
//
//	etr NAME ADDR [old] [replay] [jitter]        ms NAME ADDR [old] [replay]        puppet NAME ADDR
//	database ETR EID... [rloc=A/PRI/WEIGHT]...   exactly these prefixes; 10.0.0.0/24+300 is 300 of them, rloc=A+9/1/1 nine locators
//	mapping ETR EID [rloc=...]                   one more, or another mapping for it; no mapping ETR EID
//	map-server ETR MS KEY [ipv4|ipv6]            no map-server ETR MS [ipv4|ipv6]
//	route ETR MS up|down                         the ETR's own RLOC towards the Map-Server
//	site MS NAME KEY EID[*]...                   * accepts more specifics; no site MS NAME
//	family MS ipv4|ipv6|both|none
//	hold NODE ... apply NODE                     the changes between are one
//	advance 1m30s
//	cut A B, restore A B, drop A B N, flip A B N, refuse A, listen A, stop A, start A
//	close A B, reset A B, timeout A B            the end of their connection, by A
//	clear-site MS NAME|*, clear-session NODE [PEER]
//	mr NAME ADDR, resolver MS [limit=N]          a Map-Resolver of its own, or in front of a Map-Server
//	itr XTR MR..., pitr XTR MR...                an ETR becomes an ITR, or a proxy ITR; probing XTR
//	petr ETR, use-petr ITR ADDR, static ITR [INSTANCE]PREFIX map-request|native|drop
//	proxy ETR [on|off]                           Map-Servers shall answer for it; merge ETR EID...: and merge the locators of these
//	packet ITR SOURCE DESTINATION [instance=N] [times=N]       a packet that the router has to forward
//	lig ITR EID, unroute NODE ADDR               no unroute NODE ADDR; debug NODE, no debug NODE
//	send FROM TO MESSAGE, open FROM TO, write FROM TO MESSAGE [; MESSAGE]...       a puppet's doings, see puppet.go
//	show sites MS, show database ETR, show sessions NODE, show counters NODE, show requests MS, show cache ITR
var commands = map[string]func(p *Player, no bool, args []string) (shown string){
	"etr": (*Player).etr, "ms": (*Player).ms, "puppet": (*Player).puppet,
	"database": (*Player).database, "mapping": (*Player).mapping, "map-server": (*Player).mapServer, "route": (*Player).route,
	"site": (*Player).site, "family": (*Player).family, "hold": (*Player).hold, "apply": (*Player).apply,
	"advance": (*Player).advance,
	"cut":     (*Player).cut, "restore": (*Player).restore, "drop": (*Player).drop, "flip": (*Player).flip,
	"refuse": (*Player).refuse, "listen": (*Player).listen, "stop": (*Player).stop, "start": (*Player).start,
	"close":      func(p *Player, _ bool, a []string) string { return p.end(a, lispcore.ClosedByPeer) },
	"reset":      func(p *Player, _ bool, a []string) string { return p.end(a, lispcore.ClosedByReset) },
	"timeout":    func(p *Player, _ bool, a []string) string { return p.end(a, lispcore.ClosedByTimeout) },
	"clear-site": (*Player).clearSite, "clear-session": (*Player).clearSession,
	"mr": (*Player).mr, "resolver": (*Player).resolver, "itr": (*Player).itr, "pitr": (*Player).pitr, "probing": (*Player).probing,
	"petr": (*Player).petr, "use-petr": (*Player).usePETR, "static": (*Player).static, "proxy": (*Player).proxy, "merge": (*Player).merge,
	"packet": (*Player).packet, "lig": (*Player).lig, "unroute": (*Player).unroute, "debug": (*Player).debug,
	"send": (*Player).send, "open": (*Player).open, "write": (*Player).write, "show": (*Player).show,
}

func (p *Player) node(args []string, i int) *Node {
	mustf(i < len(args), "the name of a router is missing")
	j := slices.IndexFunc(p.bed.nodes, func(n *Node) bool { return n.Name == args[i] })
	mustf(j >= 0, "no router %s", args[i])
	return p.bed.nodes[j]
}

// configured tells the router its new configuration, unless it is held back.
func (p *Player) configured(n *Node) string {
	if !p.held[n] {
		n.Configure()
	}
	return ""
}

func (p *Player) hold(_ bool, args []string) string {
	p.held[p.node(args, 0)] = true
	return ""
}

func (p *Player) apply(_ bool, args []string) string {
	n := p.node(args, 0)
	delete(p.held, n)
	return p.configured(n)
}

func (p *Player) etr(_ bool, args []string) string {
	cfg := etr.Config{
		XTRID: wire.XTRID{15: byte(len(p.bed.nodes) + 1)}, Reliable: !slices.Contains(args, "old"),
		ReplayCheck: slices.Contains(args, "replay"), Jitter: slices.Contains(args, "jitter"),
	}
	p.bed.AddETR(args[0], args[1], cfg)
	return ""
}

func (p *Player) ms(_ bool, args []string) string {
	p.bed.AddMapServer(args[0], args[1], mapserver.Config{
		IPv4: true, IPv6: true, Reliable: !slices.Contains(args, "old"), ReplayCheck: slices.Contains(args, "replay"),
	})
	return ""
}

func (p *Player) puppet(_ bool, args []string) string {
	p.bed.AddPuppet(args[0], args[1])
	return ""
}

func (p *Player) database(_ bool, args []string) string {
	n := p.node(args, 0)
	n.ETRConfig.Database = mappings(n, args[1:])
	return p.configured(n)
}

func (p *Player) mapping(no bool, args []string) string {
	n := p.node(args, 0)
	for _, m := range mappings(n, args[1:]) {
		n.ETRConfig.Database = slices.DeleteFunc(slices.Clone(n.ETRConfig.Database), func(o lispcore.Mapping) bool { return o.EID == m.EID })
		if !no {
			n.ETRConfig.Database = append(n.ETRConfig.Database, m)
		}
	}
	return p.configured(n)
}

func families(args []string) []lispcore.Family {
	switch {
	case slices.Contains(args, "ipv4"):
		return []lispcore.Family{lispcore.IPv4}
	case slices.Contains(args, "ipv6"):
		return []lispcore.Family{lispcore.IPv6}
	}
	return []lispcore.Family{lispcore.IPv4, lispcore.IPv6}
}

func (p *Player) mapServer(no bool, args []string) string {
	n, ms := p.node(args, 0), p.node(args, 1)
	for _, family := range families(args) {
		same := func(l etr.MapServerConfig) bool { return l.Addr == ms.Addr && l.Family == family }
		lines := slices.Clone(n.ETRConfig.MapServers)
		switch i := slices.IndexFunc(lines, same); {
		case no:
			lines = slices.DeleteFunc(lines, same)
		case i >= 0:
			lines[i].Key = args[2]
		default:
			lines = append(lines, etr.MapServerConfig{Addr: ms.Addr, Family: family, Key: args[2], Local: n.Addr})
		}
		n.ETRConfig.MapServers = lines
	}
	return p.configured(n)
}

func (p *Player) route(_ bool, args []string) string {
	n, ms := p.node(args, 0), p.node(args, 1)
	lines := slices.Clone(n.ETRConfig.MapServers)
	for i := range lines {
		if lines[i].Addr == ms.Addr {
			lines[i].Local = netip.Addr{}
			if args[2] == "up" {
				lines[i].Local = n.Addr
			}
		}
	}
	n.ETRConfig.MapServers = lines
	return p.configured(n)
}

func (p *Player) site(no bool, args []string) string {
	n := p.node(args, 0)
	sites := slices.Clone(n.MSConfig.Sites)
	i := slices.IndexFunc(sites, func(s mapserver.SiteConfig) bool { return s.Name == args[1] })
	if no {
		mustf(i >= 0, "no site %s", args[1])
		n.MSConfig.Sites = slices.Delete(sites, i, i+1)
		return p.configured(n)
	}
	s := mapserver.SiteConfig{Name: args[1], Key: args[2]}
	for _, word := range args[3:] {
		bare, more := strings.CutSuffix(word, "*")
		s.EIDs = append(s.EIDs, mapserver.SiteEID{EID: ParseEID(bare), AcceptMoreSpecifics: more})
	}
	if i < 0 {
		sites = append(sites, s)
	} else {
		sites[i] = s
	}
	n.MSConfig.Sites = sites
	return p.configured(n)
}

func (p *Player) family(_ bool, args []string) string {
	n := p.node(args, 0)
	n.MSConfig.IPv4 = args[1] == "ipv4" || args[1] == "both"
	n.MSConfig.IPv6 = args[1] == "ipv6" || args[1] == "both"
	return p.configured(n)
}

func (p *Player) advance(_ bool, args []string) string {
	d, err := time.ParseDuration(args[0])
	mustf(err == nil, "%v", err)
	p.bed.Advance(d)
	return ""
}

func (p *Player) cut(_ bool, args []string) string {
	p.bed.Cut(p.node(args, 0), p.node(args, 1))
	return ""
}

func (p *Player) restore(_ bool, args []string) string {
	p.bed.Restore(p.node(args, 0), p.node(args, 1))
	return ""
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	mustf(err == nil, "%v", err)
	return n
}

func (p *Player) drop(_ bool, args []string) string {
	p.bed.Drop(p.node(args, 0), p.node(args, 1), number(args[2]))
	return ""
}

func (p *Player) flip(_ bool, args []string) string {
	p.bed.Flip(p.node(args, 0), p.node(args, 1), number(args[2]))
	return ""
}

func (p *Player) refuse(_ bool, args []string) string {
	p.node(args, 0).Refuse(true)
	return ""
}

func (p *Player) listen(_ bool, args []string) string {
	p.node(args, 0).Refuse(false)
	return ""
}

func (p *Player) stop(_ bool, args []string) string {
	p.node(args, 0).Stop()
	return ""
}

func (p *Player) start(_ bool, args []string) string {
	p.node(args, 0).Start()
	return ""
}

func (p *Player) end(args []string, reason lispcore.CloseReason) string {
	n, peer := p.node(args, 0), p.node(args, 1)
	mustf(p.bed.Between(n, peer) != 0, "%s and %s have no connection", n.Name, peer.Name)
	p.bed.End(n, peer, reason)
	return ""
}

func (p *Player) clearSite(_ bool, args []string) string {
	n := p.node(args, 0)
	found := n.MS.ClearSite(p.bed.now, args[1])
	n.drain()
	if !found {
		return "  no such site\n"
	}
	return ""
}

func (p *Player) clearSession(_ bool, args []string) string {
	n := p.node(args, 0)
	var peer netip.Addr
	if len(args) > 1 {
		peer = p.node(args, 1).Addr
	}
	if n.ETR != nil {
		n.ETR.ClearSessions(p.bed.now, peer)
	} else {
		n.MS.ClearSessions(p.bed.now, peer)
	}
	n.drain()
	return ""
}

func (p *Player) show(_ bool, args []string) string {
	n := p.node(args, 1)
	p.bed.Settle()
	switch args[0] {
	case "sites":
		return n.Sites()
	case "database":
		return n.Database()
	case "sessions":
		return n.ShowSessions()
	case "counters":
		return n.Counters()
	case "requests":
		return n.Requests()
	case "cache":
		return n.Cache()
	}
	panic(mistake("show what?"))
}

// ParseEID reads "10.1.0.0/24" or "[100]10.1.0.0/24".
func ParseEID(text string) lispcore.EID {
	instance := 0
	if rest, ok := strings.CutPrefix(text, "["); ok {
		iid, prefix, found := strings.Cut(rest, "]")
		mustf(found, "no EID: %s", text)
		instance, text = number(iid), prefix
	}
	prefix, err := netip.ParsePrefix(text)
	mustf(err == nil, "%v", err)
	return lispcore.NewEID(uint32(instance), prefix)
}

// mappings reads "EID... [rloc=A/PRI/WEIGHT]... [ttl=N]". Without locators it is the router's own RLOC, 1/100.
func mappings(n *Node, words []string) []lispcore.Mapping {
	eids, locators, ttl := parseMappings(n, words)
	list := make([]lispcore.Mapping, 0, len(eids))
	for _, eid := range eids {
		list = append(list, lispcore.Mapping{EID: eid, TTL: ttl, Locators: slices.Clone(locators)})
	}
	return list
}

func parseMappings(n *Node, words []string) (eids []lispcore.EID, locators []lispcore.Locator, ttl uint32) {
	ttl = usualTTL
	for _, word := range words {
		key, value, option := strings.Cut(word, "=")
		switch {
		case option && key == "ttl":
			ttl = uint32(number(value))
		case option && key == "rloc":
			parts := strings.Split(value, "/")
			mustf(len(parts) == 3, "not ADDRESS/PRIORITY/WEIGHT: %s", value)
			priority, weight := uint8(number(parts[1])), uint8(number(parts[2]))
			first, count, many := strings.Cut(parts[0], "+")
			if !many {
				count = "1"
			}
			rloc := netip.MustParseAddr(first)
			for range number(count) {
				locators = append(locators, lispcore.Locator{
					RLOC: rloc, Priority: priority, Weight: weight, MPriority: priority, MWeight: weight, Local: rloc == n.Addr, Reachable: true,
				})
				rloc = rloc.Next()
			}
		case option:
			panic(mistake("unknown option " + key))
		default:
			first, count, many := strings.Cut(word, "+")
			eid := ParseEID(first)
			eids = append(eids, eid)
			if many {
				for range number(count) - 1 {
					eid.Prefix = following(eid.Prefix)
					eids = append(eids, eid)
				}
			}
		}
	}
	if locators == nil {
		locators = []lispcore.Locator{{RLOC: n.Addr, Priority: 1, Weight: 100, MPriority: 1, MWeight: 100, Local: true, Reachable: true}}
	}
	return eids, locators, ttl
}

// following is the prefix of the same length behind p.
func following(p netip.Prefix) netip.Prefix {
	b := p.Addr().AsSlice()
	for i, carry := (p.Bits()-1)/8, 1<<(7-(p.Bits()-1)%8); i >= 0 && carry > 0; i-- {
		sum := int(b[i]) + carry
		b[i], carry = byte(sum), sum>>8
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(a, p.Bits())
}
