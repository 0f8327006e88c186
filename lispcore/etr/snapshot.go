package etr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Snapshot is a deep, sorted copy of what an ETR knows: the only thing that a show command sees.
type Snapshot struct {
	XTRID      wire.XTRID
	SiteID     uint64
	Database   []Entry     // by instance, IPv4 before IPv6, address, length
	MapServers []MapServer // in the order of configuration
	Counters   Counters
}

// Entry is one EID prefix of the ETR's database.
type Entry struct {
	Mapping lispcore.Mapping
	Status  []Status // one per map server of the family, in the order of configuration
}

// Status is the registration of one prefix at one map server.
type Status struct {
	MapServer netip.Addr
	State     State
	Acked     time.Time   // last Map-Notify or Registration ACK; zero means never
	Reason    wire.Reason // of the last NACK, while Rejected
}

// MapServer is one `etr map-server` line.
type MapServer struct {
	Addr       netip.Addr
	Family     lispcore.Family
	LastNotify time.Time // last Map-Notify or Registration ACK; zero means never
}

// State is the registration state of one EID prefix at one map server (draft-kouvelas section 6.2).
type State uint8

const (
	NoState  State = iota
	Periodic       // registered by UDP every period
	Stable         // nothing due
	AckWait        // a Registration was sent over the session
	Rejected       // refused by the map server
)

// String returns the state as the draft names it.
func (s State) String() string {
	return [...]string{"NoState", "Periodic", "Stable", "AckWait", "Rejected"}[s]
}

// Counters count messages of the ETR.
type Counters struct {
	MapRegistersOut uint64
	MapNotifiesIn   uint64
	AuthFailures    uint64
	UnknownNonce    uint64
	Malformed       uint64
	Unexpected      uint64
}
