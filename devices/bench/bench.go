package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// Options of a run.
type Options struct {
	// Quick measures a tenth, once: enough to see that everything works, too little to quote.
	Quick bool
	// Progress, if not nil, is told what is measured next.
	Progress func(part string)
}

// The aims of the project.
const (
	aimUDP  = 0.5 // of the plain exchange
	aimTCP  = 3.0 // times UDP
	aimHeap = 400 // bytes per registration
)

// scale is how much is measured.
type scale struct {
	rounds             int // each rate is the best of so many, so that a busy machine does least harm
	datagrams, streams int // messages of one round
	requests, packets  int // of one round
	verifications      int
	prefixes           int // of the ETR that answers a Refresh, and of the Map-Server that is asked
	heap               []int
	hourly             map[int]int // prefixes of an ETR, and the fraction of the hour that is measured
	order              []int       // of hourly
}

var (
	full = scale{
		rounds: 3, datagrams: 100_000, streams: 200_000, requests: 100_000, packets: 100_000, verifications: 500_000, prefixes: 100_000,
		heap: []int{10_000, 100_000, 1_000_000}, hourly: map[int]int{10: 1, 1000: 1, 100_000: 12}, order: []int{10, 1000, 100_000},
	}
	quick = scale{
		rounds: 1, datagrams: 20_000, streams: 20_000, requests: 20_000, packets: 20_000, verifications: 50_000, prefixes: 10_000,
		heap: []int{10_000, 100_000}, hourly: map[int]int{10: 1, 1000: 1, 10_000: 60}, order: []int{10, 1000, 10_000},
	}
)

// report is what a run found.
type report struct {
	exchange, hmac     rate
	udpFresh, udpKnown rate
	tcpFresh, tcpKnown rate
	requests, packets  rate
	refresh            rate
	refreshed          int // prefixes of the ETR that answered a Refresh
	heap               []heap
	costs              []cost
}

// Run measures everything, in some 20 seconds on a machine that has nothing else to do, and prints a table.
func Run(ctx context.Context, w io.Writer, opt Options) error {
	s := full
	if opt.Quick {
		s = quick
	}
	progress := opt.Progress
	if progress == nil {
		progress = func(string) {}
	}
	r, err := measure(ctx, s, progress)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return r.print(w, s)
}

func measure(ctx context.Context, s scale, progress func(string)) (r report, err error) {
	part := func(name string, do func() error) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return
		}
		progress(name)
		runtime.GC() // what went before shall not cost this part
		if err = do(); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	for range s.rounds {
		part("plain UDP exchange", func() error {
			took, err := plainExchange(s.datagrams)
			r.exchange.best(s.datagrams, took)
			return err
		})
		part("registrations over UDP", func() error {
			took, err := registerByUDP(s.datagrams)
			r.udpFresh.best(s.datagrams, took.fresh)
			r.udpKnown.best(s.datagrams, took.known)
			return err
		})
		part("registrations over TCP", func() error {
			took, err := registerByTCP(s.streams)
			r.tcpFresh.best(s.streams, took.fresh)
			r.tcpKnown.best(s.streams, took.known)
			return err
		})
		part("Map-Requests", func() error {
			took, err := resolve(s.requests, s.prefixes)
			r.requests.best(s.requests, took)
			return err
		})
		part("encapsulation", func() error {
			took, err := encapsulate(s.packets, min(cacheLimit, s.packets))
			r.packets.best(s.packets, took)
			return err
		})
		part("HMAC-SHA-1", func() error {
			took, err := verifications(s.verifications)
			r.hmac.best(s.verifications, took)
			return err
		})
	}
	part("answers to a Refresh", func() error {
		took, sent, err := refresh(s.prefixes, s.rounds)
		r.refresh.best(sent, took)
		r.refreshed = s.prefixes
		return err
	})
	part("memory", func() (err error) {
		r.heap, err = memory(s.heap...)
		return err
	})
	for _, n := range s.order {
		part(fmt.Sprintf("an hour of an ETR with %s prefixes", thousands(n)), func() error {
			c, err := hourlyCost(n, s.hourly[n])
			r.costs = append(r.costs, c)
			return err
		})
	}
	return r, err
}

func (r report) print(w io.Writer, s scale) error {
	var b strings.Builder
	fmt.Fprintf(&b, "lisplab bench: %s/%s, %d processors, %s, all over loopback, best of %d\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), runtime.Version(), s.rounds)

	line := func(what string, v rate, compared string) {
		if compared != "" {
			compared = "  " + compared
		}
		fmt.Fprintf(&b, "  %-45s %11s %9.2f%s\n", what, thousands(int(v.perSecond)), float64(v.cpu)/float64(time.Microsecond), compared)
	}
	ofLimit := func(v rate) string {
		return fmt.Sprintf("%.2f of the plain exchange", v.perSecond/r.exchange.perSecond)
	}
	timesUDP := func(v, udp rate) string { return fmt.Sprintf("%.1f times UDP", v.perSecond/udp.perSecond) }
	fmt.Fprintf(&b, "%-47s %11s %9s\n", "The machine's limit", "per second", "CPU us")
	line("plain UDP exchange, 64 outstanding", r.exchange, "")
	line("HMAC-SHA-1 of a Map-Register", r.hmac, "")
	fmt.Fprintf(&b, "\nOne Map-Server: one record a message, HMAC-SHA-1 verified, all answered; CPU of both ends\n")
	line("UDP Map-Register, new EID prefix", r.udpFresh, ofLimit(r.udpFresh)+fmt.Sprintf(" (aim: %.1f)", aimUDP))
	line("UDP Map-Register, known", r.udpKnown, ofLimit(r.udpKnown))
	line("TCP Registration, new EID prefix", r.tcpFresh, timesUDP(r.tcpFresh, r.udpFresh)+fmt.Sprintf(" (aim: %.0f)", aimTCP))
	line("TCP Registration, known", r.tcpKnown, timesUDP(r.tcpKnown, r.udpKnown))
	fmt.Fprintf(&b, "\nOne Map-Resolver with its Map-Server; one xTR whose map-cache has %s entries\n", thousands(cacheLimit))
	line("Map-Request by ECM, answered with a mapping", r.requests, ofLimit(r.requests))
	line(fmt.Sprintf("packet of %d bytes, encapsulated", packetLen), r.packets, ofLimit(r.packets))
	fmt.Fprintf(&b, "\nOne ETR, in memory\n")
	line(fmt.Sprintf("Registrations on a Refresh, %s prefixes", thousands(r.refreshed)), r.refresh, "")

	fmt.Fprintf(&b, "\nLive heap of a Map-Server, bytes per registration (aim: below %d)\n", aimHeap)
	for _, h := range r.heap {
		fmt.Fprintf(&b, "  %-45s %11.0f\n", thousands(h.registrations)+" registrations", h.bytes)
	}

	fmt.Fprintf(&b, "\nWhat one ETR costs a Map-Server in an hour (messages both ways; bytes with headers and keepalives)\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "EID prefixes\tUDP messages\tUDP bytes\tTCP messages\tTCP bytes\tbefore it: messages\tbytes\t")
	for _, c := range r.costs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", thousands(c.prefixes), thousands(c.udp.messages), thousands(c.udp.bytes),
			thousands(c.tcp.messages), thousands(c.tcp.bytes), thousands(c.admission.messages), thousands(c.admission.bytes))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "  (before it: from power-on until all is registered by TCP, once)\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
