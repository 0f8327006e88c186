package bench

import (
	"encoding/binary"
	"net/netip"

	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

const key = "bench-key"

// mapServerConfig allows one site everything under 10.0.0.0/8.
func mapServerConfig(reliable bool) mapserver.Config {
	eid := lispcore.NewEID(0, netip.MustParsePrefix("10.0.0.0/8"))
	return mapserver.Config{
		Sites: []mapserver.SiteConfig{{Name: "bench", Key: key, EIDs: []mapserver.SiteEID{{EID: eid, AcceptMoreSpecifics: true}}}},
		IPv4:  true, Reliable: reliable,
	}
}

// mapping is what the ETR at rloc registers as its i-th EID prefix, a /32.
func mapping(i int, rloc netip.Addr) lispcore.Mapping {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 10<<24|uint32(i))
	return lispcore.Mapping{
		EID:      lispcore.EID{Prefix: netip.PrefixFrom(netip.AddrFrom4(a), 32)},
		TTL:      1440,
		Locators: []lispcore.Locator{{RLOC: rloc, Priority: 1, Weight: 100, MPriority: 1, MWeight: 100, Local: true, Reachable: true}},
	}
}

// maker makes signed Map-Registers, one record each, as IOS sends them: with M and an xTR-ID.
type maker struct {
	rloc     netip.Addr
	auth     *wire.Authenticator
	register wire.MapRegister
}

func newMaker(rloc netip.Addr) *maker {
	return &maker{rloc: rloc, auth: wire.NewAuthenticator(key), register: wire.MapRegister{
		WantNotify: true, HasXTRID: true, XTRID: wire.XTRID{15: 1}, Auth: wire.Auth{Algorithm: wire.AlgSHA1}, Records: make([]wire.Record, 1),
	}}
}

// append writes the i-th register behind b. Its nonce tells i.
func (m *maker) append(b []byte, i int) ([]byte, error) {
	m.register.Nonce = nonce(i)
	m.register.Records[0] = wire.Record{Mapping: mapping(i, m.rloc), Authoritative: true}
	start := len(b)
	b, err := m.register.Append(b)
	if err != nil {
		return nil, err
	}
	return b, m.auth.Sign(b[start:])
}

// nonce is the nonce of the i-th message; message is its inverse. Nonces of 0 are avoided.
func nonce(i int) uint64 { return uint64(i) + 1<<32 }

func message(nonce uint64) int { return int(nonce - 1<<32) }

// nonceOf reads the nonce of a message that has it behind its first word.
func nonceOf(b []byte) uint64 {
	if len(b) < 12 {
		return 0
	}
	return binary.BigEndian.Uint64(b[4:])
}

// stock is many messages of one size, made beforehand, in one piece of memory.
type stock struct {
	bytes []byte
	size  int // of one message
	// number tells which message a datagram answers, negative if it is none. nil: by the nonce, as in Map-Notify and
	// Map-Reply.
	number func(answer []byte) int
}

// newStockOf makes n messages; one appends the i-th to b. All must be of one size.
func newStockOf(n int, one func(b []byte, i int) ([]byte, error)) (s stock, err error) {
	for i := range n {
		if s.bytes, err = one(s.bytes, i); err != nil {
			return stock{}, err
		}
		if i == 0 {
			s.size = len(s.bytes)
			first := s.bytes
			s.bytes = append(make([]byte, 0, n*s.size), first...)
		}
	}
	return s, nil
}

// newStock makes n Map-Registers; framed wraps each in a Registration of the reliable transport.
func newStock(n int, rloc netip.Addr, framed bool) (stock, error) {
	m := newMaker(rloc)
	if !framed {
		return newStockOf(n, m.append)
	}
	return newStockOf(n, func(b []byte, i int) ([]byte, error) {
		register, err := m.append(nil, i)
		if err != nil {
			return nil, err
		}
		return wire.AppendFrame(b, uint32(i), &wire.Registration{Register: register})
	})
}

func (s stock) len() int             { return len(s.bytes) / s.size }
func (s stock) message(i int) []byte { return s.bytes[i*s.size : (i+1)*s.size : (i+1)*s.size] }

// answered returns which message a datagram answers.
func (s stock) answered(answer []byte) int {
	if s.number != nil {
		return s.number(answer)
	}
	return message(nonceOf(answer))
}
