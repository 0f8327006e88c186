package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
)

// captured runs the binary's verbs with what they print on the way to a reader.
func captured(t *testing.T, ctx context.Context, args ...string) (out, errs *bufio.Reader, code <-chan int) {
	t.Helper()
	pipe := func(f **os.File) *bufio.Reader {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		before := *f
		*f = w
		t.Cleanup(func() {
			*f = before
			_ = r.Close()
		})
		return bufio.NewReader(r)
	}
	out, errs = pipe(&os.Stdout), pipe(&os.Stderr)
	done := make(chan int, 1)
	go func() {
		n := run(ctx, args)
		_, _ = os.Stdout.Close(), os.Stderr.Close()
		done <- n
	}()
	return out, errs, done
}

// TestServe starts a lab, finds its routers where the table says, and ends it.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, _, code := captured(t, ctx, "serve", "--ssh", "127.0.0.1:0", "--telnet", "127.0.0.1:0", "--state", t.TempDir())
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	routers := 0
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatalf("%v behind %d routers", err, routers)
		}
		ports := port.FindAllString(line, -1)
		if strings.HasPrefix(line, "Router") {
			continue
		}
		if len(ports) != 2 {
			t.Fatalf("line %q, want an SSH and a telnet port", line)
		}
		for i, greeting := range []string{"SSH-2.0-Cisco-1.25", "\xff\xfb\x01"} {
			if got := greet(t, ports[i], len(greeting)); got != greeting {
				t.Errorf("%s greets with %q, want %q", ports[i], got, greeting)
			}
		}
		if routers++; strings.HasPrefix(line, "PxTR1") {
			break
		}
	}
	if routers != 7 {
		t.Errorf("%d routers, want 7", routers)
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if n := <-code; n != 0 {
		t.Errorf("exit code %d", n)
	}
}

// greet reads what a port sends first.
func greet(t *testing.T, port string, n int) string {
	t.Helper()
	conn, err := net.Dial("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	b := make([]byte, n)
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestServeRefuses holds what is said of calls that can't be served.
func TestServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"--ssh off --telnet off", exitUsage, "nothing would be reachable"},
		{"--ssh :2201-", exitUsage, `--ssh: found ":2201-", expected ADDRESS:FIRST-`},
		{"--inventory xml", exitUsage, `--inventory must be one of`},
		{"--ssh off --telnet 127.0.0.1:0 --inventory ssh-config", exitFailed, "inventory ssh-config: SSH is off"},
		{"--telnet off --ssh " + taken.Addr().String() + "-", exitFailed, "address already in use: does another lab run?"},
	} {
		_, errs, code := captured(t, t.Context(), append([]string{"serve"}, strings.Fields(tt.args)...)...)
		text, err := io.ReadAll(errs)
		if n := <-code; err != nil || n != tt.code || !strings.Contains(string(text), tt.want) {
			t.Errorf("serve %s: exit code %d, says %q (%v); want %d and %q", tt.args, n, text, err, tt.code, tt.want)
		}
	}
}
