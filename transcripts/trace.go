package transcripts

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"lisplab/devices/underlay"
)

// Trace condenses the events of a run: two runs were the same, delivery for delivery, when their traces are.
type Trace struct {
	hash  hash.Hash
	count int
}

// NewTrace returns the trace of a run that has not begun.
func NewTrace() *Trace { return &Trace{hash: sha256.New()} }

// Observe adds one event: lab time, what happened, source, destination, connection and bytes.
func (t *Trace) Observe(ev underlay.Event) {
	var head []byte
	head = binary.BigEndian.AppendUint64(head, uint64(ev.At.UnixNano()))
	head = append(head, byte(ev.Kind))
	head = ev.Src.AppendTo(head)
	head = append(head, '>')
	head = ev.Dst.AppendTo(head)
	head = binary.BigEndian.AppendUint64(head, ev.Conn)
	head = binary.BigEndian.AppendUint64(head, uint64(len(ev.Payload)))
	t.hash.Write(head)
	t.hash.Write(ev.Payload)
	t.count++
}

// Count is the number of events.
func (t *Trace) Count() int { return t.count }

// String returns the SHA-256 of the events and their count.
func (t *Trace) String() string { return fmt.Sprintf("%x %d", t.hash.Sum(nil), t.count) }
