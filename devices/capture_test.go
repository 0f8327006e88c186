package devices

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lisplab/devices/capture"
	"lisplab/devices/probe"
)

// Everything that routers and hosts send in a network with everything in it can be decoded by an independent program: no
// malformed frame, no wrong checksum, inner packets and what ICMP errors quote included.
func TestForwardedPacketsDecode(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	file := filepath.Join(t.TempDir(), "network.pcapng")
	out, err := os.Create(file)
	must(t, err)
	defer out.Close()
	w, err := capture.NewWriter(out)
	must(t, err)
	lab := openObserved(t, w.Observe, sites)
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	ping(t, lab, "xTR1", "10.30.30.1", "")
	ping(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
	pingFrom(t, lab, "h0", "10.10.10.2")
	pingFrom(t, lab, "h1", "172.20.0.2")
	traceroute(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	traceroute(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
	tracerouteFrom(t, lab, "h1", "10.30.30.2")
	h, _ := lab.Host("h1")
	await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 3000}))
	await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 1500, DF: true}))
	must(t, w.Flush())

	text, err := exec.Command("tshark", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-Y", "_ws.malformed || _ws.expert.severity >= 8388608 || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || "+
			"icmp.checksum.status == 0 || icmpv6.checksum.status == 0").Output()
	must(t, err)
	if len(text) > 0 {
		t.Errorf("frames that can't be right:\n%s", text)
	}
	text, err = exec.Command("tshark", "-r", file, "-T", "fields", "-e", "_ws.col.Protocol").Output()
	must(t, err)
	for _, protocol := range []string{"LISP\n", "ICMP\n", "ICMPv6\n"} {
		if !strings.Contains(string(text), protocol) {
			t.Errorf("no frame of %s", protocol)
		}
	}
}
