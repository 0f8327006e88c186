package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

const (
	packetLen  = 128 // of a native packet, in bytes
	numberOff  = 28  // of its number: behind the IP and UDP headers
	packetTTL  = 64
	cacheLimit = 1000 // entries of the map-cache
)

// xtr is an ITR whose map-cache holds everything that will be asked for.
type xtr struct {
	engine *itr.Engine
	// A payload is the ITR's until the next packet, and must last until its batch is sent.
	payloads [underlay.BatchSize][]byte
	next     int   // of payloads
	err      error // the first packet that was not encapsulated
}

// routes has one way to everywhere.
type routes struct{}

func (routes) Source(netip.Addr) (netip.Addr, bool) { return etrAddr, true }

// destination is an address in the i-th EID prefix that an xTR asks for.
func destination(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 7}) }

var source = netip.AddrFrom4([4]byte{192, 168, 0, 1})

// newXTR returns an xTR that has asked for `entries` EID prefixes, and was answered that all are at another xTR.
func newXTR(now time.Time, entries int) (*xtr, error) {
	x := &xtr{engine: itr.New(routes{})}
	x.engine.Configure(now, itr.Config{
		IPv4: itr.Service{ITR: true, MapResolvers: []netip.Addr{msAddr}, Limit: cacheLimit},
		Instances: []itr.Instance{{Database: []lispcore.Mapping{{
			EID: lispcore.NewEID(0, netip.PrefixFrom(source, 24)), TTL: 1440, Locators: mapping(0, etrAddr).Locators,
		}}}},
		PropagateTTL: true, Rand: rand.New(rand.NewPCG(1, 2)),
	})
	x.engine.Drain()
	for i := range entries {
		if err := x.learn(now, i); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// learn has the ITR ask for one EID prefix, and answers as a Map-Server does.
func (x *xtr) learn(now time.Time, i int) error {
	x.engine.Forward(now, 0, packet(nil, i, destination(i)))
	for _, out := range x.engine.Drain() {
		sent, ok := out.(lispcore.SendDatagram)
		if !ok {
			continue
		}
		var ecm wire.EncapsulatedControl
		var request wire.MapRequest
		if err := errors.Join(ecm.Parse(sent.Payload), request.Parse(ecm.Payload)); err != nil {
			return err
		}
		rec := wire.Record{Mapping: mapping(0, msAddr)}
		rec.EID = lispcore.NewEID(0, netip.PrefixFrom(destination(i), 24))
		reply, err := (&wire.MapReply{Nonce: request.Nonce, Records: []wire.Record{rec}}).Append(nil)
		if err != nil {
			return err
		}
		x.engine.Handle(now, lispcore.Datagram{From: sent.To, To: sent.From, Payload: reply})
		x.engine.Drain()
		return nil
	}
	return fmt.Errorf("the ITR did not ask for %v", destination(i))
}

// send does to a packet what an xTR does, and returns the payload that goes to port 4341.
func (x *xtr) send(packet []byte) []byte {
	forward.DecrementTTL(packet)
	v := x.engine.Forward(time.Now(), 0, packet)
	if v.Kind != itr.Encapsulate || len(v.Datagrams) != 1 {
		if x.err == nil {
			x.err = fmt.Errorf("a packet was not encapsulated: %v", v.Reason)
		}
		return nil
	}
	payload := &x.payloads[x.next]
	x.next = (x.next + 1) % len(x.payloads)
	*payload = append((*payload)[:0], v.Datagrams[0].Payload...)
	return *payload
}

// encapsulate measures n packets, each to one of `entries` EID prefixes in turn, through one xTR: native packets come in as
// datagrams, encapsulated ones go out.
func encapsulate(n, entries int) (took span, err error) {
	x, err := newXTR(time.Now(), entries)
	if err != nil {
		return span{}, err
	}
	s, err := newStockOf(n, func(b []byte, i int) ([]byte, error) { return packet(b, i, destination(i%entries)), nil })
	if err != nil {
		return span{}, err
	}
	s.number = numberOfPacket
	took, err = exchangeWith(s, x.send)
	return took, errors.Join(x.err, err)
}

// packet appends a UDP packet of 128 bytes; what it carries is its number.
func packet(b []byte, i int, to netip.Addr) []byte {
	var p [packetLen]byte
	p[0], p[8], p[9] = 0x45, packetTTL, 17
	binary.BigEndian.PutUint16(p[2:], packetLen)
	from4, to4 := source.As4(), to.As4()
	copy(p[12:], from4[:])
	copy(p[16:], to4[:])
	binary.BigEndian.PutUint16(p[20:], uint16(i)) // the source port: many flows
	binary.BigEndian.PutUint16(p[22:], 7)
	binary.BigEndian.PutUint16(p[24:], packetLen-20)
	binary.BigEndian.PutUint64(p[numberOff:], nonce(i))
	binary.BigEndian.PutUint16(p[10:], headerSum(p[:20]))
	return append(b, p[:]...)
}

// headerSum is the checksum of an IPv4 header without one.
func headerSum(header []byte) uint16 {
	var sum uint32
	for i := 0; i < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// numberOfPacket tells which packet a LISP data packet carries whole and with its TTL counted down, and -1 if it is none.
func numberOfPacket(payload []byte) int {
	h, inner, err := forward.Decapsulate(payload, packetTTL, 0, true)
	if err != nil || h.HasInstance || len(inner) != packetLen || inner[8] != packetTTL-1 {
		return -1
	}
	return message(binary.BigEndian.Uint64(inner[numberOff:]))
}
