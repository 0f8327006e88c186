package wire

import (
	"bytes"
	"reflect"
	"testing"
)

// Every parser, given anything: no panic, every refusal is a good *Error, and what is taken can be written and comes back
// as the same value. The seeds are the vectors; go test runs them as they are.

func FuzzMapRegister(f *testing.F)  { fuzzMessage(f, TypeMapRegister, registerVectors()) }
func FuzzMapNotify(f *testing.F)    { fuzzMessage(f, TypeMapNotify, notifyVectors()) }
func FuzzMapNotifyAck(f *testing.F) { fuzzMessage(f, TypeMapNotifyAck, notifyAckVectors()) }

func FuzzMapRequest(f *testing.F)  { fuzzMessage(f, TypeMapRequest, requestVectors()) }
func FuzzMapReply(f *testing.F)    { fuzzMessage(f, TypeMapReply, replyVectors()) }
func FuzzInfoRequest(f *testing.F) { fuzzMessage(f, TypeInfo, infoVectors()) }
func FuzzEncapsulatedControl(f *testing.F) {
	fuzzMessage(f, TypeEncapsulatedControl, controlVectors())
}

func fuzzMessage(f *testing.F, typ Type, seeds []vector) {
	for _, v := range seeds {
		f.Add(unhex(f, v.hex))
	}
	a := NewAuthenticator(vectorKey)
	used := newCodec(typ)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		a.Verify(b)
		if string(b) != before {
			t.Fatal("Verify changed the message")
		}
		m := newCodec(typ)
		err := m.Parse(b)
		if (used.Parse(b) == nil) != (err == nil) {
			t.Fatalf("a used struct does not parse as a fresh one: %v", err)
		}
		if err != nil {
			fuzzError(t, err, len(b))
			return
		}
		written, err := m.Append(nil)
		if err != nil {
			t.Fatalf("parses, but can't be written: %v", err)
		}
		fromUsed, err := used.Append(nil)
		if err != nil || string(fromUsed) != string(written) {
			t.Fatalf("a used struct holds another message: %v\n got %x\nwant %x", err, fromUsed, written)
		}
		again := newCodec(typ)
		if err := again.Parse(written); err != nil {
			t.Fatalf("written, but does not parse: %v", err)
		}
		if !reflect.DeepEqual(again, m) {
			t.Fatalf("came back changed\n got %+v\nwant %+v", again, m)
		}
		if auth := authOf(m); auth != nil && a.Sign(written) == nil && auth.Algorithm != AlgNone && !a.Verify(written) {
			t.Fatalf("signed, but does not verify: %x", written)
		}
	})
}

// fuzzError checks that an error names message, field, and an offset inside the message.
func fuzzError(t *testing.T, err error, length int) {
	e, ok := err.(*Error)
	if !ok || e.Message == "" || e.Field == "" || e.Offset < 0 || e.Offset > length || e.Err == nil {
		t.Fatalf("a poor error for %d bytes: %#v", length, err)
	}
}

// FuzzVerify looks for a message that verifies without the key: none of the seeds is signed with this one.
func FuzzVerify(f *testing.F) {
	for _, vectors := range [][]vector{registerVectors(), notifyVectors(), notifyAckVectors(), infoVectors()} {
		for _, v := range vectors {
			f.Add(unhex(f, v.hex))
		}
	}
	a := NewAuthenticator("another key")
	f.Fuzz(func(t *testing.T, b []byte) {
		if a.Verify(b) {
			t.Fatalf("verifies: %x", b)
		}
		if err := a.Sign(bytes.Clone(b)); err != nil {
			fuzzError(t, err, len(b))
		}
	})
}

func FuzzParseFrame(f *testing.F) {
	for _, vectors := range streamSeeds(f) {
		for _, v := range vectors {
			f.Add(unhex(f, v.hex))
		}
	}
	f.Add(unhex(f, "0014 000f 0000000b 000000 deadbeef"))
	f.Add(unhex(f, "0014 0008 9facade9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, n, err := ParseFrame(b)
		switch {
		case err != nil:
			fuzzError(t, err, len(b))
			if n != 0 {
				t.Fatalf("took %d bytes in spite of %v", n, err)
			}
		case n == 0:
			if len(b) >= MaxFrame {
				t.Fatalf("%d bytes are not enough", len(b))
			}
		case n < FrameOverhead || n > len(b) || len(frame.Data) != n-FrameOverhead:
			t.Fatalf("took %d bytes of %d, %d of them data", n, len(b), len(frame.Data))
		default:
			fuzzBody(t, frame)
		}
	})
}

func FuzzErrorNotification(f *testing.F) {
	fuzzStream(f, TypeErrorNotification, errorNotificationVectors(f))
}
func FuzzRegistration(f *testing.F)     { fuzzStream(f, TypeRegistration, registrationVectors(f)) }
func FuzzRegistrationACK(f *testing.F)  { fuzzStream(f, TypeRegistrationACK, ackVectors(f)) }
func FuzzRegistrationNACK(f *testing.F) { fuzzStream(f, TypeRegistrationNACK, nackVectors(f)) }
func FuzzRegistrationRefresh(f *testing.F) {
	fuzzStream(f, TypeRegistrationRefresh, refreshVectors(f))
}
func FuzzMappingNotification(f *testing.F) {
	fuzzStream(f, TypeMappingNotification, mappingNotificationVectors(f))
}

// fuzzStream feeds ParseStream the data of one type of message.
func fuzzStream(f *testing.F, typ StreamType, seeds []streamVector) {
	for _, v := range seeds {
		frame, _, err := ParseFrame(unhex(f, v.hex))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzBody(t, Frame{Type: typ, ID: 7, Data: data}) })
}

func streamSeeds(t testing.TB) [][]streamVector {
	return [][]streamVector{errorNotificationVectors(t), registrationVectors(t), ackVectors(t), nackVectors(t),
		refreshVectors(t), mappingNotificationVectors(t)}
}

func fuzzBody(t *testing.T, frame Frame) {
	m, err := ParseStream(frame)
	if err != nil {
		if m != nil {
			t.Fatalf("a message besides the error: %+v", m)
		}
		fuzzError(t, err, frameDataOffset+len(frame.Data))
		return
	}
	if m.StreamType() != frame.Type {
		t.Fatalf("a %v out of a frame of %v", m.StreamType(), frame.Type)
	}
	if len(frame.Data) > MaxFrame-FrameOverhead {
		return // no frame can have held this
	}
	written, err := AppendFrame(nil, frame.ID, m)
	if err != nil {
		t.Fatalf("parses, but can't be written: %v", err)
	}
	back, n, err := ParseFrame(written)
	if err != nil || n != len(written) || back.ID != frame.ID {
		t.Fatalf("written, but does not parse: %+v of %d bytes, %v", back, n, err)
	}
	again, err := ParseStream(back)
	if err != nil {
		t.Fatalf("written, but does not parse: %v", err)
	}
	if !reflect.DeepEqual(again, m) {
		t.Fatalf("came back changed\n got %+v\nwant %+v", again, m)
	}
}
