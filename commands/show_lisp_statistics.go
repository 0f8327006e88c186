package commands

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
)

// showLISPStatisticsRows show what the roles of a router have counted, and set it to 0.
func showLISPStatisticsRows() []Row {
	rows := func(ip string, family lispcore.Family) []Row {
		show, clear := "show "+ip+" lisp statistics", "clear "+ip+" lisp statistics"
		help, clearing := lispTableWords(show), lispTableWords(clear)
		help[show], clearing[clear] = "LISP address family packet counts", "LISP address family packet counts"
		return []Row{
			{Modes: anyExec, Syntax: show + " " + lispTable, Help: help,
				Run: func(c *Context, a Args) error { return showLISPStatistics(c, a, family) }},
			{Modes: []grammar.Mode{Exec}, Syntax: clear + " " + lispTable, Help: clearing,
				Run: func(c *Context, a Args) error {
					table, err := lispTableAt(c, a)
					if err != nil {
						return err
					}
					c.Device.ClearLISPStatistics(lispcore.Service{Instance: table.Instance, Family: family})
					return nil
				}},
		}
	}
	return append(rows("ip", lispcore.IPv4), rows("ipv6", lispcore.IPv6)...)
}

func showLISPStatistics(c *Context, a Args, family lispcore.Family) error {
	table, err := lispTableAt(c, a)
	if err != nil {
		return err
	}
	return statisticsOf(c, lispcore.Service{Instance: table.Instance, Family: family}).write(c.Out)
}

// lispTableAt is the EID table that a line is about.
func lispTableAt(c *Context, a Args) (devices.EIDTable, error) {
	cfg := c.Device.Config()
	if cfg.LISP == nil {
		return devices.EIDTable{}, errNoLISP
	}
	return findEIDTable(cfg.LISP, a)
}

// statisticsView is what `show ip lisp statistics` prints of one instance and address family, and of the router as a whole.
type statisticsView struct {
	service  lispcore.Service
	now      time.Time
	cleared  time.Time
	itr      *itr.ServiceState // nil without that role, as the others
	itrAll   itr.Counters
	etr      *etr.ServiceCounters
	etrAll   *etr.Snapshot
	server   *mapserver.Counters
	resolver *mapresolver.Counters
	// shared tells that counters of Map-Server and Map-Resolver, which count a family's instances together, are shown too: they
	// stand with the table of the default VRF.
	shared bool
	plane  devices.PlaneCounters
}

func statisticsOf(c *Context, service lispcore.Service) statisticsView {
	v := statisticsView{service: service, now: c.Lab.Now(), cleared: c.Device.StatisticsCleared(service), plane: c.Device.PacketCounters()}
	if snap, ok := c.Device.ITR(); ok {
		v.itrAll = snap.Counters
		if state, ok := snap.Service(service); ok {
			v.itr = &state
		}
	}
	if snap, ok := c.Device.ETR(); ok {
		v.etrAll = &snap
		for i := range snap.Services {
			if snap.Services[i].Service == service {
				v.etr = &snap.Services[i]
			}
		}
	}
	if snap, ok := c.Device.MapServer(); ok {
		v.server = &snap.Counters
	}
	if snap, ok := c.Device.MapResolver(); ok {
		v.resolver = &snap.Counters
	}
	v.shared = eidTableOf(c.Device.Config().LISP, "").Instance == service.Instance
	return v
}

// statisticsColumn is where the values stand.
const statisticsColumn = 52

// statisticsPage is a page of labels and values.
type statisticsPage struct{ strings.Builder }

func (p *statisticsPage) line(indent int, label, format string, args ...any) {
	fmt.Fprintf(p, "%*s%-*s %s\n", indent, "", statisticsColumn-indent-1, label+":", fmt.Sprintf(format, args...))
}

// count prints a number, inOut two of them, some one that is not 0.
func (p *statisticsPage) count(indent int, label string, n uint64) { p.line(indent, label, "%d", n) }
func (p *statisticsPage) inOut(indent int, label string, in, out uint64) {
	p.line(indent, label, "%d/%d", in, out)
}
func (p *statisticsPage) some(indent int, label string, n uint64) {
	if n > 0 {
		p.count(indent, label, n)
	}
}

func (v statisticsView) write(w io.Writer) error {
	var p statisticsPage
	fmt.Fprintf(&p, "LISP EID Statistics for instance ID %d - last cleared: %s\n", v.service.Instance, age(v.now, v.cleared))
	v.control(&p)
	v.cache(&p)
	v.forwarding(&p)
	if v.itr != nil && len(v.itr.Resolvers) > 0 {
		p.WriteString("ITR Map-Resolvers:\n")
		if err := v.resolvers(&p); err != nil {
			return err
		}
	}
	p.WriteString("LISP RLOC Statistics - last cleared: never\n")
	v.formatErrors(&p)
	p.WriteString("LISP Miscellaneous Statistics - last cleared: never\n")
	v.miscellaneous(&p)
	_, err := io.WriteString(w, p.String())
	return err
}

// parts are the counters of the view, zero where a role is not there.
func (v statisticsView) parts() (i itr.Statistics, e etr.ServiceCounters, s mapserver.FamilyCounters, r mapresolver.FamilyCounters) {
	if v.itr != nil {
		i = v.itr.Statistics
	}
	if v.etr != nil {
		e = *v.etr
	}
	v4 := v.service.Family == lispcore.IPv4
	if v.server != nil && v.shared {
		if s = v.server.IPv6; v4 {
			s = v.server.IPv4
		}
	}
	if v.resolver != nil && v.shared {
		if r = v.resolver.IPv6; v4 {
			r = v.resolver.IPv4
		}
	}
	return i, e, s, r
}

func (v statisticsView) control(p *statisticsPage) {
	i, e, s, r := v.parts()
	refused := s.NegativeOut + s.PolicyDenied + s.NoReachableETR + r.Negative // without a mapping
	p.WriteString("Control Packets:\n")
	p.inOut(2, "Map-Requests in/out", e.MapRequestsIn+i.SMRsIn+r.RequestsIn, i.MapRequestsOut+e.SMRsOut)
	p.inOut(4, "Encapsulated Map-Requests in/out", e.EncapsulatedIn+r.RequestsIn, i.EncapsulatedOut)
	p.inOut(4, "RLOC-probe Map-Requests in/out", e.ProbesIn, i.ProbesOut)
	p.inOut(4, "SMR-based Map-Requests in/out", i.SMRsIn, e.SMRsOut)
	p.count(4, "SMR-invoked Map-Requests out", i.SMRInvokedOut)
	p.inOut(4, "Map-Requests expired on-queue/no-reply", 0, i.RequestsUnanswered)
	p.count(4, "Map-Resolver Map-Requests forwarded", r.Forwarded)
	p.count(4, "Map-Server Map-Requests forwarded", s.Forwarded)
	p.inOut(2, "Map-Reply records in/out", i.RecordsIn, e.MapRepliesOut+s.ProxyRecordsOut+refused)
	p.inOut(4, "Authoritative records in/out", i.AuthoritativeIn, e.MapRepliesOut)
	p.inOut(4, "Non-authoritative records in/out", i.NonAuthoritativeIn, s.ProxyRecordsOut+refused)
	p.inOut(4, "Negative records in/out", i.NegativeIn, refused)
	p.inOut(4, "RLOC-probe records in/out", i.ProbeRecordsIn, e.ProbeRepliesOut)
	p.count(4, "Map-Server Proxy-Reply records out", s.ProxyRecordsOut)
	p.inOut(2, "Map-Register records in/out", s.RegisterRecordsIn, e.MapRegistersOut)
	p.count(4, "Authentication failures", s.AuthFailures)
	p.count(4, "Not valid site eid prefix", s.NoSite)
	p.inOut(2, "Map-Notify records in/out", e.MapNotifiesIn, s.NotifyRecordsOut)
	p.WriteString("Errors:\n")
	p.count(2, "Map-Reply records not asked for", i.RecordsRefused)
	p.count(2, "SMRs dropped", i.SMRsDropped)
	p.count(2, "Map-Requests dropped, service disabled", r.NotServed)
	p.count(2, "Map-Requests denied by policy", s.PolicyDenied)
	p.count(2, "Map-Requests without a reachable ETR", s.NoReachableETR)
	p.count(2, "Map-Requests that can't be answered", s.Unanswerable)
}

func (v statisticsView) cache(p *statisticsPage) {
	var entries, negative, rlocs, average int
	i, _, _, _ := v.parts()
	if v.itr != nil {
		seen := map[netip.Addr]bool{}
		for _, e := range v.itr.Entries {
			entries++
			if len(e.Locators) == 0 {
				negative++
			}
			for _, l := range e.Locators {
				seen[l.RLOC] = true
				average++
			}
		}
		rlocs = len(seen)
		if positive := entries - negative; positive > 0 {
			average /= positive
		}
	}
	p.WriteString("Cache Related:\n")
	p.inOut(2, "Cache entries created/deleted", i.EntriesCreated, i.EntriesDeleted)
	p.count(2, "Cache entries rejected, limit reached", i.EntriesRejected)
	p.count(2, "Number of EID-prefixes in map-cache", uint64(entries))
	p.count(2, "Number of negative entries in map-cache", uint64(negative))
	p.count(2, "Total number of RLOCs in map-cache", uint64(rlocs))
	p.count(2, "Average RLOCs per EID-prefix", uint64(average))
}

func (v statisticsView) forwarding(p *statisticsPage) {
	i, e, _, _ := v.parts()
	p.WriteString("Forwarding:\n")
	p.line(2, "Number of data signals processed", "%d (+ dropped %d)", i.Signals, i.SignalsDropped)
	p.line(2, "Number of reachability reports", "%d (+ dropped %d)", i.Reports, i.ReportsDropped)
	p.line(2, "Number of packets encapsulated", "%d (%d bytes)", i.Encapsulated, i.EncapsulatedBytes)
	p.count(4, "In fragments", i.Fragmented)
	p.some(4, capital(itr.ViaPETR.String()), i.Reasons.Of(itr.ViaPETR))
	p.count(2, "Number of packets not encapsulated", notEncapsulated(i.Reasons))
	for why := itr.NotEnabled; int(why) < len(i.Reasons); why++ {
		if why != itr.ViaPETR {
			p.some(4, capital(why.String()), i.Reasons.Of(why))
		}
	}
	p.line(2, "Number of packets decapsulated", "%d (%d bytes)", e.Data.Packets, e.Data.Bytes)
	p.count(4, "Dropped", e.Data.Dropped())
	for _, d := range e.Data.Drops {
		p.count(4, capital(d.Reason.String()), d.Count)
	}
}

// notEncapsulated counts the packets that LISP left to the routing table, or dropped.
func notEncapsulated(reasons itr.Reasons) (n uint64) {
	for _, count := range reasons {
		n += count
	}
	return n - reasons.Of(itr.ViaPETR)
}

// resolverListing is the table of the Map-Resolvers. Its metric is the round trip of the last answer in milliseconds.
var resolverListing = listing{indent: 2, columns: []field{
	{head: "Map-Resolver", width: 20, gap: 1, push: true},
	{head: "LastReply", width: 10, gap: 1},
	{head: "Metric", width: 6, gap: 1},
	{head: "ReqsSent", width: 8, gap: 1},
	{head: "Positive", width: 8, gap: 1},
	{head: "Negative", width: 8, gap: 1},
	{head: "No-Reply", width: 8},
}}

func (v statisticsView) resolvers(w io.Writer) error {
	return resolverListing.write(w, FormIOS, func(yield func([]string) bool) {
		for _, r := range v.itr.Resolvers {
			metric := int64(0)
			if !r.LastReply.IsZero() {
				metric = max(1, r.RTT.Milliseconds())
			}
			cells := []string{addrText(r.Addr), age(v.now, r.LastReply), fmt.Sprintf("%6d", metric)}
			for _, n := range []uint64{r.Requests, r.Positive, r.Negative, r.Unanswered} {
				cells = append(cells, fmt.Sprintf("%8d", n))
			}
			if !yield(cells) {
				return
			}
		}
	})
}

// roles are the counters of the whole router, zero where a role is not there.
func (v statisticsView) roles() (e etr.Snapshot, s mapserver.Counters, r mapresolver.Counters) {
	if v.etrAll != nil {
		e = *v.etrAll
	}
	if v.server != nil {
		s = *v.server
	}
	if v.resolver != nil {
		r = *v.resolver
	}
	return e, s, r
}

// formatErrors are the messages that can't be read.
func (v statisticsView) formatErrors(p *statisticsPage) {
	e, s, r := v.roles()
	p.WriteString("Errors:\n")
	p.count(2, "Map-Request format errors", v.itrAll.MapRequestFormatErrors+r.Malformed)
	p.count(2, "Map-Reply format errors", v.itrAll.MapReplyFormatErrors)
	p.count(2, "Map-Register format errors", s.Malformed)
	p.count(2, "ETR message format errors", e.Counters.Malformed)
	p.count(2, "LISP data header format errors", v.itrAll.DataFormatErrors)
}

// miscellaneous are the messages and packets of the whole router that were dropped for another reason; only those that there
// were.
func (v statisticsView) miscellaneous(p *statisticsPage) {
	e, s, r := v.roles()
	p.WriteString("Errors:\n")
	for _, c := range []struct {
		label string
		n     uint64
	}{
		{"Map-Replies with an unknown nonce", v.itrAll.UnknownNonces},
		{"RLOC-probe replies refused", v.itrAll.ProbeRepliesRefused},
		{"Invalid IP header drops", v.itrAll.InvalidPackets},
		{"ICMP errors about unknown packets", v.itrAll.ICMPUnknown},
		{"Map-Notify authentication failures", e.Counters.AuthFailures},
		{"Map-Notifies with an unknown nonce", e.Counters.UnknownNonce},
		{"Map-Requests rate limited by the ETR", e.Counters.RateLimited},
		{"Map-Requests for EIDs not in the database", e.Counters.NoMapping},
		{"Map-Requests without an ITR-RLOC for the ETR", e.Counters.NoITRRLOC},
		{"Map-Requests outside an Encapsulated Control", r.NotEncapsulated},
		{"Encapsulated Control Messages for an ETR", r.ForETR},
		{"Invalid LISP control port drops", r.BadPort},
		{"Map-Requests without an ITR-RLOC", r.NoITRRLOC},
		{"RLOC-probes to the Map-Resolver", r.Probes},
		{"SMRs to the Map-Resolver", r.SMRs},
		{"Map-Requests rate limited", r.RateLimited},
		{"Map-Registers replayed", s.Replayed},
		{"Registrations expired", s.Expired},
		{"TCP connections refused", s.ConnectionsRefused},
		{"Map-Notifies without acknowledgment", s.NotifiesGivenUp},
		{"Unsupported LISP packet type drops", v.itrAll.Unexpected + e.Counters.Unexpected + s.Unexpected + r.Unexpected},
		{"ICMP errors held back by their rate", v.plane.ErrorsSuppressed},
		{"Unusable packets to the router", v.plane.Unusable},
	} {
		p.some(2, c.label, c.n)
	}
	// Packets of tunnels that belong to no service, beside those that the service has counted.
	for _, d := range e.Data.Drops {
		n := d.Count
		for _, s := range e.Services {
			for _, o := range s.Data.Drops {
				if o.Reason == d.Reason {
					n -= o.Count
				}
			}
		}
		p.some(2, "Not decapsulated, "+d.Reason.String(), n)
	}
	for i := range v.plane.Drops {
		why := devices.DropReason(i)
		p.some(2, "Not forwarded, "+why.String(), v.plane.Dropped(why))
	}
}
