//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	vishnetns "github.com/vishvananda/netns"
	"golang.org/x/net/icmp"

	foreigner "lisplab/devices/foreign"
)

// elsewhere is a machine of the test's own, a namespace, whose eth1 a lab may have; and a stranger at the far end of its cable:
//
//	lab: MSMR 10.99.0.1 -- eth1 ===veth=== far 10.99.0.2
type elsewhere struct {
	t                 *testing.T
	machine, stranger vishnetns.NsHandle
	lab               string // the folder of its lab file
	run               string
}

const externalLab = `name: external
devices:
  - {name: MSMR, config: MSMR.cfg}
external:
  - MSMR:GigabitEthernet0/0 -- eth1
`

// Its site is that of the recorded ETR.
const externalConfig = `hostname MSMR
interface Loopback0
 ip address 10.98.0.1 255.255.255.255
interface GigabitEthernet0/0
 ip address 10.99.0.1 255.255.255.0
router lisp
 site foreign
  authentication-key secret1
  eid-prefix 10.1.0.0/24
 ipv4 map-server
 ipv4 map-resolver
`

func newElsewhere(t *testing.T, run string) *elsewhere {
	t.Helper()
	needNetns(t)
	e := &elsewhere{t: t, lab: t.TempDir(), run: testRun(run)}
	for name, text := range map[string]string{"lab.yaml": externalLab, "MSMR.cfg": externalConfig} {
		if err := os.WriteFile(filepath.Join(e.lab, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, space := range []*vishnetns.NsHandle{&e.machine, &e.stranger} {
		onThread(t, func() (err error) { *space, err = vishnetns.New(); return err })
		t.Cleanup(func() { _ = space.Close() })
	}
	e.link(e.machine, func(h *netlink.Handle) error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.Alias = "eth1", ""
		if err := h.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "far", PeerNamespace: netlink.NsFd(e.stranger)}); err != nil {
			return err
		}
		link, err := h.LinkByName("eth1")
		if err != nil {
			return err
		}
		return errors.Join(h.LinkSetAlias(link, "to the stranger"), h.LinkSetUp(link))
	})
	e.link(e.stranger, func(h *netlink.Handle) error {
		link, err := h.LinkByName("far")
		if err != nil {
			return err
		}
		err = errors.Join(h.AddrAdd(link, address(t, "10.99.0.2/24")), h.LinkSetUp(link))
		return errors.Join(err, h.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.ParseIP("10.99.0.1")}))
	})
	t.Cleanup(func() {
		if left := leftovers(t, e.run); left != nil {
			t.Errorf("left behind: %v", left)
			e.down()
		}
	})
	return e
}

func address(t *testing.T, text string) *netlink.Addr {
	t.Helper()
	a, err := netlink.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onThread runs fn on a thread that ends with it, wherever it has gone. A process that fn starts is where the thread is.
func onThread(t *testing.T, fn func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- fn()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// in runs fn in a namespace.
func (e *elsewhere) in(space vishnetns.NsHandle, fn func() error) {
	e.t.Helper()
	onThread(e.t, func() error {
		if err := vishnetns.Set(space); err != nil {
			return err
		}
		return fn()
	})
}

// link changes the interfaces of a namespace.
func (e *elsewhere) link(space vishnetns.NsHandle, fn func(h *netlink.Handle) error) {
	e.t.Helper()
	h, err := netlink.NewHandleAt(space)
	if err == nil {
		err = fn(h)
		h.Close()
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// start runs `lisplab up` on the machine. It returns when that has said where everything is, or when it has ended; told is
// what it says on standard error, and is closed then.
func (e *elsewhere) start(binary string, flags ...string) (cmd *exec.Cmd, told *strings.Builder) {
	e.t.Helper()
	cmd, told = exec.Command(binary, append([]string{"up", "--lab", e.lab, "--name", e.run, "--ssh", "off", "--telnet", "127.0.0.1:0"}, flags...)...), &strings.Builder{}
	cmd.Stderr = told
	out, err := cmd.StdoutPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	e.in(e.machine, cmd.Start)
	_, _ = bufio.NewReader(out).ReadString('\n')
	return cmd, told
}

func (e *elsewhere) down() {
	e.t.Helper()
	e.in(e.machine, func() error {
		out, err := exec.Command(lisplab(e.t), "down", e.run).CombinedOutput()
		if err != nil {
			return fmt.Errorf("down: %w\n%s", err, out)
		}
		return nil
	})
}

// eth1 says how the machine's interface is; "" when the machine has none.
func (e *elsewhere) eth1() (how string) {
	e.t.Helper()
	e.link(e.machine, func(h *netlink.Handle) error {
		link, err := h.LinkByName("eth1")
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil
		}
		if err == nil {
			how = fmt.Sprintf("%v %q", link.Attrs().Flags&net.FlagUp, link.Attrs().Alias)
		}
		return err
	})
	return how
}

// asItWas is eth1 as newElsewhere makes it.
const asItWas = `up "to the stranger"`

// pings has the stranger send echo requests until one is answered. Its link was down while eth1 moved: Linux lets a packet pass
// there again within a second or so.
func (e *elsewhere) pings(to string) {
	e.t.Helper()
	e.in(e.stranger, func() error {
		c, err := icmp.ListenPacket("ip4:icmp", "0.0.0.0")
		if err != nil {
			return err
		}
		defer c.Close()
		for range 30 {
			if answered, err := echo(c, to, 1); answered > 0 || err != nil {
				return err
			}
		}
		return fmt.Errorf("%s does not answer the stranger", to)
	})
}

// What is plugged in at an interface of the machine is on a segment of the lab: it reaches the router there, and registers with
// it. The interface comes back as it was, however the lab ends.
func TestExternalPort(t *testing.T) {
	binary := lisplab(t)
	for _, end := range []struct {
		name   string
		signal os.Signal
		guard  string // an access list, for which the lab itself carries the frames
	}{
		{"an end", syscall.SIGTERM, ""}, {"a crash", syscall.SIGKILL, ""},
		{"an access list", syscall.SIGTERM, "ip access-list extended GUARD\n permit ip any any\ninterface GigabitEthernet0/0\n ip access-group GUARD in\n"},
	} {
		t.Run(end.name, func(t *testing.T) {
			e := newElsewhere(t, "external")
			if err := os.WriteFile(filepath.Join(e.lab, "MSMR.cfg"), []byte(externalConfig+end.guard), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd, told := e.start(binary)
			if got := e.eth1(); got != "" {
				t.Errorf("the machine has eth1 still: %s\n%s", got, told)
			}
			e.pings("10.98.0.1")
			e.register(netip.MustParsePrefix("10.1.0.0/24"))
			e.in(e.stranger, func() error { // its kernel leaves the checksum to the card, which a veth has not got
				c, err := net.DialTimeout("tcp4", "10.98.0.1:4342", 10*time.Second)
				if err != nil {
					return err
				}
				return c.Close()
			})
			if err := cmd.Process.Signal(end.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); (err == nil) != (end.signal == syscall.SIGTERM) {
				t.Errorf("it ends with %v\n%s", err, told)
			}
			if end.signal == syscall.SIGKILL {
				e.down()
			}
			if got := e.eth1(); got != asItWas {
				t.Errorf("eth1 is %s, and was %s", got, asItWas)
			}
		})
	}
}

// answered is how many of the stranger's echo requests are.
func (e *elsewhere) answered(to string, count int) (answered int) {
	e.t.Helper()
	e.in(e.stranger, func() error {
		c, err := icmp.ListenPacket("ip4:icmp", "0.0.0.0")
		if err != nil {
			return err
		}
		defer c.Close()
		answered, err = echo(c, to, count)
		return err
	})
	return answered
}

// The cable into the machine stands among the links, and can be impaired as they can, in each direction. Its far end is the
// machine's, and can't be cut.
func TestExternalPortImpaired(t *testing.T) {
	binary := lisplab(t)
	e := newElsewhere(t, "impaired")
	e.link(e.machine, func(h *netlink.Handle) error {
		lo, err := h.LinkByName("lo")
		if err != nil {
			return err
		}
		return h.LinkSetUp(lo)
	})
	const labPort = "127.0.0.1:2200" // of this machine, which is the test's
	cmd, told := e.start(binary, "--lab-port", labPort)
	says := func(line, want string) {
		t.Helper()
		e.in(e.machine, func() error {
			out, _ := exec.Command(binary, "ctl", "--lab-port", labPort, line).CombinedOutput()
			if folded := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(folded, want) {
				t.Errorf("%s says\n%swant %s", line, out, want)
			}
			return nil
		})
	}
	const link = "MSMR Gi0/0 eth1 (machine) up "
	says("links", link+"--")
	e.pings("10.98.0.1")
	says("link MSMR eth1 loss 100", "")
	says("links", link+"loss 100%")
	if n := e.answered("10.98.0.1", 2); n > 0 {
		t.Errorf("%d echo requests are answered over a cable that loses everything", n)
	}
	says("link MSMR eth1 clear", "")
	e.pings("10.98.0.1")
	says("link eth1 MSMR block tcp 4342 one-way", "")
	says("links", "eth1 (machine) > MSMR Gi0/0 up block tcp 4342")
	if n := e.answered("10.98.0.1", 2); n != 2 {
		t.Errorf("%d of 2 echo requests are answered over a cable that blocks TCP 4342", n)
	}
	const far = "one end of the cable between MSMR and eth1 is the machine's, and not the lab's to break: `link MSMR eth1 loss 100` lets nothing pass"
	says("link MSMR eth1 down", far)
	says("link MSMR eth1 half-open", far)
	says("link MSMR eth2 loss 30", `no device "eth2" in lab external: its devices are MSMR`)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v\n%s", err, told)
	}
}

// register has the stranger send the Map-Register of a recorded ETR, and wait for the Map-Notify.
func (e *elsewhere) register(eid netip.Prefix) {
	e.t.Helper()
	recording, err := foreigner.Read(filepath.Join("..", "shared", "captures", "oor-xtr-resolve-data.pcap"))
	if errors.Is(err, fs.ErrNotExist) {
		e.t.Log("nothing is registered: the recording is not here")
		return
	}
	if err != nil {
		e.t.Fatal(err)
	}
	e.in(e.stranger, func() error {
		cfg := foreigner.Config{Recording: recording, At: netip.MustParseAddr("10.99.0.2"), Key: "secret1"}
		etr, err := foreigner.NewETR(cfg, netip.MustParseAddr("10.99.0.1"))
		if err != nil {
			return err
		}
		return errors.Join(etr.Register(e.t.Context(), eid), etr.Close())
	})
}

// An interface that the machine needs itself, or has not got, is left alone, and the error says what to do.
func TestExternalPortRefused(t *testing.T) {
	binary := lisplab(t)
	for _, c := range []struct {
		name, port string
		prepare    func(h *netlink.Handle, eth1 netlink.Link) error
		want, is   string
	}{
		{"an address", "eth1", func(h *netlink.Handle, eth1 netlink.Link) error {
			return h.AddrAdd(eth1, address(t, "192.0.2.7/24"))
		}, "interface eth1 has the address 192.0.2.7/24: a port of a lab has none; take it away first: ip address flush dev eth1", asItWas},
		{"the default route", "eth1", func(h *netlink.Handle, eth1 netlink.Link) error {
			return h.RouteAdd(&netlink.Route{LinkIndex: eth1.Attrs().Index, Dst: &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}})
		}, "the default route of the machine goes by eth1: a port of a lab is an interface that the machine does not need", asItWas},
		{"a port of a bridge", "eth1", func(h *netlink.Handle, eth1 netlink.Link) error {
			attrs := netlink.NewLinkAttrs()
			attrs.Name = "office"
			if err := h.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
				return err
			}
			bridge, err := h.LinkByName("office")
			if err != nil {
				return err
			}
			return h.LinkSetMaster(eth1, bridge)
		}, "interface eth1 is a port of another one of the machine: take it out of there first: ip link set dev eth1 nomaster", asItWas},
		{"a bridge", "office", func(h *netlink.Handle, _ netlink.Link) error {
			attrs := netlink.NewLinkAttrs()
			attrs.Name = "office"
			return h.LinkAdd(&netlink.Bridge{LinkAttrs: attrs})
		}, "an interface of the kind bridge can't leave the machine's own namespace", asItWas},
		{"no interface", "eth1", func(h *netlink.Handle, eth1 netlink.Link) error {
			return h.LinkDel(eth1)
		}, "interface eth1, which the lab file plugs in, is not there: this machine has lo (", ""},
		{"the loopback", "lo", func(*netlink.Handle, netlink.Link) error { return nil }, "interface lo is the machine's loopback", asItWas},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newElsewhere(t, "refused")
			text := strings.Replace(externalLab, "eth1", c.port, 1)
			if err := os.WriteFile(filepath.Join(e.lab, "lab.yaml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			e.link(e.machine, func(h *netlink.Handle) error {
				link, err := h.LinkByName("eth1")
				if err != nil {
					return err
				}
				return c.prepare(h, link)
			})
			cmd, told := e.start(binary)
			if err := cmd.Wait(); err == nil || !strings.Contains(told.String(), c.want) {
				t.Errorf("%v, %s\nwant %s", err, told, c.want)
			}
			if got := e.eth1(); got != c.is {
				t.Errorf("eth1 is %s, and was %s", got, c.is)
			}
		})
	}
}

// A lab ends when an interface of the machine vanishes under it, and says so.
func TestExternalPortVanishes(t *testing.T) {
	e := newElsewhere(t, "vanishes")
	cmd, told := e.start(lisplab(t))
	e.link(e.stranger, func(h *netlink.Handle) error {
		far, err := h.LinkByName("far")
		if err != nil {
			return err
		}
		return h.LinkDel(far) // and its other end
	})
	if err := cmd.Wait(); err == nil || !strings.Contains(told.String(), "the machine's interface eth1 (eth1 in namespace lisplab."+e.run+") has vanished") {
		t.Errorf("it ends with %v\n%s", err, told)
	}
}
