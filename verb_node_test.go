//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices/underlay"
)

// process is a router that is a process.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	ssh *gossh.Client
	lab string // where the lab itself listens
}

// startNode starts `lisplab node`, reads where its ports are, and logs in.
func startNode(t *testing.T, binary, router string, flags ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, append([]string{"node", router, "--ssh", "127.0.0.1:0", "--telnet", "off", "--lab-port", "127.0.0.1:0"}, flags...)...)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	p.cmd.Stderr = &errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ssh != nil {
			_ = p.ssh.Close()
		}
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", router, err, &errs)
		}
	})
	var ports []string
	lines := bufio.NewReader(out)
	for port := regexp.MustCompile(`127\.0\.0\.1:\d+`); len(ports) < 2; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v\n%s", router, err, &errs)
		}
		ports = append(ports, port.FindAllString(line, -1)...)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	p.lab = ports[1]
	p.ssh, err = gossh.Dial("tcp", ports[0], &gossh.ClientConfig{
		User: "lab", Auth: []gossh.AuthMethod{gossh.Password("lab")}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatalf("%s: %v", router, err)
	}
	return p
}

// answers runs a command at the router until its answer matches.
func (p *process) answers(command, want string) {
	p.t.Helper()
	var text []byte
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		session, err := p.ssh.NewSession()
		if err != nil {
			p.t.Fatal(err)
		}
		text, err = session.CombinedOutput(command)
		_ = session.Close()
		if regexp.MustCompile(want).Match(text) {
			return
		}
		if err != nil && len(text) == 0 {
			p.t.Fatal(err)
		}
	}
	p.t.Fatalf("`%s` answers, which does not match %q:\n%s", command, want, text)
}

// places are --address flags that put a lab's addresses at addresses of a loopback block of the test's own.
func places(t *testing.T, addrs ...string) (flags []string, at map[string]netip.AddrPort) {
	t.Helper()
	block, release, err := underlay.TakeLoopback(len(addrs))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	at = make(map[string]netip.AddrPort)
	for i, a := range addrs {
		at[a] = block[i]
		flags = append(flags, fmt.Sprintf("--address=%s=%v", a, block[i].Addr()))
	}
	return flags, at
}

// Three processes, a router each, are a lab: the sites register with the Map-Server over UDP and TCP 4342 and resolve, and a
// host behind one reaches a host behind the other over UDP 4341. The Map-Server notices when one of them ends, and when it is
// back.
func TestNodes(t *testing.T) {
	flags, _ := places(t, "209.165.201.31", "203.0.113.11", "198.51.100.21")
	binary := lisplab(t)
	msmr, xtr1 := startNode(t, binary, "New-MSMR", flags...), startNode(t, binary, "xTR1", flags...)
	t.Run("two processes register and answer", func(t *testing.T) {
		msmr.answers("show lisp session", `203\.0\.113\.11 +Up `)
		msmr.answers("show lisp site", `yes# +203\.0\.113\.11 +10\.10\.10\.0/24`)
		xtr1.answers("show lisp session", `209\.165\.201\.31 +Up `)
	})
	t.Run("a third one", func(t *testing.T) {
		startNode(t, binary, "xTR2", flags...)
		msmr.answers("show lisp site", `yes# +198\.51\.100\.21 +10\.30\.30\.0/24`)
		xtr1.answers("lig 10.30.30.1", `Mapping information for EID 10\.30\.30\.1 from 198\.51\.100\.21`)
		out, err := exec.Command(binary, "ctl", "--lab-port", xtr1.lab, "host PC1 ping 10.30.30.30").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "!") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	msmr.answers("show lisp session", `198\.51\.100\.21 +Down `)
}

// What a node can't do it says, with what to do about it.
func TestNodeRefuses(t *testing.T) {
	flags, at := places(t, "209.165.201.31", "203.0.113.11")
	taken, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at["209.165.201.31"]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"R1"}, exitFailed, `no device "R1" in lab reliable-registration: its devices are xTR1, `},
		{[]string{"xTR1"}, exitFailed, "xTR1: this machine has none of its addresses: 203.0.113.11 (GigabitEthernet0/0), "},
		{[]string{"xTR1", "--address", "10.10.10.1=127.0.0.1"}, exitFailed, "xTR1 speaks LISP from 203.0.113.11 (GigabitEthernet0/0), and 203.0.113.11 is not an address of this machine: give it one"},
		{append([]string{"New-MSMR"}, flags...), exitFailed, fmt.Sprintf("New-MSMR: UDP %v: listen udp4 %[1]v: bind: address already in use: another LISP router runs there", at["209.165.201.31"])},
		{[]string{"xTR1", "--address", "203.0.113.11"}, exitUsage, `found "203.0.113.11", expected two addresses of one family`},
		{[]string{"xTR1", "--address", "203.0.113.11=::1"}, exitUsage, `found "203.0.113.11=::1", expected two addresses of one family`},
		{[]string{"xTR1", "--address", "203.0.113.11=127.0.0.1", "--address", "203.0.113.11=127.0.0.2"}, exitUsage, "203.0.113.11 is at 127.0.0.1 or at 127.0.0.2"},
		{[]string{"xTR1", "--ssh", "off", "--telnet", "off"}, exitUsage, "nothing would be reachable"},
	} {
		_, errs, code := captured(t, t.Context(), append([]string{"node"}, row.args...)...)
		if n, text := <-code, all(t, errs); n != row.code || !strings.Contains(text, row.want) {
			t.Errorf("node %s: exit code %d, says %q; want %d and %q", strings.Join(row.args, " "), n, text, row.code, row.want)
		}
	}
}
