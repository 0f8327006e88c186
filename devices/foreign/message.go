package foreign

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// The types of LISP control messages (RFC 9301 section 5.1), in the upper half of the first byte.
const (
	mapRequest          = 1
	mapReply            = 2
	mapRegister         = 3
	mapNotify           = 4
	encapsulatedControl = 8
)

// The layout of a Map-Register and of a Map-Notify: first word, nonce, key ID and algorithm, length of the authentication
// data, that data, records. Both stacks of the captures authenticate by HMAC-SHA-1, all 20 bytes of it.
const (
	nonceAt  = 4
	authAt   = 16
	recordAt = authAt + sha1.Size
	hasXTRID = 0x02 // of a Map-Register: an xTR-ID and a Site-ID stand at the end
	notifyID = 0x08 // the same of a Map-Notify
	trailer  = 24   // bytes of xTR-ID and Site-ID
)

func typeOf(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0] >> 4
}

func contains(b, what []byte) bool { return bytes.Contains(b, what) }

// nonce is that of any message but an Encapsulated Control Message.
func nonce(b []byte) [8]byte { return [8]byte(b[nonceAt:]) }

// renew gives a message a nonce that nobody has used.
func renew(b []byte) [8]byte {
	_, _ = rand.Read(b[nonceAt : nonceAt+8]) // never fails
	return nonce(b)
}

// sign writes the authentication data of a Map-Register or a Map-Notify.
func sign(b []byte, key string) { copy(b[authAt:], digest(b, key)) }

// signed tells whether a Map-Register or a Map-Notify was made with the key.
func signed(b []byte, key string) error {
	switch {
	case len(b) < recordAt:
		return fmt.Errorf("a message of %d bytes is too short to be authenticated", len(b))
	case !bytes.Equal(b[12:authAt], []byte{0, 1, 0, sha1.Size}):
		return fmt.Errorf("found key and length % x, expected those of HMAC-SHA-1 with 20 bytes", b[12:authAt])
	case !hmac.Equal(b[authAt:recordAt], digest(b, key)):
		return errors.New("the authentication data is not that of the key")
	}
	return nil
}

// digest is the HMAC of a message whose authentication data counts as zeros.
func digest(b []byte, key string) []byte {
	m := hmac.New(sha1.New, []byte(key))
	m.Write(b[:authAt])
	m.Write(make([]byte, sha1.Size))
	m.Write(b[recordAt:])
	return m.Sum(nil)
}

// eidOf is a prefix as it stands in a record or in a Map-Request: its address family and its address, in full.
func eidOf(p netip.Prefix) []byte {
	family := uint16(1)
	if p.Addr().Is6() {
		family = 2
	}
	return append(binary.BigEndian.AppendUint16(nil, family), p.Addr().AsSlice()...)
}

// request is a Map-Request that came in an Encapsulated Control Message.
type request struct {
	nonce   [8]byte
	port    uint16     // its UDP source
	replyTo netip.Addr // the last IPv4 address of its ITR-RLOCs, to which the stack of the captures answers (measured)
	eid     netip.Addr
}

// unpack reads the Map-Request of an Encapsulated Control Message.
func unpack(b []byte) (q request, err error) {
	const ecmHeader, udpHeader = 4, 8
	b = b[min(ecmHeader, len(b)):]
	ip := 40
	if len(b) > 0 && b[0]>>4 == 4 {
		ip = int(b[0]&15) * 4
	}
	if len(b) < ip+udpHeader+12 || typeOf(b[ip+udpHeader:]) != mapRequest {
		return q, errors.New("no Map-Request inside")
	}
	q.port = binary.BigEndian.Uint16(b[ip:])
	b = b[ip+udpHeader:]
	q.nonce = nonce(b)
	rlocs := int(b[2]&31) + 1
	_, b = address(b[12:]) // the source EID
	for range rlocs {
		var a netip.Addr
		if a, b = address(b); a.Is4() {
			q.replyTo = a
		}
	}
	if len(b) > 2 {
		q.eid, _ = address(b[2:])
	}
	if !q.replyTo.IsValid() || !q.eid.IsValid() {
		return q, errors.New("a Map-Request without an EID, or without an IPv4 address to answer to")
	}
	return q, nil
}

// address reads an address behind its family, and returns what follows it. It is the zero Addr for another family.
func address(b []byte) (a netip.Addr, rest []byte) {
	if len(b) < 2 {
		return a, nil
	}
	size := 0
	switch binary.BigEndian.Uint16(b) {
	case 1:
		size = 4
	case 2:
		size = 16
	}
	if b = b[2:]; len(b) < size {
		return a, nil
	}
	a, _ = netip.AddrFromSlice(b[:size])
	return a, b[size:]
}

// answers tells whether a recorded Map-Reply is one of an ETR's own about an address.
func answers(reply []byte, eid netip.Addr) bool {
	const length, flags, prefix, authoritative = 12 + 5, 12 + 6, 12 + 10, 0x10 // the first record begins at 12
	if typeOf(reply) != mapReply || len(reply) < prefix || reply[flags]&authoritative == 0 {
		return false
	}
	a, _ := address(reply[prefix:])
	p, err := a.Prefix(int(reply[length]))
	return err == nil && p.Contains(eid)
}
