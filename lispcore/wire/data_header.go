package wire

import (
	"encoding/binary"
	"fmt"
)

// DataHeaderSize is the length in bytes of the header of encapsulated packets.
const DataHeaderSize = 8

// DataHeader is the LISP header between the outer UDP header (port 4341) and the inner IP packet (RFC 9300 section 5.3):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+---+-----------------------------------------------+
//	|N|L|E|V|I|R| K |              Nonce, or with V:                |
//	|               | Source Map-Version (12) | Dest Map-Version (12)|
//	+---------------+-------------------------------+---------------+
//	|        Locator-Status-Bits, or with I: Instance ID (24) | LSB |
//	+---------------------------------------------------------------+
//
// Fields that their bit does not announce are zero, and are written as zero.
type DataHeader struct {
	HasNonce         bool // N: Nonce is there
	HasLSB           bool // L: LSB is there
	EchoNonceRequest bool // E: the nonce shall come back; only with HasNonce
	HasVersion       bool // V: the map-versions are there (RFC 9302); not with HasNonce
	HasInstance      bool // I: Instance is there

	Nonce              uint32 // 24 bits
	SourceVersion      uint16 // 12 bits: of the mapping of the inner source
	DestinationVersion uint16 // 12 bits
	Instance           uint32 // 24 bits
	LSB                uint32 // bit i: the i-th locator of the sender's own mapping is up; 8 bits with HasInstance
}

const (
	dataN = 1 << 31
	dataL = 1 << 30
	dataE = 1 << 29
	dataV = 1 << 28
	dataI = 1 << 27
	dataK = 3 << 24

	dataNonce    = 1<<24 - 1
	versionShift = 12
	dataShortLSB = 1<<8 - 1
)

// Parse reads the header in front of b, and nothing of what follows. E without N, and V with N, count for nothing, as
// RFC 9300 section 5.3 and RFC 9302 section 6 ask. An encrypted packet (K, RFC 8061) is refused as unsupported.
func (h *DataHeader) Parse(b []byte) error {
	*h = DataHeader{}
	if len(b) < DataHeaderSize {
		return dataError("header", len(b), ErrShort)
	}
	first, second := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if first&dataK != 0 {
		return dataError("K", 0, fmt.Errorf("%w: encryption", ErrUnsupported))
	}
	h.HasNonce = first&dataN != 0
	h.HasLSB = first&dataL != 0
	h.EchoNonceRequest = h.HasNonce && first&dataE != 0
	h.HasVersion = !h.HasNonce && first&dataV != 0
	h.HasInstance = first&dataI != 0
	switch {
	case h.HasNonce:
		h.Nonce = first & dataNonce
	case h.HasVersion:
		h.SourceVersion = uint16(first>>versionShift) & maxMapVersion
		h.DestinationVersion = uint16(first) & maxMapVersion
	}
	if h.HasInstance {
		h.Instance = second >> 8
		second &= dataShortLSB
	}
	if h.HasLSB {
		h.LSB = second
	}
	return nil
}

// Append writes the header behind b. Of numbers that are too large for their field the low bits are written.
func (h DataHeader) Append(b []byte) []byte {
	first := flag(h.HasNonce, dataN) | flag(h.HasLSB, dataL) | flag(h.HasNonce && h.EchoNonceRequest, dataE) |
		flag(!h.HasNonce && h.HasVersion, dataV) | flag(h.HasInstance, dataI)
	switch {
	case h.HasNonce:
		first |= h.Nonce & dataNonce
	case h.HasVersion:
		first |= uint32(h.SourceVersion&maxMapVersion)<<versionShift | uint32(h.DestinationVersion&maxMapVersion)
	}
	var second uint32
	if h.HasLSB {
		second = h.LSB
	}
	if h.HasInstance {
		second = h.Instance<<8 | second&dataShortLSB
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, first), second)
}

func dataError(field string, offset int, err error) error {
	return &Error{Message: "data header", Field: field, Offset: offset, Err: err}
}
