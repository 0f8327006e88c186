package devices

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Lab time runs as many times as fast as the wall as it was told to.
func TestClockRunsAtItsSpeed(t *testing.T) {
	for _, row := range []struct {
		speed     float64
		wall, lab time.Duration
	}{
		{1, time.Hour, time.Hour},
		{60, time.Second, time.Minute},
		{0.5, time.Minute, 30 * time.Second},
		{1, 1<<62 + 1, 1<<62 + 1}, // no float in between
	} {
		c := startClock(labStart, row.speed)
		if got := c.at(c.wallStart.Add(row.wall)).Sub(labStart); got != row.lab {
			t.Errorf("at speed %v %v of wall time are %v of lab time, expected %v", row.speed, row.wall, got, row.lab)
		}
		if c.skip(time.Hour); c.at(c.wallStart).Sub(labStart) != time.Hour {
			t.Errorf("at speed %v an hour that is skipped is no hour of lab time", row.speed)
		}
	}
}

// A timer for an instant of lab time never fires before it, and at most a little behind it.
func TestClockTimersAreNotEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := startClock(labStart, rapid.Float64Range(0.01, 10_000).Draw(t, "speed"))
		d := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "lab time"))
		shown := c.at(c.wallStart.Add(c.left(d))).Sub(labStart)
		slack := time.Duration(c.speed)*2 + d/1e9 + 2
		if shown < d-d/1e12 || shown > d+slack {
			t.Fatalf("at speed %v the timer for %v fires at %v", c.speed, d, shown)
		}
	})
}
