package wire

import (
	"fmt"
	"slices"
	"testing"
)

// Any change of any bit of a signed message, MAC, lengths and tail included, makes it worthless.
func TestVerifySeesEveryBit(t *testing.T) {
	a := NewAuthenticator(vectorKey)
	for _, vectors := range [][]vector{registerVectors(), notifyVectors(), notifyAckVectors()} {
		for _, v := range vectors {
			b := unhex(t, v.hex)
			for bit := range 8 * len(b) {
				b[bit/8] ^= 0x80 >> (bit % 8)
				if a.Verify(b) {
					t.Errorf("%s: verifies with bit %d of byte %d flipped", v.name, bit%8, bit/8)
				}
				b[bit/8] ^= 0x80 >> (bit % 8)
			}
			if !a.Verify(b) {
				t.Fatalf("%s: does not verify as it is", v.name)
			}
		}
	}
}

func TestVerifyNeedsTheKey(t *testing.T) {
	b := unhex(t, registerVectors()[0].hex)
	for _, key := range []string{"", "wire test ke", "wire test key ", "Wire test key", vectorKey + "\x00x"} {
		if NewAuthenticator(key).Verify(b) {
			t.Errorf("verifies with the key %q", key)
		}
	}
}

// Which lengths pass follows from the algorithm: the MAC here is right, as far as it goes.
func TestVerifyLengths(t *testing.T) {
	accepted := map[Algorithm][]int{AlgSHA1: {12, 20}, AlgSHA256: {16, 32}, AlgSHA256HKDF: {16}}
	a := NewAuthenticator(vectorKey)
	for alg := AlgNone; alg <= 4; alg++ {
		for n := 0; n <= 33; n++ {
			m := MapRegister{Auth: Auth{Algorithm: alg, Data: make([]byte, n)}}
			b, err := m.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(accepted[alg], n) {
				copy(b[authDataOffset:], a.mac(b, TypeMapRegister, alg, n)[:n])
			}
			if got, want := a.Verify(b), slices.Contains(accepted[alg], n); got != want {
				t.Errorf("%v with %d bytes: Verify %v, want %v", alg, n, got, want)
			}
			err = a.Sign(b)
			if want := slices.Contains(accepted[alg], n) || alg == AlgNone && n == 0; (err == nil) != want {
				t.Errorf("%v with %d bytes: Sign %v", alg, n, err)
			}
		}
	}
}

// Verify leaves the message alone, and an authenticator has no memory of the messages before.
func TestAuthenticatorForgets(t *testing.T) {
	used := NewAuthenticator(vectorKey)
	for range 2 {
		for _, v := range append(registerVectors(), notifyVectors()...) {
			b := unhex(t, v.hex)
			if !used.Verify(b) {
				t.Errorf("%s: does not verify", v.name)
			}
			if string(b) != string(unhex(t, v.hex)) {
				t.Errorf("%s: Verify changed the message", v.name)
			}
			b[len(b)-1] ^= 1
			if used.Verify(b) {
				t.Errorf("%s: verifies with a changed last byte", v.name)
			}
		}
	}
}

func TestSignErrors(t *testing.T) {
	message := func(alg Algorithm, n int) []byte {
		m := MapRegister{Auth: Auth{Algorithm: alg, Data: make([]byte, n)}}
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	mapRequest := message(AlgSHA1, 20)
	mapRequest[0] = byte(TypeMapRequest) << 4
	for _, v := range []struct {
		name, key string
		message   []byte
		is        error
		want      string
	}{
		{"nothing", "k", nil, ErrShort, "control message: Type at byte 0: short message"},
		{"an unknown type", "k", []byte{0x90}, ErrUnknownType, "control message: Type at byte 0: unknown message type: 9"},
		{"a message without authentication", "k", mapRequest, ErrValue,
			"Map-Request: Type at byte 0: bad value: a Map-Request has no authentication data"},
		{"a cut message", "k", message(AlgSHA1, 20)[:35], ErrShort, "Map-Register: Authentication Data at byte 16: short message"},
		{"an unknown algorithm", "k", message(4, 16), ErrUnsupported, "Map-Register: Algorithm ID at byte 13: unsupported: algorithm 4"},
		{"a length that is not the algorithm's", "k", message(AlgSHA1, 16), ErrLength,
			"Map-Register: Authentication Data Length at byte 14: bad length: 16 for sha1"},
		{"no key", "", message(AlgSHA1, 20), ErrValue, "Map-Register: Authentication Data at byte 16: bad value: no key"},
	} {
		t.Run(v.name, func(t *testing.T) {
			err := NewAuthenticator(v.key).Sign(v.message)
			wantError(t, err, v.is)
			if err != nil && err.Error() != v.want {
				t.Errorf("\n got %s\nwant %s", err, v.want)
			}
			if NewAuthenticator(v.key).Verify(v.message) {
				t.Error("verifies")
			}
		})
	}
}

// As much authentication data as its length field can tell of is lawful.
func TestAuthLongest(t *testing.T) {
	m := MapRegister{Auth: Auth{Data: make([]byte, 0xffff)}}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back MapRegister
	if err := back.Parse(b); err != nil || len(back.Auth.Data) != 0xffff {
		t.Errorf("came back with %d bytes, %v", len(back.Auth.Data), err)
	}
}

// Without data of its own a message gets room for the algorithm's full MAC.
func TestAuthRoom(t *testing.T) {
	for alg, want := range map[Algorithm]int{AlgNone: 0, AlgSHA1: 20, AlgSHA256: 32, AlgSHA256HKDF: 16} {
		m := MapNotify{Auth: Auth{Algorithm: alg}}
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(b) - authDataOffset; got != want {
			t.Errorf("%v: room for %d bytes, want %d", alg, got, want)
		}
	}
}

func ExampleAlgorithm() {
	fmt.Println(AlgNone, AlgSHA1, AlgSHA256, AlgSHA256HKDF, Algorithm(9))
	// Output: none sha1 sha2 sha2-hkdf algorithm 9
}
