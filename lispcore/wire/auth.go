package wire

import "fmt"

// Algorithm is the Algorithm ID of a message's authentication data (IANA "LISP Algorithm ID Numbers").
type Algorithm uint8

// The registered algorithms.
const (
	AlgNone       Algorithm = 0 // no authentication data
	AlgSHA1       Algorithm = 1 // HMAC-SHA-1-96-None: by its name 12 bytes, but routers send all 20
	AlgSHA256     Algorithm = 2 // HMAC-SHA-256-128-None: by its name 16 bytes, but routers send all 32
	AlgSHA256HKDF Algorithm = 3 // HMAC-SHA-256-128+HKDF-SHA256: 16 bytes, under a key derived for each message
)

var algorithmNames = [...]string{"none", "sha1", "sha2", "sha2-hkdf"}

// String returns the algorithm as the command line names it: "none", "sha1", "sha2", "sha2-hkdf".
func (a Algorithm) String() string {
	if int(a) < len(algorithmNames) {
		return algorithmNames[a]
	}
	return fmt.Sprintf("algorithm %d", uint8(a))
}

// fullLen is the length in bytes of the authentication data that this package sends.
func (a Algorithm) fullLen() (n int, known bool) {
	switch a {
	case AlgNone:
		return 0, true
	case AlgSHA1:
		return 20, true
	case AlgSHA256:
		return 32, true
	case AlgSHA256HKDF:
		return 16, true
	}
	return 0, false
}

// accepts tells whether authentication data of n bytes belongs to the algorithm. The short forms of SHA-1 and SHA-256
// are those that the algorithms' names promise (RFC 2404, RFC 4868).
func (a Algorithm) accepts(n int) bool {
	switch a {
	case AlgSHA1:
		return n == 20 || n == 12
	case AlgSHA256:
		return n == 32 || n == 16
	case AlgSHA256HKDF:
		return n == 16
	}
	return false
}

// Auth is the authentication part of a message (RFC 9301 section 5.6):
//
//	+---------------+---------------+-------------------------------+
//	|    Key ID     | Algorithm ID  |  Authentication Data Length   |
//	+---------------+---------------+-------------------------------+
//	~                      Authentication Data                      ~
//	+---------------------------------------------------------------+
//
// RFC 6833 had one Key ID of 16 bits in place of the first two; the bytes of the values in use are the same.
//
// Data is written as it is. If it is nil, zero bytes of the algorithm's full length are written in its place, for
// Authenticator.Sign to fill.
type Auth struct {
	KeyID     uint8
	Algorithm Algorithm
	Data      []byte
}

// Where the parts of every authenticated message lie: the fixed words and the nonce come before.
const (
	nonceOffset      = 4
	algorithmOffset  = 13
	authLengthOffset = 14
	authDataOffset   = 16
)

// auth reads into a, whose Data's backing array is used again. The wire's own length is believed; whether it suits the
// algorithm is for Verify to say.
func (r *reader) auth(a *Auth) {
	data := a.Data[:0]
	if data == nil {
		data = []byte{} // not nil: no authentication data at all must not be written back as zeros
	}
	a.KeyID = r.u8("Key ID")
	a.Algorithm = Algorithm(r.u8("Algorithm ID"))
	n := r.u16("Authentication Data Length")
	a.Data = append(data, r.take("Authentication Data", int(n))...)
}

// zeros stand in for authentication data: in a message not yet signed, and in the input of every MAC.
var zeros [32]byte

func (w *writer) auth(a *Auth) {
	w.u8(a.KeyID)
	data := a.Data
	if data == nil {
		n, known := a.Algorithm.fullLen()
		if !known {
			w.fail("Algorithm ID", fmt.Errorf("%w: %v", ErrUnsupported, a.Algorithm))
		}
		data = zeros[:n]
	}
	w.u8(uint8(a.Algorithm))
	if len(data) > 0xffff {
		w.fail("Authentication Data Length", fmt.Errorf("%w: %d", ErrLength, len(data)))
	}
	w.u16(uint16(len(data)))
	w.bytes(data)
}
