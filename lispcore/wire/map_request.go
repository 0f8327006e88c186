package wire

import (
	"fmt"
	"net/netip"

	"lisplab/lispcore"
)

// MapRequest asks for a mapping, asks a locator whether it is there (a probe), or asks to be asked (an SMR) (RFC 9301
// section 5.2):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-+-+-+-+-+-+---+---------+-+-+---------+---------------+
//	|Type=1 |A|M|P|S|p|s| R |  Rsvd   |L|D|   IRC   | Record Count  |
//	+-------+-+-+-+-+-+-+---+---------+-+-+---------+---------------+
//	|                             Nonce                             |
//	+-------------------------------+-------------------------------+
//	|        Source-EID-AFI         |  Source EID (or LCAF), if any |
//	+-------------------------------+-------------------------------+
//	|         ITR-RLOC-AFI          |  ITR-RLOC                     |   IRC + 1 times
//	+---------------+---------------+-------------------------------+
//	|   Reserved    | EID mask-len  |        EID-Prefix-AFI         |   each record
//	+---------------+---------------+-------------------------------+
//	|                     EID-Prefix (or LCAF)                      |
//	+---------------------------------------------------------------+
//	|                      Map-Reply Record, if M is set            |
//	+---------------------------------------------------------------+
//
// Senders put exactly one record into a Map-Request; receivers take more (section 5.3).
type MapRequest struct {
	Authoritative bool // A: only an ETR shall answer
	MapData       bool // M: Reply is there
	Probe         bool // P: an RLOC probe
	SMR           bool // S: a Solicit-Map-Request
	PITR          bool // p: sent by a proxy ITR
	SMRInvoked    bool // s: an SMR asked for it
	LocalXTR      bool // L: the sender wants to hear of the xTRs in its own site
	DontReply     bool // D: no Map-Reply is wanted; only with SMR

	Nonce          uint64
	SourceInstance uint32
	SourceEID      netip.Addr     // zero: none, as in probes and refreshes
	ITRRLOCs       []netip.Addr   // 1 to 32: where the Map-Reply may go
	Records        []lispcore.EID // at least 1: what is asked for
	Reply          *Record        // the sender's own mapping; only with MapData
}

const (
	requestA = 1 << 27
	requestM = 1 << 26
	requestP = 1 << 25
	requestS = 1 << 24
	requestp = 1 << 23
	requests = 1 << 22
	requestL = 1 << 14
	requestD = 1 << 13

	ircShift    = 8
	maxITRRLOCs = 1 << 5 // IRC has five bits and counts from "one"
)

// Parse reads a whole UDP payload, or the payload of an Encapsulated Control Message, into m, as MapRegister.Parse does.
// A message that names no ITR-RLOC address, or no EID prefix, is an *Error.
func (m *MapRequest) Parse(b []byte) error {
	r := reader{place: place{message: TypeMapRequest.String()}, b: b}
	word := r.firstWord(TypeMapRequest)
	m.Authoritative = word&requestA != 0
	m.MapData = word&requestM != 0
	m.Probe = word&requestP != 0
	m.SMR = word&requestS != 0
	m.PITR = word&requestp != 0
	m.SMRInvoked = word&requests != 0
	m.LocalXTR = word&requestL != 0
	m.DontReply = word&requestD != 0
	m.Nonce = r.u64("Nonce")
	m.SourceInstance, m.SourceEID = r.sourceEID()
	m.ITRRLOCs = r.itrRLOCs(m.ITRRLOCs, int(word>>ircShift)%maxITRRLOCs+1)
	m.Records = r.requestRecords(m.Records, int(word&maxCount))
	m.Reply = nil
	if m.MapData && r.err == nil {
		m.Reply = new(Record)
		r.readRecord(m.Reply)
	}
	return r.end()
}

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *MapRequest) Append(b []byte) ([]byte, error) {
	w := writer{place: place{message: TypeMapRequest.String()}, b: b, start: len(b)}
	if n := len(m.ITRRLOCs); n == 0 || n > maxITRRLOCs {
		w.fail("IRC", fmt.Errorf("%w: %d ITR-RLOCs, want 1 to %d", ErrValue, n, maxITRRLOCs))
		return w.end()
	}
	if n := len(m.Records); n == 0 || n > maxCount {
		w.fail("Record Count", fmt.Errorf("%w: %d, want 1 to %d", ErrValue, n, maxCount))
		return w.end()
	}
	if m.MapData != (m.Reply != nil) {
		w.fail("M", fmt.Errorf("%w: the bit and the Map-Reply Record go together", ErrValue))
		return w.end()
	}
	w.u32(uint32(TypeMapRequest)<<28 | flag(m.Authoritative, requestA) | flag(m.MapData, requestM) | flag(m.Probe, requestP) |
		flag(m.SMR, requestS) | flag(m.PITR, requestp) | flag(m.SMRInvoked, requests) | flag(m.LocalXTR, requestL) |
		flag(m.DontReply, requestD) | uint32(len(m.ITRRLOCs)-1)<<ircShift | uint32(len(m.Records)))
	w.u64(m.Nonce)
	w.sourceEID(m.SourceInstance, m.SourceEID)
	for i, a := range m.ITRRLOCs {
		w.itrRLOC(i, a)
	}
	for i, eid := range m.Records {
		w.place.record = i + 1
		w.u8(0) // Reserved
		w.eid(eid)
	}
	w.place.record = 0
	if m.MapData {
		w.record(m.Reply)
	}
	return w.end()
}

func (r *reader) sourceEID() (instance uint32, a netip.Addr) {
	off := r.off
	afi := r.u16("Source-EID-AFI")
	if afi == afiLCAF {
		return r.instanceAddress()
	}
	return 0, r.address(afi, "Source-EID-AFI", off, "Source EID")
}

func (w *writer) sourceEID(instance uint32, a netip.Addr) {
	if a.Zone() != "" {
		w.fail("Source EID", fmt.Errorf("%w: %q", ErrValue, a))
	}
	w.instanceEID(instance, a)
}

// itrRLOCs reads count addresses into as, whose backing array is used again.
func (r *reader) itrRLOCs(as []netip.Addr, count int) []netip.Addr {
	as = as[:0]
	for i := range count {
		off := r.off
		afi := r.u16("ITR-RLOC-AFI")
		a := r.address(afi, "ITR-RLOC-AFI", off, "ITR-RLOC")
		if r.err == nil && !a.IsValid() {
			r.fail("ITR-RLOC-AFI", off, fmt.Errorf("%w: ITR-RLOC %d has no address", ErrValue, i+1))
		}
		if r.err != nil {
			break
		}
		as = append(as, a)
	}
	return as
}

func (w *writer) itrRLOC(i int, a netip.Addr) {
	if !a.IsValid() || a.Zone() != "" {
		w.fail("ITR-RLOC-AFI", fmt.Errorf("%w: ITR-RLOC %d is %q", ErrValue, i+1, a))
	}
	w.u16(afiOf(a))
	w.address(a)
}

// requestRecords reads count EID prefixes into eids, whose backing array is used again.
func (r *reader) requestRecords(eids []lispcore.EID, count int) []lispcore.EID {
	eids = eids[:0]
	if count == 0 {
		r.fail("Record Count", recordCountOffset, fmt.Errorf("%w: 0", ErrValue))
	}
	for i := range count {
		if r.err != nil {
			break
		}
		r.place.record = i + 1
		r.take("Reserved", 1)
		eids = append(eids, r.recordEID())
	}
	r.place.record = 0
	return eids
}
