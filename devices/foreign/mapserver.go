package foreign

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// MapServer is a foreign Map-Server: it answers Map-Registers for the EID prefixes that the recording has a Map-Notify for,
// and says nothing to any other, or to one that was made with another key.
type MapServer struct {
	*peer
	last int // number of the last Map-Register that was awaited
}

// NewMapServer starts a foreign Map-Server.
func NewMapServer(cfg Config) (*MapServer, error) {
	p, err := open(cfg, answerRegister)
	if err != nil {
		return nil, err
	}
	return &MapServer{peer: p}, nil
}

// AwaitRegister waits until a Map-Register for an EID prefix has come that was made with the key, and returns where from.
// Those that have come up to the last call don't count.
func (m *MapServer) AwaitRegister(ctx context.Context, eid netip.Prefix) (from netip.AddrPort, err error) {
	f, err := m.await(ctx, "Map-Register for "+eid.String(), func(f Frame) bool {
		return f.Number > m.last && typeOf(f.Payload) == mapRegister && signed(f.Payload, m.cfg.Key) == nil && contains(f.Payload[recordAt:], eidOf(eid))
	})
	if err == nil {
		m.last = f.Number
	}
	return f.From, err
}

// AskETR sends the recorded Map-Request for an address on to an ETR, as for an ITR that has asked the Map-Server, and
// waits at an address of the recording for the ETR's Map-Reply.
func (m *MapServer) AskETR(ctx context.Context, etr, eid netip.Addr) (err error) {
	for _, f := range m.cfg.Recording {
		if typeOf(f.Payload) != encapsulatedControl {
			continue
		}
		q, uerr := unpack(f.Payload)
		if uerr != nil || q.eid != eid {
			continue
		}
		itr, err := open(Config{At: m.place(q.replyTo)}, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, itr.Close()) }()
		if err := m.send(etr, controlPort, f.Payload); err != nil {
			return err
		}
		_, err = itr.await(ctx, "Map-Reply for "+eid.String(), func(f Frame) bool {
			return len(f.Payload) > nonceAt+8 && nonce(f.Payload) == q.nonce && answers(f.Payload, eid)
		})
		return err
	}
	return fmt.Errorf("the recording has no Map-Request for %v", eid)
}

// answerRegister answers a Map-Register as the stack of the captures does: by the recorded Map-Notify about the same
// prefix, with the nonce that came, the xTR-ID and the Site-ID if there are any, and the key's authentication.
func answerRegister(p *peer, f Frame) {
	const first = recordAt + 10 // the first record's prefix
	if typeOf(f.Payload) != mapRegister || signed(f.Payload, p.cfg.Key) != nil || len(f.Payload) < first {
		return
	}
	a, _ := address(f.Payload[first:])
	if !a.IsValid() {
		return
	}
	b, err := p.cfg.Recording.first(mapNotify, eidOf(netip.PrefixFrom(a, a.BitLen())))
	if err != nil {
		return
	}
	number := nonce(f.Payload)
	copy(b[nonceAt:], number[:])
	if f.Payload[0]&hasXTRID != 0 && len(f.Payload) >= first+trailer {
		b[0] |= notifyID
		b = append(b, f.Payload[len(f.Payload)-trailer:]...)
	}
	sign(b, p.cfg.Key)
	_, _ = p.sock.WriteToUDPAddrPort(b, f.From) // what gets lost is asked for again
}
