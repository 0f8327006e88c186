package devices

import (
	"net/netip"
)

// Config is the running configuration of one router as plain data: what the configuration rows of package commands
// change and print. Slices keep the order in which IOS prints.
type Config struct {
	Hostname           string
	IPv6UnicastRouting bool
	Interfaces         []Interface   // as IOS lists them: Loopback, Ethernet, FastEthernet, GigabitEthernet ..., by number
	Routes             []StaticRoute // IPv4 before IPv6, by prefix, by next hop
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
}

// StaticRoute is one `ip route` or `ipv6 route` line: by next hop, or out of an interface ("Null0"), or both.
type StaticRoute struct {
	Prefix    netip.Prefix // masked
	NextHop   netip.Addr   // the zero Addr means none
	Interface string       // canonical; "" means none
}

// LISP is the `router lisp` block.
type LISP struct {
	LocatorSets []LocatorSet // by name
	EIDTables   []EIDTable   // by instance; instance 0 of VRF default is the block's own level
	Sites       []Site       // by name
	IPv4, IPv6  LISPService
}

// LocatorSet is one `locator-set` block.
type LocatorSet struct {
	Name     string
	Locators []Locator // IPv4 before IPv6, ascending
}

// Locator is one locator of a locator-set or of a database-mapping line.
type Locator struct {
	RLOC             netip.Addr
	Priority, Weight uint8
}

// EIDTable is one `eid-table` block, or (VRF "default", instance 0, Explicit false) the database-mapping lines that stand
// directly under `router lisp`.
type EIDTable struct {
	VRF      string // "default" or a name
	Instance uint32
	Explicit bool              // an `eid-table` line was typed
	Mappings []DatabaseMapping // IPv4 before IPv6, by address, by length
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

// LISPService is the `ipv4 ...` or `ipv6 ...` lines under `router lisp`.
type LISPService struct {
	ITR, ETR               bool
	MapServer, MapResolver bool
	ITRMapResolvers        []netip.Addr
	ETRMapServers          []ETRMapServer // in the order of configuration
}

// ETRMapServer is one `etr map-server` line.
type ETRMapServer struct {
	Addr netip.Addr
	Key  string
}
