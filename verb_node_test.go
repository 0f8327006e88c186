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

// nodes are processes of a test, a router each.
type nodes struct {
	t       *testing.T
	binary  string
	changed chan struct{} // a router has logged something since it was last asked
}

func newNodes(t *testing.T) *nodes {
	t.Helper()
	return &nodes{t, lisplab(t), make(chan struct{}, 1)}
}

// process is a router that is a process.
type process struct {
	*nodes
	in     *space
	router string
	cmd    *exec.Cmd
	ssh    *gossh.Client
	lab    string // where the lab itself listens
	errs   bytes.Buffer
}

// start starts `lisplab node`, reads where its ports are, logs in, and listens to its log, which tells every message of LISP.
// Where nil is here, it runs in a namespace.
func (n *nodes) start(in *space, router string, flags ...string) *process {
	n.t.Helper()
	p := &process{nodes: n, in: in, router: router, cmd: exec.Command(n.binary, append([]string{"node", router, "--ssh", "127.0.0.1:0", "--telnet", "off", "--lab-port", "127.0.0.1:0"}, flags...)...)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	p.cmd.Dir, p.cmd.Stderr = n.t.TempDir(), &p.errs
	if err := in.do(p.cmd.Start); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { p.end(syscall.SIGTERM) })
	var ports []string
	lines := bufio.NewReader(out)
	for port := regexp.MustCompile(`127\.0\.0\.1:\d+`); len(ports) < 2; {
		line, err := lines.ReadString('\n')
		if err != nil {
			n.t.Fatalf("%s: %v\n%s", router, err, &p.errs)
		}
		ports = append(ports, port.FindAllString(line, -1)...)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	p.lab = ports[1]
	err = in.do(func() (err error) {
		p.ssh, err = gossh.Dial("tcp", ports[0], &gossh.ClientConfig{
			User: "lab", Auth: []gossh.AuthMethod{gossh.Password("lab")}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		})
		return err
	})
	if err == nil {
		err = p.listen()
	}
	if err != nil {
		n.t.Fatalf("%s: %v", router, err)
	}
	return p
}

// listen has changed told of every line that the router logs from now on.
func (p *process) listen() error {
	session, err := p.ssh.NewSession()
	if err != nil {
		return err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	if err := session.Shell(); err != nil {
		return err
	}
	if _, err := io.WriteString(in, "terminal monitor\rdebug lisp control-plane all\r"); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.Contains(line, "debugging is on") {
			break
		}
	}
	go func() {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // the process has ended
			}
			if strings.Contains(line, "LISP") {
				select {
				case p.changed <- struct{}{}:
				default:
				}
			}
		}
	}()
	return nil
}

// end ends the process by a signal, once. Unless it is killed it must end by itself and well.
func (p *process) end(by syscall.Signal) {
	p.t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if p.ssh != nil {
		_ = p.ssh.Close()
	}
	_ = p.cmd.Process.Signal(by)
	if err := p.cmd.Wait(); err != nil && by != syscall.SIGKILL {
		p.t.Errorf("%s: %v\n%s", p.router, err, &p.errs)
	}
}

// run runs a command at the router.
func (p *process) run(command string) string {
	p.t.Helper()
	session, err := p.ssh.NewSession()
	if err != nil {
		p.t.Fatal(err)
	}
	defer session.Close()
	text, err := session.CombinedOutput(command)
	if err != nil && len(text) == 0 {
		p.t.Fatal(err)
	}
	return string(text)
}

// lines types a line at the lab of the process.
func (p *process) lines(line string) string {
	p.t.Helper()
	ctl := exec.Command(p.binary, "ctl", "--lab-port", p.lab, line)
	var out []byte
	if err := p.in.do(func() (err error) { out, err = ctl.CombinedOutput(); return err }); err != nil {
		p.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// answers runs a command at the router until its answer matches: now, and whenever a router has logged something.
func (p *process) answers(command, want string) {
	p.t.Helper()
	for late := time.After(30 * time.Second); ; {
		text := p.run(command)
		if regexp.MustCompile(want).MatchString(text) {
			return
		}
		select {
		case <-p.changed:
		case <-late:
			p.t.Fatalf("`%s` answers, which does not match %q:\n%s", command, want, text)
		}
	}
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
	n := newNodes(t)
	msmr, xtr1 := n.start(nil, "New-MSMR", flags...), n.start(nil, "xTR1", flags...)
	t.Run("two processes register and answer", func(t *testing.T) {
		msmr.answers("show lisp session", `203\.0\.113\.11 +Up `)
		msmr.answers("show lisp site", `yes# +203\.0\.113\.11 +10\.10\.10\.0/24`)
		xtr1.answers("show lisp session", `209\.165\.201\.31 +Up `)
	})
	t.Run("a third one", func(t *testing.T) {
		xtr2 := n.start(nil, "xTR2", flags...)
		msmr.answers("show lisp site", `yes# +198\.51\.100\.21 +10\.30\.30\.0/24`)
		xtr1.answers("lig 10.30.30.1", `Mapping information for EID 10\.30\.30\.1 from 198\.51\.100\.21`)
		if text := xtr1.lines("host PC1 ping 10.30.30.30"); !strings.Contains(text, "!") {
			t.Error(text)
		}
		xtr2.end(syscall.SIGTERM)
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

// Where it is, a router says when it can be reached; before an error it would be a lie.
func TestNodeSaysNothingBeforeItServes(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	flags, _ := places(t, "209.165.201.31")
	_, errs, code := captured(t, t.Context(), append([]string{"node", "New-MSMR", "--ssh", "off", "--telnet", taken.Addr().String() + "-"}, flags...)...)
	n, text := <-code, all(t, errs)
	if n != exitFailed || !strings.Contains(text, "address already in use: does another lab run?") || strings.Contains(text, "speaks LISP here") {
		t.Errorf("exit code %d, says\n%s", n, text)
	}
}
