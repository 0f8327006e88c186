package etr_test

import (
	"strings"
	"testing"

	"lisplab/lispcore/enginetest"
)

// stateTable is draft-kouvelas-lisp-map-server-reliable-transport section 6.2: what each event makes of each state, and
// what is sent for the prefix: a Map-Register (UDP), a Registration (TCP), a withdrawal (UDP 0, TCP 0). An empty cell can't
// happen. The periodic timer is shown by its send; the first Map-Register after a lost session comes one period later.
const stateTable = `
                    | none, down    | none, up    | Periodic     | Stable      | AckWait     | Rejected
DB create           | Periodic UDP  | AckWait TCP |              |             |             |
DB delete           |               |             | none UDP 0   | none TCP 0  | none TCP 0  | none
mapping change      |               |             | Periodic UDP | AckWait TCP | AckWait TCP | AckWait TCP
key change          |               |             | Periodic UDP | AckWait TCP | AckWait TCP | AckWait TCP
session up          |               |             | Stable       |             |             |
session down        |               |             |              | Periodic    | Periodic    | Periodic
one period later    |               |             |              | Periodic UDP | Periodic UDP | Periodic UDP
Refresh             |               |             |              | AckWait TCP | AckWait TCP | AckWait TCP
Refresh elsewhere   |               |             |              | Stable      | AckWait     | Rejected
Refresh R           |               |             |              | Stable      | AckWait TCP | AckWait TCP
ACK                 |               |             |              | Stable      | Stable      | AckWait TCP
NACK                |               |             |              | Rejected    | Rejected    | Rejected
periodic timer      | none          | none        | Periodic UDP | Stable      | AckWait     | Rejected
`

// eventOf are the commands of each event: what makes it ready, and the event itself.
var eventOf = map[string]struct {
	ready []string
	event []string
}{
	"DB create":         {event: []string{"mapping X 10.1.0.0/16"}},
	"DB delete":         {event: []string{"no mapping X 10.1.0.0/16"}},
	"mapping change":    {event: []string{"mapping X 10.1.0.0/16 rloc=10.0.0.1/7/7"}},
	"key change":        {event: []string{"map-server X MS key-b ipv4"}},
	"session up":        {[]string{"send MS X notify key-a nonce=n1 10.1.0.0/16"}, []string{"advance 1s"}},
	"session down":      {event: []string{"timeout X MS"}},
	"one period later":  {[]string{"timeout X MS", "advance 59s"}, []string{"advance 1s"}},
	"Refresh":           {event: []string{"write MS X refresh all"}},
	"Refresh elsewhere": {event: []string{"write MS X refresh covered 10.1.0.0/17"}},
	"Refresh R":         {event: []string{"write MS X refresh R all"}},
	"ACK":               {event: []string{"write MS X ack 10.1.0.0/16"}},
	"NACK":              {event: []string{"write MS X nack 1 10.1.0.0/16"}},
	"periodic timer":    {[]string{"refuse MS", "send MS X notify key-a nonce=n1 10.1.0.0/16", "advance 59s"}, []string{"advance 1s"}},
}

// stateOf are the commands that lead to each state, besides a bystander that holds the session and is Stable.
var stateOf = map[string][]string{
	"none, down": {"database X 10.9.0.0/16"},
	"none, up":   {"database X 10.9.0.0/16", "send MS X notify key-a nonce=n1 10.9.0.0/16", "advance 1s", "write MS X refresh all; ack 10.9.0.0/16"},
	"Periodic":   {"database X 10.1.0.0/16 10.9.0.0/16"},
	"Stable":     {"AckWait", "write MS X ack 10.1.0.0/16"},
	"AckWait": {"database X 10.1.0.0/16 10.9.0.0/16", "send MS X notify key-a nonce=n1 10.9.0.0/16", "advance 1s",
		"write MS X refresh all; ack 10.9.0.0/16"},
	"Rejected": {"AckWait", "write MS X nack 1 10.1.0.0/16"},
}

func TestStateTable(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(stateTable), "\n")
	states := cells(rows[0])
	for _, row := range rows[1:] {
		row := cells(row)
		for i, want := range row[1:] {
			if want == "" {
				continue
			}
			state, event := states[i], row[0]
			t.Run(state+"/"+event, func(t *testing.T) {
				if got := transition(t, state, event); got != want {
					t.Errorf("%s in %s: got %q, want %q", event, state, got, want)
				}
			})
		}
	}
}

func cells(row string) []string {
	list := strings.Split(row, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	if list[0] == "" {
		return list[1:]
	}
	return list
}

// transition brings a prefix into a state, lets an event happen, and tells the new state and what was sent.
func transition(t *testing.T, state, event string) string {
	p := enginetest.NewPlayer()
	p.Play("puppet MS 10.0.0.9", "etr X 10.0.0.1", "map-server X MS key-a ipv4")
	var reach func(state string)
	reach = func(state string) {
		for _, line := range stateOf[state] {
			if stateOf[line] != nil {
				reach(line)
			} else {
				p.Play(line)
			}
		}
	}
	reach(state)
	if got := stateIn(p); got != strings.Split(state, ",")[0] {
		t.Fatalf("the test itself: the prefix is %s instead of %s", got, state)
	}
	p.Play(eventOf[event].ready...)
	text := p.Play(eventOf[event].event...)
	return strings.TrimSpace(stateIn(p) + " " + sent(text))
}

func stateIn(p *enginetest.Player) string {
	for _, en := range p.Bed().Node("X").ETR.Snapshot().Database {
		if en.Mapping.EID == enginetest.ParseEID("10.1.0.0/16") {
			return en.Status[0].State.String()
		}
	}
	return "none"
}

// sent finds out of the text what was sent for the prefix.
func sent(text string) string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.Contains(line, "10.1.0.0/16") {
			continue
		}
		what := ""
		switch {
		case strings.Contains(line, "Map-Register"):
			what = "UDP"
		case strings.Contains(line, "Registration n"):
			what = "TCP"
		default:
			continue
		}
		if strings.Contains(line, "10.1.0.0/16 ttl 0") {
			what += " 0"
		}
		list = append(list, what)
	}
	return strings.Join(list, ", ")
}
