package clients

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
	"github.com/scrapli/scrapligo/transport"
	"github.com/scrapli/scrapligo/util"

	"lisplab/devices"
)

// scrapligoTransports are the transports of scrapligo by the ways that they go.
var scrapligoTransports = map[string]string{"ssh": transport.StandardTransport, "telnet": transport.TelnetTransport}

// scrapligo opens a session with the options that everybody uses.
func scrapligo(t *testing.T, s *served, way, device string) *network.Driver {
	t.Helper()
	port := at(s.endpoint(t, device), way)
	opts := []util.Option{
		options.WithAuthNoStrictKey(),
		options.WithAuthUsername(user),
		options.WithAuthPassword(secret),
		options.WithAuthSecondary(secret),
		options.WithPort(int(port.Port())),
		options.WithTransportType(scrapligoTransports[way]),
		options.WithTimeoutOps(patience),
	}
	if way == "telnet" {
		// Its telnet begins once the router has been silent for half of that time.
		opts = append(opts, options.WithTimeoutSocket(time.Second))
	}
	p, err := platform.NewPlatform("cisco_iosxe", port.Addr().String(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.GetNetworkDriver()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if d.Transport.IsAlive() {
			_ = d.Close()
		}
	})
	return d
}

// everyDevice runs a test for each router of a lab, over SSH and telnet, several at a time.
func everyDevice(t *testing.T, s *served, test func(t *testing.T, way, device string)) {
	for _, e := range s.server.Endpoints() {
		for _, way := range ways {
			t.Run(e.Device+"/"+way, func(t *testing.T) {
				t.Parallel()
				test(t, way, e.Device)
			})
		}
	}
}

// TestVtyRow15Scrapligo drives every router of every built-in lab, over SSH and over telnet.
func TestVtyRow15Scrapligo(t *testing.T) {
	everyLab(t, func(t *testing.T, s *served) {
		everyDevice(t, s, func(t *testing.T, way, device string) {
			d := scrapligo(t, s, way, device)
			levels(t, d)
			shows(t, d)
			changes(t, d, device+way)
			leave(t, d)
		})
		for _, e := range s.server.Endpoints() {
			if n := s.lines(e.Device); n > 0 {
				t.Logf("%s: %d lines are still taken", e.Device, n)
			}
		}
	})
}

// leave says good-bye. The router may have closed the session by then, which scrapligo calls an EOF.
func leave(t *testing.T, d *network.Driver) {
	t.Helper()
	if err := d.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("close: %v", err)
	}
}

// levels goes through the levels of privilege, up and down.
func levels(t *testing.T, d *network.Driver) {
	t.Helper()
	for _, level := range []string{"exec", "configuration", "exec", "privilege-exec", "configuration", "privilege-exec"} {
		if err := d.AcquirePriv(level); err != nil {
			t.Fatalf("acquire %s: %v", level, err)
		}
		prompt, err := d.GetPrompt()
		if err != nil {
			t.Fatal(err)
		}
		end := map[string]string{"exec": ">", "privilege-exec": "#", "configuration": "(config)#"}[level]
		if !strings.HasSuffix(prompt, end) {
			t.Fatalf("at %s the prompt is %q", level, prompt)
		}
	}
}

// shows asks for what every release and every router can show.
func shows(t *testing.T, d *network.Driver) {
	t.Helper()
	for command, want := range map[string]string{
		"show version":            "uptime is",
		"show clock":              "UTC",
		"show running-config":     "\nend",
		"show ip interface brief": "GigabitEthernet0/0",
		"show interfaces":         "GigabitEthernet0/0 is up",
		"show inventory":          "PID:",
		"show privilege":          "Current privilege level is 15",
		"show users":              "* ",
		"show logging":            "Log Buffer",
		"show ip route static":    "",
		"show history":            "show",
	} {
		r, err := d.SendCommand(command)
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if r.Failed != nil || !strings.Contains(r.Result, want) {
			t.Errorf("%s (%v) shows\n%s\nwithout %q", command, r.Failed, r.Result, want)
		}
	}
}

// changes sends a set of lines of configuration, looks whether it is there, and takes it back.
func changes(t *testing.T, d *network.Driver, mark string) {
	t.Helper()
	site := "SITE-" + mark
	add := []string{
		"router lisp",
		"site " + site,
		"description " + mark + " of scrapligo",
		"authentication-key a-key",
		"eid-prefix 192.0.2.128/25 accept-more-specifics",
		"exit",
		"exit",
	}
	configured(t, d, add...)
	section := show(t, d, "show running-config | section site "+site)
	for _, want := range []string{" description " + mark + " of scrapligo", " authentication-key a-key"} {
		if !strings.Contains(section, want) {
			t.Errorf("after the change the section is\n%s\nwithout %q", section, want)
		}
	}
	configured(t, d, "router lisp", "no site "+site)
	if after := show(t, d, "show running-config"); strings.Contains(after, site) {
		t.Errorf("after the change was taken back it is still there:\n%s", after)
	}
}

func configured(t *testing.T, d *network.Driver, lines ...string) {
	t.Helper()
	m, err := d.SendConfigs(lines)
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	if m.Failed != nil || strings.Contains(m.JoinedResult(), "%") {
		t.Fatalf("configuration: %v:\n%s", m.Failed, m.JoinedResult())
	}
}

func show(t *testing.T, d *network.Driver, command string) string {
	t.Helper()
	r, err := d.SendCommand(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if r.Failed != nil {
		t.Fatalf("%s: %v:\n%s", command, r.Failed, r.Result)
	}
	return r.Result
}

// TestScrapligoShortPrompts goes to the modes whose names are longer than the 32 characters that scrapligo allows.
func TestScrapligoShortPrompts(t *testing.T) {
	leaks(t)
	s := serve(t, options17(true))
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			d := scrapligo(t, s, way, "xTR1")
			configured(t, d,
				"router lisp",
				"instance-id 100",
				"service ipv4",
				"eid-table vrf RED",
				"database-mapping 192.0.2.128/25 203.0.113.11 priority 1 weight 1",
				"exit-service-ipv4",
				"service ipv6",
				"eid-table vrf RED",
				"exit-service-ipv6",
				"exit-instance-id",
				"exit-router-lisp",
			)
			if got := show(t, d, "show running-config | section instance-id 100"); !strings.Contains(got, "database-mapping 192.0.2.128/25") {
				t.Errorf("the instance is\n%s", got)
			}
			configured(t, d, "router lisp", "no instance-id 100")
			if got := show(t, d, "show running-config"); strings.Contains(got, "instance-id 100") {
				t.Errorf("the instance is still there:\n%s", got)
			}
			leave(t, d)
		})
	}
}

// options17 is the default lab with the newest release on all routers.
func options17(short bool) labOptions {
	return labOptions{release: string(devices.Release179), short: short}
}
