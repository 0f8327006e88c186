package wire

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"lisplab/lispcore"
)

// capture returns a file of the captures that lie beside the repository, not in it.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../shared/captures", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the capture %s is not beside this repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What the synthetic vectors are made of.
var (
	sXTRID      = XTRID{0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55, 0x66, 0x66, 0x77, 0x77, 0x88, 0x88}
	sRegistered = authoritative(record(1440, "10.10.10.0/24", "203.0.113.11 1/100 255/0 LR"))
	sSecond     = authoritative(record(1440, "10.20.20.0/24", "203.0.113.11 1/100 255/0 LR"))
	sWithdrawn  = authoritative(record(0, "10.10.10.0/24", "203.0.113.11 1/100 255/0 LR"))
	sNotified   = record(1440, "10.10.10.0/24", "203.0.113.11 1/100 255/0 R")
)

const sNonce = 0x0102030405060700 // its last byte is the vector's own

func sRegister(nonce uint8, tail bool, records ...Record) *MapRegister {
	m := &MapRegister{WantNotify: true, Nonce: sNonce | uint64(nonce), Auth: Auth{Algorithm: AlgSHA1}, Records: records}
	if tail {
		m.HasXTRID, m.XTRID, m.SiteID = true, sXTRID, 1
	}
	return m
}

// with returns the register after a change.
func (m *MapRegister) with(change func(*MapRegister)) *MapRegister {
	change(m)
	return m
}

// syntheticUDP are the values of the UDP vectors.
func syntheticUDP(t *testing.T) map[string]codec {
	return map[string]codec{
		"S01": sRegister(8, false, sRegistered),
		"S02": sRegister(9, false, sRegistered).with(func(m *MapRegister) { m.Auth.Algorithm = AlgSHA256 }),
		"S03": sRegister(10, false, sRegistered).with(func(m *MapRegister) { m.Auth.Algorithm = AlgSHA256 }),
		"S04": sRegister(11, false, sRegistered).with(func(m *MapRegister) { m.Auth = Auth{KeyID: 7, Algorithm: AlgSHA256HKDF} }),
		"S05": sRegister(12, true, authoritative(record(1440, "100 192.168.101.0/24", "203.0.113.11 1/100 255/0 LR"))).
			with(func(m *MapRegister) { m.ProxyReply, m.Reliable, m.TTLTimeout = true, true, true }),
		"S06": sRegister(13, true, authoritative(record(1440, "10.10.10.0/24",
			"203.0.113.11 1/100 255/0 LR", "203.0.113.12 2/50 255/0 LR")), sSecond),
		"S07": sRegister(14, true, authoritative(record(1440, "2001:db8::/32", "203.0.113.11 1/100 255/0 LR"))),
		"S08": sRegister(15, true, sWithdrawn),
		"S09": &MapNotify{Nonce: sNonce | 8, Auth: Auth{Algorithm: AlgSHA1}, Records: []Record{sNotified}},
		"S10": &MapNotify{HasXTRID: true, Nonce: sNonce | 15, Auth: Auth{Algorithm: AlgSHA1}, Records: []Record{sNotified},
			XTRID: sXTRID, SiteID: 1},
		"S11": &MapNotifyAck{Nonce: sNonce | 8, Auth: Auth{Algorithm: AlgSHA1}, Records: []Record{sNotified}},
		"S12": &EncapsulatedControl{TTL: 255, ID: 1,
			Source: netip.MustParseAddrPort("203.0.113.11:50001"), Destination: netip.MustParseAddrPort("10.30.30.7:4342"),
			Payload: unhex(t, "10000001a1a2a3a4a5a6a7a800010a0a0a050001cb00710b002000010a1e1e07")},
		"S13": &MapRequest{Probe: true, Nonce: 0xb1b2b3b4b5b6b7b8, ITRRLOCs: addrs("203.0.113.11"), Records: eids("10.30.30.0/24")},
		"S14": &MapRequest{SMR: true, Nonce: 0xc1c2c3c4c5c6c7c8, SourceEID: netip.MustParseAddr("10.10.10.0"),
			ITRRLOCs: addrs("203.0.113.11"), Records: eids("10.30.30.0/24")},
		"S15": &MapRequest{SMRInvoked: true, Nonce: 0xc1c2c3c4c5c6c7c9, SourceInstance: 100, SourceEID: netip.MustParseAddr("192.168.101.5"),
			ITRRLOCs: addrs("203.0.113.11", "203.0.113.12"), Records: eids("100 192.168.102.0/26")},
		"S16": sReply(authoritative(record(1440, "10.30.30.0/24", "198.51.100.21 1/100 255/0 LR", "198.51.100.22 2/100 255/0 LR"))),
		"S17": sReply(record(1440, "10.30.30.0/24", "198.51.100.21 1/100 255/0 R")),
		"S18": sReply(negative(15, "172.20.0.0/14", lispcore.NativelyForward)),
		"S19": sReply(negative(1, "10.40.40.0/24", lispcore.NativelyForward)),
		"S20": sReply(negative(1, "10.40.40.0/24", lispcore.DropPolicyDenied)),
		"S21": &MapReply{Probe: true, Nonce: 0xb1b2b3b4b5b6b7b8,
			Records: []Record{authoritative(record(1440, "10.30.30.0/24", "198.51.100.21 1/100 255/0 LpR"))}},
		"S22": &InfoRequest{Nonce: 0xd1d2d3d4d5d6d7d8, Auth: Auth{Algorithm: AlgSHA1}, TTL: 1440, EID: eid("10.10.10.0/24")},
	}
}

func sReply(r Record) *MapReply { return &MapReply{Nonce: 0xa1a2a3a4a5a6a7a8, Records: []Record{r}} }

// syntheticRegisters are the Map-Registers inside the Registrations.
func syntheticRegisters() map[string]*MapRegister {
	return map[string]*MapRegister{
		"S29": sRegister(0x1c, true, sRegistered),
		"S30": sRegister(0x1d, true, sWithdrawn),
		"S44": sRegister(0x1e, true, sRegistered, sSecond), // one record too many: for the Map-Server to see
	}
}

// syntheticStream are the values and Message IDs of the other vectors of the reliable transport.
var syntheticStream = map[string]struct {
	id   uint32
	want StreamMessage
}{
	"S23": {0, &RegistrationRefresh{Scope: ScopeAll}},
	"S24": {1, &RegistrationRefresh{Scope: ScopeAll, RejectedOnly: true}},
	"S25": {2, &RegistrationRefresh{Scope: ScopeInstance, Prefix: EIDPrefix{EID: eid("100")}}},
	"S26": {3, &RegistrationRefresh{Scope: ScopeFamily, Prefix: EIDPrefix{EID: eid("100 0.0.0.0/0")}}},
	"S27": {4, &RegistrationRefresh{Scope: ScopeCovered, Prefix: EIDPrefix{EID: eid("10.0.0.0/8")}}},
	"S28": {5, &RegistrationRefresh{Scope: ScopeExact, Prefix: EIDPrefix{EID: eid("10.10.10.0/24"), Plain: true}}},
	"S31": {1, &RegistrationACK{Prefix: EIDPrefix{EID: eid("10.10.10.0/24")}}},
	"S32": {1, &RegistrationACK{Prefix: EIDPrefix{EID: eid("10.10.10.0/24"), Plain: true}}},
	"S33": {2, &RegistrationNACK{Reason: ReasonNotValidSite, Prefix: EIDPrefix{EID: eid("21.0.0.0/8")}}},
	"S34": {3, &RegistrationNACK{Reason: ReasonAuthentication, Prefix: EIDPrefix{EID: eid("100 2001:db8::/48")}}},
	"S35": {4, &MappingNotification{XTRID: sXTRID, SiteID: 1, Record: sNotified}},
	"S36": {5, &MappingNotification{XTRID: sXTRID, SiteID: 1,
		Record: record(1440, "100 192.168.101.0/24", "203.0.113.11 1/100 255/0 R")}},
	"S37": {6, &ErrorNotification{Code: ErrorUnknownType, Type: 99, Length: 12, ID: 7, Data: []byte{}}},
	"S38": {7, &ErrorNotification{Code: ErrorFormat, Type: TypeRegistration, Length: 100, ID: 9,
		Data: []byte{0x32, 0, 1, 1, 1, 2, 3, 4}}},
}

// syntheticUnknown are frames of the RLOC-membership draft, which this package has no codec for.
var syntheticUnknown = map[string]StreamType{"S39": 22, "S40": 26, "S41": 24}

// syntheticBroken are frames that end the stream.
var syntheticBroken = map[string]error{"S42": ErrMarker, "S43": ErrLength}

// syntheticData are the headers of encapsulated packets, all with one packet inside.
var syntheticData = map[string]DataHeader{
	"S45": {HasNonce: true, HasLSB: true, Nonce: 0x123456, LSB: 1},
	"S46": {HasLSB: true, HasInstance: true, Instance: 100, LSB: 3},
	"S47": {HasVersion: true, SourceVersion: 1, DestinationVersion: 2},
}

func TestSyntheticVectors(t *testing.T) {
	var vectors []struct{ ID, Name, Hex, Key string }
	if err := json.Unmarshal(capture(t, "synthetic_vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	udp, registers := syntheticUDP(t), syntheticRegisters()
	for _, v := range vectors {
		t.Run(v.ID+" "+v.Name, func(t *testing.T) {
			b := unhex(t, v.Hex)
			data, isData := syntheticData[v.ID]
			stream, isStream := syntheticStream[v.ID]
			switch {
			case udp[v.ID] != nil:
				testMessage(t, b, udp[v.ID])
				if v.Key != "" {
					testMAC(t, b, v.Key)
				}
				testTruncations(t, b, newCodec(Type(b[0]>>4)).Parse)
			case registers[v.ID] != nil:
				f := wholeFrame(t, b)
				testFrame(t, b, f.ID, &Registration{Register: f.Data})
				testMessage(t, f.Data, registers[v.ID])
				testMAC(t, f.Data, v.Key)
			case isData:
				testDataHeader(t, b[:DataHeaderSize], data)
			case isStream:
				testFrame(t, b, stream.id, stream.want)
			case syntheticUnknown[v.ID] != 0:
				f := wholeFrame(t, b)
				if f.Type != syntheticUnknown[v.ID] {
					t.Errorf("type %v, want %v", f.Type, syntheticUnknown[v.ID])
				}
				_, err := ParseStream(f)
				wantError(t, err, ErrUnknownType)
			case syntheticBroken[v.ID] != nil:
				_, n, err := ParseFrame(b)
				wantError(t, err, syntheticBroken[v.ID])
				if n != 0 {
					t.Errorf("took %d bytes", n)
				}
			default:
				t.Error("no expectation for this vector")
			}
		})
	}
	if want := 47; len(vectors) != want {
		t.Errorf("%d vectors, want %d", len(vectors), want)
	}
}
