package wire

import (
	"net/netip"
	"reflect"
	"testing"

	"lisplab/lispcore"

	"pgregory.net/rapid"
)

// Generators of every value that can be written.

func genAddr() *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		n := rapid.SampledFrom([]int{4, 16}).Draw(t, "address length")
		a, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "address"))
		return a
	})
}

func genPrefix() *rapid.Generator[netip.Prefix] {
	return rapid.Custom(func(t *rapid.T) netip.Prefix {
		a := genAddr().Draw(t, "address")
		return netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")).Masked()
	})
}

func genEID() *rapid.Generator[lispcore.EID] {
	return rapid.Custom(func(t *rapid.T) lispcore.EID {
		instance := rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32()).Draw(t, "instance")
		return lispcore.NewEID(instance, genPrefix().Draw(t, "prefix"))
	})
}

func genLocator() *rapid.Generator[lispcore.Locator] {
	return rapid.Custom(func(t *rapid.T) lispcore.Locator {
		return lispcore.Locator{
			RLOC:      genAddr().Draw(t, "RLOC"),
			Priority:  rapid.Byte().Draw(t, "priority"),
			Weight:    rapid.Byte().Draw(t, "weight"),
			MPriority: rapid.Byte().Draw(t, "multicast priority"),
			MWeight:   rapid.Byte().Draw(t, "multicast weight"),
			Local:     rapid.Bool().Draw(t, "L"),
			Probed:    rapid.Bool().Draw(t, "p"),
			Reachable: rapid.Bool().Draw(t, "R"),
		}
	})
}

// orNil is the list as a parser leaves an empty one.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func genRecord() *rapid.Generator[Record] {
	return rapid.Custom(func(t *rapid.T) Record {
		return Record{
			Mapping: lispcore.Mapping{
				EID:        genEID().Draw(t, "EID"),
				TTL:        rapid.Uint32().Draw(t, "TTL"),
				Locators:   orNil(rapid.SliceOfN(genLocator(), 0, 4).Draw(t, "locators")),
				Action:     lispcore.Action(rapid.Uint8Max(maxAction).Draw(t, "action")),
				MapVersion: rapid.Uint16Max(maxMapVersion).Draw(t, "map-version"),
			},
			Authoritative: rapid.Bool().Draw(t, "A"),
		}
	})
}

func genAuth() *rapid.Generator[Auth] {
	return rapid.Custom(func(t *rapid.T) Auth {
		return Auth{
			KeyID:     rapid.Byte().Draw(t, "key ID"),
			Algorithm: Algorithm(rapid.Byte().Draw(t, "algorithm")),
			Data:      rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "authentication data"),
		}
	})
}

func genXTRID() *rapid.Generator[XTRID] {
	return rapid.Custom(func(t *rapid.T) XTRID {
		return XTRID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "xTR-ID"))
	})
}

func genMapRegister() *rapid.Generator[*MapRegister] {
	return rapid.Custom(func(t *rapid.T) *MapRegister {
		m := &MapRegister{
			ProxyReply: rapid.Bool().Draw(t, "P"),
			Security:   rapid.Bool().Draw(t, "S"),
			HasXTRID:   rapid.Bool().Draw(t, "I"),
			RTR:        rapid.Bool().Draw(t, "RTR"),
			Reliable:   rapid.Bool().Draw(t, "r"),
			EIDNotify:  rapid.Bool().Draw(t, "E"),
			TTLTimeout: rapid.Bool().Draw(t, "T"),
			Merge:      rapid.Bool().Draw(t, "a"),
			WantNotify: rapid.Bool().Draw(t, "M"),
			Nonce:      rapid.Uint64().Draw(t, "nonce"),
			Auth:       genAuth().Draw(t, "auth"),
			Records:    orNil(rapid.SliceOfN(genRecord(), 0, 4).Draw(t, "records")),
		}
		if m.HasXTRID {
			m.XTRID, m.SiteID = genXTRID().Draw(t, "xTR-ID"), rapid.Uint64().Draw(t, "Site-ID")
		}
		return m
	})
}

func genMapNotify() *rapid.Generator[*MapNotify] {
	return rapid.Custom(func(t *rapid.T) *MapNotify {
		m := &MapNotify{
			HasXTRID: rapid.Bool().Draw(t, "I"),
			RTR:      rapid.Bool().Draw(t, "R"),
			Nonce:    rapid.Uint64().Draw(t, "nonce"),
			Auth:     genAuth().Draw(t, "auth"),
			Records:  orNil(rapid.SliceOfN(genRecord(), 0, 4).Draw(t, "records")),
		}
		if m.HasXTRID {
			m.XTRID, m.SiteID = genXTRID().Draw(t, "xTR-ID"), rapid.Uint64().Draw(t, "Site-ID")
		}
		return m
	})
}

func genEIDPrefix() *rapid.Generator[EIDPrefix] {
	return rapid.Custom(func(t *rapid.T) EIDPrefix {
		p := EIDPrefix{EID: genEID().Draw(t, "EID")}
		p.Plain = p.EID.Instance == 0 && rapid.Bool().Draw(t, "plain")
		return p
	})
}

func genRefresh() *rapid.Generator[*RegistrationRefresh] {
	return rapid.Custom(func(t *rapid.T) *RegistrationRefresh {
		m := &RegistrationRefresh{Scope: Scope(rapid.Uint8Max(uint8(ScopeExact)).Draw(t, "scope"))}
		m.RejectedOnly = m.Scope != ScopeCovered && rapid.Bool().Draw(t, "R")
		switch m.Scope {
		case ScopeInstance:
			m.Prefix.EID.Instance = rapid.Uint32().Draw(t, "instance")
		case ScopeFamily:
			m.Prefix.EID.Instance = rapid.Uint32().Draw(t, "instance")
			m.Prefix.EID.Prefix = netip.MustParsePrefix(rapid.SampledFrom([]string{"0.0.0.0/0", "::/0"}).Draw(t, "family"))
		case ScopeCovered, ScopeExact:
			m.Prefix = genEIDPrefix().Draw(t, "prefix")
		}
		return m
	})
}

func genStreamMessage() *rapid.Generator[StreamMessage] {
	return rapid.Custom(func(t *rapid.T) StreamMessage {
		data := rapid.SliceOfN(rapid.Byte(), 0, 60)
		switch StreamType(rapid.Uint16Range(uint16(TypeErrorNotification), uint16(TypeMappingNotification)).Draw(t, "type")) {
		case TypeErrorNotification:
			return &ErrorNotification{
				Code:   rapid.Byte().Draw(t, "code"),
				Type:   StreamType(rapid.Uint16().Draw(t, "offending type")),
				Length: rapid.Uint16().Draw(t, "offending length"),
				ID:     rapid.Uint32().Draw(t, "offending ID"),
				Data:   data.Draw(t, "data"),
			}
		case TypeRegistration:
			return &Registration{Register: data.Draw(t, "register")}
		case TypeRegistrationACK:
			return &RegistrationACK{Prefix: genEIDPrefix().Draw(t, "prefix")}
		case TypeRegistrationNACK:
			return &RegistrationNACK{Reason: Reason(rapid.Byte().Draw(t, "reason")), Prefix: genEIDPrefix().Draw(t, "prefix")}
		case TypeRegistrationRefresh:
			return genRefresh().Draw(t, "refresh")
		}
		return &MappingNotification{
			XTRID:  genXTRID().Draw(t, "xTR-ID"),
			SiteID: rapid.Uint64().Draw(t, "Site-ID"),
			Record: genRecord().Draw(t, "record"),
		}
	})
}

func genMapRequest() *rapid.Generator[*MapRequest] {
	return rapid.Custom(func(t *rapid.T) *MapRequest {
		m := &MapRequest{
			Authoritative: rapid.Bool().Draw(t, "A"),
			MapData:       rapid.Bool().Draw(t, "M"),
			Probe:         rapid.Bool().Draw(t, "P"),
			SMR:           rapid.Bool().Draw(t, "S"),
			PITR:          rapid.Bool().Draw(t, "p"),
			SMRInvoked:    rapid.Bool().Draw(t, "s"),
			LocalXTR:      rapid.Bool().Draw(t, "L"),
			DontReply:     rapid.Bool().Draw(t, "D"),

			Nonce:          rapid.Uint64().Draw(t, "nonce"),
			SourceInstance: rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32()).Draw(t, "source instance"),
			SourceEID:      rapid.OneOf(rapid.Just(netip.Addr{}), genAddr()).Draw(t, "source EID"),
			ITRRLOCs:       rapid.SliceOfN(genAddr(), 1, maxITRRLOCs).Draw(t, "ITR-RLOCs"),
			Records:        rapid.SliceOfN(genEID(), 1, 4).Draw(t, "records"),
		}
		if m.MapData {
			m.Reply = new(genRecord().Draw(t, "reply"))
		}
		return m
	})
}

func genMapReply() *rapid.Generator[*MapReply] {
	return rapid.Custom(func(t *rapid.T) *MapReply {
		return &MapReply{
			Probe:     rapid.Bool().Draw(t, "P"),
			EchoNonce: rapid.Bool().Draw(t, "E"),
			Nonce:     rapid.Uint64().Draw(t, "nonce"),
			Records:   orNil(rapid.SliceOfN(genRecord(), 0, 4).Draw(t, "records")),
		}
	})
}

func genEncapsulatedControl() *rapid.Generator[*EncapsulatedControl] {
	return rapid.Custom(func(t *rapid.T) *EncapsulatedControl {
		m := &EncapsulatedControl{
			DDT:     rapid.Bool().Draw(t, "D"),
			ToETR:   rapid.Bool().Draw(t, "E"),
			ToMS:    rapid.Bool().Draw(t, "M"),
			TTL:     rapid.Byte().Draw(t, "TTL"),
			TOS:     rapid.Byte().Draw(t, "TOS"),
			Payload: rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "payload"),
		}
		source := genAddr().Draw(t, "source")
		destination := genAddr().Filter(func(a netip.Addr) bool { return a.Is4() == source.Is4() }).Draw(t, "destination")
		m.Source = netip.AddrPortFrom(source, rapid.Uint16().Draw(t, "source port"))
		m.Destination = netip.AddrPortFrom(destination, rapid.Uint16().Draw(t, "destination port"))
		if source.Is4() {
			m.ID, m.DF = rapid.Uint16().Draw(t, "ID"), rapid.Bool().Draw(t, "DF")
		}
		return m
	})
}

func genMessage() *rapid.Generator[codec] {
	return rapid.Custom(func(t *rapid.T) codec {
		switch rapid.SampledFrom(messageTypes).Draw(t, "type") {
		case TypeMapRegister:
			return genMapRegister().Draw(t, "register")
		case TypeMapNotify:
			return genMapNotify().Draw(t, "notify")
		case TypeMapNotifyAck:
			return (*MapNotifyAck)(genMapNotify().Draw(t, "ack"))
		case TypeMapRequest:
			return genMapRequest().Draw(t, "request")
		case TypeMapReply:
			return genMapReply().Draw(t, "reply")
		case TypeInfo:
			return &InfoRequest{
				Nonce: rapid.Uint64().Draw(t, "nonce"),
				Auth:  genAuth().Draw(t, "auth"),
				TTL:   rapid.Uint32().Draw(t, "TTL"),
				EID:   genEID().Draw(t, "EID"),
			}
		}
		return genEncapsulatedControl().Draw(t, "control")
	})
}

// Every UDP message that can be said comes back as it was said, and with the right key it verifies.
func TestMessageProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genMessage().Draw(t, "message")
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		back := newCodec(Type(b[0] >> 4))
		if err := back.Parse(b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, m) {
			t.Fatalf("\n got %+v\nwant %+v", back, m)
		}

		auth := authOf(m)
		if auth == nil {
			return
		}
		auth.Algorithm = Algorithm(rapid.IntRange(1, 3).Draw(t, "signed with"))
		auth.Data = nil
		if b, err = m.Append(b[:0]); err != nil {
			t.Fatal(err)
		}
		key := rapid.StringN(1, 20, -1).Draw(t, "key")
		if err := NewAuthenticator(key).Sign(b); err != nil {
			t.Fatal(err)
		}
		if !NewAuthenticator(key).Verify(b) {
			t.Fatalf("signed message does not verify: %x", b)
		}
		if NewAuthenticator(key + "x").Verify(b) {
			t.Fatalf("verifies with another key: %x", b)
		}
	})
}
