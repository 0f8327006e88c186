//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	vishnetns "github.com/vishvananda/netns"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/netns"
	"lisplab/shell"
	"lisplab/transcripts"
)

// needNetns skips a test where there can be no namespaces.
func needNetns(t *testing.T) {
	t.Helper()
	if err := netns.Check(); err != nil {
		t.Skip(err)
	}
}

// testRun is a name for a run that nobody else has.
func testRun(what string) string { return fmt.Sprintf("test-%s-%d", what, os.Getpid()) }

// leftovers is what there is of a run: namespaces and its file.
func leftovers(t *testing.T, run string) (list []string) {
	t.Helper()
	for _, pattern := range []string{"/run/netns/lisplab." + run, "/run/netns/lisplab." + run + ".*", "/run/lisplab/" + run} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

// machine is what a run must not change of the machine: its own interfaces.
func machine(t *testing.T) (names []string) {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		names = append(names, i.Name)
	}
	return names
}

// liveLab is a lab in namespaces that follows the wall clock.
type liveLab struct {
	*devices.Lab
	t       *testing.T
	run     string
	set     *commands.Set
	changed chan struct{} // a router has logged something since it was last asked
}

func openLive(t *testing.T, run string) *liveLab {
	t.Helper()
	return openLiveLab(t, devices.DefaultLab, devices.Options{Run: run})
}

// openLiveLab is openLive of any lab.
func openLiveLab(t *testing.T, lab string, opt devices.Options) *liveLab {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{}, 1)
	opt.Parse, opt.Underlay = set.Load, devices.Netns
	opt.Logged = func(*devices.Device, devices.LogLine) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	l, err := devices.OpenLab(lab, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if left := leftovers(t, opt.Run); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
	l.Follow(t.Context())
	return &liveLab{l, t, opt.Run, set, changed}
}

// shows types a command at a router until its answer contains a text: now, and whenever a router has logged something.
func (l *liveLab) shows(device, command, want string) {
	l.t.Helper()
	for late := time.After(30 * time.Second); ; {
		sh := shell.New(l.Lab, l.set)
		if err := sh.Attach(device); err != nil {
			l.t.Fatal(err)
		}
		text, err := sh.Exec(command)
		if err != nil {
			l.t.Fatal(err)
		}
		if strings.Contains(text, want) {
			return
		}
		select {
		case <-l.changed:
		case <-late:
			l.t.Fatalf("%s does not show %q:\n%s", device, want, text)
		}
	}
}

// do does something with the lab that must succeed.
func (l *liveLab) do(fn func() error) {
	l.t.Helper()
	var err error
	l.Do(func() { err = fn() })
	if err != nil {
		l.t.Fatal(err)
	}
}

// ping sends echo requests from a namespace, as the kernel there routes them, and tells how many were answered. The kernel at
// the other end answers.
func (l *liveLab) ping(node, to string, count int) (answered int) {
	l.t.Helper()
	l.icmp(node, func(c *icmp.PacketConn) (err error) {
		answered, err = echo(c, to, count)
		return err
	})
	return answered
}

// icmp does something with a socket for ICMP in a namespace.
func (l *liveLab) icmp(node string, do func(*icmp.PacketConn) error) {
	l.t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends in the namespace
		done <- func() error {
			ns, err := vishnetns.GetFromName("lisplab." + l.run + "." + node)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := vishnetns.Set(ns); err != nil {
				return err
			}
			c, err := icmp.ListenPacket("ip4:icmp", "0.0.0.0")
			if err != nil {
				return err
			}
			defer c.Close()
			return do(c)
		}()
	}()
	if err := <-done; err != nil {
		l.t.Fatalf("ping from %s: %v", node, err)
	}
}

func echo(c *icmp.PacketConn, to string, count int) (answered int, err error) {
	buf := make([]byte, 1500)
	for n := range count {
		m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: 0x115b, Seq: n, Data: []byte("by the kernel")}}
		b, err := m.Marshal(nil)
		if err != nil {
			return answered, err
		}
		if _, err := c.WriteTo(b, &net.IPAddr{IP: net.ParseIP(to)}); err != nil {
			return answered, err
		}
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return answered, err
		}
		for {
			size, from, err := c.ReadFrom(buf)
			if err != nil {
				break // lost
			}
			reply, err := icmp.ParseMessage(1, buf[:size])
			if err != nil || reply.Type != ipv4.ICMPTypeEchoReply || from.String() != to {
				continue
			}
			if e, ok := reply.Body.(*icmp.Echo); ok && e.Seq == n {
				answered++
				break
			}
		}
	}
	return answered, nil
}

// The built-in lab converges on literal addresses, and the kernels of two hosts reach each other through the tunnel.
func TestNetnsConverges(t *testing.T) {
	needNetns(t)
	before := machine(t)
	l := openLive(t, testRun("converges"))
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")
	l.shows("New-MSMR", "show lisp session", "203.0.113.11")
	l.shows("Old-MSMR", "show lisp site", "203.0.113.11")
	if got := l.ping("PC1", "10.30.30.30", 5); got < 3 { // both map-caches are cold
		t.Errorf("%d of 5 echoes from PC1 to PC2 were answered, want at least 3", got)
	}
	if got := l.ping("PC2", "10.10.10.10", 3); got != 3 {
		t.Errorf("%d of 3 echoes from PC2 to PC1 were answered, now that the map-caches are warm", got)
	}
	l.shows("xTR1", "show ip lisp map-cache", "10.30.30.0/24")
	if got := l.ping("xTR1", "198.51.100.21", 1); got != 1 {
		t.Error("the RLOCs don't reach each other natively")
	}
	if after := machine(t); !slices.Equal(before, after) {
		t.Errorf("the machine's own interfaces were %v and are %v", before, after)
	}
}

// A router's own ping and traceroute go by its namespace.
func TestNetnsProbes(t *testing.T) {
	needNetns(t)
	out, err := exec.Command(lisplab(t), "exec", "--underlay", "netns", "--advance", "4s", "xTR1",
		"ping 198.51.100.21", "ping 10.30.30.30 source 10.10.10.1", "traceroute 198.51.100.21").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Success rate is 100 percent (5/5)", "..!!!", "  2 192.0.2.1 ", "  3 198.51.100.21 "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s\nwant %q", out, want)
		}
	}
}

// The transcripts of transcripts/netns hold on both underlays: to the byte on loopback, but for what is volatile here.
func TestNetnsTranscripts(t *testing.T) {
	needNetns(t)
	files, err := transcripts.Files("transcripts/netns")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Errorf("%d transcripts for the netns underlay, want at least 10", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel() // they wait more than they work
			script, err := transcripts.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			res, err := transcripts.Replay(script, transcripts.Options{Underlay: devices.Netns})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range res.Failures {
				t.Error(f)
			}
		})
	}
}

// Where time is real no directive waits for long, and the place of one that would is told.
func TestNetnsWaits(t *testing.T) {
	needNetns(t)
	for _, c := range []struct{ text, want string }{
		{"!! advance 121s\n", "x.txt:1:4: lab time is real on this underlay: 2m1s would take as long; at most 2m0s"},
		{"xTR1#\n\n!! wait \"show clock\" UTC 121s\n", "x.txt:3:26: lab time is real on this underlay: 2m1s would take as long; at most 2m0s"},
		{"xTR1#\n\n!! wait \"show clock\" UTC 120s\n\n!! wait \"show clock\" UTC\n", ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			script, err := transcripts.Parse("x.txt", c.text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = transcripts.Replay(script, transcripts.Options{Underlay: devices.Netns})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
				t.Errorf("got  %v\nwant %s...", err, c.want)
			}
		})
	}
}

// lisplab builds the binary, for tests that need a process of their own.
func lisplab(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lisplab")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// up starts `lisplab up` in a process of its own, and returns when it has said where everything is, or has ended.
func up(t *testing.T, binary, run string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, "up", "--name", run, "--ssh", "off", "--telnet", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return cmd
}

func down(t *testing.T, binary, run string) string {
	t.Helper()
	out, err := exec.Command(binary, "down", run).CombinedOutput()
	if err != nil {
		t.Fatalf("down: %v\n%s", err, out)
	}
	return string(out)
}

// `lisplab down` ends `lisplab up`, which leaves nothing; a second one of the name is refused meanwhile.
func TestUpAndDown(t *testing.T) {
	needNetns(t)
	binary, run := lisplab(t), testRun("updown")
	first := up(t, binary, run)
	out, err := exec.Command(binary, "up", "--name", run, "--telnet", "127.0.0.1:0", "--ssh", "off").CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("lab %s is up already, by process %d", run, first.Process.Pid)) {
		t.Errorf("a second one of the name: %v\n%s", err, out)
	}
	if got := down(t, binary, run); got != run+" is down.\n" {
		t.Errorf("down says %q", got)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("up ended with %v", err)
	}
	if left := leftovers(t, run); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if got := down(t, binary, run); got != run+" is not up.\n" {
		t.Errorf("down again says %q", got)
	}
}

// Of several labs that are up, whoever names none ends none: they may be somebody else's.
func TestDownOfSeveral(t *testing.T) {
	needNetns(t)
	binary, runs := lisplab(t), []string{testRun("several-a"), testRun("several-b")}
	for _, run := range runs {
		up(t, binary, run)
		t.Cleanup(func() { down(t, binary, run) })
	}
	out, err := exec.Command(binary, "down").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "name the one that is to end, or end them with --all") {
		t.Errorf("down: %v\n%s", err, out)
	}
	for _, run := range runs {
		if !strings.Contains(string(out), run) || !netns.Lives(run) {
			t.Errorf("%s lives: %t; down says\n%s", run, netns.Lives(run), out)
		}
	}
}

// Where it may not be brought up, or not reached, a lab says why and what to do, and leaves nothing.
func TestUpRefused(t *testing.T) {
	needNetns(t)
	binary := lisplab(t)
	if err := os.Chmod(filepath.Dir(filepath.Dir(binary)), 0o755); err != nil { // for nobody
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	root := []syscall.SysProcIDMap{{Size: 1}}
	for _, c := range []struct {
		name, without string // a capability
		how           syscall.SysProcAttr
		telnet, want  string
	}{
		{"nobody", "", syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}, "127.0.0.1:0",
			"the netns underlay needs root: run it with sudo"},
		{"root of a user namespace", "", syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: root, GidMappings: root}, "127.0.0.1:0",
			"root of a user namespace, as in a container without privileges, can't; give it --privileged"},
		{"no namespaces", "sys_admin", syscall.SysProcAttr{}, "127.0.0.1:0", "making a network namespace: operation not permitted: in a container, give it --cap-add"},
		{"no links", "net_admin", syscall.SysProcAttr{}, "127.0.0.1:0", "making a veth link: operation not permitted: in a container, give it --cap-add NET_ADMIN"},
		{"no raw sockets", "net_raw", syscall.SysProcAttr{}, "127.0.0.1:0", "raw sockets need root, or CAP_NET_RAW"},
		{"a port in use", "", syscall.SysProcAttr{}, taken.Addr().String() + "-", "bind: address already in use: does another lab run? --ssh and --telnet choose other ports"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := testRun("refused")
			cmd := exec.Command(binary, "up", "--name", run, "--ssh", "off", "--telnet", c.telnet)
			if c.without != "" {
				setpriv, err := exec.LookPath("setpriv")
				if err != nil {
					t.Skip("setpriv is not here: it takes capabilities away")
				}
				cmd = exec.Command(setpriv, append([]string{"--bounding-set", "-" + c.without, "--inh-caps", "-" + c.without}, cmd.Args...)...)
			}
			cmd.SysProcAttr = &c.how
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v\n%s\nwant %s", err, out, c.want)
			}
			if strings.Contains(string(out), "ip netns exec") {
				t.Errorf("it tells how to look into a lab that is not there:\n%s", out)
			}
			if left := leftovers(t, run); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// Whenever `lisplab up` is killed, `lisplab down` takes away what is left. LISPLAB_ROUNDS says how often that is tried.
func TestKilled(t *testing.T) {
	needNetns(t)
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("LISPLAB_ROUNDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 3
	}
	binary, run, before := lisplab(t), testRun("killed"), machine(t)
	for n := range rounds {
		cmd := exec.Command(binary, "up", "--name", run, "--ssh", "off", "--telnet", "127.0.0.1:0")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		life := time.Duration(rand.IntN(600)) * time.Millisecond // up takes about 200 ms
		if n%10 == 9 {
			life += 3 * time.Second // its sessions stand
		}
		kill := time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); kill.Stop() {
			t.Fatalf("round %d: it ended by itself within %v: %v", n, life, err)
		}
		down(t, binary, run)
		if left := leftovers(t, run); left != nil {
			t.Fatalf("round %d: killed after %v, it leaves %v", n, life, left)
		}
	}
	if after := machine(t); !slices.Equal(before, after) {
		t.Errorf("the machine's own interfaces were %v and are %v", before, after)
	}
}

// Ctrl-C ends at once what runs in namespaces, whatever it waits for, and leaves none. A file is whole, with what has passed.
func TestNetnsInterrupted(t *testing.T) {
	needNetns(t)
	binary := lisplab(t)
	start := func(out io.Writer, args ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	interrupt := func(cmd *exec.Cmd) error {
		t.Helper()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		hung := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		if !hung.Stop() {
			t.Error("it goes on for 30 seconds, and more")
		}
		if left := leftovers(t, fmt.Sprintf("%s-%d-1", devices.DefaultLab, cmd.Process.Pid)); left != nil {
			t.Errorf("left behind: %v", left)
		}
		return err
	}
	t.Run("capture", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lab.pcapng")
		if err := syscall.Mkfifo(path, 0o600); err != nil { // so there is no need to guess when frames are in it
			t.Fatal(err)
		}
		var out strings.Builder
		cmd := start(&out, "capture", "--underlay", "netns", "--advance", "110s", path)
		pipe, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		r, err := pcapgo.NewNgReader(pipe, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		for frames := 0; ; frames++ {
			_, _, err := r.ReadPacketData()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("after %d frames: %v", frames, err)
			}
			if frames == 0 {
				if err := interrupt(cmd); err != nil {
					t.Fatalf("%v\n%s", err, out.String())
				}
			}
		}
		if !strings.HasPrefix(out.String(), path+": ") {
			t.Errorf("%s\nwant the size of the file", out.String())
		}
	})
	t.Run("exec", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd := start(w, "exec", "--underlay", "netns", "--advance", "0s", "xTR1", "show clock", "ping 192.0.2.99 repeat 60")
		w.Close()
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("it ends with %v before it pings", err)
			}
			if strings.HasPrefix(line, "xTR1#ping") {
				break
			}
		}
		if err := interrupt(cmd); err == nil || cmd.ProcessState.ExitCode() != exitFailed {
			t.Errorf("interrupted, exec ends with %v", err)
		}
		if rest, err := io.ReadAll(lines); err != nil || !strings.HasSuffix(string(rest), "lisplab: interrupted\n") {
			t.Errorf("%s\n%v", rest, err)
		}
	})
}

// What crosses the core link is LISP as tshark knows it: control at UDP and TCP 4342, data at UDP 4341.
func TestNetnsCapture(t *testing.T) {
	needNetns(t)
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not here: it reads what crosses the core link")
	}
	l := openLive(t, testRun("capture"))
	l.do(func() error { return l.StopDevice("xTR2") })
	file := filepath.Join(t.TempDir(), "core.pcapng")
	stop := l.captureCore(tshark, file)
	l.do(func() error { return l.StartDevice("xTR2") })
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")
	if got := l.ping("PC1", "10.30.30.30", 5); got < 3 {
		t.Errorf("%d of 5 echoes from PC1 to PC2 were answered, want at least 3", got)
	}
	stop()
	count := func(filter string) int {
		t.Helper()
		out, err := exec.Command(tshark, append(checksums, "-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(out), "\n")
	}
	for _, filter := range []string{
		"udp.port == 4342 && lisp.type == 3 && ip.src == 198.51.100.21",                    // Map-Registers
		"udp.port == 4342 && lisp.type == 4 && ip.dst == 198.51.100.21",                    // Map-Notifies
		"tcp.dstport == 4342 && tcp.flags.syn == 1 && tcp.flags.ack == 0",                  // xTR2 dials New-MSMR
		"tcp.port == 4342 && tcp.len > 0",                                                  // and registers
		"udp.dstport == 4341 && ip.src == 203.0.113.11 && ip.dst == 198.51.100.21 && icmp", // echoes in the tunnel
		"udp.dstport == 4341 && ip.src == 198.51.100.21 && ip.dst == 203.0.113.11 && icmp",
	} {
		if count(filter) == 0 {
			t.Errorf("nothing on the core link is `%s`", filter)
		}
	}
	// One core router has counted the TTL down. Resets, and what answers for connections that are over, have no socket, and
	// Linux gives them DF and no DSCP; its answers to a SYN have DF too.
	control := "(udp.port == 4342 || tcp.len > 0 || tcp.flags.syn == 1) && !icmp && !tcp.flags.reset == 1"
	for _, wrong := range []string{control + " && ip.ttl != 254", control + " && ip.dsfield.dscp != 48",
		control + " && ip.flags.df == 1 && !(tcp.flags.syn == 1 && tcp.flags.ack == 1)", "_ws.malformed",
		`ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad" || icmp.checksum.status == "Bad"`, "frame.len > 1514"} {
		if n := count(wrong); n > 0 {
			out, _ := exec.Command(tshark, append(checksums, "-r", file, "-Y", wrong)...).Output()
			t.Errorf("%d packets on the core link are `%s`:\n%s", n, wrong, out)
		}
	}
}

// checksums has tshark look at them.
var checksums = []string{"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"}

// captureCore has tshark capture at Core1's end of the core link, from now until stop is called. When tshark begins, and what
// of it the kernel still holds, no message tells: an echo request across the link that tshark prints does, at either end.
func (l *liveLab) captureCore(tshark, file string) (stop func()) {
	t := l.t
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "nsenter", "--net=/run/netns/lisplab."+l.run+".Core1", tshark, "-i", "Gi0-0", "-w", file, "-P", "-l")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	prints, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	first, last := make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		for lines := bufio.NewScanner(prints); lines.Scan(); {
			for mark, seen := range map[*regexp.Regexp]chan struct{}{coreMark: first, siteMark: last} {
				if mark.Match(lines.Bytes()) {
					select {
					case seen <- struct{}{}:
					default:
					}
				}
			}
		}
	}()
	l.mark("Core2", "192.0.2.0", first)
	return func() {
		l.mark("Core1", "198.51.100.21", last)
		cancel()
		_ = cmd.Wait()
	}
}

// How tshark prints the echo requests that mark the ends of a capture.
var (
	coreMark = regexp.MustCompile(`192\.0\.2\.1 +\S+ +192\.0\.2\.0 +ICMP .*request`)
	siteMark = regexp.MustCompile(`192\.0\.2\.0 +\S+ +198\.51\.100\.21 +ICMP .*request`)
)

// mark sends echo requests until one of them has been seen.
func (l *liveLab) mark(from, to string, seen <-chan struct{}) {
	l.t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for late := time.After(30 * time.Second); ; {
		l.ping(from, to, 1)
		select {
		case <-seen:
			return
		case <-again.C:
		case <-late:
			l.t.Fatalf("tshark does not see echo requests from %s to %s", from, to)
		}
	}
}
