package bench

import (
	"syscall"
	"time"
)

// span is what a piece of work took.
type span struct {
	wall time.Duration
	cpu  time.Duration // of this process, sender and server together; a busy machine hardly changes it
}

// stopwatch returns a function that tells what was taken since.
func stopwatch() func() span {
	began, cpu := time.Now(), cpuTime()
	return func() span { return span{time.Since(began), cpuTime() - cpu} }
}

// cpuTime is the processor time, user and system, that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // unknown: printed as 0.00
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rate is the best of several spans.
type rate struct {
	perSecond float64
	cpu       time.Duration // of one message
}

// best takes one more span, in which n messages were handled.
func (r *rate) best(n int, took span) {
	if n == 0 || took.wall <= 0 {
		return
	}
	r.perSecond = max(r.perSecond, float64(n)/took.wall.Seconds())
	if cpu := took.cpu / time.Duration(n); r.cpu == 0 || cpu < r.cpu {
		r.cpu = cpu
	}
}
