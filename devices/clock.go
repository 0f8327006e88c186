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
	speed     float64 // of lab time; the wall's is 1
}

// startClock makes a clock that shows the lab time now.
func startClock(now time.Time, speed float64) *clock {
	return &clock{wallStart: wall(), labStart: now, speed: speed}
}

// now is the lab time of this moment.
func (c *clock) now() time.Time { return c.at(wall()) }

// at is the lab time of a moment.
func (c *clock) at(wall time.Time) time.Time {
	return c.labStart.Add(scale(wall.Sub(c.wallStart), c.speed))
}

// skip moves the clock ahead.
func (c *clock) skip(d time.Duration) { c.labStart = c.labStart.Add(d) }

// after returns a timer that fires when the clock shows the instant.
func (c *clock) after(at time.Time) *time.Timer { return time.NewTimer(c.left(at.Sub(c.now()))) }

// left is how much wall time it takes until lab time has passed. It is rounded up: the instant has come then.
func (c *clock) left(d time.Duration) time.Duration {
	if c.speed == 1 {
		return d
	}
	return scale(d, 1/c.speed) + 1
}

// scale multiplies a time. At speed 1 it is exact, whatever the time.
func scale(d time.Duration, by float64) time.Duration {
	if by == 1 {
		return d
	}
	return time.Duration(float64(d) * by)
}
