package commands

import "testing"

// A DSCP has a number, and many have a name (RFC 2474, RFC 2597, RFC 3246).
func TestParseDSCP(t *testing.T) {
	for text, want := range map[string]uint8{
		"": 0, "0": 0, "63": 63, "ef": 46, "EF": 46, "af11": 10, "af13": 14, "af21": 18, "af31": 26, "af43": 38, "cs1": 8, "cs7": 56,
	} {
		if got, ok := parseDSCP(text); got != want || !ok {
			t.Errorf("%q is %d, %t; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"64", "-1", "184", "300", "be", "af10", "af14", "af51", "cs0", "cs8", "e", "0x2e"} {
		if got, ok := parseDSCP(text); ok {
			t.Errorf("%q is %d; want nothing", text, got)
		}
	}
}
