package commands

import (
	"fmt"
	"math"
	"strings"
	"time"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

// writeCounters prints the part of `show interfaces` that counts. Where it is the kernel that counts, the lines are left out of
// which it knows nothing.
func writeCounters(b *strings.Builder, name string, c devices.InterfaceCounters, now time.Time) {
	ethernet := mediumOf(name).encapsulation == "ARPA"
	queue, abort := underlay.QueuePackets, ", 0 abort"
	if ethernet {
		abort = ""
	}
	if strings.HasPrefix(name, "Loopback") {
		queue = 0
	}
	if c.Modelled {
		fmt.Fprintf(b, "  Last input %s, output %s, output hang never\n", age(now, c.In.Last), age(now, c.Out.Last))
	}
	fmt.Fprintf(b, "  Last clearing of \"show interface\" counters %s\n", age(now, c.Cleared))
	fmt.Fprintf(b, "  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: %d\n", c.OutputDrops)
	fmt.Fprintf(b, "  Queueing strategy: fifo\n  Output queue: %d/%d (size/max)\n", c.Queued, queue)
	if c.Modelled {
		fmt.Fprintf(b, "  5 minute input rate %s\n  5 minute output rate %s\n", rateText(c.In), rateText(c.Out))
	}
	fmt.Fprintf(b, "     %d packets input, %d bytes, 0 no buffer\n", c.In.Packets, c.In.Bytes)
	if c.Modelled {
		b.WriteString("     Received 0 broadcasts (0 IP multicasts)\n")
	}
	b.WriteString("     0 runts, 0 giants, 0 throttles \n")
	fmt.Fprintf(b, "     %d input errors, %d CRC, 0 frame, 0 overrun, 0 ignored%s\n", c.InputErrors, c.CRC, abort)
	if ethernet && c.Modelled {
		b.WriteString("     0 watchdog, 0 multicast, 0 pause input\n")
	}
	fmt.Fprintf(b, "     %d packets output, %d bytes, 0 underruns\n", c.Out.Packets, c.Out.Bytes)
	b.WriteString("     0 output errors, 0 collisions, 0 interface resets\n")
	b.WriteString("     0 unknown protocol drops\n")
	if ethernet {
		b.WriteString("     0 babbles, 0 late collision, 0 deferred\n     0 lost carrier, 0 no carrier, 0 pause output\n")
	}
	b.WriteString("     0 output buffer failures, 0 output buffers swapped out\n")
}

// rateText prints an average: bits a second in steps of 1000, as IOS does.
func rateText(t underlay.Traffic) string {
	return fmt.Sprintf("%.0f bits/sec, %.0f packets/sec", math.Round(t.Bits/1000)*1000, math.Round(t.Rate))
}
