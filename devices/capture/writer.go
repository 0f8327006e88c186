package capture

import (
	"cmp"
	"fmt"
	"io"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices/underlay"
)

// Writer writes the events of one lab, in order, as a pcapng file with the link type Ethernet.
type Writer struct {
	out           *pcapgo.NgWriter
	frames        *framer
	conversations map[uint64]*conversation // those that have begun and not ended, by Event.Conn
	err           error
}

// NewWriter starts a file on w. The caller closes w, after Flush.
func NewWriter(w io.Writer) (*Writer, error) {
	out, err := pcapgo.NewNgWriterInterface(w,
		pcapgo.NgInterface{Name: "lab", LinkType: layers.LinkTypeEthernet},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "lisplab"}})
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return &Writer{out: out, frames: newFramer(out), conversations: make(map[uint64]*conversation)}, nil
}

// Observe writes the packets of one event. It has the shape of the lab's Observe option; the first error stays, ends the
// writing, and comes out of Flush.
func (w *Writer) Observe(e underlay.Event) {
	if w.err == nil {
		if err := w.write(e); err != nil {
			w.err = fmt.Errorf("capture: %v %v > %v at %v: %w", e.Kind, e.Src, e.Dst, e.At, err)
		}
	}
}

// Flush hands what is buffered to the underlying writer and returns the first error of all that was observed.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("capture: %w", err)
	}
	return w.err
}

func (w *Writer) write(e underlay.Event) error {
	switch e.Kind {
	case underlay.Datagram, underlay.DatagramDropped:
		head := &layers.UDP{SrcPort: layers.UDPPort(e.Src.Port()), DstPort: layers.UDPPort(e.Dst.Port())}
		return w.frames.send(e.At, e.Src.Addr(), e.Dst.Addr(), datagramEnvelope(e), head, underlay.HasUDPChecksum(e.Dst), e.Payload, comment(e))
	case underlay.Packet, underlay.PacketDropped:
		return w.frames.packet(e.At, e.From, e.To, e.Payload, comment(e))
	case underlay.Dial:
		c := &conversation{frames: w.frames, client: end{addr: e.Src, next: e.Seq}, server: end{addr: e.Dst}}
		w.conversations[e.Conn] = c
		return c.syn(e.At, comment(e))
	}
	c, ok := w.conversations[e.Conn]
	if !ok {
		return fmt.Errorf("connection %d has not begun, or has ended", e.Conn)
	}
	switch e.Kind {
	case underlay.Accept:
		c.server.next = e.Seq
		return c.accept(e.At)
	case underlay.Data:
		return c.data(e.At, e.Src, e.Payload)
	case underlay.Close:
		err := c.close(e.At, e.Src)
		if c.client.closed && c.server.closed {
			delete(w.conversations, e.Conn)
		}
		return err
	case underlay.Refuse:
		delete(w.conversations, e.Conn)
		return c.refuse(e.At)
	case underlay.Reset:
		delete(w.conversations, e.Conn)
		return c.reset(e.At, e.Src)
	case underlay.DialTimeout, underlay.Lost:
		delete(w.conversations, e.Conn)
		return nil
	}
	return fmt.Errorf("no packet is known for it")
}

// datagramEnvelope is the IP header of a datagram as it leaves its sender; what the event leaves open is as control packets
// have it.
func datagramEnvelope(e underlay.Event) envelope {
	env := control
	if e.TTL != 0 {
		env.ttl, env.tos, env.df = e.TTL, e.TOS, e.DF
	}
	env.id = e.ID
	env.mtu = cmp.Or(e.MTU, env.mtu)
	return env
}

// comment is the packet comment of what was sent but did not arrive.
func comment(e underlay.Event) string {
	if e.Kind == underlay.Datagram || e.Detail == "" {
		return ""
	}
	return "lost: " + e.Detail
}
