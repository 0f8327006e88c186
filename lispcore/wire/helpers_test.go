package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"lisplab/lispcore"
)

// unhex turns commented hex into bytes: blanks count for nothing, and a # ends the line.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("bad hex in the test itself: %v", err)
	}
	return b
}

// eid reads "10.1.0.0/24", "100 10.1.0.0/24", or "100" for a whole instance.
func eid(text string) lispcore.EID {
	instance, prefix, found := strings.Cut(text, " ")
	if !found && strings.Contains(text, "/") {
		instance, prefix = "0", text
	}
	iid, err := strconv.ParseUint(instance, 10, 32)
	if err != nil {
		panic(err)
	}
	e := lispcore.EID{Instance: uint32(iid)}
	if prefix != "" {
		e.Prefix = netip.MustParsePrefix(prefix)
	}
	return e
}

// locator reads "203.0.113.11 1/100 255/0 LpR": the address, priority/weight, their multicast twins, and the bits set.
func locator(text string) (l lispcore.Locator) {
	var addr, bits string
	if _, err := fmt.Sscanf(text+" .", "%s %d/%d %d/%d %s", &addr, &l.Priority, &l.Weight, &l.MPriority, &l.MWeight, &bits); err != nil {
		panic(text + ": " + err.Error())
	}
	l.RLOC = netip.MustParseAddr(addr)
	l.Local = strings.Contains(bits, "L")
	l.Probed = strings.Contains(bits, "p")
	l.Reachable = strings.Contains(bits, "R")
	return l
}

// record makes a record of an EID in the eid form and locators in the locator form.
func record(ttl uint32, e string, locators ...string) Record {
	r := Record{Mapping: lispcore.Mapping{EID: eid(e), TTL: ttl}}
	for _, l := range locators {
		r.Locators = append(r.Locators, locator(l))
	}
	return r
}

// negative makes a record without locators.
func negative(ttl uint32, e string, action lispcore.Action) Record {
	r := record(ttl, e)
	r.Action = action
	return r
}

func eids(texts ...string) (list []lispcore.EID) {
	for _, text := range texts {
		list = append(list, eid(text))
	}
	return list
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// authoritative is the record with its A bit set.
func authoritative(r Record) Record {
	r.Authoritative = true
	return r
}

// codec is what the UDP messages have in common.
type codec interface {
	Parse([]byte) error
	Append([]byte) ([]byte, error)
}

// messageTypes are the types that have a codec.
var messageTypes = []Type{TypeMapRequest, TypeMapReply, TypeMapRegister, TypeMapNotify, TypeMapNotifyAck, TypeInfo,
	TypeEncapsulatedControl}

// newCodec returns an empty message of the type.
func newCodec(t Type) codec {
	switch t {
	case TypeMapRegister:
		return new(MapRegister)
	case TypeMapNotify:
		return new(MapNotify)
	case TypeMapNotifyAck:
		return new(MapNotifyAck)
	case TypeMapRequest:
		return new(MapRequest)
	case TypeMapReply:
		return new(MapReply)
	case TypeInfo:
		return new(InfoRequest)
	case TypeEncapsulatedControl:
		return new(EncapsulatedControl)
	}
	panic("no codec for " + t.String())
}

// vector is one message of this package's own making, as bytes and as a value. The MACs in the bytes were computed by
// another program.
type vector struct {
	name string
	hex  string
	want codec
}

const vectorKey = "wire test key"

// testVectors holds every vector in both directions: Parse gives the value, the value's Append the bytes, Verify likes
// them and Sign makes the MAC again where there is one, and no part of the message passes for the whole.
func testVectors(t *testing.T, vectors []vector) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			b := unhex(t, v.hex)
			testMessage(t, b, v.want)
			if authOf(v.want) != nil {
				testMAC(t, b, vectorKey)
			}
			testTruncations(t, b, newCodec(Type(b[0]>>4)).Parse)
		})
	}
}

// testMessage holds a message against its value, in both directions. The value's authentication data may be left out.
func testMessage(t *testing.T, b []byte, want codec) {
	t.Helper()
	got := newCodec(Type(b[0] >> 4))
	if err := got.Parse(b); err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if auth := authOf(want); auth != nil && auth.Data == nil {
		auth.Data = authOf(got).Data
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Parse\n got %+v\nwant %+v", got, want)
	}
	testAppend(t, want, b)
}

// testAppend checks that the message writes these bytes, behind what the slice held.
func testAppend(t *testing.T, m codec, want []byte) {
	t.Helper()
	before := []byte("before")
	b, err := m.Append(before)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	if got := b[len(before):]; string(got) != string(want) {
		t.Errorf("Append\n got %x\nwant %x", got, want)
	}
}

// testMAC checks that the message verifies, and that Sign makes the same bytes out of a message without MAC.
func testMAC(t *testing.T, b []byte, key string) {
	t.Helper()
	a := NewAuthenticator(key)
	if !a.Verify(b) {
		t.Errorf("does not verify with the key %q", key)
	}
	signed := clearMAC(b)
	if err := a.Sign(signed); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	if string(signed) != string(b) {
		t.Errorf("Sign\n got %x\nwant %x", signed, b)
	}
}

// clearMAC returns the message with zeros for its authentication data.
func clearMAC(b []byte) []byte {
	b = append([]byte(nil), b...)
	n := int(b[authLengthOffset])<<8 | int(b[authLengthOffset+1])
	clear(b[authDataOffset : authDataOffset+n])
	return b
}

// authOf returns the authentication part of a message, nil if its type has none.
func authOf(m codec) *Auth {
	switch m := m.(type) {
	case *MapRegister:
		return &m.Auth
	case *MapNotify:
		return &m.Auth
	case *MapNotifyAck:
		return &m.Auth
	case *InfoRequest:
		return &m.Auth
	}
	return nil
}

// testTruncations checks that every part of a message that ends early is refused as short, at a place inside it.
func testTruncations(t *testing.T, b []byte, parse func([]byte) error) {
	t.Helper()
	for n := range b {
		err := parse(b[:n:n])
		if e := wantError(t, err, ErrShort); e == nil || e.Offset > n {
			t.Fatalf("cut to %d bytes: %v: want an error inside them", n, err)
		}
	}
}

// wantError checks that err is an *Error that wraps the sentinel and names message and field. It returns nil if not.
func wantError(t *testing.T, err, sentinel error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("error %v (%T), want an *Error", err, err)
		return nil
	}
	if !errors.Is(err, sentinel) {
		t.Errorf("error %q, want one that wraps %q", err, sentinel)
		return nil
	}
	if e.Message == "" || e.Field == "" || e.Offset < 0 {
		t.Errorf("error %+v does not name message, field and offset", e)
		return nil
	}
	return e
}

// badInput is a message that must be refused, and the words of the refusal.
type badInput struct {
	name string
	hex  string
	is   error
	want string
}

func testBadInputs(t *testing.T, parse func([]byte) error, inputs []badInput) {
	for _, in := range inputs {
		t.Run(in.name, func(t *testing.T) {
			err := parse(unhex(t, in.hex))
			wantError(t, err, in.is)
			if err != nil && err.Error() != in.want {
				t.Errorf("\n got %s\nwant %s", err, in.want)
			}
		})
	}
}

// badValue is a message that can't be written, and the words of the refusal.
type badValue struct {
	name    string
	message codec
	is      error
	want    string
}

func testBadValues(t *testing.T, values []badValue) {
	for _, v := range values {
		t.Run(v.name, func(t *testing.T) {
			b, err := v.message.Append([]byte("before"))
			wantError(t, err, v.is)
			if err != nil && err.Error() != v.want {
				t.Errorf("\n got %s\nwant %s", err, v.want)
			}
			if string(b) != "before" {
				t.Errorf("left %q behind, want what was there before", b)
			}
		})
	}
}

// streamVector is one message of the reliable transport, as a frame and as a value.
type streamVector struct {
	name string
	hex  string
	id   uint32
	want StreamMessage
}

// testStreamVectors holds every vector in both directions: the frame's bytes give the value, the value the bytes, and
// no part of the frame, and no shorter body in a good frame, passes for the whole.
func testStreamVectors(t *testing.T, vectors []streamVector) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) { testFrame(t, unhex(t, v.hex), v.id, v.want) })
	}
}

func testFrame(t *testing.T, b []byte, id uint32, want StreamMessage) {
	t.Helper()
	f := wholeFrame(t, b)
	if f.ID != id {
		t.Errorf("Message ID %d, want %d", f.ID, id)
	}
	if f.Type != want.StreamType() {
		t.Errorf("type %v, want %v", f.Type, want.StreamType())
	}
	got, err := ParseStream(f)
	if err != nil {
		t.Fatalf("ParseStream: %v", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ParseStream\n got %+v\nwant %+v", got, want)
	}
	back, err := AppendFrame([]byte("before"), id, want)
	if err != nil {
		t.Fatalf("AppendFrame: %v", err)
	}
	if want := "before" + string(b); string(back) != want {
		t.Errorf("AppendFrame\n got %x\nwant %x", back, want)
	}
	testFrameTruncations(t, b)
}

// wholeFrame parses bytes that are one frame, and nothing else.
func wholeFrame(t *testing.T, b []byte) Frame {
	t.Helper()
	f, n, err := ParseFrame(b)
	if err != nil {
		t.Fatalf("ParseFrame: %v", err)
	}
	if n != len(b) {
		t.Fatalf("ParseFrame took %d bytes of %d", n, len(b))
	}
	return f
}

// testFrameTruncations cuts a frame short in both ways: on the stream, where the rest is still to come, and inside,
// where a good frame holds too small a body.
func testFrameTruncations(t *testing.T, b []byte) {
	t.Helper()
	for n := range b {
		if f, used, err := ParseFrame(b[:n:n]); used != 0 || err != nil {
			t.Fatalf("cut to %d bytes: frame %+v of %d bytes, error %v; want more bytes to be needed", n, f, used, err)
		}
	}
	f := wholeFrame(t, b)
	lawful := len(f.Data)
	if f.Type == TypeErrorNotification {
		lawful = 12 // "any amount" of the offending data may follow
	}
	for n := range lawful {
		cut := f
		cut.Data = f.Data[:n:n]
		err := parseBody(cut)
		if e := wantError(t, err, ErrShort); e == nil || e.Offset > frameDataOffset+n {
			t.Fatalf("body cut to %d bytes: %v: want an error inside them", n, err)
		}
	}
}

// parseBody reads a frame's body down to the last field, which for a Registration is in the Map-Register.
func parseBody(f Frame) error {
	m, err := ParseStream(f)
	if err != nil {
		return err
	}
	if registration, ok := m.(*Registration); ok {
		return new(MapRegister).Parse(registration.Register)
	}
	return nil
}

// testBadFrames is testBadInputs for whole frames whose framing is good.
func testBadFrames(t *testing.T, inputs []badInput) {
	t.Helper()
	testBadInputs(t, func(b []byte) error {
		m, err := ParseStream(wholeFrame(t, b))
		if err != nil && m != nil {
			t.Errorf("a message (%+v) besides the error", m)
		}
		return err
	}, inputs)
}

// badStreamValue is a stream message that can't be written, and the words of the refusal.
type badStreamValue struct {
	name    string
	message StreamMessage
	is      error
	want    string
}

func testBadStreamValues(t *testing.T, values []badStreamValue) {
	for _, v := range values {
		t.Run(v.name, func(t *testing.T) {
			b, err := AppendFrame([]byte("before"), 1, v.message)
			wantError(t, err, v.is)
			if err != nil && err.Error() != v.want {
				t.Errorf("\n got %s\nwant %s", err, v.want)
			}
			if string(b) != "before" {
				t.Errorf("left %q behind, want what was there before", b)
			}
		})
	}
}
