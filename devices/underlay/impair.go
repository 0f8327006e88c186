package underlay

import (
	"fmt"
	"math/rand/v2"
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
	// QueuePackets is how many full packets wait for a link with a Rate at most, as in IOS's default output queue; what
	// comes then is lost.
	QueuePackets = 40
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

// lanes are the impaired links of a network, each direction by itself. The modelled network draws for its packets by them
// (Network), and the kernel's own has its frames treated by them (treat.go).
type lanes struct {
	net    *model
	chance *rand.Rand // nil when no link ever is impaired
	byWay  map[laneKey]*lane
}

func newLanes(net *model, chance *rand.Rand) lanes {
	return lanes{net: net, chance: chance, byWay: make(map[laneKey]*lane)}
}

// lane is an impaired link in one direction.
type lane struct {
	Impairment
	free time.Time // when the last packet that a Rate holds up will have left
}

type laneKey struct{ from, to Port }

// Impair says what a link does to packets from its end A to its end B, or backward. Call Update when all changes are made.
// Packets that are under way keep the delay that they were given. The numbers of Plugs follow those of Links.
func (l *lanes) Impair(link int, backward bool, i Impairment) {
	key := l.key(link, backward)
	if i.none() {
		delete(l.byWay, key)
		return
	}
	i.Blocked = slices.Clone(i.Blocked)
	if old := l.byWay[key]; old != nil {
		old.Impairment = i
		return
	}
	l.byWay[key] = &lane{Impairment: i}
}

// Impairment returns what a link does from A to B, or backward.
func (l *lanes) Impairment(link int, backward bool) Impairment {
	if lane := l.byWay[l.key(link, backward)]; lane != nil {
		i := lane.Impairment
		i.Blocked = slices.Clone(i.Blocked)
		return i
	}
	return Impairment{}
}

func (l *lanes) key(link int, backward bool) laneKey {
	k := l.net.cable(link)
	if backward {
		return laneKey{k.B, k.A}
	}
	return laneKey{k.A, k.B}
}

// unimpaired tells whether all links are as they ought to be.
func (l *lanes) unimpaired() bool { return len(l.byWay) == 0 }

// on is what the link of a hop does; nil when that is nothing.
func (l *lanes) on(h Hop) *lane { return l.byWay[laneKey{h.From, h.To}] }

// impairs tells whether a link does something to packets on their way.
func (l *lanes) impairs(way []Hop) bool {
	return slices.ContainsFunc(way, func(h Hop) bool { return l.on(h) != nil })
}

// stops says why nothing of a flow ever crosses a segment; "" when something may. The ports of a later fragment are not known:
// nothing blocks it, and without the first one it is worth nothing to anyone.
func (l *lanes) stops(h Hop, p FlowInfo) string {
	lane := l.on(h)
	switch {
	case lane == nil:
		return ""
	case lane.Loss >= 100:
		return "lost on the link " + l.linkName(h)
	}
	for _, s := range lane.Blocked {
		if s.protocol() == p.Protocol && (p.Source.Port() == s.Port || p.Destination.Port() == s.Port) {
			return fmt.Sprintf("the link %s blocks %v", l.linkName(h), s)
		}
	}
	return ""
}

// damages tells whether a link changes a byte of everything: to TCP, whose checksum finds it, nothing passes then.
func (l *lanes) damages(h Hop) bool {
	lane := l.on(h)
	return lane != nil && (lane.Corrupt >= 100 || lane.Checksum >= 100)
}

func (l *lanes) linkName(h Hop) string {
	return l.net.nodes[h.From.Node].name + " -- " + l.net.nodes[h.To.Node].name
}

// harm is what the links on its way do to one packet that they let pass.
type harm struct {
	delay   time.Duration
	twice   bool
	late    bool // held back behind what follows
	corrupt bool // a byte is changed, and the checksum is right
	damaged bool // the checksum is wrong: the receiver drops it
}

// after tells how long the packet is under way, and how many of it arrive.
func (f harm) after() (delay time.Duration, copies int) {
	delay, copies = f.delay, 1
	if f.late {
		delay += ReorderGap
	}
	if f.twice {
		copies = 2
	}
	return delay, copies
}

// cross draws what becomes of one packet on a segment, of some bytes. It returns that, and why the packet is lost there.
func (l *lanes) cross(now time.Time, h Hop, length int, f *harm) (fate Fate, lost string) {
	lane := l.on(h)
	if lane == nil {
		return CameIn, ""
	}
	if lane.Rate > 0 {
		at := now.Add(f.delay)
		if lane.free.Before(at) {
			lane.free = at
		}
		if lane.free.Sub(at) > lane.sending(QueuePackets*DefaultMTU) {
			return QueueFull, "the queue of the link " + l.linkName(h) + " is full"
		}
		lane.free = lane.free.Add(lane.sending(length))
		f.delay = lane.free.Sub(now)
	}
	f.delay += lane.Delay
	if lane.Jitter > 0 {
		f.delay += time.Duration(l.chance.Int64N(int64(lane.Jitter) + 1))
	}
	if l.drawn(lane.Loss) {
		return LostOnLink, "lost on the link " + l.linkName(h)
	}
	if l.drawn(lane.Checksum) {
		f.damaged = true
	}
	if l.drawn(lane.Corrupt) {
		f.corrupt = true
	}
	if l.drawn(lane.Duplicate) {
		f.twice = true
	}
	if l.drawn(lane.Reorder) {
		f.late = true
	}
	return CameIn, ""
}

// queued is how many full packets wait at a port for the links that begin there.
func (l *lanes) queued(now time.Time, at Port) (packets int) {
	for key, lane := range l.byWay {
		if wait := lane.free.Sub(now); key.from == at && lane.Rate > 0 && wait > 0 {
			packets += int((wait + lane.sending(DefaultMTU) - 1) / lane.sending(DefaultMTU))
		}
	}
	return min(packets, QueuePackets)
}

// sending is how long the link needs for some bytes.
func (l *lane) sending(bytes int) time.Duration {
	return time.Duration(float64(bytes) * 8 / float64(l.Rate) * float64(time.Second))
}

// drawn tells whether chance wills it. Of what is certain, or never happens, no number is drawn.
func (l *lanes) drawn(percent uint8) bool {
	return percent >= 100 || percent > 0 && l.chance.IntN(100) < int(percent)
}
