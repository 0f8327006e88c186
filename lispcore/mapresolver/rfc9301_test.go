package mapresolver_test

import (
	"strings"
	"testing"

	"lisplab/lispcore/enginetest"
)

// The tests of this file hold sentences of RFC 9301, by the section that they are in, with a Map-Resolver and a Map-Server
// in one router MS, an ETR X that registers 10.1.1.0/24, and the ITR I.

const good = "itr=10.0.0.5 nonce=1000 10.1.1.1/32"

// resolver starts the scenario.
func resolver() *enginetest.Player {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "resolver MS", "site MS A key-a 10.0.0.0/8*", "puppet X 10.0.0.1", "puppet I 10.0.0.5",
		"silently send X MS register key-a 10.1.1.0/24")
	return p
}

// passes tells whether a message of I makes the router send anything; text is all that passed.
func passes(message string) (sent bool, text string) {
	text = resolver().Play("send I MS " + message)
	return strings.Contains(text, "MS -> "), text
}

func dropped(t *testing.T, message string) {
	t.Helper()
	if sent, text := passes(message); sent || !strings.Contains(text, "MS            * ") {
		t.Errorf("not dropped, or not told:\n%s", text)
	}
}

func letIn(t *testing.T, message string) {
	t.Helper()
	if sent, text := passes(message); !sent {
		t.Errorf("dropped:\n%s", text)
	}
}

// An ITR-RLOC is a routable address of the sender: one that is none can't be answered, and must not be.
func TestRFC9301_5_2_ITRRLOCsAreUnicastAddresses(t *testing.T) {
	for _, itr := range []string{"224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1", "169.254.1.1", "::", "::1", "ff0e::1", "fe80::1"} {
		dropped(t, "ecm request itr="+itr+" nonce=1 11.1.1.1/32")
	}
	letIn(t, "ecm request itr=224.0.0.1,10.0.0.5 nonce=1 11.1.1.1/32")
}

// Without an ITR-RLOC there is nobody to answer.
func TestRFC9301_5_3_MapRequestWithoutITRRLOCIsDropped(t *testing.T) {
	dropped(t, "ecm hex 10000001 0000000000000001 0000 0000 0020 0001 0a010101")
	letIn(t, "ecm request "+good)
}

// Map-Requests are limited by rate; who asks for more is not answered.
func TestRFC9301_5_3_RequestsAreLimitedByRate(t *testing.T) {
	p := resolver()
	p.Play("resolver MS limit=10")
	sent := 0
	for range 30 {
		sent += strings.Count(p.Play("send I MS ecm request "+good), "MS -> ")
	}
	if sent != 10 {
		t.Errorf("%d of 30 Map-Requests in an instant went on, want 10", sent)
	}
	if text := p.Play("advance 1s", "send I MS ecm request "+good); !strings.Contains(text, "MS -> X") {
		t.Errorf("a second later:\n%s", text)
	}
}

// The inner destination port of an Encapsulated Control Message is 4342.
func TestRFC9301_5_8_TheInnerDestinationPortIs4342(t *testing.T) {
	for _, port := range []string{"0", "4341", "4343", "53"} {
		dropped(t, "ecm dport="+port+" request "+good)
	}
	letIn(t, "ecm dport=4342 request "+good)
}

// The data port never appears inside an Encapsulated Control Message; any other source port is the ITR's choice.
func TestRFC9301_5_8_TheDataPortIsNotInside(t *testing.T) {
	dropped(t, "ecm sport=4341 request "+good)
	for _, port := range []string{"4342", "1024", "61000"} {
		letIn(t, "ecm sport="+port+" request "+good)
	}
}

// The inner UDP checksum is there, and right.
func TestRFC9301_5_8_AWrongInnerChecksumIsDropped(t *testing.T) {
	p := resolver()
	i, ms := p.Bed().Node("I"), p.Bed().Node("MS")
	message := p.Datagram(i, ms, "ecm request "+good)
	message[4+20+6] ^= 0xff // of the checksum, behind the LISP, IPv4 and the first part of the UDP header
	p.Bed().Send(i, ms, message)
	p.Bed().Settle()
	if text := p.Bed().Text(); strings.Contains(text, "MS -> ") || !strings.Contains(text, "malformed") {
		t.Error(text)
	}
}

// An Encapsulated Control Message for an ETR is not for a Map-Resolver, which would send it round in a circle.
func TestRFC9301_5_8_WhatIsForAnETRIsDropped(t *testing.T) { dropped(t, "ecm E request "+good) }

// An SMR goes to ITRs, not into the mapping system; the Map-Request that it causes does.
func TestRFC9301_6_1_SMRsDoNotEnterTheMappingSystem(t *testing.T) {
	dropped(t, "ecm request S "+good)
	letIn(t, "ecm request s "+good)
}

// RLOC probes are not encapsulated; a Map-Resolver drops them.
func TestRFC9301_7_1_ProbesAreDropped(t *testing.T) {
	dropped(t, "ecm request P "+good)
	dropped(t, "request P "+good)
}

// A Map-Resolver takes Encapsulated Map-Requests, no plain ones.
func TestRFC9301_8_4_PlainMapRequestsAreDropped(t *testing.T) { dropped(t, "request "+good) }

// What comes in an Encapsulated Control Message but a Map-Request is nothing for a Map-Resolver.
func TestRFC9301_8_4_OnlyMapRequestsAreTakenOutOfTheirEncapsulation(t *testing.T) {
	dropped(t, "ecm reply nonce=1 10.1.1.0/24")
	dropped(t, "ecm register key-a 10.1.2.0/24")
	dropped(t, "ecm ecm request "+good)
}

// A Map-Resolver that is a Map-Server, too, finds what the ETRs have registered there.
func TestRFC9301_8_4_TheMapServerInTheSameRouterIsAsked(t *testing.T) {
	if _, text := passes("ecm request " + good); !strings.Contains(text, "MS -> X       ECM E Map-Request") {
		t.Error(text)
	}
}

// An EID that is in no site: at once a negative Map-Reply, natively-forward, 15 minutes.
func TestRFC9301_8_4_WhatIsInNoSiteIsAnsweredAtOnce(t *testing.T) {
	if _, text := passes("ecm request itr=10.0.0.5 nonce=1 11.1.1.1/32"); !strings.Contains(text, "MS -> I       Map-Reply n1+1: 11.0.0.0/8 ttl 15 A=false {} natively-forward") {
		t.Error(text)
	}
}

// With nobody behind it a Map-Resolver knows of no mapping, and says that of the very EID.
func TestRFC9301_8_4_WithoutAMapServerEveryAnswerIsNegative(t *testing.T) {
	p := enginetest.NewPlayer()
	text := p.Play("mr MR 10.0.0.9", "puppet I 10.0.0.5", "send I MR ecm request "+good)
	if !strings.Contains(text, "MR -> I       Map-Reply n1: 10.1.1.1/32 ttl 15 A=false {} natively-forward") {
		t.Error(text)
	}
}

// The answer, whoever gives it, goes to the ITR-RLOC and to the port that the Map-Request came from.
func TestRFC9301_8_4_TheAnswerGoesToWhoAsked(t *testing.T) {
	if _, text := passes("ecm sport=7777 request itr=10.0.0.5 nonce=1 11.1.1.1/32"); !strings.Contains(text, "MS -> I ") || !strings.Contains(text, "(4342 to 7777)") {
		t.Error(text)
	}
}
