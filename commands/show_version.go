package commands

import (
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showVersionRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show version",
		Help:   grammar.Words{"show version": "System hardware and software status"},
		Run: func(c *Context, _ Args) error {
			reloaded, _ := c.Device.Reloaded()
			return writeVersion(c.Out, versionView{
				Reloaded:   reloaded,
				Hostname:   c.Device.Config().Hostname,
				Device:     c.Device.Name(),
				Release:    c.Device.Release(),
				Up:         c.Lab.Now().Sub(c.Device.Booted()),
				Interfaces: c.Device.Interfaces(),
			})
		},
	}}
}

// versionView is what `show version` tells of a router.
type versionView struct {
	Hostname   string
	Device     string // the router's name in the lab: its board ID comes from it
	Release    devices.Release
	Up         time.Duration
	Interfaces []devices.InterfaceState
	Reloaded   time.Time // when `reload` was typed; zero when the power brought the router up
}

// writeVersion prints `show version` with every line that management software reads (first line, version, uptime,
// image file, processor line, board ID, configuration register), and says that it is an emulation.
func writeVersion(w io.Writer, v versionView) error {
	up := fmt.Sprintf("%s uptime is %s", v.Hostname, uptime(v.Up))
	if xe, _ := v.Release.XE(); xe != "" {
		up += "\nUptime for this control processor is " + uptime(v.Up)
	}
	_, err := fmt.Fprintf(w, `%s
ROM: Emulated by lisplab

%s
System returned to ROM by %s
System image file is "lisplab:emulated-%s"

Cisco LISPLAB (emulated) processor (revision 1.0) with 524288K/0K bytes of memory.
Processor board ID %s
%s
Configuration register is 0x2102
`, softwareText(v.Release), up, returned(v.Reloaded), v.Release.Version(), boardID(v.Device), interfaceCounts(v.Interfaces))
	return err
}

// softwareText names the software of a router, and says what it is.
func softwareText(r devices.Release) string {
	software := "Cisco IOS Software, LISPLAB Software (LISPLAB-ADVENTERPRISEK9-M)"
	if xe, train := r.XE(); xe != "" {
		software = fmt.Sprintf("Cisco IOS XE Software, Version %s\nCisco IOS Software [%s], LISPLAB Software (LISPLAB-UNIVERSALK9-M)", xe, train)
	}
	return fmt.Sprintf("%s, Version %s, RELEASE SOFTWARE (fc1)\nEmulated by lisplab; no software of Cisco Systems runs here\n", software, r.Version())
}

// BootText is what the console of a router shows when it has booted, before its log and its first session.
func BootText(d *devices.Device) string {
	return "\n" + softwareText(d.Release()) + "\n\nPress RETURN to get started!\n\n\n"
}

// returned tells what made the router boot.
func returned(reloaded time.Time) string {
	if reloaded.IsZero() {
		return "power-on"
	}
	return reloaded.UTC().Format("reload at 15:04:05 UTC Mon Jan 2 2006")
}

// interfaceCounts prints one line per kind of physical interface: "2 Gigabit Ethernet interfaces".
func interfaceCounts(interfaces []devices.InterfaceState) string {
	var b strings.Builder
	for _, kind := range []struct{ prefix, name string }{
		{"Ethernet", "Ethernet"}, {"FastEthernet", "FastEthernet"}, {"GigabitEthernet", "Gigabit Ethernet"},
		{"TenGigabitEthernet", "Ten Gigabit Ethernet"}, {"Serial", "Serial"},
	} {
		n := 0
		for _, i := range interfaces {
			if i.Physical && strings.TrimRight(i.Name, "0123456789/.") == kind.prefix {
				n++
			}
		}
		switch {
		case n == 1:
			fmt.Fprintf(&b, "1 %s interface\n", kind.name)
		case n > 1:
			fmt.Fprintf(&b, "%d %s interfaces\n", n, kind.name)
		}
	}
	return b.String()
}

// boardID is a serial number of eleven characters that stays with the router's name.
func boardID(device string) string {
	h := fnv.New32a()
	io.WriteString(h, strings.ToLower(device))
	return fmt.Sprintf("LAB%08X", h.Sum32())
}
