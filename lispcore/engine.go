package lispcore

import (
	"net/netip"
	"time"
)

// ControlPort is the UDP and TCP port of the LISP control plane (RFC 9301 section 5, and the reliable-transport draft).
const ControlPort = 4342

// DataPort is the UDP port of encapsulated packets (RFC 9300 section 5.3).
const DataPort = 4341

// Engine is one LISP role of one router.
type Engine interface {
	// Handle takes one input. It never blocks and never fails: bad input becomes an Event and a counter.
	Handle(now time.Time, in Input)
	// Deadline tells when the engine next wants a Tick. A late or a spurious Tick does no harm.
	Deadline() (at time.Time, armed bool)
	// Drain hands out what is to be done, in order, and forgets it.
	Drain() []Output
}

// StreamID names a reliable-transport (TCP) connection of one device. The side that dials chooses it with
// Table.NextStream of its session table; the accepting side's ID comes from devices. IDs are never used again.
type StreamID uint64

// Input is one thing that happens to an engine.
type Input interface{ input() }

// Output is one thing that an engine wants done.
type Output interface{ output() }

type (
	// Datagram is one received UDP payload. Payload belongs to the engine only during Handle. TTL and TOS (DSCP and ECN) are
	// those of the outer IP header as it arrived.
	Datagram struct {
		From, To netip.AddrPort
		Payload  []byte
		TTL, TOS uint8
	}

	// PacketReceived is one IP packet, header included, that arrived at an interface of a router or of a host natively. It
	// is for the router itself; LISP sees what its routing table leaves to LISP.
	PacketReceived struct {
		Interface string
		Data      []byte
	}

	// PacketFailed tells a router that a packet could not leave it, or was not for it to forward, so that it can tell the
	// sender by ICMP. Data is the IP packet, or as much of it as an ICMP error quotes.
	PacketFailed struct {
		Reason    FailReason
		Interface string // by which a SendPacket was to leave, or whose access list denies the packet; "" otherwise
		MTU       int    // for FailTooBig, in bytes
		Data      []byte
	}

	// StreamOpened tells that a connection stands. Dialled is true at the side that asked for it with OpenStream. RTT is how
	// long the handshake went there and back, as TCP has measured it.
	StreamOpened struct {
		Stream        StreamID
		Local, Remote netip.AddrPort
		Dialled       bool
		RTT           time.Duration
	}

	// StreamData is a run of bytes in order; message boundaries mean nothing here.
	StreamData struct {
		Stream StreamID
		Data   []byte
	}

	// StreamClosed tells that a connection is gone, or, without a StreamOpened before it, that a dial failed.
	StreamClosed struct {
		Stream StreamID
		Reason CloseReason
	}

	// Tick tells that time has passed: the engine fires all its timers that are due.
	Tick struct{}
)

func (Datagram) input()     {}
func (StreamOpened) input() {}
func (StreamData) input()   {}
func (StreamClosed) input() {}
func (Tick) input()         {}

func (PacketReceived) input() {}
func (PacketFailed) input()   {}

type (
	// SendDatagram sends one UDP payload. A TTL of 0 stands for what control messages have: TTL 255, DSCP CS6, no DF.
	SendDatagram struct {
		From, To netip.AddrPort
		Payload  []byte
		TTL, TOS uint8
		DF       bool
		ID       uint16 // IPv4 identification; 0: the sender's next one
	}

	// SendPacket sends one IP packet, header included, out of an interface to a neighbour there.
	SendPacket struct {
		Interface string
		NextHop   netip.Addr // the destination itself where the network is connected
		Data      []byte
	}

	// ForwardPacket hands a packet that has left its tunnel to the router, which forwards it by the routing table of the
	// instance's VRF.
	ForwardPacket struct {
		Instance uint32
		Data     []byte
	}

	// OpenStream dials. The answer is a StreamOpened, or a StreamClosed with the reason.
	OpenStream struct {
		Stream StreamID
		From   netip.Addr
		To     netip.AddrPort
	}

	// WriteStream appends bytes to a connection.
	WriteStream struct {
		Stream StreamID
		Data   []byte
	}

	// CloseStream ends a connection: in order, or, with Abort, by a reset. The closing side gets no StreamClosed.
	CloseStream struct {
		Stream StreamID
		Abort  bool
	}

	// Notice reports an event.
	Notice struct{ Event Event }
)

func (SendDatagram) output() {}
func (OpenStream) output()   {}
func (WriteStream) output()  {}
func (CloseStream) output()  {}
func (Notice) output()       {}

func (SendPacket) output()    {}
func (ForwardPacket) output() {}

// CloseReason says why a connection is gone or was never made.
type CloseReason uint8

const (
	ClosedByPeer CloseReason = iota // an orderly close
	ClosedByReset
	ClosedByTimeout // keepalives, or the SYN, went unanswered
	ClosedByRefusal // nothing listens there
	ClosedNoRoute   // the own router has no route to the peer
)

// String returns the reason as log lines word it.
func (r CloseReason) String() string {
	switch r {
	case ClosedByPeer:
		return "closed by peer"
	case ClosedByReset:
		return "connection reset"
	case ClosedByTimeout:
		return "timed out"
	case ClosedByRefusal:
		return "connection refused"
	case ClosedNoRoute:
		return "no route"
	}
	return "unknown reason"
}

// FailReason says why a packet went no further.
type FailReason uint8

const (
	FailNoRoute    FailReason = iota + 1 // network unreachable
	FailNoHost                           // nobody on the connected network answers for the address
	FailTTL                              // the TTL ran out
	FailTooBig                           // larger than the MTU, and not to be fragmented
	FailProhibited                       // an access list denies it
	FailNoPort                           // nothing listens on the UDP port
)

// Outbox collects the outputs of an engine in order.
type Outbox struct {
	// Debug has NoteDebug collect; off, it costs nothing.
	Debug bool
	out   []Output
}

// Add appends one output.
func (o *Outbox) Add(out Output) { o.out = append(o.out, out) }

// Note appends a Notice of e.
func (o *Outbox) Note(e Event) { o.Add(Notice{e}) }

// NoteDebug appends a Notice of e while debugging is on: for the kinds that only `debug lisp control-plane all` shows.
func (o *Outbox) NoteDebug(e Event) {
	if o.Debug {
		o.Note(e)
	}
}

// Drain hands out what was collected and starts anew.
func (o *Outbox) Drain() []Output {
	out := o.out
	o.out = nil
	return out
}
