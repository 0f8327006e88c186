package commands

import (
	"strings"
	"testing"

	"lisplab/devices"
)

// A cipher that authenticates needs no MAC; sessions that have not come by SSH are not listed.
func TestShowSSH(t *testing.T) {
	way := devices.SSHProtection{Cipher: "aes128-gcm@openssh.com"}
	list := []*devices.Terminal{
		{User: "by telnet"},
		{Line: devices.LineName{VTY: true, Number: 3}, User: "lab", SSH: &devices.SSHTerms{In: way, Out: devices.SSHProtection{Cipher: "aes256-ctr", MAC: "hmac-sha1"}}},
	}
	var out strings.Builder
	if err := writeSSH(&out, FormIOS, list); err != nil {
		t.Fatal(err)
	}
	want := `Connection Version Mode Encryption  Hmac         State                 Username
3          2.0     IN   aes128-gcm@openssh.com none         Session started       lab
3          2.0     OUT  aes256-ctr  hmac-sha1    Session started       lab
%No SSHv1 server connections running.
`
	if out.String() != want {
		t.Errorf("the screen shows\n%s\nexpected\n%s", out.String(), want)
	}
}
