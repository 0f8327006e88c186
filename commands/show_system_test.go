package commands

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

func TestShowVersion(t *testing.T) {
	two := []devices.InterfaceState{interfaceOf("Loopback0", true), interfaceOf("GigabitEthernet0/0", true), interfaceOf("GigabitEthernet0/1", false)}
	screen := func(v versionView) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeVersion(w, v); err != nil {
				t.Error(err)
			}
		}
	}
	xTR1 := versionView{"xTR1", "xTR1", devices.Release155, 10 * time.Second, two, time.Time{}}
	oldMSMR := versionView{"Old-MSMR", "Old-MSMR", devices.Release152, 50 * 24 * time.Hour, append(two, interfaceOf("Serial0/0/0", true)), labTime(3723)}
	xe := xTR1
	xe.Release = devices.Release179
	checkGolden(t, "show_version", []goldenCase{{"15.5", screen(xTR1)}, {"15.2", screen(oldMSMR)}, {"17.9", screen(xe)}, {"without interfaces", screen(versionView{Hostname: "R"})}})

	// What management software looks for: in every release, and in those of IOS and of IOS XE.
	for _, tt := range []struct {
		view     versionView
		patterns []string
	}{
		{xTR1, []string{
			`^Cisco IOS Software, `,
			`(?m)^Cisco IOS Software, .+ Software \(\S+-M\), Version 15\.5\(1\)T, RELEASE SOFTWARE`,
		}},
		{xe, []string{
			`^Cisco IOS XE Software, Version 17\.09\.01\n`,
			`(?m)^Cisco IOS Software \[\S+?\], .+ Software \(\S+-M\), Version 17\.9\.1, RELEASE SOFTWARE`,
		}},
	} {
		var text strings.Builder
		screen(tt.view)(&text)
		for _, pattern := range append(tt.patterns,
			`Version (\S+),`,
			`(?m)^ROM: `,
			`(?m)^xTR1 uptime is 0 minutes$`,
			`(?m)^System returned to ROM by \S+`,
			`(?m)^System image file is "\S+"`,
			`(?m)^[Cc]isco (\S+) \(.+\) processor( \(revision .+\))? with \d+K/\d+K bytes of memory`,
			`(?m)^Processor board ID \S+$`,
			`(?m)^Configuration register is 0x2102$`,
			`lisplab`,
		) {
			if !regexp.MustCompile(pattern).MatchString(text.String()) {
				t.Errorf("no match for %s in\n%s", pattern, text.String())
			}
		}
	}
}

func TestShowIPInterfaceBrief(t *testing.T) {
	shut := interfaceOf("GigabitEthernet0/2", false, "10.9.9.9/24")
	shut.Shutdown = true
	startup := []devices.Interface{interfaceOf("Loopback0", true, "203.0.113.11/32").Interface, shut.Interface,
		interfaceOf("GigabitEthernet0/0", true, "192.168.100.1/24").Interface}
	screen := func(form Form, interfaces ...devices.InterfaceState) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeInterfaces(w, form, interfaces, startup); err != nil {
				t.Error(err)
			}
		}
	}
	all := []devices.InterfaceState{
		interfaceOf("Loopback0", true, "203.0.113.11/32"),
		interfaceOf("GigabitEthernet0/0", true, "192.168.100.254/24"),
		interfaceOf("GigabitEthernet0/1", false, "10.0.0.1/30"),
		shut,
		interfaceOf("GigabitEthernet0/3", true),
		interfaceOf("TenGigabitEthernet10/10/10.4094", true, "2001:db8::1/64"),
	}
	checkGolden(t, "show_ip_interface_brief", []goldenCase{
		{"every branch", screen(FormIOS, all...)},
		{"JSON", screen(FormJSON, all[:2]...)},
		{"none", screen(FormIOS)},
	})
}

func TestShowLogging(t *testing.T) {
	screen := func(l devices.Logging, lines ...string) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeLog(w, l, devices.Logged{Console: 12, Monitor: 3, Buffered: 4}, lines); err != nil {
				t.Error(err)
			}
		}
	}
	one, two := "*Jan  1 00:00:02.000: %LISP-5-EXAMPLE: one", "*Jan 21 00:00:00.000: %LISP-5-EXAMPLE: two"
	checkGolden(t, "show_logging", []goldenCase{
		{"empty", screen(devices.Logging{})},
		{"two lines", screen(devices.Logging{}, one, two)},
		{"a buffer that holds the last line only", screen(devices.Logging{BufferSize: uint32(len(one) + len(two) + 1)}, one, two)},
		{"a buffer that holds both lines", screen(devices.Logging{BufferSize: uint32(len(one) + len(two) + 2)}, one, two)},
		{"levels", screen(devices.Logging{Console: devices.LogTo{Off: true}, Monitor: devices.LogAt(4), Buffered: devices.LogAt(0)}, one)},
		{"no buffer", screen(devices.Logging{Buffered: devices.LogTo{Off: true}}, one)},
	})
}
