package foreign

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
)

// ETR is a foreign ETR: it registers EID prefixes of its recording and answers Map-Requests for them.
type ETR struct {
	*peer
	server netip.Addr
}

// NewETR starts a foreign ETR whose Map-Server is at an address of the recording.
func NewETR(cfg Config, server netip.Addr) (*ETR, error) {
	p, err := open(cfg, answerRequest)
	if err != nil {
		return nil, err
	}
	return &ETR{p, server}, nil
}

// Register sends the recorded Map-Register of an EID prefix and waits for the Map-Notify that answers it: same nonce, same
// key, same prefix.
func (e *ETR) Register(ctx context.Context, eid netip.Prefix) error {
	b, err := e.cfg.Recording.first(mapRegister, eidOf(eid))
	if err != nil {
		return err
	}
	number := renew(b)
	sign(b, e.cfg.Key)
	if err := e.send(e.server, controlPort, b); err != nil {
		return err
	}
	f, err := e.await(ctx, "Map-Notify for "+eid.String(), func(f Frame) bool {
		return typeOf(f.Payload) == mapNotify && len(f.Payload) > recordAt && nonce(f.Payload) == number
	})
	if err != nil {
		return err
	}
	if err := signed(f.Payload, e.cfg.Key); err != nil {
		return fmt.Errorf("the Map-Notify from %v: %w", f.From, err)
	}
	if !contains(f.Payload[recordAt:], eidOf(eid)) {
		return fmt.Errorf("the Map-Notify from %v says nothing of %v: % x", f.From, eid, f.Payload[recordAt:])
	}
	return nil
}

// AwaitRequest waits until somebody has asked for an address, by way of the Map-Server.
func (e *ETR) AwaitRequest(ctx context.Context, eid netip.Addr) error {
	_, err := e.await(ctx, "Map-Request for "+eid.String(), func(f Frame) bool {
		if typeOf(f.Payload) != encapsulatedControl {
			return false
		}
		q, err := unpack(f.Payload)
		return err == nil && q.eid == eid
	})
	return err
}

// answerRequest answers an encapsulated Map-Request for what the recording has a Map-Reply of, with the nonce that it bears.
func answerRequest(p *peer, f Frame) {
	if typeOf(f.Payload) != encapsulatedControl {
		return
	}
	q, err := unpack(f.Payload)
	if err != nil {
		return
	}
	for _, r := range p.cfg.Recording {
		if answers(r.Payload, q.eid) {
			b := slices.Clone(r.Payload)
			copy(b[nonceAt:], q.nonce[:])
			_ = p.send(q.replyTo, q.port, b) // an answer that gets lost is asked for again
			return
		}
	}
}
