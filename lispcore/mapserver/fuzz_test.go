package mapserver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/wire"
)

// known is a Map-Server with registrations by UDP and by TCP. X has a session, Y has none.
func known() (p *enginetest.Player, x, y, ms *enginetest.Node) {
	p = enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "site MS A key-a 10.0.0.0/8* 2001:db8::/32*", "site MS B key-b 0.0.0.0/0*", "puppet X 10.0.0.1", "puppet Y 10.0.0.2",
		"send Y MS register key-b 10.1.1.0/24 20.1.1.0/24", "send X MS register key-a 10.1.1.0/24", "open X MS",
		"write X MS registration key-a 10.1.1.0/24; registration key-a 2001:db8:1::/48; registration key-a 30.1.1.0/24")
	return p, p.Bed().Node("X"), p.Bed().Node("Y"), p.Bed().Node("MS")
}

// verifies tells whether any key of the Map-Server signs a Map-Register.
func verifies(register []byte) bool {
	return wire.NewAuthenticator("key-a").Verify(register) || wire.NewAuthenticator("key-b").Verify(register)
}

// rows are the registrations of a Map-Server, by ETR and EID.
func rows(ms *enginetest.Node) map[string]string {
	list := make(map[string]string)
	for _, s := range ms.MS.Snapshot().Sites {
		for _, en := range s.Entries {
			for _, p := range append(en.MoreSpecifics, en.Exact) {
				for _, r := range p.Registrations {
					list[fmt.Sprintf("%v %v", r.ETR, p.EID)] = fmt.Sprintf("site %s, since %v, %v", s.Name, r.First, r.Mapping)
				}
			}
		}
	}
	return list
}

// FuzzMapServerDatagram: any UDP payload from anybody, also with a good MAC over it. No panic; no answer, no session and no
// change unless a key verifies.
func FuzzMapServerDatagram(f *testing.F) {
	p, _, y, ms := known()
	for _, message := range []string{
		"register key-a 10.1.1.0/24", "register key-b 10.1.1.0/24 ttl=0", "register key-b 0.0.0.0/0 99.0.0.0/8 without-M",
		"register key-x 10.1.1.0/24", "register key-a 40.0.0.0/8", "register key-a without-I 2001:db8:1::/48 [7]10.1.1.0/24 rloc=10.0.0.1/1/50 rloc=10.0.0.2/1/50",
		"notify key-a nonce=1 10.1.1.0/24", "hex 30", "hex 3000000100000000000000010000", "hex f0",
		"hex 3000000100000000000000010000 0000 000005a0 01181000 00000001 0a010100 01640000 00050001 0a000001",
	} {
		f.Add(p.Datagram(y, ms, message), true)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, payload []byte, sign bool) {
		p, x, y, ms := known()
		payload = slices.Clone(payload)
		if sign {
			_ = wire.NewAuthenticator("key-a").Sign(payload) // what can't be signed goes as it is
		}
		before, sessions, sent := rows(ms), ms.ShowSessions(), 0
		p.Bed().Watch = func(_ time.Time, from *enginetest.Node, out lispcore.Output) {
			if _, notice := out.(lispcore.Notice); !notice && from == ms {
				sent++
			}
		}
		for _, from := range []*enginetest.Node{x, y} {
			p.Bed().Send(from, ms, payload)
			p.Bed().Settle()
		}
		if !verifies(payload) && (sent > 0 || fmt.Sprint(rows(ms)) != fmt.Sprint(before) || ms.ShowSessions() != sessions) {
			t.Errorf("%d messages answer what no key verifies\nbefore %v\n after %v", sent, before, rows(ms))
		}
		p.Bed().Advance(5 * time.Minute)
	})
}

// FuzzMapServerStream: any bytes on a session, in pieces of any size, also with good MACs. No panic; nothing new or changed unless a key verifies
// a Registration, and nothing gone but what a Registration names; nothing that another ETR has registered changes at all.
func FuzzMapServerStream(f *testing.F) {
	p, x, _, _ := known()
	for _, messages := range []string{
		"registration key-a 10.1.1.0/24; registration key-a 10.1.2.0/24", "registration key-a 10.1.1.0/24 ttl=0", "registration key-x 10.1.1.0/24",
		"registration key-a 10.1.1.0/24 10.1.2.0/24", "registration key-a 2001:db8:2::/48; registration key-b 2001:db8:2::/48", "refresh all; ack 10.1.1.0/24",
		"nack 1 10.1.1.0/24; notification 10.1.1.0/24; error 1", "hex 0014000f0000000b000000deadbeef", "hex 001400089facade9",
		"hex 0063000c000000079facade9", "hex 0010001c000000060200000000110064000000099facade99facade9", "hex 0011000c000000009facade9",
		"hex 0011001000000000320001019facade9",
	} {
		f.Add(p.Frames(x, messages), uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint8, sign bool) {
		p, x, _, ms := known()
		data = slices.Clone(data)
		if sign {
			signRegistrations(data)
		}
		before := rows(ms)
		p.Bed().Segment(func(n int) int { return min(n, int(piece)+1) })
		p.Bed().Write(x, ms, data)
		p.Bed().Settle()
		after := rows(ms)
		named, signed := registrations(data)
		for row, was := range before {
			switch now, there := after[row]; {
			case strings.HasPrefix(row, "10.0.0.2 ") && now != was:
				t.Errorf("%s of another ETR was %s, is %s", row, was, now)
			case !there && !named[strings.TrimPrefix(row, "10.0.0.1 ")]:
				t.Errorf("%s is gone, and no Registration named it", row)
			case there && now != was && !signed:
				t.Errorf("%s was %s, is %s, and no key verified", row, was, now)
			}
		}
		for row, now := range after {
			if before[row] == "" && !signed {
				t.Errorf("%s is new, %s, and no key verified", row, now)
			}
		}
		p.Bed().Advance(5 * time.Minute)
	})
}

// signRegistrations puts good MACs into the Registrations of a stream.
func signRegistrations(data []byte) {
	for {
		frame, n, err := wire.ParseFrame(data)
		if n == 0 || err != nil {
			return
		}
		if frame.Type == wire.TypeRegistration {
			_ = wire.NewAuthenticator("key-a").Sign(frame.Data) // a part of data
		}
		data = data[n:]
	}
}

// registrations finds the EIDs that Registrations name, and whether a key verifies any of them.
func registrations(data []byte) (named map[string]bool, signed bool) {
	named = make(map[string]bool)
	for {
		frame, n, err := wire.ParseFrame(data)
		if n == 0 || err != nil {
			return named, signed
		}
		data = data[n:]
		var m wire.MapRegister
		if frame.Type != wire.TypeRegistration || m.Parse(frame.Data) != nil {
			continue
		}
		signed = signed || verifies(frame.Data)
		for _, r := range m.Records {
			named[r.EID.String()] = true
		}
	}
}
