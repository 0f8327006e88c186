package clients

import (
	"slices"
	"testing"
	"time"
)

// What a person does not notice.
const (
	openLimit = 50 * time.Millisecond
	echoLimit = time.Millisecond
)

// median reports the median of what was measured, and fails above a limit.
func median(b *testing.B, took []time.Duration, limit time.Duration) {
	b.Helper()
	slices.Sort(took)
	m := took[len(took)/2]
	b.ReportMetric(float64(m)/float64(time.Millisecond), "median-ms")
	if m > limit {
		b.Errorf("the median is %v, expected at most %v", m, limit)
	}
}

// BenchmarkOpen is from the first packet to the prompt: connection, keys, password, session.
func BenchmarkOpen(b *testing.B) {
	for _, way := range ways {
		b.Run(way, func(b *testing.B) {
			s := serve(b, labOptions{})
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				c := s.login(b, way, "xTR1", user)
				took = append(took, time.Since(start))
				c.types("exit\r")
				c.ends()
				c.close()
			}
			median(b, took, openLimit)
		})
	}
}

// BenchmarkEcho is from a key to its echo.
func BenchmarkEcho(b *testing.B) {
	for _, way := range ways {
		b.Run(way, func(b *testing.B) {
			c := serve(b, labOptions{}).login(b, way, "xTR1", user)
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				c.types("x")
				c.shows("x")
				took = append(took, time.Since(start))
				if len(took)%50 == 0 { // the line begins anew
					b.StopTimer()
					c.types("\x03")
					c.sees("^C\r\nxTR1#")
					b.StartTimer()
				}
			}
			median(b, took, echoLimit)
		})
	}
}

// BenchmarkSlowestCommand finds which of the commands that show most takes longest from Enter to the next prompt, and
// measures it.
func BenchmarkSlowestCommand(b *testing.B) {
	c := serve(b, labOptions{}).login(b, "ssh", "New-MSMR", user)
	c.run("terminal length 0", "New-MSMR#")
	run := func(line string) time.Duration {
		start := time.Now()
		c.types(line + "\r")
		c.sees(line + "\r\n")
		c.until("New-MSMR#")
		return time.Since(start)
	}
	var slowest string
	var figure time.Duration
	for _, line := range []string{
		"show version", "show running-config", "show startup-config", "show logging", "show ip interface brief", "show ip route static",
		"show lisp site", "show lisp site detail", "show lisp session", "show running-config | section router lisp | include eid", "write memory",
	} {
		var took []time.Duration
		for range 20 {
			took = append(took, run(line))
		}
		slices.Sort(took)
		if m := took[len(took)/2]; m > figure {
			slowest, figure = line, m
		}
	}
	b.Run(slowest, func(b *testing.B) {
		for b.Loop() {
			run(slowest)
		}
	})
}
