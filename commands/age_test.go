package commands

import (
	"testing"
	"time"

	"lisplab/devices"
)

func TestAge(t *testing.T) {
	const d, h, m = 24 * time.Hour, time.Hour, time.Minute
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{-time.Second, "00:00:00"},
		{0, "00:00:00"},
		{999 * time.Millisecond, "00:00:00"},
		{time.Second, "00:00:01"},
		{65 * time.Second, "00:01:05"},
		{5*h + 5*m + 40*time.Second, "05:05:40"},
		{d - time.Nanosecond, "23:59:59"},
		{d, "1d00h"},
		{d + 2*h + 59*m, "1d02h"},
		{6*d + 23*h + 59*m, "6d23h"},
		{7 * d, "1w0d"},
		{18 * d, "2w4d"},
		{364 * d, "52w0d"},
		{365 * d, "1y0w"},
		{380 * d, "1y2w"},
		{10*365*d + 51*7*d, "10y51w"},
	} {
		now := labTime(0)
		if got := age(now, now.Add(-c.ago)); got != c.want {
			t.Errorf("age of %v = %q, want %q", c.ago, got, c.want)
		}
	}
	if got := age(labTime(5), time.Time{}); got != "never" {
		t.Errorf("age of the zero instant = %q, want never", got)
	}
}

// A Record TTL is 32 bits of minutes; the largest are thousands of years.
func TestTTL(t *testing.T) {
	for minutes, want := range map[uint32]string{0: "00:00:00", 1: "00:01:00", 1440: "1d00h", 10080: "1w0d", 0xffffffff: "8171y28w"} {
		if got := ttlText(minutes); got != want {
			t.Errorf("TTL %d = %q, want %q", minutes, got, want)
		}
	}
}

func TestUptime(t *testing.T) {
	for _, c := range []struct {
		up   time.Duration
		want string
	}{
		{-time.Hour, "0 minutes"},
		{59 * time.Second, "0 minutes"},
		{time.Minute, "1 minute"},
		{5 * time.Hour, "5 hours, 0 minutes"},
		{25*time.Hour + 3*time.Minute, "1 day, 1 hour, 3 minutes"},
		{15 * 24 * time.Hour, "2 weeks, 1 day, 0 minutes"},
		{(2*365*24+31*7*24+6*24+9)*time.Hour + 55*time.Minute, "2 years, 31 weeks, 6 days, 9 hours, 55 minutes"},
	} {
		if got := uptime(c.up); got != c.want {
			t.Errorf("uptime(%v) = %q, want %q", c.up, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		at         time.Time
		clock, log string
	}{
		{labTime(10), "*00:00:10.000 UTC Thu Jan 1 2026", "*Jan  1 00:00:10.000"},
		{labTime(26466).Add(7 * time.Millisecond), "*07:21:06.007 UTC Thu Jan 1 2026", "*Jan  1 07:21:06.007"},
		{labTime(30 * 86400), "*00:00:00.000 UTC Sat Jan 31 2026", "*Jan 31 00:00:00.000"},
	} {
		if got := clockText(c.at); got != c.clock {
			t.Errorf("clockText = %q, want %q", got, c.clock)
		}
		if got := LogText(devices.Config{}, labTime(0), devices.LogLine{At: c.at, Text: "%X"}); got != c.log+": %X" {
			t.Errorf("LogText = %q, want %q", got, c.log)
		}
	}
}
