//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices"
)

// What we capture on the core link is, frame for frame, what tshark captures beside us on the same interface. Two pings that
// are natively routed say in both files where to begin and where to end.
func TestNetnsCaptureEqualsTshark(t *testing.T) {
	needNetns(t)
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not here: it captures beside us")
	}
	l := openLive(t, testRun("beside"))
	l.do(func() error { return l.StopDevice("xTR2") })
	dir := t.TempDir()
	theirs, ours := filepath.Join(dir, "tshark.pcapng"), filepath.Join(dir, "lisplab.pcapng")
	stop := l.captureCore(tshark, theirs)
	f, err := os.Create(ours)
	if err != nil {
		t.Fatal(err)
	}
	l.do(func() error { _, err := l.Capture(devices.Tap{Link: "Core1-Core2", To: f, File: f}); return err })
	const core = "192.0.2.1" // Core2's end of the link
	if l.ping("Core1", core, 1) != 1 {
		t.Fatal("Core1 does not reach Core2")
	}
	l.do(func() error { return l.StartDevice("xTR2") })
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")
	if got := l.ping("PC1", "10.30.30.30", 20); got < 15 {
		t.Errorf("%d of 20 echoes from PC1 to PC2 were answered, want at least 15", got)
	}
	l.do(func() error { return l.StopDevice("xTR2") }) // retransmissions in vain
	l.do(func() error { return l.StartDevice("xTR2") })
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")
	if l.ping("Core1", core, 1) != 1 {
		t.Fatal("Core1 does not reach Core2")
	}
	l.do(func() error { _, err := l.StopCaptures(); return err })
	stop()
	got, want := lispOf(t, ours, core), lispOf(t, theirs, core)
	if !slices.Equal(got.flows(), want.flows()) {
		t.Errorf("we have the flows\n%s\ntshark has\n%s", strings.Join(got.flows(), "\n"), strings.Join(want.flows(), "\n"))
	}
	frames, kinds := 0, make(map[string]bool)
	for _, flow := range want.flows() {
		g, w := got[flow], want[flow]
		if !slices.EqualFunc(g.frames, w.frames, bytes.Equal) {
			t.Errorf("%s: we have %d frames with payload, tshark %d, and they are not the same", flow, len(g.frames), len(w.frames))
		}
		if gs, ws := g.stream(t), w.stream(t); !bytes.Equal(gs, ws) {
			t.Errorf("%s: the stream has %d bytes here, %d at tshark, and they are not the same", flow, len(gs), len(ws))
		}
		frames += len(w.frames)
		kinds[w.kind] = true
	}
	if len(kinds) != 3 || frames < 40 {
		t.Errorf("%d frames of %v: too few to tell anything", frames, kinds)
	}
}

// payloads are what LISP says in the frames of a capture, by flow; flow is one direction of a flow.
type (
	payloads map[string]*flow
	flow     struct {
		kind   string
		frames [][]byte // payloads of UDP and TCP, in order
		seqs   []uint32 // of TCP
	}
)

func (p payloads) flows() (list []string) {
	for name := range p {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// stream is the bytes of a TCP flow, put together by their sequence numbers.
func (f *flow) stream(t *testing.T) (b []byte) {
	t.Helper()
	for i, seq := range f.seqs {
		at := int(int32(seq - f.seqs[0]))
		if at < 0 || at > len(b) {
			t.Fatalf("a segment at %d of a stream of %d bytes", at, len(b))
		}
		b = append(b[:at], append(slices.Clone(f.frames[i]), b[min(len(b), at+len(f.frames[i])):]...)...)
	}
	return b
}

// framesIn reads the frames of a pcapng file, with the names of their interfaces.
func framesIn(t *testing.T, file string, each func(iface string, info gopacket.CaptureInfo, data []byte)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		each(i.Name, info, data)
	}
}

// lispOf reads what LISP says between the first and the last echo request to an address that is not in a tunnel.
func lispOf(t *testing.T, file, marker string) payloads {
	t.Helper()
	p, marks := make(payloads), 0
	framesIn(t, file, func(_ string, _ gopacket.CaptureInfo, data []byte) {
		packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
		ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if !ok {
			return
		}
		if ip.Protocol == layers.IPProtocolICMPv4 && ip.DstIP.String() == marker && ip.Payload[0] == 8 {
			marks++
		}
		if marks != 1 {
			return
		}
		add := func(kind string, src, dst uint16, payload []byte) *flow {
			name := fmt.Sprintf("%s %v:%d > %v:%d", kind, ip.SrcIP, src, ip.DstIP, dst)
			f := p[name]
			if f == nil {
				f = &flow{kind: fmt.Sprint(kind, " ", min(src, dst))}
				if dst == 4341 || dst == 4342 {
					f.kind = fmt.Sprint(kind, " ", dst)
				}
				p[name] = f
			}
			f.frames = append(f.frames, slices.Clone(payload))
			return f
		}
		switch ip.Protocol {
		case layers.IPProtocolUDP:
			src, dst := binary.BigEndian.Uint16(ip.Payload), binary.BigEndian.Uint16(ip.Payload[2:])
			if dst == 4341 || dst == 4342 || src == 4342 {
				add("UDP", src, dst, ip.Payload[8:])
			}
		case layers.IPProtocolTCP:
			tcp, ok := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
			if ok && (tcp.SrcPort == 4342 || tcp.DstPort == 4342) && len(tcp.Payload) > 0 {
				f := add("TCP", uint16(tcp.SrcPort), uint16(tcp.DstPort), tcp.Payload)
				f.kind = "TCP 4342"
				f.seqs = append(f.seqs, tcp.Seq)
			}
		}
	})
	if marks != 2 {
		t.Fatalf("%s has %d of the 2 echo requests to %s", filepath.Base(file), marks, marker)
	}
	return p
}

// The verb captures a router, with the direction of its frames, and the whole lab, every frame once as it leaves its sender.
func TestNetnsCaptureVerb(t *testing.T) {
	needNetns(t)
	binary := lisplab(t)
	for _, c := range []struct {
		args       []string
		interfaces []string
		from       string // these frames leave at which interface
	}{
		{[]string{"--device", "Core1"}, []string{"GigabitEthernet0/0", "GigabitEthernet0/1", "GigabitEthernet0/2", "GigabitEthernet0/3"}, ""},
		{nil, []string{"xTR1 GigabitEthernet0/0", "Core1 GigabitEthernet0/0", "PC1 eth0"}, "xTR1 GigabitEthernet0/0"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "lab.pcapng")
			args := append([]string{"capture", "--underlay", "netns", "--advance", "5s"}, append(c.args, file)...)
			if out, err := exec.Command(binary, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			seen, registers := make(map[string]int), 0
			var first, last time.Time
			framesIn(t, file, func(iface string, info gopacket.CaptureInfo, data []byte) {
				if first.IsZero() {
					first = info.Timestamp
				}
				seen[iface]++
				last = info.Timestamp
				packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
				ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
				if ok && ip.Protocol == layers.IPProtocolUDP && ip.SrcIP.String() == "203.0.113.11" && ip.TTL == 255 {
					registers++
					if c.from != "" && iface != c.from {
						t.Errorf("a packet of xTR1 with TTL 255 at %s", iface)
					}
				}
			})
			for _, iface := range c.interfaces {
				if seen[iface] == 0 {
					t.Errorf("no frame at %s", iface)
				}
			}
			if registers == 0 {
				t.Error("xTR1 says nothing by UDP")
			}
			if start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC); first.Before(start) || last.After(start.Add(time.Minute)) {
				t.Errorf("frames from %v to %v, want lab time", first, last)
			}
		})
	}
}

// `monitor capture` of a router has the frames that really pass its interfaces.
func TestNetnsMonitorCapture(t *testing.T) {
	needNetns(t)
	cmd := exec.Command(lisplab(t), "exec", "--underlay", "netns", "--advance", "4s", "Core1",
		"monitor capture buffer B", "monitor capture point ip cef P all both", "monitor capture point associate P B",
		"monitor capture point start P", "ping 192.0.2.1", "monitor capture point stop P", "show monitor capture buffer B parameters")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, count, _ := strings.Cut(string(out), "Packets : ")
	var packets int
	if _, err := fmt.Sscan(count, &packets); err != nil || packets < 5 || !strings.Contains(string(out), "Success rate is 100 percent (5/5)") {
		t.Errorf("%s\nwant the five echo replies at least", out)
	}
}

// The captures of release 17.9 do, too, each for its direction, and the file that one exports has the same frames.
func TestNetnsMonitorCaptureXE(t *testing.T) {
	needNetns(t)
	const far = "192.0.2.0" // the other end of xTR-17's link
	state := t.TempDir()
	out, err := exec.Command(lisplab(t), "exec", "--lab", "transcripts/shell/dialects", "--state", state, "--underlay", "netns", "--advance", "4s", "xTR-17",
		"monitor capture BOTH interface GigabitEthernet0/0 both", "monitor capture BOTH match ipv4 any any", "monitor capture BOTH start",
		"monitor capture IN interface GigabitEthernet0/0 in", "monitor capture IN match any", "monitor capture IN start",
		"ping "+far, "monitor capture BOTH stop", "monitor capture IN stop", "monitor capture BOTH export flash:BOTH.pcap",
		"show monitor capture BOTH buffer brief", "show monitor capture IN buffer brief").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Success rate is 100 percent (5/5)") {
		t.Fatalf("%v\n%s", err, out)
	}
	_, tables, _ := strings.Cut(string(out), "show monitor capture BOTH")
	both, in, _ := strings.Cut(tables, "show monitor capture IN")
	for _, c := range []struct {
		name, table, echoes string
		want                int
	}{
		{"BOTH", both, "-> " + far, 5}, {"BOTH", both, far + " ", 10},
		{"IN", in, "-> " + far, 0}, {"IN", in, far + " ", 5},
	} {
		got := 0
		for line := range strings.Lines(c.table) {
			if strings.Contains(strings.Join(strings.Fields(line), " ")+" ", c.echoes) && strings.HasSuffix(line, "ICMP\n") {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s has %d echoes with `%s`, want %d:\n%s", c.name, got, c.echoes, c.want, c.table)
		}
	}
	f, err := os.Open(filepath.Join(state, "xTR-17", "flash", "BOTH.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	icmps := 0
	for {
		data, _, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default).Layer(layers.LayerTypeICMPv4) != nil {
			icmps++
		}
	}
	if icmps != 10 {
		t.Errorf("the file has %d of the 10 echoes", icmps)
	}
}

// `lab capture` makes a file while a lab in namespaces runs, and says what is wrong with what it is asked for.
func TestNetnsLabCapture(t *testing.T) {
	needNetns(t)
	run := func(lines ...string) (string, error) {
		cmd := exec.Command(lisplab(t), "console", "--underlay", "netns", "--advance", "4s")
		cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("lab capture link New-MSMR Core1 a.pcapng", "lab capture device Core1 b.pcapng", "ping 198.51.100.21",
		"lab capture stop")
	var a, b int
	if _, text, ok := strings.Cut(out, "a.pcapng: "); ok {
		_, _ = fmt.Sscanf(text, "%d packets\nb.pcapng: %d packets", &a, &b)
	}
	if err != nil || a < 10 || b < 20 { // what Core1 forwards it sees twice
		t.Errorf("%v\n%s\nwant two files with the ping", err, out)
	}
	out, err = run("lab capture link xTR1 Core2 a.pcapng")
	if !strings.Contains(out, "no link between xTR1 and Core2") {
		t.Errorf("a link that is none: %v\n%s", err, out)
	}
}
