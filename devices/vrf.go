package devices

import (
	"net/netip"
	"slices"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// DefaultVRF is what an EID table calls the VRF that routes and interfaces call "".
const DefaultVRF = "default"

// vrfName is the VRF that an EID table names, as interfaces and routes call it.
func vrfName(table string) string {
	if table == DefaultVRF {
		return ""
	}
	return table
}

// VRFState is a VRF and what is in it.
type VRFState struct {
	VRF
	Interfaces []string // as IOS lists them
}

// VRFs returns the configured VRFs, the default one not among them.
func (d *Device) VRFs() []VRFState {
	var list []VRFState
	for _, v := range d.cfg.VRFs {
		s := VRFState{VRF: v}
		for _, i := range d.cfg.Interfaces {
			if i.VRF == v.Name {
				s.Interfaces = append(s.Interfaces, i.Name)
			}
		}
		list = append(list, s)
	}
	return list
}

// vrfAt is the VRF that an interface is in.
func (c Config) vrfAt(iface string) string {
	for _, i := range c.Interfaces {
		if i.Name == iface {
			return i.VRF
		}
	}
	return ""
}

// HasVRF tells whether there is a VRF of that name; "" is the default one.
func (c Config) HasVRF(name string) bool {
	return name == "" || slices.ContainsFunc(c.VRFs, func(v VRF) bool { return v.Name == name })
}

// Routes returns the routing table of a VRF, connected networks and own addresses included: IPv4 before IPv6, by address, by
// length.
func (d *Device) Routes(vrf string) []underlay.RouteInfo { return d.lab.net.Routes(d.index, vrf) }

// Route returns the route to an address in a VRF.
func (d *Device) Route(vrf string, to netip.Addr) (underlay.RouteInfo, bool) {
	return d.lab.net.Lookup(d.index, vrf, to)
}

// instanceOf is the instance whose EID table is the VRF's. The default VRF without an EID table is instance 0's.
func (c Config) instanceOf(vrf string) (instance uint32, ok bool) {
	if c.LISP != nil {
		for _, t := range c.LISP.EIDTables {
			if t.VRF != "" && vrfName(t.VRF) == vrf {
				return t.Instance, true
			}
		}
	}
	return 0, vrf == ""
}

// vrfOf is the VRF that an instance's EID table is bound to.
func (c Config) vrfOf(instance uint32) (vrf string, ok bool) {
	if c.LISP != nil {
		for _, t := range c.LISP.EIDTables {
			if t.VRF != "" && t.Instance == instance {
				return vrfName(t.VRF), true
			}
		}
	}
	return "", instance == 0
}

// validateVRFs tells what names a VRF that is not there.
func (c Config) validateVRFs() error {
	for i, v := range c.VRFs {
		switch {
		case v.Name == "" || v.Name == DefaultVRF:
			return wrongConfig("vrf", "%q is no name for a VRF", v.Name)
		case slices.ContainsFunc(c.VRFs[:i], func(o VRF) bool { return o.Name == v.Name }):
			return wrongConfig("vrf "+v.Name, "VRF %s stands twice", v.Name)
		}
	}
	for _, i := range c.Interfaces {
		if !c.HasVRF(i.VRF) {
			return wrongConfig("interface "+i.Name, "interface %s is in VRF %s, which is not defined", i.Name, i.VRF)
		}
	}
	for _, r := range c.Routes {
		if !c.HasVRF(r.VRF) {
			return wrongConfig(r.Prefix.Addr().String(), "route to %v is in VRF %s, which is not defined", r.Prefix, r.VRF)
		}
	}
	return nil
}

// service is the service of EIDs of an address family in an instance.
func service(instance uint32, v4 bool) lispcore.Service {
	if v4 {
		return lispcore.Service{Instance: instance, Family: lispcore.IPv4}
	}
	return lispcore.Service{Instance: instance, Family: lispcore.IPv6}
}
