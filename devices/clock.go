package devices

import "time"

// labStart is lab time 0.
var labStart = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// wall reads the wall clock. It is the only place in the lab that does: lab time is moved by deadlines, by Advance, and,
// while the lab follows it, by this clock.
func wall() time.Time { return time.Now() }

// clock maps wall time to lab time while a lab follows the wall. What Advance added stays.
type clock struct {
	wallStart time.Time // with its monotonic reading
	labStart  time.Time
}

// startClock makes a clock that shows the lab time now.
func startClock(now time.Time) *clock { return &clock{wallStart: wall(), labStart: now} }

// now is the lab time of this moment.
func (c *clock) now() time.Time { return c.labStart.Add(wall().Sub(c.wallStart)) }

// skip moves the clock ahead.
func (c *clock) skip(d time.Duration) { c.labStart = c.labStart.Add(d) }

// after returns a timer that fires when the clock shows the instant.
func (c *clock) after(at time.Time) *time.Timer { return time.NewTimer(at.Sub(c.now())) }
