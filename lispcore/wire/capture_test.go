package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every LISP message of the Cisco capture decodes, writes itself back byte for byte, and, if it is authenticated, verifies
// with the ETR's key.
func TestCiscoCapture(t *testing.T) {
	var c struct {
		Keys     map[string]string
		Messages []struct {
			Frame                         int
			Proto, Src, Dst, Message, Hex string
			ID                            uint32
		}
	}
	if err := json.Unmarshal(capture(t, "cisco_vectors.json"), &c); err != nil {
		t.Fatal(err)
	}
	checked, verified := 0, 0
	for _, m := range c.Messages {
		if m.Message == "" {
			continue // a bare TCP segment
		}
		checked++
		key := ""
		for _, end := range []string{m.Src, m.Dst} {
			host, _, _ := strings.Cut(end, ":")
			key += c.Keys[host] // the Map-Server has none
		}
		t.Run(fmt.Sprintf("frame %d %s %d", m.Frame, m.Message, m.ID), func(t *testing.T) {
			b := unhex(t, m.Hex)
			if m.Proto == "udp" {
				if name := Type(b[0] >> 4).String(); name != m.Message {
					t.Errorf("type %s", name)
				}
				testBack(t, b)
				testMAC(t, b, key)
				verified++
				return
			}
			f := wholeFrame(t, b)
			if f.Type.String() != m.Message || f.ID != m.ID {
				t.Errorf("%v with ID %d", f.Type, f.ID)
			}
			body, err := ParseStream(f)
			if err != nil {
				t.Fatal(err)
			}
			testFrame(t, b, m.ID, body)
			if registration, ok := body.(*Registration); ok {
				testBack(t, registration.Register)
				testMAC(t, registration.Register, key)
				verified++
			}
		})
	}
	if checked != 46 || verified != 26 {
		t.Errorf("%d messages, %d of them verified; want 46 and 26", checked, verified)
	}
}

// testBack checks that a UDP message decodes and writes itself back, and that no part of it decodes.
func testBack(t *testing.T, b []byte) {
	t.Helper()
	m := newCodec(Type(b[0] >> 4))
	if err := m.Parse(b); err != nil {
		t.Fatal(err)
	}
	testAppend(t, m, b)
	testTruncations(t, b, newCodec(Type(b[0]>>4)).Parse)
}

// payload is one UDP payload out of an Ethernet capture.
type payload struct {
	frame       int
	destination uint16 // port
	bytes       []byte
}

// data tells whether the payload is an encapsulated packet.
func (p payload) data() bool { return p.destination == 4341 }

// kind says what the payload is.
func (p payload) kind() string {
	if p.data() {
		return "data"
	}
	return Type(p.bytes[0] >> 4).String()
}

// udpPayloads takes the UDP payloads out of a pcap file of Ethernet frames with IPv4.
func udpPayloads(t *testing.T, file []byte) (found []payload) {
	t.Helper()
	order := binary.ByteOrder(binary.LittleEndian)
	if order.Uint32(file) != 0xa1b2c3d4 {
		order = binary.BigEndian
	}
	if magic := order.Uint32(file); magic != 0xa1b2c3d4 {
		t.Fatalf("not a pcap file of microseconds: %#x", magic)
	}
	const ethernet, udpHeader = 14, 8
	for frame, rest := 1, file[24:]; len(rest) > 0; frame++ {
		n := order.Uint32(rest[8:])
		packet := rest[16 : 16+n]
		rest = rest[16+n:]
		if len(packet) < ethernet+20 || binary.BigEndian.Uint16(packet[12:]) != 0x0800 || packet[ethernet+9] != 17 {
			continue
		}
		udp := packet[ethernet+int(packet[ethernet]&15)*4:]
		length := min(int(binary.BigEndian.Uint16(udp[4:])), len(udp)) // a capture may be cut short
		found = append(found, payload{frame, binary.BigEndian.Uint16(udp[2:]), udp[udpHeader:length]})
	}
	return found
}

// What may become of a message of somebody else's making, besides an error in its own words.
const (
	same      = ""                                                     // it writes itself back byte for byte
	rewritten = "it means the same, but is written in the house style" // host bits, reserved bits, mask-len of the LCAF
)

// testForeign holds a message against its outcome: same, rewritten or the words of an error.
func testForeign(t *testing.T, b []byte, want string) {
	t.Helper()
	m, again := newCodec(Type(b[0]>>4)), newCodec(Type(b[0]>>4))
	got := same
	if err := m.Parse(b); err != nil {
		got = err.Error()
	} else if back, err := m.Append(nil); err != nil {
		t.Error(err)
	} else if err := again.Parse(back); err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("came back as %+v, %v; went as %+v", again, err, m)
	} else if string(back) != string(b) {
		got = rewritten
	}
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// The test files of tcpdump, some of them broken on purpose.
func TestTcpdumpCaptures(t *testing.T) {
	for _, v := range []struct {
		file string
		want map[int]string // outcomes by frame
	}{
		{"tcpdump_lisp_eid_register.pcap", map[int]string{1: same, 2: same}},
		{"tcpdump_lisp_ipv6.pcap", map[int]string{
			1: rewritten, // EID prefixes with host bits
			2: rewritten,
		}},
		{"tcpdump_lisp_eid_notify.pcap", map[int]string{
			1: rewritten, // with bit 23, which is M in a Map-Register and reserved here
			2: rewritten,
			3: "Map-Notify: xTR-ID at byte 132: short message",
			4: "Map-Notify: end of message at byte 104: left-over bytes: 24",
		}},
		{"tcpdump_lisp_invalid.pcap", map[int]string{
			1: "Map-Notify: EID-Prefix-AFI of record 1 at byte 46: unsupported: AFI 7680",
			2: "Map-Notify: Authentication Data at byte 16: short message",
		}},
		{"tcpdump_lisp_invalid_length.pcap", map[int]string{
			1: "Map-Register: Nonce at byte 4: short message",
		}},
	} {
		t.Run(v.file, func(t *testing.T) {
			payloads := udpPayloads(t, capture(t, v.file))
			if len(payloads) != len(v.want) {
				t.Errorf("%d messages, want %d", len(payloads), len(v.want))
			}
			for _, p := range payloads {
				t.Run(fmt.Sprint("frame ", p.frame), func(t *testing.T) { testForeign(t, p.bytes, v.want[p.frame]) })
			}
		})
	}
}

// Every frame of Open Overlay Router's: its registers and notifies, its requests and replies, its packets, and the probes
// that were sent to it. All that is authenticated verifies, but the one that was made not to.
func TestOORCaptures(t *testing.T) {
	for _, v := range []struct {
		file   string
		keys   []string
		badMAC int            // frame
		count  map[string]int // by what it is
		want   map[int]string // outcomes by frame, where not the same
		inner  map[int]string // outcomes of what lies in an Encapsulated Control Message
	}{
		{"oor-register-v4v6.pcap", []string{"secret1"}, 0,
			map[string]int{"Map-Register": 6, "Map-Notify": 6, "Map-Reply": 6, "Encapsulated Control Message": 7}, nil, nil},
		{"oor-xtr-resolve-data.pcap", []string{"secret1"}, 0,
			map[string]int{"Map-Register": 6, "Map-Notify": 6, "Map-Reply": 7, "Encapsulated Control Message": 7, "data": 7}, nil, nil},
		{"oor-silent-reject-negreply.pcap", []string{"secret2"}, 0,
			map[string]int{"Map-Register": 10, "Map-Notify": 1, "Map-Reply": 5, "Encapsulated Control Message": 1}, nil, nil},
		{"oor-ms-probes.pcap", []string{"secret", "secret50"}, 6,
			map[string]int{"Map-Register": 29, "Map-Notify": 20, "Map-Request": 1, "Map-Reply": 10, "Map-Referral": 1,
				"Encapsulated Control Message": 10},
			map[int]string{
				14: "Map-Register: xTR-ID at byte 64: short message",
				33: rewritten, // an EID prefix with host bits
				41: rewritten, // IID mask-len 0
				42: rewritten,
				47: rewritten, // instance 0 in an LCAF
				// The probe client left the inner UDP checksum out, and OOR did not mind.
				39: rewritten, 43: rewritten, 45: rewritten, 50: rewritten, 53: rewritten, 55: rewritten,
				57: rewritten, 59: rewritten, 61: rewritten, 63: rewritten,
				44: rewritten, // IID mask-len 0
				46: rewritten,
			},
			map[int]string{43: rewritten, 45: rewritten}, // IID mask-len 0
		},
	} {
		t.Run(v.file, func(t *testing.T) {
			count := map[string]int{}
			for _, p := range udpPayloads(t, capture(t, v.file)) {
				t.Run(fmt.Sprint("frame ", p.frame), func(t *testing.T) {
					count[p.kind()]++
					switch {
					case p.data():
						testForeignData(t, p.bytes)
						return
					case p.kind() == "Map-Referral":
						return // of DDT: no codec
					}
					testForeign(t, p.bytes, v.want[p.frame])
					var ecm EncapsulatedControl
					if ecm.Parse(p.bytes) == nil {
						testForeign(t, ecm.Payload, v.inner[p.frame])
					}
					if authOf(newCodec(Type(p.bytes[0]>>4))) == nil {
						return
					}
					verifies := slices.ContainsFunc(v.keys, func(key string) bool { return NewAuthenticator(key).Verify(p.bytes) })
					if verifies != (p.frame != v.badMAC) {
						t.Errorf("verifies: %v", verifies)
					}
				})
			}
			if !maps.Equal(count, v.count) {
				t.Errorf("%v, want %v", count, v.count)
			}
		})
	}
}

// testForeignData checks that the header of an encapsulated packet decodes, and writes itself back.
func testForeignData(t *testing.T, b []byte) {
	t.Helper()
	var h DataHeader
	if err := h.Parse(b); err != nil {
		t.Fatal(err)
	}
	testDataHeader(t, b[:DataHeaderSize], h)
}
