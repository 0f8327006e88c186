package wire

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// Authenticator signs and verifies messages with one shared secret. It keeps the keyed hashes from message to message,
// which halves the work of a MAC over a message of this size; therefore it is not for concurrent use.
//
// The MAC covers the whole UDP payload, the xTR-ID tail included, with the authentication data taken as zero bytes.
// RFC 9301 section 5.6 can be read as "up to the last locator"; Cisco routers include the tail.
type Authenticator struct {
	secret       []byte
	sha1, sha256 hash.Hash // keyed; made at first use
	sum          [sha256.Size]byte
}

// NewAuthenticator returns the authenticator of a pre-shared key, used as its plain bytes. An empty key is no key:
// nothing verifies under it, and nothing can be signed.
func NewAuthenticator(secret string) *Authenticator { return &Authenticator{secret: []byte(secret)} }

var errNoKey = errors.New("no key")

// Sign fills in the authentication data of a complete Map-Register, Map-Notify, Map-Notify-Ack or Info-Request, in place,
// as the message's own Algorithm ID and length field say. A message of AlgNone has nothing to fill in. The error is an *Error.
func (a *Authenticator) Sign(message []byte) error {
	t, alg, data, err := authPart(message)
	if err != nil {
		return err
	}
	at := place{message: t.String()}
	switch full, known := alg.fullLen(); {
	case !known:
		return at.errorAt("Algorithm ID", algorithmOffset, fmt.Errorf("%w: %v", ErrUnsupported, alg))
	case !alg.accepts(len(data)) && len(data) != full:
		return at.errorAt("Authentication Data Length", authLengthOffset, fmt.Errorf("%w: %d for %v", ErrLength, len(data), alg))
	case alg == AlgNone:
		return nil
	case len(a.secret) == 0:
		return at.errorAt("Authentication Data", authDataOffset, fmt.Errorf("%w: %w", ErrValue, errNoKey))
	}
	copy(data, a.mac(message, t, alg, len(data)))
	return nil
}

// Verify tells whether a Map-Register, Map-Notify, Map-Notify-Ack or Info-Request carries the MAC that the key gives it: SHA-1 of 20
// or 12 bytes, SHA-256 of 32 or 16, algorithm 3 of 16. A message of AlgNone never verifies. The comparison takes the
// same time wherever the first difference is. The message is not changed.
func (a *Authenticator) Verify(message []byte) bool {
	t, alg, data, err := authPart(message)
	if err != nil || !alg.accepts(len(data)) || len(a.secret) == 0 {
		return false
	}
	return hmac.Equal(data, a.mac(message, t, alg, len(data))[:len(data)])
}

// authPart finds the authentication data of a message.
func authPart(message []byte) (t Type, alg Algorithm, data []byte, err error) {
	t, err = PeekType(message)
	if err != nil {
		return t, 0, nil, err
	}
	r := reader{place: place{message: t.String()}, b: message}
	switch t {
	case TypeMapRegister, TypeMapNotify, TypeMapNotifyAck, TypeInfo:
	default:
		r.fail("Type", 0, fmt.Errorf("%w: a %v has no authentication data", ErrValue, t))
	}
	r.take("Flags", nonceOffset)
	r.u64("Nonce")
	r.u8("Key ID")
	alg = Algorithm(r.u8("Algorithm ID"))
	data = r.take("Authentication Data", int(r.u16("Authentication Data Length")))
	return t, alg, data, r.err
}

// mac returns the full MAC of a message with n bytes of authentication data, valid until the next call.
func (a *Authenticator) mac(message []byte, t Type, alg Algorithm, n int) []byte {
	var h hash.Hash
	switch alg {
	case AlgSHA1:
		if a.sha1 == nil {
			a.sha1 = hmac.New(sha1.New, a.secret)
		}
		h = a.sha1
	case AlgSHA256:
		if a.sha256 == nil {
			a.sha256 = hmac.New(sha256.New, a.secret)
		}
		h = a.sha256
	default:
		h = hmac.New(sha256.New, a.messageKey(t, binary.BigEndian.Uint64(message[nonceOffset:])))
	}
	h.Reset()
	h.Write(message[:authDataOffset])
	h.Write(zeros[:n])
	h.Write(message[authDataOffset+n:])
	return h.Sum(a.sum[:0])
}

// messageKey derives the key of one message for algorithm 3: RFC 9301 section 5.6 has KDF(nonce + PSK, s), with s a
// text by message type. It leaves HKDF's parameters open; here s is the salt, info is empty, and the key has 32 bytes.
func (a *Authenticator) messageKey(t Type, nonce uint64) []byte {
	secret := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(a.secret)), nonce)
	secret = append(secret, a.secret...)
	key, err := hkdf.Key(sha256.New, secret, []byte(t.String()+" Authentication"), "", sha256.Size)
	if err != nil {
		panic(err) // a key of one digest's length can't fail
	}
	return key
}
