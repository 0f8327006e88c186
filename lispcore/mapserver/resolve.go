package mapserver

import (
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Resolve answers the Map-Request m, or forwards it to an ETR that registers what it asks for (RFC 9301 section 8.3). ecm is
// the datagram as it arrived, inner the Encapsulated Control Message in it, as the Map-Resolver took it apart. All of it
// is lent. What there is to send comes out of Drain.
func (e *Engine) Resolve(now time.Time, ecm lispcore.Datagram, inner wire.EncapsulatedControl, m *wire.MapRequest) {
}
