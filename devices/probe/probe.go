package probe

import (
	"net/netip"
	"strings"
	"time"

	"lisplab/devices/packet"
)

// Probe is a ping or a traceroute under way. It begins with Start; nothing happens after Done.
type Probe interface {
	Start(now time.Time)
	// Receive offers an echo reply or an ICMP error that came for the node. One that answers no packet under way is left
	// alone.
	Receive(now time.Time, m packet.Message)
	// Deadline tells when a Tick is wanted.
	Deadline() (at time.Time, armed bool)
	Tick(now time.Time)
	// Abort ends it early, as Ctrl-^ does.
	Abort()
	// Drain hands out the packets that are to be sent, in order, and forgets them.
	Drain() [][]byte
	// Text is what is new on the screen since the last call.
	Text() string
	Done() bool
}

// Sender is the node that probes.
type Sender struct {
	Source netip.Addr
	TTL    uint8         // of what is not sent to find out what happens when it runs out
	ID     uint16        // echo identifier, or UDP source port
	NextID func() uint16 // gives the IPv4 identification of the next packet
}

// common is what both kinds of probe have.
type common struct {
	screen strings.Builder
	out    [][]byte
	until  time.Time // when the packet under way is given up, or the next one goes
	sent   time.Time // when the packet under way was sent
	done   bool
}

func (c *common) Deadline() (time.Time, bool) { return c.until, !c.done && !c.until.IsZero() }

func (c *common) Drain() [][]byte {
	out := c.out
	c.out = nil
	return out
}

func (c *common) Text() string {
	text := c.screen.String()
	c.screen.Reset()
	return text
}

func (c *common) Done() bool { return c.done }

// due tells whether the deadline has come.
func (c *common) due(now time.Time) bool { return !c.done && !c.until.IsZero() && !now.Before(c.until) }

// milliseconds is a round trip as it prints.
func milliseconds(d time.Duration) int64 { return max(1, d.Milliseconds()) }

// address prints an address as IOS does: the letters of IPv6 in capitals.
func address(a netip.Addr) string { return strings.ToUpper(a.String()) }
