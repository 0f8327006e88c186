package devices

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// player is a router that plays a script instead of LISP.
type player struct {
	lispcore.Outbox
	timers lispcore.Timers[string]
	play   func(now time.Time, in any) // an input, or timerFired
}

func (p *player) handle(now time.Time, in lispcore.Input) {
	switch in.(type) {
	case lispcore.Tick:
	case lispcore.PacketFailed: // what players send, nobody misses
		return
	default:
		p.play(now, in)
		return
	}
	for {
		key, due := p.timers.Due(now)
		if !due {
			return
		}
		p.play(now, timerFired(key))
	}
}

// timerFired tells a player which of its timers has fired.
type timerFired string

func (p *player) drain() []lispcore.Output             { return p.Drain() }
func (p *player) deadline() (at time.Time, armed bool) { return p.timers.Next() }

// stage is a loop with players, each linked to a router in the middle that has the last number.
type stage struct {
	*loop
	players []*player
	log     []string
}

func newStage(t *testing.T, names ...string) *stage {
	t.Helper()
	s := &stage{loop: &loop{now: labStart, names: append(names, "core")}}
	hub := len(names)
	streams := make([]lispcore.StreamID, hub+1)
	cfg := underlay.Config{
		Names: s.names, Rand: rand.New(rand.NewPCG(1, 1)), Wall: wall,
		NextStream: func(node int) lispcore.StreamID { streams[node]++; return 1000 + streams[node] },
	}
	for i := range names {
		cfg.Links = append(cfg.Links, underlay.Link{A: underlay.Port{Node: i, Interface: "Gi0"}, B: underlay.Port{Node: hub, Interface: fmt.Sprint("Gi", i)}, Up: true})
	}
	var err error
	if s.net, err = underlay.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, s.net.Close()) })
	var middle underlay.Routing
	for i := range s.names {
		p := &player{}
		s.players, s.hosts, s.engines = append(s.players, p), append(s.hosts, p), append(s.engines, deadline{})
		must(t, s.net.SetPower(i, true))
		if i == hub {
			break
		}
		middle.Interfaces = append(middle.Interfaces, underlay.Interface{Name: fmt.Sprint("Gi", i), Addrs: []netip.Prefix{netip.PrefixFrom(stageAddr(i).Prev(), 31)}})
		s.net.Configure(i, underlay.Routing{
			Interfaces: []underlay.Interface{{Name: "Gi0", Addrs: []netip.Prefix{netip.PrefixFrom(stageAddr(i), 31)}}},
			Routes:     []underlay.Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), NextHop: stageAddr(i).Prev()}},
		})
		s.net.Receive(i, true)
		must(t, s.net.Listen(i, true))
	}
	s.net.Configure(hub, middle)
	s.net.Update(labStart)
	return s
}

// stageAddr is the address of a player.
func stageAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i), 1}) }

func control(i int) netip.AddrPort { return netip.AddrPortFrom(stageAddr(i), lispcore.ControlPort) }

// send makes a player send a datagram.
func (s *stage) send(from, to int, text string) {
	s.players[from].Add(lispcore.SendDatagram{From: control(from), To: control(to), Payload: []byte(text)})
}

// note writes down what a player is told.
func (s *stage) note(who int, now time.Time, what string) {
	s.log = append(s.log, fmt.Sprintf("%v %s %s", now.Sub(labStart), s.names[who], what))
}

// start drains all players, as after their configuration.
func (s *stage) start() {
	for i := range s.players {
		s.collect(i)
	}
}

// Outputs of one instant go by device, then in the order in which they were made; timers of one instant fire in the order
// in which they were armed, devices in lab-file order.
func TestOrder(t *testing.T) {
	s := newStage(t, "a", "b", "c")
	for i, p := range s.players[:3] {
		p.play = func(now time.Time, in any) {
			switch in := in.(type) {
			case timerFired:
				s.note(i, now, "fires "+string(in))
				s.send(i, (i+1)%3, "from "+s.names[i]+" "+string(in))
			case lispcore.Datagram:
				s.note(i, now, "gets "+string(in.Payload))
			}
		}
	}
	s.players[2].timers.Set("first", labStart.Add(2*time.Second))
	s.players[0].timers.Set("second", labStart.Add(2*time.Second))
	s.players[0].timers.Set("third", labStart.Add(2*time.Second))
	s.players[1].timers.Set("early", labStart.Add(time.Second))
	s.players[1].timers.Set("late", labStart.Add(3*time.Second))
	s.send(1, 0, "one")
	s.send(0, 1, "two")
	s.send(0, 1, "three")
	s.start()
	must(t, s.run(labStart))
	must(t, s.run(labStart.Add(3*time.Second))) // what is due at the end instant is part of it
	wantLines(t, "log", s.log, `
		0s b gets two
		0s b gets three
		0s a gets one
		1s b fires early
		1s c gets from b early
		2s a fires second
		2s a fires third
		2s b gets from a second
		2s b gets from a third
		2s c fires first
		2s a gets from c first
		3s b fires late
		3s c gets from b late`)
	if s.now != labStart.Add(3*time.Second) {
		t.Errorf("the clock stands at %v", s.now)
	}
}

// The side that dialled is told of the connection first, but what both then do goes by device: a is before b.
func TestOrderOfDevices(t *testing.T) {
	s := newStage(t, "a", "b")
	for i, p := range s.players[:2] {
		p.play = func(now time.Time, in any) {
			switch in := in.(type) {
			case lispcore.StreamOpened:
				s.note(i, now, "has a connection")
				p.Add(lispcore.WriteStream{Stream: in.Stream, Data: []byte("hello from " + s.names[i])})
			case lispcore.StreamData:
				s.note(i, now, "gets "+string(in.Data))
			}
		}
	}
	s.players[1].Add(lispcore.OpenStream{Stream: 1, From: stageAddr(1), To: control(0)})
	s.start()
	must(t, s.run(labStart))
	wantLines(t, "log", s.log, `
		0s b has a connection
		0s a has a connection
		0s b gets hello from a
		0s a gets hello from b`)
}

// A role that closes gets nothing more of the stream, though bytes for it were already on their way.
func TestNothingAfterClose(t *testing.T) {
	s := newStage(t, "a", "b")
	s.players[0].play = func(now time.Time, in any) {
		switch in := in.(type) {
		case lispcore.StreamOpened:
			s.note(0, now, "connected")
			s.players[0].Add(lispcore.WriteStream{Stream: in.Stream, Data: []byte("hello")})
		case lispcore.StreamData:
			s.note(0, now, "gets "+string(in.Data))
		case lispcore.StreamClosed:
			s.note(0, now, in.Reason.String())
		}
	}
	s.players[1].play = func(now time.Time, in any) {
		switch in := in.(type) {
		case lispcore.StreamOpened:
			s.note(1, now, "accepted")
			s.players[1].Add(lispcore.CloseStream{Stream: in.Stream})
		default:
			s.note(1, now, fmt.Sprintf("is told %T", in))
		}
	}
	s.players[0].Add(lispcore.OpenStream{Stream: 1, From: stageAddr(0), To: control(1)})
	s.start()
	must(t, s.run(labStart.Add(time.Hour)))
	wantLines(t, "log", s.log, `
		0s a connected
		0s b accepted
		0s a closed by peer`)
}

// Routers that answer each other for ever are told by name, and the lab stands still.
func TestEndless(t *testing.T) {
	s := newStage(t, "ping", "pong")
	for i, p := range s.players[:2] {
		p.play = func(time.Time, any) { s.send(i, 1-i, "again") }
	}
	s.send(0, 1, "again")
	s.start()
	err := s.run(labStart.Add(time.Second))
	want := "more than 100000 deliveries at lab time 00:00:00.000: a loop of datagram from ping to pong, datagram from pong to ping"
	if err == nil || err.Error() != want {
		t.Fatalf("error %v, want %s", err, want)
	}
	if again := s.run(labStart.Add(time.Hour)); again != err || s.now != labStart {
		t.Errorf("the lab went on to %v: %v", s.now, again)
	}
}

// So is a timer that is never satisfied.
func TestEndlessTimer(t *testing.T) {
	s := newStage(t, "a")
	s.players[0].play = func(now time.Time, in any) {}
	s.hosts[0] = stubborn{s.players[0]}
	s.start()
	err := s.run(labStart)
	if err == nil || !strings.HasSuffix(err.Error(), "a loop of timer at a") {
		t.Errorf("error %v", err)
	}
}

// stubborn always wants a tick now.
type stubborn struct{ *player }

func (stubborn) deadline() (time.Time, bool) { return labStart, true }

// Players that talk over UDP and TCP as their own sources of randomness tell them: a crowd for the determinism of the loop
// alone, without LISP.
func TestCrowdIsDeterministic(t *testing.T) {
	run := func() string {
		s := newStage(t, "a", "b", "c", "d")
		for i, p := range s.players[:4] {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			var own []lispcore.StreamID
			next := lispcore.StreamID(0)
			p.play = func(now time.Time, in any) {
				s.note(i, now, fmt.Sprintf("%T %v", in, in))
				switch in := in.(type) {
				case timerFired:
					p.timers.Set("talk", now.Add(time.Duration(r.IntN(90))*time.Second))
					to := r.IntN(4)
					switch r.IntN(5) {
					case 0:
						next++
						p.Add(lispcore.OpenStream{Stream: next, From: stageAddr(i), To: control(to)})
					case 1:
						s.send(i, to, fmt.Sprint(r.IntN(1000)))
					default:
						if len(own) > 0 {
							k := r.IntN(len(own))
							p.Add(lispcore.WriteStream{Stream: own[k], Data: make([]byte, 1+r.IntN(100_000))})
							if r.IntN(4) == 0 {
								p.Add(lispcore.CloseStream{Stream: own[k], Abort: r.IntN(2) == 0})
								own = append(own[:k], own[k+1:]...)
							}
						}
					}
				case lispcore.StreamOpened:
					own = append(own, in.Stream)
				case lispcore.StreamClosed:
					for k := range own {
						if own[k] == in.Stream {
							own = append(own[:k], own[k+1:]...)
							break
						}
					}
				}
			}
			p.timers.Set("talk", labStart)
		}
		s.start()
		for k := range 30 {
			must(t, s.run(labStart.Add(time.Duration(k)*time.Minute)))
			s.net.SetLink(k%4, k%3 == 0)
			for _, w := range s.net.Update(s.now) {
				s.push(w.Node, w.Output)
			}
		}
		must(t, s.run(labStart.Add(time.Hour)))
		return strings.Join(s.log, "\n")
	}
	want := run()
	if n := strings.Count(want, "\n"); n < 300 {
		t.Errorf("the crowd said only %d things", n)
	}
	for range 5 {
		if got := run(); got != want {
			t.Fatal("two runs differ")
		}
	}
}
