//go:build linux

package underlay

import (
	"os"

	"golang.org/x/sys/unix"
)

// wireRoom is how many bytes of frames wait in the kernel while a wire has no time.
const wireRoom = 4 << 20

// WireSocket opens a packet socket at an interface of the present namespace, by its index, that hears what comes by it and
// not what is sent there.
func WireSocket(index int) (*os.File, error) {
	return packetSocket("impairments", func(fd int) error {
		if err := set(fd, option{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING"}); err != nil {
			return err
		}
		return setRoom(fd, wireRoom)
	}, index)
}
