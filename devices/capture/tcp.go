package capture

import (
	"net/netip"
	"time"

	"github.com/gopacket/gopacket/layers"
)

const window = 16384 // bytes, as IOS advertises

// conversation is one TCP connection of the capture: the segments that two ordinary stacks would have exchanged to carry
// what the lab delivered.
type conversation struct {
	frames         *framer
	client, server end
}

// end is one side of a conversation.
type end struct {
	addr netip.AddrPort
	next uint32 // sequence number of the next byte that it sends

	closed bool // it has sent its FIN
}

// sides returns the sending and the receiving end of what src sent.
func (c *conversation) sides(src netip.AddrPort) (from, to *end) {
	if src == c.server.addr {
		return &c.server, &c.client
	}
	return &c.client, &c.server
}

// syn writes the client's first segment.
func (c *conversation) syn(at time.Time, comment string) error {
	return c.send(at, &c.client, &c.server, layers.TCP{SYN: true, Options: mss(c.client.addr)}, nil, comment)
}

// accept writes the rest of the handshake.
func (c *conversation) accept(at time.Time) error {
	if err := c.send(at, &c.server, &c.client, layers.TCP{SYN: true, ACK: true, Options: mss(c.server.addr)}, nil, ""); err != nil {
		return err
	}
	return c.ack(at, &c.client, &c.server)
}

// refuse writes the reset that answers a SYN to a port without a listener (RFC 9293 section 3.5.2).
func (c *conversation) refuse(at time.Time) error {
	return c.send(at, &c.server, &c.client, layers.TCP{RST: true, ACK: true}, nil, "")
}

// data writes a run of bytes in segments of at most the MSS; the receiver acknowledges every second one and the last.
func (c *conversation) data(at time.Time, src netip.AddrPort, payload []byte) error {
	from, to := c.sides(src)
	size := segmentSize(src.Addr())
	for n := 1; len(payload) > 0; n++ {
		piece := payload[:min(size, len(payload))]
		payload = payload[len(piece):]
		last := len(payload) == 0
		if err := c.send(at, from, to, layers.TCP{ACK: true, PSH: last}, piece, ""); err != nil {
			return err
		}
		if last || n%2 == 0 {
			if err := c.ack(at, to, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// close writes the FIN of src, and its acknowledgment. An orderly close is two of them, one by each side.
func (c *conversation) close(at time.Time, src netip.AddrPort) error {
	from, to := c.sides(src)
	from.closed = true
	if err := c.send(at, from, to, layers.TCP{FIN: true, ACK: true}, nil, ""); err != nil {
		return err
	}
	return c.ack(at, to, from)
}

// reset writes a reset by src.
func (c *conversation) reset(at time.Time, src netip.AddrPort) error {
	from, to := c.sides(src)
	return c.send(at, from, to, layers.TCP{RST: true, ACK: true}, nil, "")
}

func (c *conversation) ack(at time.Time, from, to *end) error {
	return c.send(at, from, to, layers.TCP{ACK: true}, nil, "")
}

// send completes the header with ports and numbers, writes the segment, and counts what it used of the sequence space.
func (c *conversation) send(at time.Time, from, to *end, head layers.TCP, payload []byte, comment string) error {
	head.SrcPort, head.DstPort = layers.TCPPort(from.addr.Port()), layers.TCPPort(to.addr.Port())
	head.Seq = from.next
	if head.ACK {
		head.Ack = to.next
	}
	if !head.RST {
		head.Window = window
	}
	from.next += uint32(len(payload))
	if head.SYN || head.FIN {
		from.next++
	}
	return c.frames.send(at, from.addr.Addr(), to.addr.Addr(), control, &head, true, payload, comment)
}

// segmentSize is the MSS on a path with an MTU of 1500 bytes: 1460 over IPv4, 1440 over IPv6 (RFC 9293 section 3.7.1).
func segmentSize(a netip.Addr) int {
	const tcpHeader = 20
	return control.mtu - headerSize(a) - tcpHeader
}

func mss(a netip.AddrPort) []layers.TCPOption {
	size := segmentSize(a.Addr())
	return []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionData: []byte{byte(size >> 8), byte(size)}}}
}
