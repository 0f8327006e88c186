package wire

import (
	"fmt"
	"net/netip"

	"lisplab/lispcore"
)

// Record is one EID-to-RLOC mapping record (RFC 9301 section 5.4), alike in registers, notifies and Mapping
// Notifications:
//
//	 0                   1                   2                   3
//	+---------------------------------------------------------------+
//	|                      Record TTL (minutes)                     |
//	+---------------+---------------+-----+-+-----------------------+
//	| Locator Count | EID mask-len  | ACT |A|       Reserved        |
//	+-------+-------+---------------+-----+-+-----------------------+
//	| Rsvd  |  Map-Version Number   |        EID-Prefix-AFI         |
//	+-------+-----------------------+-------------------------------+
//	|                     EID-Prefix (or LCAF)                      |
//	+---------------+---------------+---------------+---------------+
//	|   Priority    |    Weight     |  M Priority   |   M Weight    |   each locator
//	+---------------+---------------+-------+-+-+-+-+---------------+
//	|        Unused Flags             |L|p|R|        Loc-AFI        |
//	+---------------------------------+-+-+-+-----------------------+
//	|                            Locator                            |
//	+---------------------------------------------------------------+
//
// An EID of instance 0 travels with its plain AFI, every other in an Instance-ID LCAF; on receipt the LCAF with
// instance 0 is the same EID as the plain one. Priorities and weights 0 to 255 and every Action up to 7 pass as they are.
type Record struct {
	lispcore.Mapping
	Authoritative bool // the A bit: sent by an ETR, not by a Map-Server in its stead
}

const (
	actShift      = 13 // of the 16 bits ACT, A, Reserved
	maxAction     = 7
	recordA       = 1 << 12
	maxMapVersion = 1<<12 - 1

	locatorLocal     = 1 << 2
	locatorProbed    = 1 << 1
	locatorReachable = 1 << 0

	maxCount = 255 // of records in a message, of locators in a record

	// MaxLocators is how many locators fit one record: its count has 8 bits.
	MaxLocators = maxCount
)

var recordFields = eidFields{bits: "EID mask-len", afi: "EID-Prefix-AFI", address: "EID-Prefix"}

// records reads count records into rs, whose backing arrays (and those of its locators) are used again.
func (r *reader) records(rs []Record, count int) []Record {
	rs = rs[:0]
	for i := range count {
		if r.err != nil {
			break
		}
		if len(rs) < cap(rs) {
			rs = rs[:len(rs)+1]
		} else {
			rs = append(rs, Record{})
		}
		r.place.record = i + 1
		r.readRecord(&rs[len(rs)-1])
	}
	r.place.record = 0
	return rs
}

// readRecord overwrites all of rec; its locators' backing array is used again.
func (r *reader) readRecord(rec *Record) {
	locators := rec.Locators[:0]
	*rec = Record{}
	rec.TTL = r.u32("Record TTL")
	count := r.u8("Locator Count")
	bitsOff := r.off
	bits := r.u8(recordFields.bits)
	flags := r.u16("ACT")
	rec.Action = lispcore.Action(flags >> actShift)
	rec.Authoritative = flags&recordA != 0
	rec.MapVersion = r.u16("Map-Version Number") & maxMapVersion
	rec.EID = r.addressedEID(bits, bitsOff)
	for i := range int(count) {
		if r.err != nil {
			break
		}
		r.place.locator = i + 1
		locators = append(locators, r.readLocator())
	}
	r.place.locator = 0
	rec.Locators = locators
}

// addressedEID reads AFI and address of a record's EID, whose prefix length stood at bitsOff. A record without an address
// is none.
func (r *reader) addressedEID(bits uint8, bitsOff int) lispcore.EID {
	afiOff := r.off
	eid := r.eid(recordFields, bits, bitsOff).EID
	if r.err == nil && !eid.Prefix.IsValid() {
		r.fail(recordFields.afi, afiOff, fmt.Errorf("%w: a record without an address", ErrUnsupported))
	}
	return eid
}

// recordEID reads the EID of a message without locators: EID mask-len, AFI and address.
func (r *reader) recordEID() lispcore.EID {
	bitsOff := r.off
	bits := r.u8(recordFields.bits)
	return r.addressedEID(bits, bitsOff)
}

func (r *reader) readLocator() (l lispcore.Locator) {
	l.Priority = r.u8("Priority")
	l.Weight = r.u8("Weight")
	l.MPriority = r.u8("M Priority")
	l.MWeight = r.u8("M Weight")
	flags := r.u16("Locator flags")
	l.Local = flags&locatorLocal != 0
	l.Probed = flags&locatorProbed != 0
	l.Reachable = flags&locatorReachable != 0
	afiOff := r.off
	afi := r.u16("Loc-AFI")
	l.RLOC = r.address(afi, "Loc-AFI", afiOff, "Locator")
	if r.err == nil && !l.RLOC.IsValid() {
		r.fail("Loc-AFI", afiOff, fmt.Errorf("%w: a locator without an address", ErrUnsupported))
	}
	return l
}

func (w *writer) records(rs []Record) {
	for i := range rs {
		w.place.record = i + 1
		w.record(&rs[i])
	}
	w.place.record = 0
}

func (w *writer) record(rec *Record) {
	prefix := rec.EID.Prefix.Masked()
	w.u32(rec.TTL)
	if len(rec.Locators) > maxCount {
		w.fail("Locator Count", fmt.Errorf("%w: %d, at most %d", ErrValue, len(rec.Locators), maxCount))
	}
	w.u8(uint8(len(rec.Locators)))
	w.eidBits(rec.EID.Prefix)
	if rec.Action > maxAction {
		w.fail("ACT", fmt.Errorf("%w: %d, at most %d", ErrValue, rec.Action, maxAction))
	}
	w.u16(uint16(rec.Action)<<actShift | uint16(flag(rec.Authoritative, recordA)))
	if rec.MapVersion > maxMapVersion {
		w.fail("Map-Version Number", fmt.Errorf("%w: %d, at most %d", ErrValue, rec.MapVersion, maxMapVersion))
	}
	w.u16(rec.MapVersion)
	w.instanceEID(rec.EID.Instance, prefix.Addr())
	for i := range rec.Locators {
		w.place.locator = i + 1
		w.writeLocator(&rec.Locators[i])
	}
	w.place.locator = 0
}

// eidBits writes the prefix length of a record's EID, which must have an address.
func (w *writer) eidBits(p netip.Prefix) {
	if !p.IsValid() {
		w.fail(recordFields.bits, fmt.Errorf("%w: %v", ErrValue, p))
	}
	w.u8(uint8(p.Bits()))
}

// eid is the twin of recordEID.
func (w *writer) eid(e lispcore.EID) {
	w.eidBits(e.Prefix)
	w.instanceEID(e.Instance, e.Prefix.Masked().Addr())
}

// instanceEID writes AFI and address: plain in instance 0, in an LCAF in every other.
func (w *writer) instanceEID(instance uint32, a netip.Addr) {
	if instance == 0 {
		w.u16(afiOf(a))
		w.address(a)
		return
	}
	w.instanceAddress(instance, a)
}

func (w *writer) writeLocator(l *lispcore.Locator) {
	w.u8(l.Priority)
	w.u8(l.Weight)
	w.u8(l.MPriority)
	w.u8(l.MWeight)
	w.u16(uint16(flag(l.Local, locatorLocal) | flag(l.Probed, locatorProbed) | flag(l.Reachable, locatorReachable)))
	if !l.RLOC.IsValid() || l.RLOC.Zone() != "" {
		w.fail("Loc-AFI", fmt.Errorf("%w: locator %q", ErrValue, l.RLOC))
	}
	w.u16(afiOf(l.RLOC))
	w.address(l.RLOC)
}

// recordCount checks the number of records that the first word is to hold. It stands in the fourth byte, and is written
// with the whole word.
func (w *writer) recordCount(rs []Record) uint32 {
	if len(rs) > maxCount {
		w.fail("Record Count", fmt.Errorf("%w: %d, at most %d", ErrValue, len(rs), maxCount))
	}
	return uint32(len(rs)) & maxCount
}
