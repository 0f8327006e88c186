package bench

import (
	"fmt"
	"time"
)

// A TCP session that says nothing is probed once a minute: two segments of 40 bytes.
const (
	probesPerHour = 60
	probeBytes    = 2 * 40
)

// cost is what one ETR costs a Map-Server: messages both ways, bytes on the wire.
type cost struct {
	prefixes  int
	udp       traffic // each hour by UDP
	tcp       traffic // each hour by reliable transport
	admission traffic // once, until the session stands and all is registered
}

// hourlyCost lets an ETR with n prefixes register by UDP and by reliable transport, and counts an hour of each once all
// prefixes are registered. A fraction of the hour is measured, and multiplied.
func hourlyCost(n, fraction int) (cost, error) {
	const settle = 3 * time.Minute
	c := cost{prefixes: n}
	for _, reliable := range []bool{false, true} {
		p := newPair(n, reliable)
		if err := p.run(settle); err != nil {
			return c, err
		}
		if held := len(p.ms.Snapshot().Sites[0].Entries[0].MoreSpecifics); held != n {
			return c, fmt.Errorf("%d of %d prefixes are registered after %v", held, n, settle)
		}
		start := p.take()
		if err := p.run(time.Hour / time.Duration(fraction)); err != nil {
			return c, err
		}
		hour := p.take()
		hour.messages *= fraction
		hour.bytes *= fraction
		if reliable {
			hour.bytes += probesPerHour * probeBytes
			c.admission, c.tcp = start, hour
		} else {
			c.udp = hour
		}
	}
	return c, nil
}
