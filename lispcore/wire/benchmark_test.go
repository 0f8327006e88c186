package wire

import "testing"

// The hot path of a Map-Server, message by message.

func benchmarkMessage(b *testing.B) []byte {
	b.ReportAllocs()
	message := unhex(b, registerVectors()[0].hex)
	b.SetBytes(int64(len(message)))
	return message
}

func BenchmarkParseMapRegister(b *testing.B) {
	message := benchmarkMessage(b)
	var m MapRegister
	for b.Loop() {
		if err := m.Parse(message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendMapNotify(b *testing.B) {
	message := benchmarkMessage(b)
	m := MapNotify{Auth: Auth{Algorithm: AlgSHA1}, Records: []Record{notifyRecord()}}
	for b.Loop() {
		var err error
		if message, err = m.Append(message[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// The hot path of a Map-Resolver and a Map-Server: a Map-Request in its envelope, read and passed on.

func benchmarkControl(b *testing.B) []byte {
	b.ReportAllocs()
	message := unhex(b, controlVectors()[0].hex)
	b.SetBytes(int64(len(message)))
	return message
}

func BenchmarkParseMapRequest(b *testing.B) {
	message := benchmarkControl(b)
	var ecm EncapsulatedControl
	var m MapRequest
	for b.Loop() {
		if err := ecm.Parse(message); err != nil {
			b.Fatal(err)
		}
		if err := m.Parse(ecm.Payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendEncapsulatedControl(b *testing.B) {
	message := benchmarkControl(b)
	var ecm EncapsulatedControl
	if err := ecm.Parse(message); err != nil {
		b.Fatal(err)
	}
	var out []byte
	for b.Loop() {
		var err error
		if out, err = ecm.Append(out[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMapReply(b *testing.B) {
	b.ReportAllocs()
	message := unhex(b, replyVectors()[0].hex)
	b.SetBytes(int64(len(message)))
	var m MapReply
	for b.Loop() {
		err := m.Parse(message)
		if err == nil {
			message, err = m.Append(message[:0])
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDataHeader(b *testing.B) {
	b.ReportAllocs()
	message := unhex(b, "c8123456 00006401")
	var h DataHeader
	for b.Loop() {
		if err := h.Parse(message); err != nil {
			b.Fatal(err)
		}
		message = h.Append(message[:0])
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []Algorithm{AlgSHA1, AlgSHA256, AlgSHA256HKDF} {
		b.Run(alg.String(), func(b *testing.B) {
			message := signedRegister(b, alg)
			a := NewAuthenticator(vectorKey)
			for b.Loop() {
				if !a.Verify(message) {
					b.Fatal("does not verify")
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []Algorithm{AlgSHA1, AlgSHA256, AlgSHA256HKDF} {
		b.Run(alg.String(), func(b *testing.B) {
			message := signedRegister(b, alg)
			a := NewAuthenticator(vectorKey)
			for b.Loop() {
				if err := a.Sign(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func signedRegister(tb testing.TB, alg Algorithm) []byte {
	m := MapRegister{Auth: Auth{Algorithm: alg}, Records: []Record{registerRecord()}}
	message, err := m.Append(nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := NewAuthenticator(vectorKey).Sign(message); err != nil {
		tb.Fatal(err)
	}
	return message
}

// BenchmarkRegistration is a Map-Server's work on one Registration, without its tables: frame, body, MAC, ACK.
func BenchmarkRegistration(b *testing.B) {
	b.ReportAllocs()
	frame := unhex(b, hexRegistration)
	b.SetBytes(int64(len(frame)))
	a := NewAuthenticator(vectorKey)
	var m MapRegister
	var answer []byte
	for id := uint32(0); b.Loop(); id++ {
		f, _, err := ParseFrame(frame)
		if err != nil {
			b.Fatal(err)
		}
		body, err := ParseStream(f)
		if err != nil {
			b.Fatal(err)
		}
		register := body.(*Registration).Register
		if err := m.Parse(register); err != nil || !a.Verify(register) {
			b.Fatal("refused: ", err)
		}
		ack := RegistrationACK{Prefix: EIDPrefix{EID: m.Records[0].EID}}
		if answer, err = AppendFrame(answer[:0], id, &ack); err != nil {
			b.Fatal(err)
		}
	}
}

// A request through a Map-Resolver and a Map-Server, its answer, and the packets that follow make no garbage.
func TestLookupDoesNotAllocate(t *testing.T) {
	control, reply := unhex(t, controlVectors()[0].hex), unhex(t, replyVectors()[0].hex)
	var ecm EncapsulatedControl
	var request MapRequest
	var answer MapReply
	var data DataHeader
	out := make([]byte, 0, 256)
	one := func() {
		if ecm.Parse(control) != nil || request.Parse(ecm.Payload) != nil || answer.Parse(reply) != nil {
			t.Fatal("refused")
		}
		ecm.Payload, _ = request.Append(out[:0])
		out, _ = ecm.Append(ecm.Payload)
		out, _ = answer.Append(out)
		out = data.Append(out)
		if data.Parse(out[len(out)-DataHeaderSize:]) != nil {
			t.Fatal("refused")
		}
		out = out[:0]
	}
	if n := testing.AllocsPerRun(100, one); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is used again must not allocate: a Map-Server with a million registrations does this all day.
func TestHotPathDoesNotAllocate(t *testing.T) {
	for _, alg := range []Algorithm{AlgSHA1, AlgSHA256} {
		message := signedRegister(t, alg)
		var m MapRegister
		notify := MapNotify{Auth: Auth{Algorithm: alg}, Records: []Record{notifyRecord()}}
		answer := make([]byte, 0, 256)
		a := NewAuthenticator(vectorKey)
		one := func() {
			if m.Parse(message) != nil || !a.Verify(message) {
				t.Fatal("refused")
			}
			answer, _ = notify.Append(answer[:0])
			if a.Sign(answer) != nil {
				t.Fatal("can't sign")
			}
		}
		if n := testing.AllocsPerRun(100, one); n != 0 {
			t.Errorf("%v: %v allocations", alg, n)
		}
	}
}
