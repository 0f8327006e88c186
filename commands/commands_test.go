package commands

import (
	"sync"
	"testing"
)

var table = sync.OnceValues(New)

// compiled returns the table, compiled once for all tests.
func compiled(t testing.TB) *Set {
	t.Helper()
	s, err := table()
	if err != nil {
		t.Fatalf("the table does not compile:\n%v", err)
	}
	return s
}

func TestTableCompiles(t *testing.T) {
	if err := compiled(t).Check(); err != nil {
		t.Error(err)
	}
}

// What a process pays before its first line.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}
