package commands

import (
	"fmt"
	"strings"
	"time"
)

const (
	minute = 60 // seconds
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
	year   = 365 * day
)

// age prints how long ago an instant was, cut to whole seconds: "00:01:05", "1d02h", "2w4d", "1y2w". The zero instant
// is "never"; an instant that lies ahead is zero seconds ago.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "never"
	}
	return span(max(0, int64(now.Sub(then)/time.Second)))
}

// span prints a number of seconds in the form of an age.
func span(s int64) string {
	switch {
	case s < day:
		return fmt.Sprintf("%02d:%02d:%02d", s/hour, s/minute%60, s%60)
	case s < week:
		return fmt.Sprintf("%dd%02dh", s/day, s%day/hour)
	case s < year:
		return fmt.Sprintf("%dw%dd", s/week, s%week/day)
	}
	return fmt.Sprintf("%dy%dw", s/year, s%year/week)
}

// uptime prints a duration as `show version` words it: "2 weeks, 1 day, 3 hours, 0 minutes". Units that are zero are
// left out, minutes never.
func uptime(d time.Duration) string {
	s := max(0, int64(d/time.Second))
	var parts []string
	for _, u := range []struct {
		name    string
		seconds int64
	}{{"year", year}, {"week", week}, {"day", day}, {"hour", hour}, {"minute", minute}} {
		n := s / u.seconds
		s %= u.seconds
		switch {
		case n == 1:
			parts = append(parts, "1 "+u.name)
		case n > 1 || u.name == "minute":
			parts = append(parts, fmt.Sprintf("%d %ss", n, u.name))
		}
	}
	return strings.Join(parts, ", ")
}
