package wire

// ErrorNotification tells the peer that one of its messages was not understood. No ErrorNotification answers another.
//
//	+---------------+-----------------------------------------------+
//	|  Error code   |                   Reserved                    |
//	+---------------+---------------+-------------------------------+
//	|   Offending message type      |   Offending message length    |
//	+-------------------------------+-------------------------------+
//	|                     Offending message ID                      |
//	+---------------------------------------------------------------+
//	~           Offending message data: as much as one likes        ~
//	+---------------------------------------------------------------+
type ErrorNotification struct {
	Code   uint8 // ErrorUnknownType, ErrorFormat; others pass as they are
	Type   StreamType
	Length uint16 // of the whole offending frame, not of Data
	ID     uint32
	Data   []byte // may be empty
}

// The error codes. The draft lists these two errors without numbers; they are numbered here in its order.
const (
	ErrorUnknownType = 1 // unrecognized message type
	ErrorFormat      = 2 // message format error
)

// StreamType returns TypeErrorNotification.
func (*ErrorNotification) StreamType() StreamType { return TypeErrorNotification }

func parseErrorNotification(r *reader) (*ErrorNotification, error) {
	var m ErrorNotification
	m.Code = r.u8("Error code")
	r.take("Reserved", 3)
	m.Type = StreamType(r.u16("Offending message type"))
	m.Length = r.u16("Offending message length")
	m.ID = r.u32("Offending message ID")
	m.Data = r.rest("Offending message data")
	return &m, r.end()
}

func (m *ErrorNotification) appendData(b []byte) ([]byte, error) {
	w := dataWriter(m.StreamType(), b)
	w.u32(uint32(m.Code) << 24)
	w.u16(uint16(m.Type))
	w.u16(m.Length)
	w.u32(m.ID)
	w.bytes(m.Data)
	return w.end()
}
