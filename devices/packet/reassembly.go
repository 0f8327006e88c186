package packet

import (
	"encoding/binary"
	"slices"
	"time"
)

// The bounds of a Reassembly.
const (
	maxReassembling = 16               // packets of which a part is here; the oldest makes room for a new one
	reassemblyTime  = 30 * time.Second // for all parts of a packet to come
	maxPacket       = 1<<16 - 1
)

// Reassembly puts the fragments of IPv4 packets together. Its zero value is ready.
type Reassembly struct {
	partial []*partial // oldest first
}

type partial struct {
	source, destination [4]byte
	id                  uint16
	protocol            uint8
	began               time.Time
	header              []byte // of the first fragment
	data                []byte
	have                []span // ascending, apart
	end                 int    // of data, once the last fragment is here; -1 before
}

type span struct{ from, to int }

// Add takes a packet and returns a whole one: the packet itself when it is no fragment, or what it completes. It is false
// as long as parts are missing. The result may alias b.
func (r *Reassembly) Add(now time.Time, b []byte) (whole []byte, ok bool) {
	if len(b) < IPv4HeaderSize || b[0]>>4 != 4 {
		return b, true
	}
	header, length := int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	fragment := binary.BigEndian.Uint16(b[6:])
	more, offset := fragment&0x2000 != 0, int(fragment&0x1fff)*8
	if !more && offset == 0 {
		return b, true
	}
	if header < IPv4HeaderSize || length < header || length > len(b) || offset+length-header > maxPacket-header ||
		more && (length-header)%8 != 0 {
		return nil, false
	}
	p := r.find(now, b)
	p.add(b[:length], header, offset, more)
	if p.end < 0 || p.header == nil || len(p.have) != 1 || p.have[0] != (span{0, p.end}) {
		return nil, false
	}
	r.partial = slices.DeleteFunc(r.partial, func(o *partial) bool { return o == p })
	return p.whole(), true
}

// find returns the packet that a fragment belongs to, or begins one.
func (r *Reassembly) find(now time.Time, b []byte) *partial {
	r.partial = slices.DeleteFunc(r.partial, func(p *partial) bool { return now.Sub(p.began) >= reassemblyTime })
	key := partial{source: [4]byte(b[12:]), destination: [4]byte(b[16:]), id: binary.BigEndian.Uint16(b[4:]), protocol: b[9]}
	for _, p := range r.partial {
		if p.source == key.source && p.destination == key.destination && p.id == key.id && p.protocol == key.protocol {
			return p
		}
	}
	if len(r.partial) == maxReassembling {
		r.partial = slices.Delete(r.partial, 0, 1)
	}
	key.began, key.end = now, -1
	r.partial = append(r.partial, &key)
	return &key
}

func (p *partial) add(b []byte, header, offset int, more bool) {
	if offset == 0 {
		p.header = slices.Clone(b[:header])
	}
	to := offset + len(b) - header
	if !more {
		p.end = to
	}
	if grow := to - len(p.data); grow > 0 {
		p.data = append(p.data, make([]byte, grow)...)
	}
	copy(p.data[offset:], b[header:])
	p.have = append(p.have, span{offset, to})
	slices.SortFunc(p.have, func(a, b span) int { return a.from - b.from })
	joined := p.have[:1]
	for _, s := range p.have[1:] {
		if last := &joined[len(joined)-1]; s.from <= last.to {
			last.to = max(last.to, s.to)
		} else {
			joined = append(joined, s)
		}
	}
	p.have = joined
}

// whole is the packet as it was before it was cut.
func (p *partial) whole() []byte {
	b := append(p.header, p.data[:p.end]...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6], b[7], b[10], b[11] = 0, 0, 0, 0
	sum := Message{}.checksum(b[:len(p.header)], 0, false)
	binary.BigEndian.PutUint16(b[10:], sum)
	return b
}
