package probe

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"lisplab/devices/packet"
)

// PingConfig says what a ping sends. A zero Count, Size, Timeout or Pattern stands for IOS's default.
type PingConfig struct {
	Sender
	Target     netip.Addr
	Count      int           // 5 by default
	Size       int           // of the IP packet, in bytes; 100 by default
	Sweep      Sweep         // sizes instead of the one; the zero Sweep is none
	Timeout    time.Duration // 2 s by default
	TOS        uint8
	DF         bool
	Pattern    uint16 // 0xABCD by default
	Validate   bool   // an answer with other data than was sent is none
	ShowSource bool   // the line that names the source address: somebody chose it
}

// Sweep is a range of sizes, in bytes: Min, and Step more each time, up to Max. A ping sends Count packets of each.
type Sweep struct{ Min, Max, Step int }

// sizes is how many sizes there are.
func (s Sweep) sizes() int {
	if s.Step == 0 {
		return 1
	}
	return 1 + (s.Max-s.Min)/s.Step
}

// The defaults and limits of a ping.
const (
	DefaultCount   = 5
	DefaultSize    = 100
	DefaultTimeout = 2 * time.Second
	MinSize        = 36
	MaxSize        = 18024
)

const (
	defaultPattern = 0xabcd
	lineWidth      = 70 // marks on a line
	// burst is how many echoes may be answered at one instant before the next waits a millisecond: a ping of many packets
	// would else never let lab time go on.
	burst = 100
)

// Ping is a ping under way.
type Ping struct {
	common
	cfg      PingConfig
	data     []byte
	total    int // packets to send
	sequence int // of the packet under way, from 0
	waiting  bool
	answered int
	marks    int
	atOnce   int // packets answered at the instant of the last one

	min, max, sum time.Duration
}

// NewPing makes a ping that Start begins.
func NewPing(cfg PingConfig) *Ping {
	if cfg.Count == 0 {
		cfg.Count = DefaultCount
	}
	if cfg.Size == 0 {
		cfg.Size = DefaultSize
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Pattern == 0 {
		cfg.Pattern = defaultPattern
	}
	p := &Ping{cfg: cfg, total: cfg.Count * cfg.Sweep.sizes()}
	for range p.room(max(cfg.Size, cfg.Sweep.Max)) {
		p.data = append(p.data, byte(cfg.Pattern>>(8*uint(1-len(p.data)%2))))
	}
	return p
}

// room is how many bytes of data an echo of a size has.
func (p *Ping) room(size int) int {
	return max(0, size-packet.HeaderSize(p.cfg.Target)-packet.EchoHeaderSize)
}

// payload is the data of the packet under way.
func (p *Ping) payload() []byte {
	size := p.cfg.Size
	if s := p.cfg.Sweep; s.Step > 0 {
		size = s.Min + p.sequence%s.sizes()*s.Step
	}
	return p.data[:p.room(size)]
}

// Start prints what the ping will do and sends the first echo.
func (p *Ping) Start(now time.Time) {
	size := strconv.Itoa(p.cfg.Size)
	if s := p.cfg.Sweep; s.Step > 0 {
		size = fmt.Sprintf("[%d..%d]", s.Min, s.Max)
	}
	fmt.Fprintf(&p.screen, "Type escape sequence to abort.\nSending %d, %s-byte ICMP Echos to %s, timeout is %d seconds:\n",
		p.total, size, address(p.cfg.Target), int(p.cfg.Timeout.Seconds()))
	if p.cfg.ShowSource {
		blank := " " // a slip of IOS's, in IPv4 alone
		if p.cfg.Source.Is6() {
			blank = ""
		}
		fmt.Fprintf(&p.screen, "Packet sent with a source address of %s%s\n", address(p.cfg.Source), blank)
	}
	if p.cfg.DF && p.cfg.Target.Is4() {
		p.screen.WriteString("Packet sent with the DF bit set\n")
	}
	if p.cfg.Validate {
		p.screen.WriteString("Reply data will be validated\n")
	}
	p.send(now)
}

func (p *Ping) send(now time.Time) {
	if now.After(p.sent) {
		p.atOnce = 0
	}
	p.sent, p.until, p.waiting = now, now.Add(p.cfg.Timeout), true
	h := packet.Header{Source: p.cfg.Source, Destination: p.cfg.Target, TTL: p.cfg.TTL, TOS: p.cfg.TOS, DF: p.cfg.DF}
	if p.cfg.Source.Is4() {
		h.ID = p.cfg.NextID()
	}
	p.out = append(p.out, packet.Echo(h, false, p.cfg.ID, uint16(p.sequence), p.payload()))
}

// Receive takes the answer to the echo under way.
func (p *Ping) Receive(now time.Time, m packet.Message) {
	if p.done || !p.waiting {
		return
	}
	switch m.Kind {
	case packet.EchoReply:
		same := !p.cfg.Validate || bytes.Equal(m.Data, p.payload())
		if m.ID == p.cfg.ID && m.Sequence == uint16(p.sequence) && m.Source == p.cfg.Target && same {
			p.count(now.Sub(p.sent))
			p.mark(now, '!')
		}
	case packet.ErrorMessage:
		q, err := packet.ParseQuote(m.Quoted)
		if err == nil && q.Kind == packet.EchoRequest && q.ID == p.cfg.ID && q.Sequence == uint16(p.sequence) && q.Destination == p.cfg.Target {
			p.mark(now, errorMark(m))
		}
	}
}

func (p *Ping) count(rtt time.Duration) {
	if p.answered++; p.answered == 1 || rtt < p.min {
		p.min = rtt
	}
	p.max = max(p.max, rtt)
	p.sum += rtt
}

// errorMark is the mark of an ICMP error: one table for IPv4, one for IPv6.
func errorMark(m packet.Message) byte {
	if m.Source.Is4() {
		switch m.Error {
		case packet.TimeExceeded:
			return '&'
		case packet.TooBig:
			return 'M'
		case 0:
			return '?'
		}
		return 'U'
	}
	switch m.Error {
	case packet.NetworkUnreachable:
		return 'U'
	case packet.HostUnreachable:
		return 'H'
	case packet.PortUnreachable:
		return 'P'
	case packet.Prohibited:
		return 'A'
	case packet.TooBig:
		return 'B'
	case packet.TimeExceeded:
		return 'T'
	case packet.ProtocolUnreachable:
		return 'R'
	}
	return '?'
}

// mark prints what became of the echo under way, and goes on to the next.
func (p *Ping) mark(now time.Time, mark byte) {
	p.waiting = false
	if p.marks > 0 && p.marks%lineWidth == 0 {
		p.screen.WriteByte('\n')
	}
	p.screen.WriteByte(mark)
	p.marks++
	p.atOnce++
	if p.sequence++; p.sequence == p.total {
		p.end()
		return
	}
	if p.atOnce >= burst {
		p.until = p.sent.Add(time.Millisecond)
		return
	}
	p.send(now)
}

// Tick gives up the echo under way, or sends the next.
func (p *Ping) Tick(now time.Time) {
	switch {
	case !p.due(now):
	case p.waiting:
		p.mark(now, '.')
	default:
		p.send(now)
	}
}

// Abort ends the ping. An echo under way counts as sent.
func (p *Ping) Abort() {
	if p.done {
		return
	}
	if p.waiting {
		p.sequence++
	}
	p.end()
}

func (p *Ping) end() {
	p.done = true
	rate := 0
	if p.sequence > 0 {
		rate = 100 * p.answered / p.sequence
	}
	if p.marks > 0 {
		p.screen.WriteByte('\n')
	}
	fmt.Fprintf(&p.screen, "Success rate is %d percent (%d/%d)", rate, p.answered, p.sequence)
	if p.answered > 0 {
		fmt.Fprintf(&p.screen, ", round-trip min/avg/max = %d/%d/%d ms",
			milliseconds(p.min), milliseconds(p.sum/time.Duration(p.answered)), milliseconds(p.max))
	}
	p.screen.WriteByte('\n')
}
