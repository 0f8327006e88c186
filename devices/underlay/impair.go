package underlay

import (
	"fmt"
	"slices"
	"time"
)

// Impairment is what a link does, in one direction, to the packets that cross it. The zero value lets them pass at once and
// unharmed. Shares are in percent of the packets; each packet is drawn for anew, from Config.Chance.
type Impairment struct {
	Delay  time.Duration // of every packet
	Jitter time.Duration // beyond Delay: from nothing to this much
	Rate   uint64        // bits of IP packets a second; 0 is no limit

	Loss      uint8 // vanish
	Duplicate uint8 // arrive twice
	Reorder   uint8 // are held back for ReorderGap, so that what follows closely overtakes them
	Corrupt   uint8 // have a byte changed behind a checksum that is right: for LISP's authentication to find
	Checksum  uint8 // have a checksum that is wrong: dropped by whom they reach
	Blocked   []Service
}

// Service is a port of a transport protocol; packets from it and to it are meant.
type Service struct {
	TCP  bool // otherwise UDP
	Port uint16
}

// String returns the service in an engineer's words.
func (s Service) String() string {
	if s.TCP {
		return fmt.Sprintf("TCP %d", s.Port)
	}
	return fmt.Sprintf("UDP %d", s.Port)
}

// protocol is the service's in an IP header.
func (s Service) protocol() uint8 {
	if s.TCP {
		return protocolTCP
	}
	return protocolUDP
}

const (
	// ReorderGap is for how long a reordered packet is held back.
	ReorderGap = 10 * time.Millisecond
	// queuePackets is how many full packets wait for a link with a Rate at most, as in IOS's default output queue; what
	// comes then is lost.
	queuePackets = 40
)

// Block adds a service to those that are blocked.
func (i *Impairment) Block(s Service) {
	if !slices.Contains(i.Blocked, s) {
		i.Blocked = append(i.Blocked, s)
	}
}

// none tells whether the link does nothing.
func (i Impairment) none() bool {
	blocked := i.Blocked
	i.Blocked = nil
	return len(blocked) == 0 && i.equalTo(Impairment{})
}

func (i Impairment) equalTo(o Impairment) bool {
	return i.Delay == o.Delay && i.Jitter == o.Jitter && i.Rate == o.Rate && i.Loss == o.Loss && i.Duplicate == o.Duplicate &&
		i.Reorder == o.Reorder && i.Corrupt == o.Corrupt && i.Checksum == o.Checksum
}

// lane is an impaired link in one direction.
type lane struct {
	Impairment
	free time.Time // when the last packet that a Rate holds up will have left
}

type laneKey struct{ from, to Port }

// Impair says what a link does to packets from its end A to its end B, or backward. Call Update when all changes are made.
// Packets that are under way keep the delay that they were given.
func (n *Network) Impair(link int, backward bool, i Impairment) {
	key := n.laneKey(link, backward)
	if i.none() {
		delete(n.lanes, key)
		return
	}
	i.Blocked = slices.Clone(i.Blocked)
	if old := n.lanes[key]; old != nil {
		old.Impairment = i
		return
	}
	n.lanes[key] = &lane{Impairment: i}
}

// Impairment returns what a link does from A to B, or backward.
func (n *Network) Impairment(link int, backward bool) Impairment {
	if l := n.lanes[n.laneKey(link, backward)]; l != nil {
		i := l.Impairment
		i.Blocked = slices.Clone(i.Blocked)
		return i
	}
	return Impairment{}
}

func (n *Network) laneKey(link int, backward bool) laneKey {
	l := n.links[link]
	if backward {
		return laneKey{l.B, l.A}
	}
	return laneKey{l.A, l.B}
}

// stops says why nothing of a flow ever crosses a segment; "" when something may. To TCP a changed byte is a lost one: its
// checksum finds it.
func (n *Network) stops(h Hop, p FlowInfo) string {
	l := n.lanes[laneKey{h.From, h.To}]
	switch {
	case l == nil:
		return ""
	case l.Loss >= 100:
		return "lost on the link " + n.linkName(h)
	case p.Protocol == protocolTCP && (l.Corrupt >= 100 || l.Checksum >= 100):
		return "damaged on the link " + n.linkName(h)
	}
	for _, s := range l.Blocked {
		if s.protocol() == p.Protocol && (p.Source.Port() == s.Port || p.Destination.Port() == s.Port) {
			return fmt.Sprintf("the link %s blocks %v", n.linkName(h), s)
		}
	}
	return ""
}

func (n *Network) linkName(h Hop) string {
	return n.nodes[h.From.Node].name + " -- " + n.nodes[h.To.Node].name
}

// harm is what the links on its way do to one packet that they let pass.
type harm struct {
	delay   time.Duration
	twice   bool
	late    bool // held back behind what follows
	corrupt bool // a byte is changed, and the checksum is right
	damaged bool // the checksum is wrong: the receiver drops it
}

// cross draws what becomes of one packet on a segment. It returns why the packet is lost there, or "".
func (n *Network) cross(now time.Time, h Hop, length int, f *harm) (lost string) {
	l := n.lanes[laneKey{h.From, h.To}]
	if l == nil {
		return ""
	}
	if l.Rate > 0 {
		at := now.Add(f.delay)
		if l.free.Before(at) {
			l.free = at
		}
		if l.free.Sub(at) > l.sending(queuePackets*DefaultMTU) {
			return "the queue of the link " + n.linkName(h) + " is full"
		}
		l.free = l.free.Add(l.sending(length))
		f.delay = l.free.Sub(now)
	}
	f.delay += l.Delay
	if l.Jitter > 0 {
		f.delay += time.Duration(n.cfg.Chance.Int64N(int64(l.Jitter) + 1))
	}
	if n.drawn(l.Loss) {
		return "lost on the link " + n.linkName(h)
	}
	if n.drawn(l.Checksum) {
		f.damaged = true
	}
	if n.drawn(l.Corrupt) {
		f.corrupt = true
	}
	if n.drawn(l.Duplicate) {
		f.twice = true
	}
	if n.drawn(l.Reorder) {
		f.late = true
	}
	return ""
}

// sending is how long the link needs for some bytes.
func (l *lane) sending(bytes int) time.Duration {
	return time.Duration(float64(bytes) * 8 / float64(l.Rate) * float64(time.Second))
}

// drawn tells whether chance wills it. Of what is certain, or never happens, no number is drawn.
func (n *Network) drawn(percent uint8) bool {
	return percent >= 100 || percent > 0 && n.cfg.Chance.IntN(100) < int(percent)
}

// later has something happen when a packet arrives.
func (n *Network) later(at time.Time, arrive func(now time.Time) error) {
	n.lastFlight++
	n.flights[n.lastFlight] = arrive
	n.timers.Set(timer{arrival, n.lastFlight}, at)
}

// land lets a packet arrive.
func (n *Network) land(now time.Time, id uint64) error {
	arrive := n.flights[id]
	delete(n.flights, id)
	return arrive(now)
}
