package clients

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// task is one command of somebody's work.
type task struct {
	line, prompt string
	want         string // what the answer contains; "" means that there is none
}

// work is twenty commands, some of which change what nobody else changes: site and prefix go by the number.
func work(host string, number int) []task {
	site, prefix := fmt.Sprintf("CROWD-%d", number), fmt.Sprintf("198.18.%d.0/24", number)
	exec, config, lisp, inSite := host+"#", host+"(config)#", host+"(config-router-lisp)#", host+"(config-router-lisp-site)#"
	return []task{
		{"terminal length 0", exec, ""},
		{"terminal width 0", exec, ""},
		{"show version", exec, host + " uptime is "},
		{"show clock", exec, "UTC"},
		{"configure terminal", config, "CNTL/Z."},
		{"router lisp", lisp, ""},
		{"site " + site, inSite, ""},
		{"authentication-key k", inSite, ""},
		{"eid-prefix " + prefix, inSite, ""},
		{"eid-prefix 198.18.0.0/33", inSite, "% Invalid input detected at '^' marker."},
		{"end", exec, ""},
		{"show running-config | section site " + site + "$", exec, "  eid-prefix " + prefix + "\r\n"},
		{"show ip interface brief", exec, "GigabitEthernet0/0"},
		{"show running-config", exec, "site " + site + "\r\n"},
		{"show lisp site", exec, site},
		{"configure terminal", config, "CNTL/Z."},
		{"router lisp", lisp, ""},
		{"no site " + site, lisp, ""},
		{"end", exec, ""},
		{"show running-config | include " + site + "$", exec, ""},
		{"show logging", exec, "%SYS-5-CONFIG_I: Configured from console by lab on vty"},
	}
}

// worker is somebody at a session with work to do.
type worker struct {
	*session
	host string
	work []task
}

// together has all do their work at once: each types its next command before anybody's answer is looked at.
func together(t *testing.T, workers []*worker) {
	t.Helper()
	for step := range workers[0].work {
		for _, w := range workers {
			w.types(w.work[step].line + "\r")
		}
		for _, w := range workers {
			task := w.work[step]
			w.shows(task.line + "\r\n")
			got := strings.TrimSuffix(w.until(task.prompt), task.prompt)
			if !strings.Contains(got, task.want) || task.want == "" && got != "" {
				t.Errorf("%s: %s shows %q without %q", w.host, task.line, got, task.want)
			}
		}
	}
	for _, w := range workers {
		w.types("exit\r")
	}
	for _, w := range workers {
		w.ends()
	}
}

// TestFiftySessions holds that fifty people can log in and work at one router at once, and that none of their goroutines is
// left behind.
func TestFiftySessions(t *testing.T) {
	leaks(t)
	s := serve(t, labOptions{vtys: 98})
	const people = 50
	type dialled struct {
		conn *gossh.Client
		err  error
	}
	results := make(chan dialled, people)
	port := s.endpoint(t, "New-MSMR").SSH
	for range people {
		go func() {
			conn, err := dial(port, user)
			results <- dialled{conn, err}
		}()
	}
	var workers []*worker
	for n := range people {
		r := <-results
		if r.err != nil {
			t.Errorf("login %d: %v", n, r.err)
			continue
		}
		t.Cleanup(func() { _ = r.conn.Close() })
		_, c := channel(t, r.conn)
		workers = append(workers, &worker{c, "New-MSMR", work("New-MSMR", n)})
	}
	if t.Failed() {
		return
	}
	for _, w := range workers {
		w.until("New-MSMR#")
	}
	if n := s.lines("New-MSMR"); n != people {
		t.Errorf("%d lines are taken", n)
	}
	together(t, workers)
	if n := s.lines("New-MSMR"); n != 0 {
		t.Errorf("%d lines are still taken", n)
	}
}

// TestSevenRouters holds that people can work at all routers of a lab at once, by either way.
func TestSevenRouters(t *testing.T) {
	leaks(t)
	s := serve(t, labOptions{})
	var workers []*worker
	for n, e := range s.server.Endpoints() {
		for i, way := range ways {
			workers = append(workers, &worker{s.login(t, way, e.Device, user), e.Device, work(e.Device, 2*n+i)})
		}
	}
	if len(workers) != 14 {
		t.Fatalf("%d sessions at the routers of the lab", len(workers))
	}
	together(t, workers)
}

// TestBeyondTheLastLine holds that a session is refused when all lines of a router are taken, that those at the lines go
// on, and that a line that is given back can be had again.
func TestBeyondTheLastLine(t *testing.T) {
	const lines = 98
	leaks(t)
	s := serve(t, labOptions{vtys: lines})
	var sessions []*session
	for len(sessions) < lines/2 { // ten sessions fit into one connection
		conn := s.dial(t, "xTR1", user)
		for range min(10, lines/2-len(sessions)) {
			_, c := channel(t, conn)
			c.until("xTR1#")
			sessions = append(sessions, c)
		}
	}
	for len(sessions) < lines {
		sessions = append(sessions, s.login(t, "telnet", "xTR1", user))
	}
	for _, way := range ways {
		conn, err := net.Dial("tcp", at(s.endpoint(t, "xTR1"), way).String())
		if errors.Is(err, syscall.ECONNRESET) {
			continue // the reset came before the call was back
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if text, err := io.ReadAll(conn); len(text) > 0 || err == nil {
			t.Errorf("%s: the session beyond the last line is told %q (%v)", way, text, err)
		}
		_ = conn.Close()
	}
	for _, c := range []*session{sessions[0], sessions[lines-1]} {
		c.run("show clock", "xTR1#")
	}
	sessions[lines-1].types("exit\r")
	sessions[lines-1].ends()
	s.login(t, "telnet", "xTR1", user)
}
