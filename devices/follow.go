package devices

import (
	"context"
	"errors"
	"time"
)

// follower is the goroutine that owns a lab which follows the wall clock.
type follower struct {
	clock  *clock
	work   chan func()
	cancel context.CancelFunc
	done   chan struct{}
}

// Follow makes lab time follow the wall clock from now on, until ctx ends or the lab is closed. A goroutine owns the lab
// meanwhile; everything else must come by Do. A lab that follows already goes on as it was.
func (l *Lab) Follow(ctx context.Context) { l.FollowAt(ctx, 1) }

// FollowAt is Follow with a lab time that runs speed times as fast as the wall clock, which must be above 0. In real time it
// is 1.
func (l *Lab) FollowAt(ctx context.Context, speed float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.follower != nil || l.closed {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	clock := startClock(l.loop.now, speed)
	if l.live != nil {
		clock = l.live.clock
	}
	l.follower = &follower{clock, make(chan func()), cancel, make(chan struct{})}
	go l.follow(ctx, l.follower)
}

func (l *Lab) follow(ctx context.Context, f *follower) {
	defer close(f.done)
	defer f.cancel()
	told := false
	for {
		err := l.keepUp(f) // Err keeps the error; Do goes on, time does not
		if err != nil && !told && l.failed != nil && !errors.Is(err, ErrInterrupted) {
			told = true
			l.failed(err)
		}
		timer := f.timer(l)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case fn := <-f.work:
			timer.Stop()
			_ = l.keepUp(f)
			fn()
		case a := <-l.arrivals():
			timer.Stop()
			_ = l.take(a)
		case <-timer.C:
		}
	}
}

// keepUp lets everything happen that is due by the wall clock.
func (l *Lab) keepUp(f *follower) error {
	if l.live != nil {
		return l.catchUp()
	}
	return l.loop.run(f.clock.now())
}

// timer fires when the lab has something to do.
func (f *follower) timer(l *Lab) *time.Timer {
	at, armed := l.loop.wake()
	if !armed || l.loop.err != nil {
		at = f.clock.now().Add(time.Hour)
	}
	return f.clock.after(at)
}

// Following tells whether lab time follows the wall clock. It is for who owns the lab.
func (l *Lab) Following() bool { return l.follower != nil }

// unfollow ends the follower and waits for it. The lab must not be locked.
func (l *Lab) unfollow() {
	l.mu.Lock()
	f := l.follower
	l.mu.Unlock()
	if f != nil {
		f.cancel()
		<-f.done
	}
}

// Do runs fn on the goroutine that owns the lab: the caller's own, or, while the lab follows the wall clock, the
// follower's, which first lets everything happen that is due. fn must not call Do, Follow or Close.
func (l *Lab) Do(fn func()) {
	if l.inside {
		fn()
		return
	}
	for {
		l.mu.Lock()
		f := l.follower
		if f == nil {
			defer l.mu.Unlock()
			fn()
			return
		}
		l.mu.Unlock()
		ran := make(chan struct{})
		select {
		case f.work <- func() { defer close(ran); fn() }:
			<-ran
			return
		case <-f.done: // it has just ended: the lab is nobody's
			l.mu.Lock()
			if l.follower == f {
				l.follower = nil
			}
			l.mu.Unlock()
		}
	}
}

// Inside returns the lab for those who are on the goroutine that owns it already, by Do or by Stream.OnChange: its own Do
// runs fn at once.
func (l *Lab) Inside() *Lab { return &Lab{l.world, true} }
