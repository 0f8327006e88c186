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

func TestTableCompiles(t *testing.T) { compiled(t) }
