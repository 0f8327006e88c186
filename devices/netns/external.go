//go:build linux

package netns

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// An interface of the machine that is plugged into a lab stands on the floor, as the far end of one of the lab's does:
//
//	Core1 Gi0-3 ===veth=== Core1.Gi0-3 --- br4 --- eth1 ======= what is plugged in there
//
// When a namespace ends, the kernel gives hardware back to the machine, and destroys everything else. So eth1 goes back
// before, by whoever takes the run away: its alias says meanwhile whose it is and how it was. The alias is set before the
// interface goes, and taken off again when it is back, so that there is no moment at which a crash could lose one.

// mark is the alias of an interface that a run has taken.
func mark(run string, up bool, alias string) string {
	state := "down"
	if up {
		state = "up"
	}
	return strings.TrimSuffix(fmt.Sprintf("%s: the machine's, %s, %s", spaceName(run, ""), state, alias), ", ")
}

var markForm = regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `([^ ]+): the machine's, (up|down)(?:, (.*))?$`)

// marked tells how an interface was that the run has taken; false for any other.
func marked(run string, link netlink.Link) (up bool, alias string, taken bool) {
	m := markForm.FindStringSubmatch(link.Attrs().Alias)
	if m == nil || m[1] != run {
		return false, "", false
	}
	return m[2] == "up", m[3], true
}

// machineLink finds an interface of the machine that a lab may have: one that the machine itself does not use.
func machineLink(home *netlink.Handle, name string) (netlink.Link, error) {
	link, err := home.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, fmt.Errorf("interface %s, which the lab file plugs in, is not there: this machine has %s (one that another lab has comes back when that is down)", name, machineLinks(home))
	}
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	attrs := link.Attrs()
	if attrs.Flags&net.FlagLoopback != 0 {
		return nil, fmt.Errorf("interface %s is the machine's loopback, and nothing is plugged in there: expected another one", name)
	}
	if attrs.MasterIndex != 0 {
		return nil, fmt.Errorf("interface %s is a port of another one of the machine: take it out of there first: ip link set dev %s nomaster", name, name)
	}
	routes, err := home.RouteList(link, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("routes at interface %s: %w", name, err)
	}
	for _, r := range routes {
		if r.Dst == nil || prefixOf(r.Dst).Bits() == 0 {
			return nil, fmt.Errorf("the default route of the machine goes by %s: a port of a lab is an interface that the machine does not need", name)
		}
	}
	addrs, err := home.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("addresses of interface %s: %w", name, err)
	}
	for _, a := range addrs {
		if p := prefixOf(a.IPNet); !p.Addr().Is6() || !automatic(p.Addr()) {
			return nil, fmt.Errorf("interface %s has the address %v: a port of a lab has none; take it away first: ip address flush dev %s", name, p, name)
		}
	}
	return link, nil
}

// machineLinks are the names of the machine's interfaces, for an error.
func machineLinks(home *netlink.Handle) string {
	list, err := home.LinkList()
	if err != nil {
		return "none that can be listed"
	}
	var names []string
	for _, l := range list {
		names = append(names, l.Attrs().Name)
	}
	return strings.Join(names, ", ")
}

// atHome runs fn with a handle for the namespace of the machine.
func atHome(fn func(home *netlink.Handle) error) error {
	home, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("talking to the kernel by netlink: %w", err)
	}
	defer home.Close()
	return fn(home)
}

// checkExternal finds out whether the machine has what is to be plugged in.
func checkExternal(names []string) error {
	return atHome(func(home *netlink.Handle) error {
		var errs []error
		for _, name := range names {
			_, err := machineLink(home, name)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// plug moves an interface of the machine onto the floor.
func (f *floor) plug(name string) (at port, err error) {
	err = atHome(func(home *netlink.Handle) error {
		link, err := machineLink(home, name)
		if err != nil {
			return err
		}
		was := link.Attrs()
		if err := home.LinkSetAlias(link, mark(f.run, was.Flags&net.FlagUp != 0, was.Alias)); err != nil {
			return fmt.Errorf("marking interface %s: %w", name, err)
		}
		if err := home.LinkSetNsFd(link, int(f.handle)); err != nil {
			hint := ""
			if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
				hint = fmt.Sprintf(": an interface of the kind %s can't leave the machine's own namespace", link.Type())
			}
			return errors.Join(fmt.Errorf("moving interface %s to the lab: %w%s", name, err, hint), home.LinkSetAlias(link, was.Alias))
		}
		return nil
	})
	if err != nil {
		return port{}, err
	}
	link, err := f.link.LinkByName(name)
	if err == nil {
		err = f.link.LinkSetUp(link)
	}
	if err != nil {
		return port{}, fmt.Errorf("interface %s of the machine: %w", name, err)
	}
	return port{name, link.Attrs().Index}, nil
}

// giveBack gives the machine its interfaces back that a run has taken, as they were.
func giveBack(run string) error {
	return atHome(func(home *netlink.Handle) error {
		err := sendHome(run)
		list, lerr := home.LinkList()
		if lerr != nil {
			return errors.Join(err, fmt.Errorf("listing the machine's interfaces: %w", lerr))
		}
		for _, link := range list {
			up, alias, taken := marked(run, link)
			if !taken {
				continue
			}
			if up {
				err = errors.Join(err, home.LinkSetUp(link))
			}
			err = errors.Join(err, home.LinkSetAlias(link, alias))
		}
		return err
	})
}

// sendHome moves what is the machine's from the floor of a run into the machine's namespace.
func sendHome(run string) error {
	path := filepath.Join(spaceDir, spaceName(run, ""))
	if mounted, err := isMounted(path); err != nil || !mounted {
		return err
	}
	ns, err := netns.GetFromPath(path)
	if err != nil {
		return fmt.Errorf("entering %s: %w", path, err)
	}
	defer ns.Close()
	floor, err := netlink.NewHandleAt(ns)
	if err != nil {
		return fmt.Errorf("entering %s: %w", path, err)
	}
	defer floor.Close()
	list, err := floor.LinkList()
	if err != nil {
		return fmt.Errorf("listing the interfaces in %s: %w", path, err)
	}
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	var errs []error
	for _, link := range list {
		if _, _, taken := marked(run, link); !taken {
			continue
		}
		name := link.Attrs().Name
		switch err := floor.LinkSetNsFd(link, int(home)); {
		case errors.Is(err, syscall.EEXIST):
			errs = append(errs, fmt.Errorf("interface %s can't go back to the machine, which has another of that name by now: rename that one, then `lisplab down` again", name))
		case err != nil:
			errs = append(errs, fmt.Errorf("giving interface %s back to the machine: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
