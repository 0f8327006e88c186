package shell

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Ports is where the routers of a lab are reachable from outside by one protocol: one port each, in the order of the lab
// file. The zero Ports is nowhere.
type Ports struct {
	Addr  netip.Addr
	First uint16 // 0 takes any free ports
	Last  uint16 // 0 for no limit
}

const portsForm = "ADDRESS:FIRST-, such as 127.0.0.1:2201- or [::1]:2201-, or ADDRESS:FIRST-LAST, or ADDRESS:0 for any free ports, or off"

// ParsePorts reads "127.0.0.1:2201-", "127.0.0.1:2201-2210", "[::1]:0" or "off". There is no short form for all addresses of
// the machine: who wants them has to write 0.0.0.0.
func ParsePorts(text string) (Ports, error) {
	if strings.EqualFold(text, "off") {
		return Ports{}, nil
	}
	wrong := func() (Ports, error) { return Ports{}, fmt.Errorf("found %q, expected %s", text, portsForm) }
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return wrong()
	}
	host, first := text[:at], text[at+1:]
	if host == "localhost" {
		host = "127.0.0.1"
	}
	bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if bracketed {
		host = host[1 : len(host)-1]
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Is6() != bracketed {
		return wrong()
	}
	p := Ports{Addr: addr}
	first, last, open := strings.Cut(first, "-")
	if p.First, err = parsePort(first); err != nil {
		return wrong()
	}
	if last != "" {
		p.Last, err = parsePort(last)
	}
	switch {
	case err != nil, p.First == 0 && open, p.First > 0 && !open, p.Last > 0 && p.Last < p.First:
		return wrong()
	}
	return p, nil
}

func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err
}

// UnmarshalText is ParsePorts, for flags.
func (p *Ports) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePorts(string(text))
	return err
}

// On tells whether the ports are anywhere.
func (p Ports) On() bool { return p.Addr.IsValid() }

// at returns the port of the router of that number.
func (p Ports) at(n int) (netip.AddrPort, error) {
	if p.First == 0 {
		return netip.AddrPortFrom(p.Addr, 0), nil
	}
	last := 65535
	if p.Last > 0 {
		last = int(p.Last)
	}
	if int(p.First)+n > last {
		return netip.AddrPort{}, fmt.Errorf("ports %d to %d are too few", p.First, last)
	}
	return netip.AddrPortFrom(p.Addr, p.First+uint16(n)), nil
}
