package devices

import (
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// Device is one router of a lab.
type Device struct {
	lab   *Lab
	index int // in lab-file order
	file  *labDevice
	files []*FileSystem

	reloaded time.Time // when `reload` asked for the present boot; zero: the power did

	// What a power cut takes away.
	running  bool
	frozen   bool             // see Lab.FreezeDevice
	waiting  []lispcore.Input // meanwhile
	held     int              // of waiting, the packets
	boots    uint64           // survives: no boot draws the nonces of an earlier one
	booted   time.Time
	cfg      Config
	rand     *rand.Rand
	sessions *session.Table
	etr      *etr.Engine
	etrCfg   etr.Config
	server   *mapserver.Engine
	servCfg  mapserver.Config
	itr      *itr.Engine
	itrCfg   itr.Config
	itrRand  *rand.Rand
	resolver *mapresolver.Engine
	plane    plane
	monitor  *Monitor // nil: not used since the boot
	ligs     []*ligTask
	hits     map[accessKey]uint64
	zero     map[string]zero                // of the counters of each interface
	debug    bool                           // `debug lisp control-plane all`
	cleared  map[lispcore.Service]time.Time // when the statistics were
	touched  bool                           // a locator has come or gone: the registrations may have to say so
	streams  map[lispcore.StreamID]receiver
	people   int                    // of streams, those that belong to people
	outbox   lispcore.Outbox        // what the router itself, rather than a role, wants done
	lines    map[string]bool        // line protocol as last logged
	since    map[RouteKey]time.Time // of the IPv6 routes
	dialled  map[netip.Addr]string  // by map server: why the last dial failed
	log      logRing

	terminals []*Terminal // by line
	uses      map[LineName]int
	logged    Logged
}

// InterfaceState is what an interface is at present.
type InterfaceState struct {
	Interface      // its configuration
	Physical  bool // from the lab file; false for a loopback
	LineUp    bool // line protocol
}

// Name is the name in the lab file. The hostname may be another.
func (d *Device) Name() string { return d.file.name }

// Release is the software release.
func (d *Device) Release() Release { return d.file.release }

// Running tells whether the device has power.
func (d *Device) Running() bool { return d.running }

// Frozen tells whether the device hangs.
func (d *Device) Frozen() bool { return d.frozen }

// Booted is the lab time of the last boot; zero when the device has never had power.
func (d *Device) Booted() time.Time { return d.booted }

// Config returns a copy of the running configuration; the zero Config of a stopped device.
func (d *Device) Config() Config { return d.cfg.Clone() }

// PhysicalInterfaces are the interfaces that the lab file gives the device, as IOS lists them.
func (d *Device) PhysicalInterfaces() []string { return slices.Clone(d.file.interfaces) }

// MapServer returns a copy of what the Map-Server knows; false without that role.
func (d *Device) MapServer() (mapserver.Snapshot, bool) {
	if d.server == nil {
		return mapserver.Snapshot{}, false
	}
	return d.server.Snapshot(), true
}

// ETR returns a copy of what the ETR knows; false without that role.
func (d *Device) ETR() (etr.Snapshot, bool) {
	if d.etr == nil {
		return etr.Snapshot{}, false
	}
	return d.etr.Snapshot(), true
}

// ITR returns a copy of what the ITR, or the proxy ITR, knows; false without that role.
func (d *Device) ITR() (itr.Snapshot, bool) {
	if d.itr == nil {
		return itr.Snapshot{}, false
	}
	return d.itr.Snapshot(), true
}

// MapResolver returns a copy of what the Map-Resolver has counted; false without that role.
func (d *Device) MapResolver() (mapresolver.Snapshot, bool) {
	if d.resolver == nil {
		return mapresolver.Snapshot{}, false
	}
	return d.resolver.Snapshot(), true
}

// ClearMapCache drops the dynamic map-cache entries of a service; with a valid prefix only that one. It is false without an
// ITR.
func (d *Device) ClearMapCache(s lispcore.Service, eid netip.Prefix) bool {
	if d.itr == nil {
		return false
	}
	defer d.lab.loop.collect(d.index)
	d.itr.Clear(d.lab.loop.now, s, eid)
	return true
}

// Conns returns the TCP connections of the router, then its listeners: that of LISP, and those of the vtys. In real time these
// are the ones of its underlay; in lock-step a vty's port is opened for who dials it.
func (d *Device) Conns() []underlay.ConnState {
	list := d.lab.net.Conns(d.index)
	if d.lab.live != nil {
		return list
	}
	for _, port := range []uint16{SSHPort, TelnetPort} {
		for n := range d.cfg.VTYCount() {
			if d.running && d.cfg.VTY(n).TransportInput.Takes(transportAt(port)) {
				list = append(list, underlay.ConnState{Local: netip.AddrPortFrom(netip.Addr{}, port), State: underlay.TCPListen})
				break
			}
		}
	}
	return list
}

// UDPPorts returns the UDP ports at which the router takes datagrams, ascending.
func (d *Device) UDPPorts() []uint16 { return d.lab.net.UDPPorts(d.index) }

// Sessions returns the reliable sessions in the order of creation.
func (d *Device) Sessions() []session.Snapshot {
	if !d.running {
		return nil
	}
	return d.sessions.Snapshot()
}

// ClearSite forgets the registrations of a site, or of all with "*", and asks the ETRs for them again. It is false when
// there is no such site.
func (d *Device) ClearSite(name string) bool {
	if d.server == nil {
		return false
	}
	defer d.lab.loop.collect(d.index)
	return d.server.ClearSite(d.lab.loop.now, name)
}

// ClearSessions closes the reliable sessions with a peer, or all with the zero Addr, that are up.
func (d *Device) ClearSessions(peer netip.Addr) {
	if d.etr != nil {
		d.etr.ClearSessions(d.lab.loop.now, peer)
	}
	if d.server != nil {
		d.server.ClearSessions(d.lab.loop.now, peer)
	}
	d.lab.loop.collect(d.index)
}

// Interfaces returns the interfaces as IOS lists them.
func (d *Device) Interfaces() []InterfaceState {
	var list []InterfaceState
	for _, i := range d.Config().Interfaces {
		list = append(list, InterfaceState{
			Interface: i,
			Physical:  slices.Contains(d.file.interfaces, i.Name),
			LineUp:    d.lab.net.LineUp(d.index, i.Name),
		})
	}
	return list
}

// StaticRoutes returns the static routes that are in the routing table at present, in the order of the configuration.
func (d *Device) StaticRoutes() []StaticRoute {
	var list []StaticRoute
	for _, r := range d.lab.net.Static(d.index) {
		list = append(list, StaticRoute(r))
	}
	return list
}

// powerOn boots the device: its startup configuration, nothing else.
func (d *Device) powerOn(now time.Time) {
	d.running, d.booted = true, now
	d.boots++
	cfg, refused, err := d.loadStartup()
	d.cfg = cfg
	d.rand = d.source("nonces", d.boots)
	d.itrRand = d.source("ITR nonces", d.boots)
	d.hits = make(map[accessKey]uint64)
	d.zeroCounters(time.Time{}, d.file.interfaces...)
	d.sessions = session.NewTable()
	d.streams = make(map[lispcore.StreamID]receiver)
	d.lines, d.since = make(map[string]bool), nil
	d.dialled = make(map[netip.Addr]string)
	d.log = logRing{}
	d.say(restarted())
	d.sayStartup(refused, err)
}

// powerOff takes everything away that has no power any more.
func (d *Device) powerOff() {
	d.dropStreams()
	d.dropTasks()
	d.Monitor().drop()
	*d = Device{lab: d.lab, index: d.index, file: d.file, files: d.files, boots: d.boots, booted: d.booted, log: d.log}
}

// source returns a source of random numbers of this device for one purpose, from the seed of the lab.
func (d *Device) source(purpose string, n uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(d.Name() + " " + purpose))
	return rand.New(rand.NewPCG(d.lab.seed, h.Sum64()+n))
}

// xtrID is the xTR-ID: random, but the same at every boot.
func (d *Device) xtrID() (id wire.XTRID) {
	r := d.source("xTR-ID", 0)
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

// routingOf is what the underlay must know of a configuration.
func routingOf(cfg Config) underlay.Routing {
	r := underlay.Routing{Forward6: cfg.IPv6UnicastRouting, Tunnels: cfg.tunnels()}
	for _, i := range cfg.Interfaces {
		addrs := slices.Clone(i.IPv6)
		if i.IPv4.IsValid() {
			addrs = append([]netip.Prefix{i.IPv4}, addrs...)
		}
		r.Interfaces = append(r.Interfaces, underlay.Interface{
			Name: i.Name, VRF: i.VRF, Addrs: addrs, Shut: i.Shutdown, MTU: i.MTU, Filtered: i.AccessIn != "" || i.AccessOut != "",
		})
	}
	for _, s := range cfg.Routes {
		r.Routes = append(r.Routes, underlay.Route(s))
	}
	return r
}
