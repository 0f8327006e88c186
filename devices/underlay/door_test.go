package underlay

import (
	"strings"
	"testing"
)

// A port beside 4342 refuses until its router takes connections there; then it is a connection like any other, to the
// router's own port, whether the routers have addresses of their own in the kernel or not.
func TestPortsBeside4342(t *testing.T) {
	for name, noAliases := range map[string]bool{"aliases": false, "one address": true} {
		w := newWorld(t, func(c *Config) { c.noAliases = noAliases })
		for _, line := range []string{"0s telnet a b", "1s takes b", "1s telnet a b", "2s write a hi", "3s write b ho", "4s telnet b a",
			"5s deaf b", "5s dial a b", "6s close b", "7s cut b", "7s telnet a b", "8s telnet b a", "60s end"} {
			w.do(line)
		}
		want := `0s a connection refused; 1s a connected; 1s b accepted; 2s b data "hi"; 3s a data "ho"; 4s b connection refused; 5s a connection refused; ` +
			`6s a closed by peer; 8s b no route; 37s a timed out`
		if got := strings.Join(w.told, "; "); got != want {
			t.Errorf("%s: told %s\nwant %s", name, got, want)
		}
		for _, e := range w.events {
			if e.Kind == Accept && e.Src.Port() != 23 {
				t.Errorf("%s: accepted at %v", name, e.Src)
			}
		}
	}
}
