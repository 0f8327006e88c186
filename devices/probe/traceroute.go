package probe

import (
	"fmt"
	"net/netip"
	"time"

	"lisplab/devices/packet"
)

// TracerouteConfig says what a traceroute sends. A zero Count, Timeout, MinTTL, MaxTTL or Port stands for IOS's default.
type TracerouteConfig struct {
	Sender         // its ID is the UDP source port
	Target         netip.Addr
	Count          int           // probes for each TTL; 3 by default
	Timeout        time.Duration // 3 s by default
	MinTTL, MaxTTL int           // 1 and 30 by default
	Port           uint16        // UDP destination port of the first probe, which the next ones count up; 33434 by default
}

// The defaults of a traceroute.
const (
	DefaultProbes       = 3
	DefaultTraceTimeout = 3 * time.Second
	DefaultMaxTTL       = 30
	DefaultPort         = 33434
)

// Traceroute is a traceroute under way.
type Traceroute struct {
	common
	cfg     TracerouteConfig
	ttl     int
	probe   int        // of this TTL, from 0
	number  uint16     // of the probe under way, over all
	hop     netip.Addr // who answered last at this TTL
	arrived bool       // somebody answered that it goes no further
}

// NewTraceroute makes a traceroute that Start begins.
func NewTraceroute(cfg TracerouteConfig) *Traceroute {
	if cfg.Count == 0 {
		cfg.Count = DefaultProbes
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTraceTimeout
	}
	if cfg.MinTTL == 0 {
		cfg.MinTTL = 1
	}
	if cfg.MaxTTL == 0 {
		cfg.MaxTTL = DefaultMaxTTL
	}
	if cfg.Port == 0 {
		cfg.Port = DefaultPort
	}
	return &Traceroute{cfg: cfg, ttl: cfg.MinTTL}
}

// Start prints what the traceroute will do and sends the first probe.
func (t *Traceroute) Start(now time.Time) {
	fmt.Fprintf(&t.screen, "Type escape sequence to abort.\nTracing the route to %s\n", address(t.cfg.Target))
	if t.cfg.Target.Is4() {
		t.screen.WriteString("VRF info: (vrf in name/id, vrf out name/id)\n")
	} else {
		t.screen.WriteByte('\n')
	}
	t.beginHop()
	t.send(now)
}

func (t *Traceroute) beginHop() { fmt.Fprintf(&t.screen, "%3d ", t.ttl) }

func (t *Traceroute) send(now time.Time) {
	t.sent, t.until = now, now.Add(t.cfg.Timeout)
	h := packet.Header{Source: t.cfg.Source, Destination: t.cfg.Target, TTL: uint8(t.ttl)}
	if t.cfg.Source.Is4() {
		h.ID = t.cfg.NextID()
	}
	t.out = append(t.out, packet.UDP(h, t.cfg.ID, t.cfg.Port+t.number, nil))
}

// Receive takes the ICMP error that answers the probe under way.
func (t *Traceroute) Receive(now time.Time, m packet.Message) {
	if t.done || m.Kind != packet.ErrorMessage {
		return
	}
	q, err := packet.ParseQuote(m.Quoted)
	if err != nil || q.Kind != packet.UDPMessage || q.Destination != t.cfg.Target ||
		q.SourcePort != t.cfg.ID || q.DestinationPort != t.cfg.Port+t.number {
		return
	}
	if m.Source != t.hop {
		if t.hop.IsValid() {
			t.screen.WriteString("\n    ")
		}
		t.hop = m.Source
		t.screen.WriteString(address(m.Source))
	}
	t.arrived = t.arrived || m.Error != packet.TimeExceeded
	switch m.Error {
	case packet.TimeExceeded, packet.PortUnreachable:
		fmt.Fprintf(&t.screen, " %d msec", milliseconds(now.Sub(t.sent)))
	case packet.HostUnreachable:
		t.screen.WriteString(" !H ")
	case packet.NetworkUnreachable:
		t.screen.WriteString(" !N ")
	case packet.ProtocolUnreachable:
		t.screen.WriteString(" !P ")
	case packet.Prohibited:
		t.screen.WriteString(" !A ")
	default:
		t.screen.WriteString(" ? ")
	}
	t.next(now)
}

// next goes on to the next probe, the next TTL or the end.
func (t *Traceroute) next(now time.Time) {
	t.number++
	if t.probe++; t.probe == t.cfg.Count {
		t.screen.WriteByte('\n')
		if t.arrived || t.ttl >= t.cfg.MaxTTL {
			t.done = true
			return
		}
		t.probe, t.hop = 0, netip.Addr{}
		t.ttl++
		t.beginHop()
	}
	t.send(now)
}

// Tick gives up the probe under way.
func (t *Traceroute) Tick(now time.Time) {
	if t.due(now) {
		t.screen.WriteString(" * ")
		t.next(now)
	}
}

// Abort ends the traceroute.
func (t *Traceroute) Abort() {
	if !t.done {
		t.done = true
		t.screen.WriteByte('\n')
	}
}
