package wire

// MappingNotification tells an ETR how a Map-Server now sees a mapping. It is
// neither an acknowledgement nor acknowledged.
//
//	| xTR-ID (128) | Site-ID (64) | one record |
//
// XTRID and SiteID are those of the last valid registration of the prefix; zero if there was none.
type MappingNotification struct {
	XTRID  XTRID
	SiteID uint64
	Record Record
}

// StreamType returns TypeMappingNotification.
func (*MappingNotification) StreamType() StreamType { return TypeMappingNotification }

func parseMappingNotification(r *reader) (*MappingNotification, error) {
	var m MappingNotification
	m.XTRID, m.SiteID = r.xtrIdentity()
	r.readRecord(&m.Record)
	return &m, r.end()
}

func (m *MappingNotification) appendData(b []byte) ([]byte, error) {
	w := dataWriter(m.StreamType(), b)
	w.xtrIdentity(m.XTRID, m.SiteID)
	w.record(&m.Record)
	return w.end()
}
