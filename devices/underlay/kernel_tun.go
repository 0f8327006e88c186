//go:build linux

package underlay

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// TunnelDevice is the kernel's name of a tunnel: that of the default VRF, or of an instance.
func (t Tunnel) TunnelDevice() string {
	if t.VRF == "" {
		return "lisp0"
	}
	return fmt.Sprintf("lisp0.%d", t.Instance)
}

// openTunnels opens the tunnels that are wanted and closes the others, which takes their kernel interfaces away with them.
func (k *Kernel) openTunnels(node int, want []Tunnel) error {
	at := k.sites[node]
	for vrf, f := range at.tunnels {
		if !slices.ContainsFunc(want, func(t Tunnel) bool { return t.VRF == vrf }) {
			delete(at.tunnels, vrf)
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	for _, t := range want {
		if at.tunnels[t.VRF] != nil {
			continue
		}
		var f *os.File
		err := k.cfg.Ground.Enter(node, func() (err error) {
			f, err = openTUN(t.TunnelDevice())
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", k.nodes[node].name, err)
		}
		at.tunnels[t.VRF] = f
		k.running.Go(func() { k.readTunnel(node, t.VRF, f) })
	}
	return nil
}

// tunPath is where the kernel gives out TUN interfaces.
const tunPath = "/dev/net/tun"

// openTUN makes a TUN interface, which lasts as long as its file is open.
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open(tunPath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return nil, fmt.Errorf("%s is not there (%w): load the kernel module with `modprobe tun`, or give the container the device with --device %s", tunPath, err, tunPath)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: it needs root, and in a container --device %s", tunPath, err, tunPath)
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	switch {
	case errors.Is(err, unix.EBUSY):
		err = fmt.Errorf("%w: there is one already, of another router's", err)
	case errors.Is(err, unix.EPERM):
		err = fmt.Errorf("%w: in a container, give it --cap-add NET_ADMIN, or --privileged", err)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the TUN interface %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), tunPath), nil
}

// Try tells what a Kernel would miss in the present namespace: it opens what nodes need besides ordinary sockets, and closes
// it again.
func Try() error {
	tun, err := openTUN(Tunnel{}.TunnelDevice())
	if err != nil {
		return err
	}
	raw, err := rawSocket(unix.AF_INET, unix.IPPROTO_RAW)
	if err == nil {
		err = unix.Close(raw)
	}
	return errors.Join(err, tun.Close())
}

// readTunnel posts the packets that the kernel leaves to LISP, until the tunnel is closed.
func (k *Kernel) readTunnel(node int, vrf string, f *os.File) {
	buf := make([]byte, 1<<16)
	for {
		size, err := f.Read(buf)
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				k.post(func(time.Time) []Delivery {
					if k.sites[node].tunnels[vrf] == f {
						k.fail(fmt.Errorf("%s: its interface into LISP has vanished: somebody has removed it; bring the lab up again (%w)", k.nodes[node].name, err))
					}
					return nil
				})
			}
			return
		}
		in := lispcore.PacketReceived{Interface: TunnelInterface(vrf), Data: slices.Clone(buf[:size])}
		ok := k.post(func(time.Time) []Delivery {
			if k.sites[node].tunnels[vrf] != f {
				return nil
			}
			k.stats.Tunnelled++
			return []Delivery{{node, in}}
		})
		if !ok {
			return
		}
	}
}
