package lispcore

import (
	"container/heap"
	"time"
)

// Timers is the timer table of an engine: at most one deadline per key. Timers that are due at one instant fire in the
// order in which they were set, so that a run is the same every time.
type Timers[K comparable] struct {
	byKey map[K]*timer[K]
	queue timerHeap[K]
	armed uint64
}

type timer[K comparable] struct {
	key   K
	at    time.Time
	order uint64
	index int
}

// Set arms the timer of key at the instant, in place of an earlier deadline.
func (t *Timers[K]) Set(key K, at time.Time) {
	t.Stop(key)
	if t.byKey == nil {
		t.byKey = make(map[K]*timer[K])
	}
	t.armed++
	tm := &timer[K]{key: key, at: at, order: t.armed}
	t.byKey[key] = tm
	heap.Push(&t.queue, tm)
}

// Stop disarms the timer of key; one that is not armed is left so.
func (t *Timers[K]) Stop(key K) {
	if tm, ok := t.byKey[key]; ok {
		heap.Remove(&t.queue, tm.index)
		delete(t.byKey, key)
	}
}

// Get tells when the timer of key is due.
func (t *Timers[K]) Get(key K) (at time.Time, armed bool) {
	if tm, ok := t.byKey[key]; ok {
		return tm.at, true
	}
	return time.Time{}, false
}

// Next tells when the earliest timer is due.
func (t *Timers[K]) Next() (at time.Time, armed bool) {
	if len(t.queue) == 0 {
		return time.Time{}, false
	}
	return t.queue[0].at, true
}

// Due takes the earliest timer that is due at now off the table. Call it until it returns false.
func (t *Timers[K]) Due(now time.Time) (key K, due bool) {
	if len(t.queue) == 0 || t.queue[0].at.After(now) {
		return key, false
	}
	tm := heap.Pop(&t.queue).(*timer[K])
	delete(t.byKey, tm.key)
	return tm.key, true
}

type timerHeap[K comparable] []*timer[K]

func (h timerHeap[K]) Len() int { return len(h) }
func (h timerHeap[K]) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h timerHeap[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap[K]) Push(x any) {
	tm := x.(*timer[K])
	tm.index = len(*h)
	*h = append(*h, tm)
}
func (h *timerHeap[K]) Pop() any {
	old := *h
	tm := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return tm
}
