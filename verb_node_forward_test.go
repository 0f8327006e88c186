//go:build linux

package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lisplab/devices/netns"
)

// Routers in machines of their own lead these machines' packets, and those of what is behind them, through LISP, and leave
// the machines as they were, however they end.
//
//	lanA 10.10.10.100 ---- siteA: xTR1 ----+
//	                                       +---- core ---- center: New-MSMR
//	lanB 10.30.30.100 ---- siteB: xTR2 ----+           \-- proxy: PxTR1
func TestNodesForward(t *testing.T) {
	needNetns(t)
	core := newCore(t)
	siteA, _ := core.join("siteA", "203.0.113.11/24")
	siteB, eth0 := core.join("siteB", "198.51.100.21/24")
	center, _ := core.join("center", "209.165.201.31/24")
	proxy, _ := core.join("proxy", "192.0.2.51/24")
	lanA, lanB := behind(siteA, "eth1", "10.10.10.1", "10.10.10.100/24"), behind(siteB, "eth1", "10.30.30.1", "10.30.30.100/24")
	if err := siteB.do(func() error { return setting("ipv4/conf/all/rp_filter", "1") }); err != nil { // LISP passes nevertheless
		t.Fatal(err)
	}
	before := siteA.network()

	n := newNodes(t)
	msmr := n.start(center, "New-MSMR")
	xtr1, xtr2 := n.start(siteA, "xTR1", "--forward"), n.start(siteB, "xTR2", "--forward")
	msmr.answers("show lisp site", `yes# +203\.0\.113\.11 +10\.10\.10\.0/24`)
	msmr.answers("show lisp site", `yes# +198\.51\.100\.21 +10\.30\.30\.0/24`)

	xtr2.lines("capture device xTR2 xTR2.pcapng")
	w := siteB.listen(eth0)
	pings := func(what string, from *space, source, to string, count, want int) {
		t.Helper()
		w.passed()
		got := from.ping(source, to, count)
		if got < want {
			t.Errorf("%s: %d of %d echoes were answered, want %d at least", what, got, count, want)
		}
		if encapsulated, bare := w.passed(); encapsulated < 2*got || bare != nil {
			t.Errorf("%s: %d packets were encapsulated, want %d at least; bare ones were %v", what, encapsulated, 2*got, bare)
		}
	}
	pings("LAN to LAN, both map-caches cold", lanA, "10.10.10.100", "10.30.30.100", 5, 3)
	pings("and back", lanB, "10.30.30.100", "10.10.10.100", 3, 3)
	pings("machine to machine", siteA, "10.10.10.1", "10.30.30.1", 2, 2)
	pings("machine to another EID of the router's, which only lisp0 has", siteA, "10.10.10.1", "10.40.40.1", 4, 2)
	pings("LAN to a host of the lab file", lanA, "10.10.10.100", "10.30.30.30", 2, 2)
	if text := xtr1.run("ping 10.30.30.100 source 10.10.10.1"); !strings.Contains(text, "100 percent") {
		t.Errorf("from the router's command line:\n%s", text)
	}
	if text := xtr1.run("traceroute 10.30.30.100 source 10.10.10.1"); !strings.Contains(text, "1 198.51.100.21 ") || !strings.Contains(text, "2 10.30.30.100 ") {
		t.Errorf("from the router's command line:\n%s", text)
	}
	if text := xtr2.lines("capture stop"); !regexp.MustCompile(`xTR2\.pcapng: [1-9]\d* packets`).MatchString(text) {
		t.Errorf("the capture of xTR2 ends with\n%s", text)
	}
	n.start(proxy, "PxTR1", "--forward")
	if got := proxy.ping("192.0.2.51", "10.10.10.100", 3); got < 1 {
		t.Error("the proxy's machine does not reach the LAN of site A")
	}

	t.Run("one router a machine", func(t *testing.T) {
		second := exec.Command(n.binary, "node", "xTR1", "--forward", "--telnet", "off", "--ssh", "127.0.0.1:0")
		var out []byte
		err := siteA.do(func() (err error) { out, err = second.CombinedOutput(); return err })
		if want := "another router forwards the packets of this machine into LISP already"; err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v\n%s\nwant %q", err, out, want)
		}
	})
	t.Run("ends", func(t *testing.T) {
		as := func(what string) {
			t.Helper()
			if now := siteA.network(); !slices.Equal(now, before) {
				t.Errorf("%s, site A's network is\n%s\nand was\n%s", what, strings.Join(now, "\n"), strings.Join(before, "\n"))
			}
		}
		xtr1.end(syscall.SIGKILL)
		if now := siteA.network(); slices.Equal(now, before) {
			t.Error("a router that is killed has left no rules: the test proves nothing")
		}
		var found bool
		if err := siteA.do(func() (err error) { found, err = netns.CleanOwn(); return err }); err != nil || !found {
			t.Errorf("what `lisplab down` does finds %t, %v", found, err)
		}
		as("killed and cleaned up")
		again := n.start(siteA, "xTR1", "--forward")
		again.end(syscall.SIGKILL)
		again = n.start(siteA, "xTR1", "--forward")
		msmr.answers("show lisp session", `203\.0\.113\.11 +Up `)
		if got := lanB.ping("10.30.30.100", "10.10.10.100", 3); got < 1 {
			t.Error("started again over what a killed one has left, the router does not forward")
		}
		again.end(syscall.SIGINT)
		as("killed, started again and interrupted")
	})
	xtr2.end(syscall.SIGTERM)
	for _, want := range []string{"net.ipv6.conf.all.forwarding is 0: ", "net.ipv4.conf.all.rp_filter is 1: "} {
		if !strings.Contains(xtr2.errs.String(), want) {
			t.Errorf("at its start xTR2 says\n%s\nwant %q", &xtr2.errs, want)
		}
	}
}

// A VRF has its tunnel, and the machine's interfaces that have its addresses: two customers with the same ones hear nothing of
// each other.
func TestNodesForwardVRFs(t *testing.T) {
	needNetns(t)
	core := newCore(t)
	north, _ := core.join("north", "192.0.2.11/24")
	south, _ := core.join("south", "192.0.2.13/24")
	center, _ := core.join("center", "192.0.2.15/24")
	red, blue := behind(north, "eth1", "10.1.0.1", "10.1.0.100/24"), behind(north, "eth2", "10.1.0.1", "10.1.0.100/24")
	behind(south, "eth1", "10.2.0.1", "10.2.0.100/24") // red; of the blue customer there is the lab file's host only

	n := newNodes(t)
	msmr := n.start(center, "MSMR", "--lab", "vrf")
	n.start(north, "North", "--lab", "vrf", "--forward")
	n.start(south, "South", "--lab", "vrf", "--forward")
	for _, prefix := range []string{`101 +10\.1`, `102 +10\.1`, `101 +10\.2`, `102 +10\.2`} {
		msmr.answers("show lisp site", `yes#? +192\.0\.2\.1[13] +`+prefix)
	}
	if got := red.ping("10.1.0.100", "10.2.0.100", 5); got < 3 {
		t.Errorf("red to red: %d of 5 echoes were answered, want 3 at least", got)
	}
	if got := blue.ping("10.1.0.100", "10.2.0.10", 5); got < 3 {
		t.Errorf("blue to the blue host of the lab file: %d of 5 echoes were answered, want 3 at least", got)
	}
	if got := blue.ping("10.1.0.100", "10.2.0.100", 1); got > 0 {
		t.Error("blue reaches red")
	}
}
