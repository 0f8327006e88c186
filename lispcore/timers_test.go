package lispcore_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/lispcore"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// fired takes all timers that are due off the table, in order.
func fired(t *lispcore.Timers[string], now time.Time) (keys []string) {
	for key, due := t.Due(now); due; key, due = t.Due(now) {
		keys = append(keys, key)
	}
	return keys
}

func TestTimers(t *testing.T) {
	var timers lispcore.Timers[string]
	if _, armed := timers.Next(); armed {
		t.Error("an empty table has a next timer")
	}
	timers.Stop("never armed")
	timers.Set("c", after(3))
	timers.Set("a", after(1))
	timers.Set("b", after(2))
	timers.Set("stopped", after(1))
	timers.Stop("stopped")
	if at, armed := timers.Get("b"); !armed || !at.Equal(after(2)) {
		t.Errorf("b at %v, %t", at, armed)
	}
	if at, armed := timers.Next(); !armed || !at.Equal(after(1)) {
		t.Errorf("next at %v, %t", at, armed)
	}
	if got := fired(&timers, after(0)); got != nil {
		t.Errorf("fired too early: %v", got)
	}
	if got := fired(&timers, after(2)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("fired %v, want a b", got)
	}
	timers.Set("c", after(9)) // in place of the earlier deadline
	if got := fired(&timers, after(8)); got != nil {
		t.Errorf("fired at the old deadline: %v", got)
	}
	if got := fired(&timers, after(100)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("fired %v, want c", got)
	}
	if _, armed := timers.Get("c"); armed {
		t.Error("armed after it fired")
	}
}

// TestTimersOfOneInstant fire in the order in which they were set; setting one again puts it last.
func TestTimersOfOneInstant(t *testing.T) {
	var timers lispcore.Timers[string]
	for i := range 20 {
		timers.Set(fmt.Sprint(i), after(1))
	}
	timers.Set("7", after(1))
	want := []string{"0", "1", "2", "3", "4", "5", "6", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "7"}
	if got := fired(&timers, after(1)); !slices.Equal(got, want) {
		t.Errorf("fired %v", got)
	}
}

// TestTimersAgainstAList plays any doings on a table and on a plain list.
func TestTimersAgainstAList(t *testing.T) {
	type entry struct {
		key int
		at  time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		var timers lispcore.Timers[int]
		var list []entry // in the order of setting
		now := noon
		remove := func(key int) { list = slices.DeleteFunc(list, func(e entry) bool { return e.key == key }) }
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				key, at := rapid.IntRange(0, 9).Draw(t, "key"), now.Add(time.Duration(rapid.IntRange(-2, 9).Draw(t, "in"))*time.Second)
				timers.Set(key, at)
				remove(key)
				list = append(list, entry{key, at})
			},
			"stop": func(t *rapid.T) {
				key := rapid.IntRange(0, 9).Draw(t, "key")
				timers.Stop(key)
				remove(key)
			},
			"due": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "s")) * time.Second)
				key, due := timers.Due(now)
				first := slices.SortedStableFunc(slices.Values(list), func(a, b entry) int { return a.at.Compare(b.at) })
				wantDue := len(first) > 0 && !first[0].at.After(now)
				if due != wantDue || due && key != first[0].key {
					t.Fatalf("due %d, %t; list %v", key, due, first)
				}
				if due {
					remove(key)
				}
			},
			"": func(t *rapid.T) {
				at, armed := timers.Next()
				if armed != (len(list) > 0) {
					t.Fatalf("armed %t, list %v", armed, list)
				}
				if armed && !at.Equal(slices.MinFunc(list, func(a, b entry) int { return cmp.Or(a.at.Compare(b.at)) }).at) {
					t.Fatalf("next %v, list %v", at, list)
				}
				for _, e := range list {
					if at, armed := timers.Get(e.key); !armed || !at.Equal(e.at) {
						t.Fatalf("%d at %v, %t; list %v", e.key, at, armed, list)
					}
				}
			},
		})
	})
}
