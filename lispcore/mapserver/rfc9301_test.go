package mapserver_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"lisplab/lispcore/enginetest"
)

// The tests of this file hold sentences of RFC 9301, by the section that they are in. Each plays a scenario on a Map-Server
// MS with a Map-Resolver in front, sites A (10.0.0.0/8 and 2001:db8::/32, more specifics) and B (10.2.0.0/16), the ETRs X
// and Y, and the ITR I.

// server starts the scenario.
func server() *enginetest.Player {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "resolver MS", "site MS A key-a 10.0.0.0/8* 2001:db8::/32*", "site MS B key-b 10.2.0.0/16",
		"puppet X 10.0.0.1", "puppet Y 10.0.0.2", "puppet I 10.0.0.5")
	return p
}

// nonce is how a scenario names one: which it is hardly ever matters here.
var nonce = regexp.MustCompile(` n\d+(\+\d+)?`)

// answers plays lines and returns what MS says, a line each, without the times and the names of the nonces.
func answers(p *enginetest.Player, lines ...string) string {
	var said []string
	for line := range strings.Lines(p.Play(lines...)) {
		if text := strings.TrimSpace(line[min(len(line), 10):]); strings.HasPrefix(text, "MS ") {
			said = append(said, nonce.ReplaceAllString(strings.Join(strings.Fields(text), " "), " n"))
		}
	}
	return strings.Join(said, "\n")
}

// holds fails the test unless got is want.
func holds(t *testing.T, got string, want ...string) {
	t.Helper()
	if w := strings.Join(want, "\n"); got != w {
		t.Errorf("\n got %s\nwant %s", strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(w, "\n", "\n     "))
	}
}

const ask = "send I MS ecm request itr=10.0.0.5 nonce=1000 "

// The A bit says that the destination site shall answer, and not the mapping system.
func TestRFC9301_5_2_AnAuthoritativeRequestIsNotProxied(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24")
	holds(t, answers(p, ask+"A 10.1.1.1/32"), "MS -> X ECM E Map-Request n A: 10.1.1.1/32, reply to I")
}

// Several ITR-RLOCs let the one who replies choose where to.
func TestRFC9301_5_2_TheReplierChoosesTheITRRLOC(t *testing.T) {
	holds(t, answers(server(), "send I MS ecm request itr=2001:db8::5,10.0.0.5 nonce=1 11.1.1.1/32"),
		"MS -> I Map-Reply n: 11.0.0.0/8 ttl 15 A=false {} natively-forward")
}

// Senders put one record into a Map-Request; receivers take more.
func TestRFC9301_5_3_SeveralRecordsAreAnswered(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24 2001:db8:1::/48")
	holds(t, answers(p, ask+"10.1.1.1/32 2001:db8:1::1/128"),
		"MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.1 1/100 R}, 2001:db8:1::/48 A=false {10.0.0.1 1/100 R}")
}

// The nonce of a Map-Reply is that of the Map-Request.
func TestRFC9301_5_4_TheReplyEchoesTheNonce(t *testing.T) {
	p := server()
	for _, nonce := range []string{"7", "5000000", "81985529216486895"} {
		text := p.Play("send I MS ecm request itr=10.0.0.5 nonce=" + nonce + " 11.1.1.1/32")
		lines := strings.Split(text, "\n")
		asked, answered := strings.Fields(lines[0]), strings.Fields(lines[1])
		if got, want := answered[4], asked[6]; got != want {
			t.Errorf("the nonce %s is answered by %s:\n%s", want, got, text)
		}
	}
}

// Only an ETR sets the A bit, not a Map-Server that replies in its stead.
func TestRFC9301_5_4_AProxyReplyIsNotAuthoritative(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.1 1/100 R}")
}

// A Map-Server that replies for a site clears the L bit of all locators.
func TestRFC9301_5_4_NoLocatorOfAProxyReplyIsLocal(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24 rloc=10.0.0.1/1/50 rloc=10.0.0.2/1/50")
	if text := p.Play(ask + "10.1.1.1/32"); !strings.Contains(text, "{10.0.0.1 1/50 R, 10.0.0.2 1/50 R}") {
		t.Error(text)
	}
}

// A record without locators says by its action what shall become of packets: so it is when an ETR registers it.
func TestRFC9301_5_4_ARegistrationWithoutLocatorsIsAnsweredAsItIs(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a 10.1.1.0/24 act=3 version=5")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {} drop/no-reason version 5")
}

// The Map-Reply has the prefix that covers the EID, and all more specifics of it.
func TestRFC9301_5_5_OverlappingPrefixesComeTogether(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.0.0/16 10.1.1.0/24 10.1.2.0/24 10.3.0.0/16")
	if text := p.Play(ask + "10.1.5.5/32"); !strings.Contains(text, "10.1.0.0/16") || !strings.Contains(text, "10.1.1.0/24") ||
		!strings.Contains(text, "10.1.2.0/24") || strings.Contains(text, "10.3.0.0/16") {
		t.Error(text)
	}
	holds(t, answers(p, ask+"10.1.1.5/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.1 1/100 R}")
}

// The records of such a Map-Reply have one TTL, so that they time out together.
func TestRFC9301_5_5_OverlappingPrefixesLiveEquallyLong(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.0.0/16 ttl=60", "silently send X MS register key-a P 10.1.1.0/24 ttl=30")
	holds(t, answers(p, ask+"10.1.5.5/32"),
		"MS -> I Map-Reply n: 10.1.0.0/16 ttl 30 A=false {10.0.0.1 1/100 R}, 10.1.1.0/24 ttl 30 A=false {10.0.0.1 1/100 R}")
	holds(t, answers(p, ask+"10.1.1.5/32"), "MS -> I Map-Reply n: 10.1.1.0/24 ttl 30 A=false {10.0.0.1 1/100 R}")
}

// The T bit asks for a time-out by the Record TTL.
func TestRFC9301_5_6_TheTBitTimesOutByRecordTTL(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a T 10.1.1.0/24 ttl=5")
	holds(t, answers(p, "advance 4m59s"))
	holds(t, answers(p, "advance 1s"), "MS * expired: X 10.1.1.0/24 in site A")
}

// The a bit asks for the locators of several xTRs to be merged.
func TestRFC9301_5_6_TheMergeBitMergesLocators(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P a 10.1.1.0/24", "silently send Y MS register key-a P a 10.1.1.0/24")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.1 1/100 R, 10.0.0.2 1/100 R}")
	p = server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24", "silently send Y MS register key-a P 10.1.1.0/24")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.2 1/100 R}")
}

// A Map-Notify that nobody acknowledges is sent again: three times 3 s apart, then with the wait doubling.
func TestRFC9301_5_7_UnsolicitedMapNotifiesAreSentAgain(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a a 10.1.1.0/24", "silently send Y MS register key-a a 10.1.1.0/24")
	var times []string
	for line := range strings.Lines(p.Play("advance 2m")) {
		times = append(times, strings.Fields(line)[0])
	}
	if got := fmt.Sprint(times); got != "[00:00:03 00:00:06 00:00:09 00:00:15 00:00:27]" {
		t.Error(got)
	}
}

// A Map-Notify-Ack ends that.
func TestRFC9301_5_7_AMapNotifyAckEndsTheResends(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a a 10.1.1.0/24 nonce=1", "silently send Y MS register key-a a 10.1.1.0/24 nonce=2",
		"silently advance 4s", "silently send X MS notify-ack key-a nonce=n2 10.1.1.0/24")
	holds(t, answers(p, "advance 2m"))
}

// The E bit says that an Encapsulated Control Message is for an ETR.
func TestRFC9301_5_8_AForwardedRequestIsMarkedForTheETR(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a 10.1.1.0/24")
	if text := answers(p, ask+"10.1.1.1/32"); !strings.HasPrefix(text, "MS -> X ECM E ") {
		t.Error(text)
	}
}

// An EID that matches no configured prefix: negative, natively-forward, 15 minutes.
func TestRFC9301_8_3_UnknownEIDsAreForwardedNativelyFor15Minutes(t *testing.T) {
	holds(t, answers(server(), ask+"172.20.1.1/32"), "MS -> I Map-Reply n: 128.0.0.0/1 ttl 15 A=false {} natively-forward")
}

// An EID whose configured prefix nobody registers: negative, natively-forward, 1 minute.
func TestRFC9301_8_3_UnregisteredEIDsAreForwardedNativelyFor1Minute(t *testing.T) {
	p := server()
	holds(t, answers(p, ask+"10.2.1.1/32"), "MS -> I Map-Reply n: 10.2.0.0/16 ttl 1 A=false {} natively-forward")
	p.Play("silently send X MS register key-b P 10.2.0.0/16", "silently advance 181s")
	holds(t, answers(p, ask+"10.2.1.1/32"), "MS -> I Map-Reply n: 10.2.0.0/16 ttl 1 A=false {} natively-forward")
}

// A policy against the requester: drop/policy-denied. Ours is that an instance hears only of itself.
func TestRFC9301_8_3_AnotherInstanceIsDenied(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24")
	holds(t, answers(p, ask+"source=10.9.9.9 source-instance=5 10.1.1.1/32"),
		"MS -> I Map-Reply n: 10.1.1.1/32 ttl 1 A=false {} drop/policy-denied")
}

// What fails for the moment only: send-map-request, 1 minute, so that the requester tries again.
func TestRFC9301_8_3_ATemporaryFailureAsksForARetry(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a 10.1.1.0/24", "unroute MS X")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 ttl 1 A=false {} send-map-request")
}

// The Map-Server answers when any of the ETRs has asked for it.
func TestRFC9301_8_3_OneETRThatWantsProxyRepliesIsEnough(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a P 10.1.1.0/24", "silently send Y MS register key-a 10.1.1.0/24")
	holds(t, answers(p, ask+"10.1.1.1/32"), "MS -> I Map-Reply n: 10.1.1.0/24 A=false {10.0.0.2 1/100 R}")
}

// Else it forwards to one of the ETRs, and does not alter the Map-Request.
func TestRFC9301_8_3_ARequestIsForwardedToOneETRUnaltered(t *testing.T) {
	p := server()
	p.Play("silently send X MS register key-a 10.1.1.0/24 rloc=10.0.0.1/1/50 rloc=10.0.0.2/1/50")
	holds(t, answers(p, "send I MS ecm sport=7777 request s p itr=10.0.0.5,2001:db8::5 source=10.9.9.9 nonce=1000 10.1.1.1/32"),
		"MS -> X ECM E (7777 to 4342) Map-Request n p s: 10.1.1.1/32 for 10.9.9.9, reply to I or 2001:db8::5")
}

// Map-Replies are not for a Map-Server, and get no answer.
func TestRFC9301_8_3_MapRepliesAreDiscarded(t *testing.T) {
	holds(t, answers(server(), "send X MS reply nonce=7 10.1.1.0/24"), "MS * unexpected: X (Map-Reply)")
}

// A negative Map-Reply has the least specific prefix that covers the EID and no prefix that is known.
func TestRFC9301_8_4_ANegativeReplyIsAsWideAsItCanBe(t *testing.T) {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "resolver MS", "site MS A key-a 172.16.0.0/24 2001:db8:1::/64", "puppet I 10.0.0.5")
	holds(t, answers(p, ask+"172.20.1.1/32"), "MS -> I Map-Reply n: 172.20.0.0/14 ttl 15 A=false {} natively-forward")
	holds(t, answers(p, ask+"2001:db8:2::10/128"), "MS -> I Map-Reply n: 2001:db8:2::/47 ttl 15 A=false {} natively-forward")
}
