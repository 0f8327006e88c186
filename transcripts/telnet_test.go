package transcripts

import (
	"testing"

	"lisplab/devices"
	"lisplab/devices/password"
)

const telnet = `!! lab reliable-registration
!! advance 10s

xTR1#telnet 209.165.201.31
Trying 209.165.201.31 ... Open


User Access Verification

Username: lab
Password: lab
New-MSMR#show clock
*00:00:10.000 UTC Thu Jan 1 2026
New-MSMR#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
New-MSMR(config)#interface GigabitEthernet0/0
New-MSMR(config-if)#<^Z>
New-MSMR#<^^>x
xTR1#show sessions
Conn Host                Address             Byte  Idle Conn Name
*  1 209.165.201.31      209.165.201.31         0     0 209.165.201.31

! The router's own terminal is another one.
New-MSMR#show sessions
% No connections open
xTR1#resume 1
[Resuming connection 1 to 209.165.201.31 ... ]
New-MSMR#show cl?
clock

New-MSMR#telnet 203.0.113.11
Trying 203.0.113.11 ... Open


User Access Verification

Username: lab
Password: lab

! The terminal is xTR1's still, by way of New-MSMR.
xTR1#show sessions
% No connections open
xTR1#exit

[Connection to 203.0.113.11 closed by foreign host]
New-MSMR#exit

[Connection to 209.165.201.31 closed by foreign host]
xTR1#show sessions
% No connections open
`

// letIn lets the user lab in at every router.
func letIn(lab *devices.Lab) error {
	for _, d := range lab.Devices() {
		cfg := d.Config()
		cfg.Users = []devices.User{{Name: "lab", Level: 15, Secret: true, Password: password.Password{Text: "lab"}}}
		cfg.VTYs = make([]devices.Line, devices.DefaultVTYs)
		for i := range cfg.VTYs {
			cfg.VTYs[i].Login = devices.LoginLocal
		}
		if err := d.Apply(cfg); err != nil {
			return err
		}
	}
	return nil
}

// A transcript shows a person who goes on to other routers by telnet: the prompt is that of the far router, the terminal
// the same.
func TestTelnetInATranscript(t *testing.T) {
	tr, err := Parse("telnet.txt", telnet)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Replay(tr, Options{Before: letIn})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Failures {
		t.Error(f)
	}
}

// What the far end asks and nobody answers stands in the answer, for an update to show.
func TestTelnetThatNobodyAnswers(t *testing.T) {
	tr, err := Parse("telnet.txt", "xTR1#telnet 209.165.201.31\nUsername: lab\n\n!! connect New-MSMR\nNew-MSMR#show sessions\n% No connections open\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := Replay(tr, Options{Before: letIn})
	if err != nil {
		t.Fatal(err)
	}
	want := "Trying 209.165.201.31 ... Open\n\n\nUser Access Verification\n\nUsername: lab\nPassword: \n"
	if len(res.Failures) != 1 || text(res.Failures[0].Got) != want {
		t.Errorf("%v", res.Failures)
	}
}
