package commands

import "testing"

// A key of type 7 is read; one that is none is refused.
func TestType7Keys(t *testing.T) {
	if got := load(t, "router lisp\n site A\n authentication-key 7 02050D480809").LISP.Sites[0].Key; got != "cisco" {
		t.Errorf("the key is read as %q", got)
	}
	for _, bad := range []string{"02", "xx050D480809", "0044"} {
		if _, err := compiled(t).Load("", "", "router lisp\n site A\n authentication-key 7 "+bad); err == nil {
			t.Errorf("%s is read as a key", bad)
		}
	}
}

// A key that reads like a type must come back as the key that it is.
func TestKeysThatLookLikeTypes(t *testing.T) {
	for _, key := range []string{"0", "7", "00", "07", "cisco", "70"} {
		cfg := load(t, "router lisp\n site A\n authentication-key 0 "+key+"\n ipv4 etr map-server 10.0.0.1 key 0 "+key)
		cfg = load(t, compiled(t).File("", cfg))
		if got := cfg.LISP.Sites[0].Key; got != key {
			t.Errorf("site key %q came back as %q", key, got)
		}
		if got := cfg.LISP.IPv4.ETRMapServers[0].Key; got != key {
			t.Errorf("map-server key %q came back as %q", key, got)
		}
	}
}
