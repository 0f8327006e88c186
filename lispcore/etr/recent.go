package etr

import "container/list"

// recent is a table that remembers a bounded number of keys: a new one pushes out the one that was touched longest ago. So
// whoever makes up keys makes the table forget, never grow.
type recent[K comparable, V any] struct {
	limit int
	byKey map[K]*list.Element // of *item[K, V]
	order *list.List          // touched last, first
}

type item[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) recent[K, V] {
	return recent[K, V]{limit: limit, byKey: make(map[K]*list.Element), order: list.New()}
}

// touch returns the value of a key for reading and changing: the zero value of one that is new.
func (r *recent[K, V]) touch(key K) *V {
	if e := r.byKey[key]; e != nil {
		r.order.MoveToFront(e)
		return &e.Value.(*item[K, V]).value
	}
	if len(r.byKey) == r.limit { // the oldest one's place is used again
		e := r.order.Back()
		old := e.Value.(*item[K, V])
		delete(r.byKey, old.key)
		*old = item[K, V]{key: key}
		r.byKey[key] = e
		r.order.MoveToFront(e)
		return &old.value
	}
	i := &item[K, V]{key: key}
	r.byKey[key] = r.order.PushFront(i)
	return &i.value
}

// all visits keys and values, those touched last first, until visit returns false.
func (r *recent[K, V]) all(visit func(K, V) bool) {
	for e := r.order.Front(); e != nil; e = e.Next() {
		if i := e.Value.(*item[K, V]); !visit(i.key, i.value) {
			return
		}
	}
}
