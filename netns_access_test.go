//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"lisplab/devices"
	"lisplab/devices/probe"
	"lisplab/shell"
)

// configure types lines in the global configuration mode of a router.
func (l *liveLab) configure(device string, lines ...string) {
	l.t.Helper()
	sh := shell.New(l.Lab, l.set)
	if err := sh.Attach(device); err != nil {
		l.t.Fatal(err)
	}
	for _, line := range append([]string{"configure terminal"}, append(lines, "end")...) {
		if text, err := sh.Exec(line); err != nil || strings.Contains(text, "%") {
			l.t.Fatalf("%s: %v\n%s", line, err, text)
		}
	}
}

// refused sends an echo request from a namespace and tells who says by ICMP that it is prohibited; "" when it is answered.
func (l *liveLab) refused(node, to string) (by string) {
	l.t.Helper()
	l.icmp(node, func(c *icmp.PacketConn) error {
		m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: 0x115c, Seq: 1}}
		b, err := m.Marshal(nil)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo(b, &net.IPAddr{IP: net.ParseIP(to)}); err != nil {
			return err
		}
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return err
		}
		for buf := make([]byte, 1500); ; {
			size, from, err := c.ReadFrom(buf)
			if err != nil {
				return fmt.Errorf("neither an answer from %s nor word of it: %w", to, err)
			}
			const prohibited = 13
			switch m, err := icmp.ParseMessage(1, buf[:size]); {
			case err != nil:
			case m.Type == ipv4.ICMPTypeEchoReply && from.String() == to:
				return nil
			case m.Type == ipv4.ICMPTypeDestinationUnreachable && m.Code == prohibited:
				by = from.String()
				return nil
			}
		}
	})
	return by
}

// routerPings has a router itself send five echo requests, and returns what its terminal shows.
func (l *liveLab) routerPings(device, to, source string) (screen string) {
	l.t.Helper()
	done := make(chan struct{})
	l.Do(func() {
		task := l.Device(device).Ping(devices.PingOptions{
			PingConfig: probe.PingConfig{Target: netip.MustParseAddr(to)}, Source: netip.MustParseAddr(source),
		})
		task.OnChange(func() {
			screen += task.Text()
			if task.Done() {
				task.OnChange(nil)
				close(done)
			}
		})
	})
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		l.t.Fatalf("a ping from %s to %s has no end", device, to)
	}
	return screen
}

// Access lists hold for what the kernel forwards, answers and takes out of tunnels as for what LISP sends; each packet is
// looked at once, and whoever is denied is told by the router whose list it is.
func TestNetnsAccessLists(t *testing.T) {
	needNetns(t)
	l := openLive(t, testRun("access"))
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")

	l.configure("xTR1", "ip access-list extended FROM-LAN", "deny icmp any host 10.10.10.1", "permit ip any any",
		"interface GigabitEthernet0/1", "ip access-group FROM-LAN in")
	if by := l.refused("PC1", "10.10.10.1"); by != "10.10.10.1" {
		t.Errorf("an echo request to xTR1 is refused by %q, want 10.10.10.1", by)
	}
	if got := l.ping("PC1", "10.30.30.30", 5); got < 3 {
		t.Errorf("%d of 5 echoes from PC1 to PC2 were answered, want at least 3: the list permits them", got)
	}
	if screen := l.routerPings("xTR1", "10.10.10.10", "203.0.113.11"); !strings.Contains(screen, "!!!!!") {
		t.Error(screen)
	}
	l.shows("xTR1", "show access-lists", "10 deny icmp any host 10.10.10.1 (1 match)\n    20 permit ip any any (10 matches)\n")

	// What leaves the tunnel is for the list on the way out, what xTR2 says itself is not.
	l.configure("xTR2", "ip access-list extended TO-LAN", "deny icmp host 10.10.10.10 any", "deny icmp host 10.30.30.1 any", "permit ip any any",
		"interface GigabitEthernet0/1", "ip access-group TO-LAN out")
	if by := l.refused("PC1", "10.30.30.30"); by != "10.30.30.1" {
		t.Errorf("an echo request to PC2 is refused by %q, want 10.30.30.1", by)
	}
	if screen := l.routerPings("xTR2", "10.30.30.30", "10.30.30.1"); !strings.Contains(screen, "!!!!!") {
		t.Error(screen)
	}
	l.shows("xTR2", "show access-lists", "10 deny icmp host 10.10.10.10 any (1 match)\n    20 deny icmp host 10.30.30.1 any\n    30 permit ip any any\n")

	l.configure("xTR1", "interface GigabitEthernet0/1", "no ip access-group FROM-LAN in")
	l.configure("xTR2", "interface GigabitEthernet0/1", "no ip access-group TO-LAN out")
	for _, to := range []string{"10.10.10.1", "10.30.30.30"} {
		if by := l.refused("PC1", to); by != "" {
			t.Errorf("without the lists an echo request to %s is refused by %s", to, by)
		}
	}
}
