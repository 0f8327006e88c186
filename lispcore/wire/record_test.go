package wire

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"lisplab/lispcore"
)

// parseRecord reads b as one record, at byte 0 of a message of its own.
func parseRecord(b []byte) (rec Record, err error) {
	r := reader{place: place{message: "record"}, b: b}
	r.readRecord(&rec)
	return rec, r.end()
}

func appendRecord(rec Record) ([]byte, error) {
	w := writer{place: place{message: "record"}}
	w.record(&rec)
	return w.end()
}

func TestRecord(t *testing.T) {
	negative := record(15, "172.20.0.0/14")
	negative.Action = lispcore.NativelyForward
	highest := authoritative(record(0xffffffff, "4294967295 0.0.0.0/0"))
	highest.Action, highest.MapVersion = 7, 0xfff

	for _, v := range []struct {
		name string
		hex  string
		want Record
	}{
		{"IPv4", `
			000005a0 01 18 1000 0000 0001 0a0a0a00
			01 64 ff 00 0005 0001 cb00710b`,
			authoritative(record(1440, "10.10.10.0/24", "203.0.113.11 1/100 255/0 LR"))},
		{"IPv6, an IPv6 locator", `
			000005a0 01 20 0000 0000 0002 20010db8000000000000000000000000
			00 00 00 00 0000 0002 20010db8000000000000000000000001`,
			record(1440, "2001:db8::/32", "2001:db8::1 0/0 0/0")},
		{"an instance", `
			00000001 00 1a 0000 0000 4003 0000 02 20 000a 00000064 0001 c0a86640`,
			record(1, "100 192.168.102.64/26")},
		{"IPv6 in an instance", `
			00000001 00 80 0000 0000 4003 0000 02 20 0016 00000064 0002 20010db8000000000000000000000001`,
			record(1, "100 2001:db8::1/128")},
		{"a negative mapping", `0000000f 00 0e 2000 0000 0001 ac140000`, negative},
		{"the highest values", `ffffffff 00 00 f000 0fff 4003 0000 02 20 000a ffffffff 0001 00000000`, highest},
		{"an IPv4-mapped locator is an IPv6 one", `
			00000001 01 00 0000 0000 0001 00000000
			00 00 00 00 0000 0002 00000000000000000000ffff0a000001`,
			record(1, "0.0.0.0/0", "::ffff:10.0.0.1 0/0 0/0")},
	} {
		t.Run(v.name, func(t *testing.T) {
			b := unhex(t, v.hex)
			got, err := parseRecord(b)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, v.want) {
				t.Errorf("parsed\n got %+v\nwant %+v", got, v.want)
			}
			back, err := appendRecord(v.want)
			if err != nil {
				t.Fatal(err)
			}
			if string(back) != string(b) {
				t.Errorf("appended\n got %x\nwant %x", back, b)
			}
			testTruncations(t, b, func(b []byte) error { _, err := parseRecord(b); return err })
		})
	}
}

// The same EID has one key, however it was written.
func TestRecordNormalisesTheEID(t *testing.T) {
	for _, v := range []struct{ name, hex, want string }{
		{"host bits", "00000001 00 18 0000 0000 0001 0a0a0aff", "10.10.10.0/24"},
		{"host bits of IPv6", "00000001 00 20 0000 0000 0002 20010db8ffff00000000000000000001", "2001:db8::/32"},
		{"LCAF with instance 0", "00000001 00 18 0000 0000 4003 0000 02 00 000a 00000000 0001 0a0a0a00", "10.10.10.0/24"},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := parseRecord(unhex(t, v.hex))
			if err != nil {
				t.Fatal(err)
			}
			if got.EID != eid(v.want) {
				t.Errorf("EID %v, want %v", got.EID, eid(v.want))
			}
		})
	}
	t.Run("on sending", func(t *testing.T) {
		got, err := appendRecord(record(1, "10.10.10.255/24"))
		if err != nil {
			t.Fatal(err)
		}
		if want := unhex(t, "00000001 00 18 0000 0000 0001 0a0a0a00"); string(got) != string(want) {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

func TestRecordBadInputs(t *testing.T) {
	testBadInputs(t, func(b []byte) error { _, err := parseRecord(b); return err }, []badInput{
		{"IPv4 prefix too long", "00000001 00 21 0000 0000 0001 0a0a0a00", ErrValue,
			"record: EID mask-len at byte 5: bad value: 33, at most 32 for AFI 1"},
		{"IPv6 prefix too long", "00000001 00 81 0000 0000 0002 20010db8000000000000000000000000", ErrValue,
			"record: EID mask-len at byte 5: bad value: 129, at most 128 for AFI 2"},
		{"IPv4 prefix too long in an instance", "00000001 00 30 0000 0000 4003 0000 02 20 000a 00000064 0001 0a0a0a00", ErrValue,
			"record: EID mask-len at byte 5: bad value: 48, at most 32 for AFI 1"},
		{"a MAC address as EID", "00000001 00 30 0000 0000 0006 0a0b0c0d0e0f", ErrUnsupported,
			"record: EID-Prefix-AFI at byte 10: unsupported: AFI 6"},
		{"no EID", "00000001 00 00 0000 0000 0000", ErrUnsupported,
			"record: EID-Prefix-AFI at byte 10: unsupported: a record without an address"},
		{"an instance without EID", "00000001 00 00 0000 0000 4003 0000 02 20 0006 00000064 0000", ErrUnsupported,
			"record: EID-Prefix-AFI at byte 10: unsupported: a record without an address"},
		{"a locator more announced than there is", "00000001 02 00 0000 0000 0001 00000000 01 64 ff 00 0005 0001 cb00710b", ErrShort,
			"record: Priority of locator 2 at byte 28: short message"},
		{"a locator more than announced", "00000001 00 00 0000 0000 0001 00000000 01 64 ff 00 0005 0001 cb00710b", ErrTrailing,
			"record: end of message at byte 16: left-over bytes: 12"},
		{"a locator without address", "00000001 01 00 0000 0000 0001 00000000 01 64 ff 00 0005 0000", ErrUnsupported,
			"record: Loc-AFI of locator 1 at byte 22: unsupported: a locator without an address"},
		{"an LCAF as locator", "00000001 01 00 0000 0000 0001 00000000 01 64 ff 00 0005 4003 0000 02 20 0006 00000064 0000", ErrUnsupported,
			"record: Loc-AFI of locator 1 at byte 22: unsupported: AFI 16387"},
	})
}

func TestRecordBadValues(t *testing.T) {
	with := func(change func(*Record)) *MapNotify {
		m := &MapNotify{Records: []Record{notifyRecord(), notifyRecord()}}
		change(&m.Records[1])
		return m
	}
	testBadValues(t, []badValue{
		{"no EID", with(func(r *Record) { r.EID = lispcore.EID{} }), ErrValue,
			"Map-Notify: EID mask-len of record 2 at byte 49: bad value: invalid Prefix"},
		{"too many locators", with(func(r *Record) { r.Locators = make([]lispcore.Locator, 256) }), ErrValue,
			"Map-Notify: Locator Count of record 2 at byte 48: bad value: 256, at most 255"},
		{"an action of four bits", with(func(r *Record) { r.Action = 8 }), ErrValue,
			"Map-Notify: ACT of record 2 at byte 50: bad value: 8, at most 7"},
		{"a map-version of 13 bits", with(func(r *Record) { r.MapVersion = 0x1000 }), ErrValue,
			"Map-Notify: Map-Version Number of record 2 at byte 52: bad value: 4096, at most 4095"},
		{"no RLOC", with(func(r *Record) { r.Locators[0].RLOC = netip.Addr{} }), ErrValue,
			`Map-Notify: Loc-AFI of record 2, locator 1 at byte 66: bad value: locator "invalid IP"`},
		{"an RLOC with a zone", with(func(r *Record) { r.Locators[0].RLOC = netip.MustParseAddr("fe80::1%eth0") }), ErrValue,
			`Map-Notify: Loc-AFI of record 2, locator 1 at byte 66: bad value: locator "fe80::1%eth0"`},
	})
}

// 255 records of 255 locators are lawful, if long.
func TestRecordCounts(t *testing.T) {
	full := record(1, "10.0.0.0/8")
	for i := range maxCount {
		full.Locators = append(full.Locators, locator(fmt.Sprintf("192.0.2.%d 1/1 1/1 R", i)))
	}
	m := &MapNotify{Auth: Auth{Data: []byte{}}}
	for range maxCount {
		m.Records = append(m.Records, full)
	}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var got MapNotify
	if err := got.Parse(b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, m) {
		t.Error("came back changed")
	}
}
