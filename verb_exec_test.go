package main

import (
	"encoding/json"
	"testing"
)

// TestExecJSON asks for JSON: a table has that form, and what has none fails instead of being taken for it.
func TestExecJSON(t *testing.T) {
	out, _, code := captured(t, t.Context(), "exec", "New-MSMR", "show lisp session", "--form", "json")
	shown := all(t, out)
	var rows []map[string]string
	if n := <-code; n != 0 || json.Unmarshal([]byte(shown), &rows) != nil || len(rows) != 2 {
		t.Errorf("exit code %d, %s", n, shown)
	}
	_, errs, code := captured(t, t.Context(), "exec", "New-MSMR", "show clock", "--form", "json")
	if n, told := <-code, all(t, errs); n != exitFailed || told != "lisplab: `show clock` has no JSON form\n" {
		t.Errorf("exit code %d, %q", n, told)
	}
}
