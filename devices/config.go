package devices

import (
	"net/netip"

	"lisplab/lispcore"
)

// Config is the running configuration of one router as plain data: what the configuration rows of package commands
// change and print. Slices keep the order in which IOS prints.
type Config struct {
	Hostname           string
	IPv6UnicastRouting bool
	VRFs               []VRF         // by name
	Interfaces         []Interface   // as IOS lists them: Loopback, Ethernet, FastEthernet, GigabitEthernet ..., by number
	Routes             []StaticRoute // VRF by VRF, the default one first; IPv4 before IPv6, by prefix, by next hop
	AccessLists        []AccessList  // numbered ones by number, then by name
	LISP               *LISP         // nil without `router lisp`

	Services Services
	Logging  Logging
	Enable   []Enable // by level
	Users    []User   // in the order of configuration
	Domain   Domain
	SSH2     bool // `ip ssh version 2`: servers speak no other version anyway
	Banners  Banners
	Console  Line
	VTYs     []Line // by number; nil stands for the five that every router has, as they come
}

// Interface is one `interface` block. Physical interfaces come from the lab file and can't be made or removed by
// configuration; loopbacks can.
type Interface struct {
	Name        string // canonical: "GigabitEthernet0/0"
	Description string
	Shutdown    bool
	IPv4        netip.Prefix   // address with its length (not masked); the zero Prefix means none
	IPv6        []netip.Prefix // likewise, ascending
	VRF         string         // "" is the default VRF
	// AccessIn and AccessOut name the IPv4 access lists of `ip access-group NAME in` and `out`; "" permits everything.
	AccessIn, AccessOut string
	MTU                 int // of IP packets, in bytes; 0 stands for 1500
}

// VRF is one `vrf definition` or `ip vrf` block.
type VRF struct {
	Name       string
	Legacy     bool // written as `ip vrf`, which is for IPv4 only
	IPv4, IPv6 bool // its address families
}

// AccessList is one IPv4 access list. Behind its entries stands an implicit deny of everything.
type AccessList struct {
	Name     string // or number
	Extended bool
	Entries  []AccessEntry // by sequence number
}

// AccessEntry is one line of an access list: permit or deny, or, with Remark, a remark.
type AccessEntry struct {
	Sequence                    int
	Remark                      string
	Permit                      bool
	Protocol                    AccessProtocol
	Source, Destination         AccessAddr // a standard list looks at the source only
	SourcePort, DestinationPort AccessPort // of TCP and UDP
	Established                 bool       // TCP with ACK or RST
}

// AccessProtocol is the IP protocol number that an entry is about; AnyProtocol is every one.
type AccessProtocol uint8

// The protocols that an access list names.
const (
	AnyProtocol  AccessProtocol = 0
	ICMPProtocol AccessProtocol = 1
	TCPProtocol  AccessProtocol = 6
	UDPProtocol  AccessProtocol = 17
)

// AccessAddr matches addresses whose bits under the wildcard's zeroes equal those of Addr. The zero AccessAddr is `any`.
type AccessAddr struct {
	Addr     netip.Addr
	Wildcard netip.Addr // 0.0.0.0 is `host`
}

// AccessPort matches ports from First to Last; the zero AccessPort matches every port.
type AccessPort struct{ First, Last uint16 }

// StaticRoute is one `ip route` or `ipv6 route` line: by next hop, or out of an interface ("Null0"), or both.
type StaticRoute struct {
	VRF       string       // "" is the default VRF
	Prefix    netip.Prefix // masked
	NextHop   netip.Addr   // the zero Addr means none
	Interface string       // canonical; "" means none
}

// LISP is the `router lisp` block.
type LISP struct {
	LocatorTable bool         // `locator-table default`: where RLOCs are looked up, which is nowhere else
	LocatorSets  []LocatorSet // by name
	EIDTables    []EIDTable   // by instance; in the classic form instance 0 of VRF default is also the block's own level
	Sites        []Site       // by name
	IPv4, IPv6   LISPService

	RLOCProbing         bool // `loc-reach-algorithm rloc-probing`
	LSBReports          bool // `loc-reach-algorithm lsb-reports`
	DisableTTLPropagate bool
}

// Service returns the service of a family, for reading and changing.
func (l *LISP) Service(f lispcore.Family) *LISPService {
	if f == lispcore.IPv4 {
		return &l.IPv4
	}
	return &l.IPv6
}

// LocatorSet is one `locator-set` block.
type LocatorSet struct {
	Name     string
	Locators []Locator // IPv4 before IPv6, ascending
	// AutoDiscover has the Map-Servers merge these locators with those that the other xTRs of the site register for a prefix
	// (`auto-discover-rlocs`), and the router learn of them. It asks for that in all its Map-Registers.
	AutoDiscover bool
}

// Locator is one locator of a locator-set or of a database-mapping line.
type Locator struct {
	RLOC             netip.Addr
	Priority, Weight uint8
}

// EIDTable is an instance and what stands in its table. In the classic form that is one `eid-table` block, or (VRF
// "default", instance 0, Explicit false) the database-mapping lines that stand directly under `router lisp`; in the
// hierarchical form one `instance-id` block.
type EIDTable struct {
	VRF        string // "default" or a name; "" when no service of an `instance-id` block has an eid-table line
	Instance   uint32
	Explicit   bool              // an `eid-table` or `instance-id` line was typed
	IPv4, IPv6 TableService      // what an explicit one holds; an `eid-table` block binds both
	Mappings   []DatabaseMapping // IPv4 before IPv6, by address, by length
	MapCache   []StaticMapCache  // `map-cache` lines, in the same order
}

// StaticMapCache is one `map-cache P {map-request|native-forward|drop}` line.
type StaticMapCache struct {
	Prefix netip.Prefix
	Action lispcore.Action // SendMapRequest, NativelyForward or DropNoReason
}

// TableService is what an instance has of one address family.
type TableService uint8

// The states of an instance's service.
const (
	TableServiceAbsent TableService = iota
	TableServiceOpen                // a `service` block without an eid-table line
	TableServiceBound               // bound to the table of the instance's VRF
)

// Service returns what the instance has of a family, for reading and changing.
func (t *EIDTable) Service(f lispcore.Family) *TableService {
	if f == lispcore.IPv4 {
		return &t.IPv4
	}
	return &t.IPv6
}

// DatabaseMapping is the `database-mapping` lines of one EID prefix: locators, or the name of a locator-set.
type DatabaseMapping struct {
	EID        netip.Prefix
	Locators   []Locator
	LocatorSet string
}

// Site is one `site` block of a map server.
type Site struct {
	Name, Description string
	Key               string
	EIDPrefixes       []SiteEIDPrefix // by instance, IPv4 before IPv6, by address, by length
}

// SiteEIDPrefix is one `eid-prefix` line.
type SiteEIDPrefix struct {
	Instance            uint32
	Prefix              netip.Prefix
	AcceptMoreSpecifics bool
}

// LISPService is the `ipv4 ...` or `ipv6 ...` lines under `router lisp`, or the `service` block of the family.
type LISPService struct {
	Explicit               bool // a `service` line was typed; the classic form has none
	ITR, ETR               bool
	ProxyETR               bool
	ProxyITR               netip.Addr // the RLOC that a proxy ITR encapsulates from; the zero Addr means that it is none
	MapServer, MapResolver bool
	ITRMapResolvers        []netip.Addr
	ETRMapServers          []ETRMapServer // in the order of configuration

	UsePETRs         []UsePETR  // in the order of configuration
	MapCacheLimit    int        // entries; 0 stands for the default
	MapRequestSource netip.Addr // the zero Addr leaves the choice to the router
	MapCacheTTL      int        // `etr map-cache-ttl`, in minutes; 0 stands for a day
}

// UsePETR is one `use-petr` line.
type UsePETR struct {
	RLOC             netip.Addr
	Priority, Weight uint8 // of a line that has them; both 0 otherwise
}

// ETRMapServer is one `etr map-server` line.
type ETRMapServer struct {
	Addr       netip.Addr
	Key        string
	ProxyReply bool // the map server shall answer Map-Requests itself
	SHA256     bool // `hash-function sha2`: without it Map-Registers are signed by HMAC-SHA-1
}
