package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFrameErrors(t *testing.T) {
	parse := func(b []byte) error {
		f, n, err := ParseFrame(b)
		if n != 0 || !reflect.DeepEqual(f, Frame{}) {
			return fmt.Errorf("took %d bytes for the frame %+v", n, f)
		}
		return err
	}
	testBadInputs(t, parse, []badInput{
		{"wrong end marker", "0014 000f 0000000b 000000 deadbeef", ErrMarker,
			"frame: End marker at byte 11: wrong end marker: 0xdeadbeef"},
		{"Length 8: no Message ID", "0014 0008 9facade9", ErrLength,
			"frame: Length at byte 2: bad length: 8, at least 12"},
		{"Length 10", "0014 000a 0000 9facade9", ErrLength,
			"frame: Length at byte 2: bad length: 10, at least 12"},
		{"Length 0, and nothing after it", "0014 0000", ErrLength,
			"frame: Length at byte 2: bad length: 0, at least 12"},
		{"Length one too small", "0014 000e 00000000 000000 9facade9", ErrMarker,
			"frame: End marker at byte 10: wrong end marker: 0x009facad"},
	})
}

// Bodies that end before they should have begun.
func TestFrameWithoutBody(t *testing.T) {
	testBadFrames(t, []badInput{
		{"a Refresh", "0014 000c 00000002 9facade9", ErrShort, "Registration Refresh: Scope at byte 8: short message"},
		{"an ACK", "0012 000c 00000005 9facade9", ErrShort, "Registration ACK: Prefix-Length at byte 8: short message"},
		{"a NACK", "0013 000c 00000005 9facade9", ErrShort, "Registration NACK: Reason at byte 8: short message"},
		{"an Error Notification", "0010 000c 00000005 9facade9", ErrShort, "Error Notification: Error code at byte 8: short message"},
		{"a Mapping Notification", "0015 000c 00000005 9facade9", ErrShort, "Mapping Notification: xTR-ID at byte 8: short message"},
	})
}

func TestFrameOfUnknownType(t *testing.T) {
	f := wholeFrame(t, unhex(t, "0063 0010 00000003 61626364 9facade9"))
	if want := (Frame{Type: 99, ID: 3, Data: []byte("abcd")}); !reflect.DeepEqual(f, want) {
		t.Errorf("got %+v, want %+v", f, want)
	}
	m, err := ParseStream(f)
	wantError(t, err, ErrUnknownType)
	if want := "frame: Type at byte 0: unknown message type: 99"; m != nil || err.Error() != want {
		t.Errorf("got %v, %q; want %q", m, err, want)
	}
}

// The end marker inside the data ends nothing: Length alone does.
func TestFrameMarkerInData(t *testing.T) {
	testFrame(t, unhex(t, "0010 001c 00000006 02000000 0011 0064 00000009 9facade9 9facade9"), 6,
		&ErrorNotification{Code: ErrorFormat, Type: TypeRegistration, Length: 100, ID: 9, Data: []byte{0x9f, 0xac, 0xad, 0xe9}})
}

// Two messages in one segment, then the same 46 bytes in three.
func TestFrameSegments(t *testing.T) {
	stream := unhex(t, `
		0014 000f 00000007 000000 9facade9
		0012 001f 00000008 18 4003 0000 02 20 000a 00000000 0001 0a0a0a00 9facade9
	`)
	for _, v := range []struct {
		segments []int // where each ends
		want     string
	}{
		{[]int{46}, "46: Registration Refresh 7, Registration ACK 8;"},
		{[]int{9, 20, 46}, "9:; 20: Registration Refresh 7; 46: Registration ACK 8;"},
	} {
		var got []string
		buffer, start := []byte(nil), 0
		for _, end := range v.segments {
			buffer = append(buffer, stream[start:end]...)
			start = end
			var names []string
			for {
				f, n, err := ParseFrame(buffer)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				names = append(names, fmt.Sprintf(" %v %d", f.Type, f.ID))
				buffer = buffer[n:]
			}
			got = append(got, fmt.Sprintf("%d:%s;", end, strings.Join(names, ",")))
		}
		if got := strings.Join(got, " "); got != v.want {
			t.Errorf("\n got %s\nwant %s", got, v.want)
		}
		if len(buffer) != 0 {
			t.Errorf("%d bytes left over", len(buffer))
		}
	}
}

// However a stream is cut, the same frames come out of it.
func TestFrameStreamProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []StreamMessage
		for id := range rapid.IntRange(0, 6).Draw(t, "messages") {
			m := genStreamMessage().Draw(t, "message")
			var err error
			if stream, err = AppendFrame(stream, uint32(id), m); err != nil {
				t.Fatal(err)
			}
			want = append(want, m)
		}
		var got []StreamMessage
		var buffer []byte
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "segment")
			buffer, stream = append(buffer, stream[:n]...), stream[n:]
			for {
				f, n, err := ParseFrame(buffer)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				f.Data = bytes.Clone(f.Data)
				m, err := ParseStream(f)
				if err != nil {
					t.Fatal(err)
				}
				if int(f.ID) != len(got) {
					t.Fatalf("Message ID %d after %d messages", f.ID, len(got))
				}
				got = append(got, m)
				buffer = buffer[n:]
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("\n got %s\nwant %s", describe(got), describe(want))
		}
	})
}

func describe(ms []StreamMessage) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%v %+v; ", m.StreamType(), m)
	}
	return b.String()
}

// The longest frame is MaxFrame bytes; one more has no Length.
func TestFrameSize(t *testing.T) {
	longest := &Registration{Register: make([]byte, MaxFrame-FrameOverhead)}
	b, err := AppendFrame(nil, 0, longest)
	if err != nil {
		t.Fatal(err)
	}
	f := wholeFrame(t, b)
	if len(b) != MaxFrame || len(f.Data) != len(longest.Register) {
		t.Errorf("%d bytes with %d of data", len(b), len(f.Data))
	}
	testBadStreamValues(t, []badStreamValue{
		{"one byte more", &Registration{Register: make([]byte, MaxFrame-FrameOverhead+1)}, ErrLength,
			"Registration: Length at byte 2: bad length: 65536, at most 65535"},
	})
}
