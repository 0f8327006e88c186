package commands

import (
	"strings"
	"testing"

	"lisplab/devices"
)

func TestShowAccessLists(t *testing.T) {
	set := compiled(t)
	cfg, err := set.Load(devices.Release155, "test", strings.Join([]string{
		"access-list 10 permit host 192.0.2.1",
		"access-list 10 deny 10.0.0.0 0.255.255.255",
		"access-list 10 remark the rest",
		"access-list 10 permit any",
		"ip access-list extended NO-TCP",
		" deny tcp any any eq 4342",
		" deny tcp any eq 4342 any established",
		" permit ip any any",
		"ip access-list standard NOBODY",
		" deny any",
		"ip access-list extended EMPTY",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var lists []devices.AccessListState
	for i, l := range cfg.AccessLists {
		s := devices.AccessListState{AccessList: l}
		for j := range l.Entries {
			s.Hits = append(s.Hits, uint64(i*j))
		}
		lists = append(lists, s)
	}
	screen := func(name string) func(*strings.Builder) {
		return func(w *strings.Builder) { w.WriteString(accessListsText(lists, name)) }
	}
	checkGolden(t, "show_access_lists", []goldenCase{
		{"all", screen("")},
		{"one", screen("10")},
		{"none", screen("OTHER")},
	})
}
