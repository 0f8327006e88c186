package commands

import "testing"

func TestType7Keys(t *testing.T) {
	for hidden, want := range map[string]string{
		"02050D480809": "cisco",
		"070C285F4D06": "cisco",
		"094F471A1A0A": "cisco",
	} {
		if got, ok := reveal(hidden); !ok || got != want {
			t.Errorf("%s: %q, %v; want %q", hidden, got, ok, want)
		}
	}
	for _, bad := range []string{"", "02", "0", "xx050D480809", "02050D48080", "02050D4808zz", "99050D480809", "02FF"} {
		if got, ok := reveal(bad); ok {
			t.Errorf("%s is read as %q", bad, got)
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
