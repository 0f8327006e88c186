package transcripts

import "testing"

// What the far end of a telnet connection asks and the transcript does not answer stands in the answer of the run, for an
// update to show where an answer belongs.
func TestTelnetThatNobodyAnswers(t *testing.T) {
	tr, err := Parse("telnet.txt", "xTR1#telnet 209.165.201.31\nUsername: lab\n\n!! connect New-MSMR\nNew-MSMR#show sessions\n% No connections open\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := Replay(tr, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "Trying 209.165.201.31 ... Open\n\n\nUser Access Verification\n\nUsername: lab\nPassword: \n"
	if len(res.Failures) != 1 || text(res.Failures[0].Got) != want {
		t.Errorf("%v", res.Failures)
	}
}
