package wire

// MapNotifyAck acknowledges an unasked Map-Notify (RFC 9301 section 5.7). But for its type it is the Map-Notify, signed
// anew, so MapNotifyAck(notify) makes one of the other.
type MapNotifyAck MapNotify

// Parse reads a whole UDP payload into m, as MapRegister.Parse does.
func (m *MapNotifyAck) Parse(b []byte) error { return (*MapNotify)(m).parse(TypeMapNotifyAck, b) }

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *MapNotifyAck) Append(b []byte) ([]byte, error) {
	return (*MapNotify)(m).append(TypeMapNotifyAck, b)
}
