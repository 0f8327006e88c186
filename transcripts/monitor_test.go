package transcripts

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell"
)

// TestMonitorCaptureEqualsCapture: what a router captures of itself, in the dialect of its release, are the frames that the
// lab captures of the router, to the byte.
func TestMonitorCaptureEqualsCapture(t *testing.T) {
	for _, tt := range []struct {
		lab, device string
		start       string
		traffic     string
		export      string
	}{
		{"reliable-registration", "xTR1", `
			monitor capture buffer BUF size 10240 max-size 9500
			monitor capture point ip cef IN all both
			monitor capture point ip process-switched OWN from-us
			monitor capture point ipv6 cef IN6 all both
			monitor capture point ipv6 process-switched OWN6 from-us
			monitor capture point associate IN BUF
			monitor capture point associate OWN BUF
			monitor capture point associate IN6 BUF
			monitor capture point associate OWN6 BUF
			monitor capture point start all`,
			"ping 10.30.30.1 source 10.10.10.1\nping 203.0.113.10", `
			monitor capture point stop all
			monitor capture buffer BUF export flash:BUF.pcap`},
		{"reliable-registration", "Core1", `
			monitor capture buffer BUF size 10240 max-size 9500
			monitor capture point ip cef IN all both
			monitor capture point ip process-switched OWN from-us
			monitor capture point associate IN BUF
			monitor capture point associate OWN BUF
			monitor capture point start all`,
			"ping 203.0.113.11", `
			monitor capture point stop all
			monitor capture buffer BUF export flash:BUF.pcap`},
		{"shell/dialects", "xTR-17", `
			monitor capture CAP interface GigabitEthernet0/0 both
			monitor capture CAP interface GigabitEthernet0/1 both
			monitor capture CAP match any
			monitor capture CAP start`,
			"clear lisp vrf default session *", `
			monitor capture CAP stop
			monitor capture CAP export flash:BUF.pcap`},
	} {
		t.Run(tt.device, func(t *testing.T) {
			set, err := commands.New()
			if err != nil {
				t.Fatal(err)
			}
			lab, err := devices.OpenLab(tt.lab, devices.Options{Parse: set.Load})
			if err != nil {
				t.Fatal(err)
			}
			defer lab.Close()
			sh := shell.New(lab, set)
			if err := sh.Attach(tt.device); err != nil {
				t.Fatal(err)
			}
			say := func(lines string) {
				t.Helper()
				for line := range strings.Lines(strings.TrimSpace(lines)) {
					if text, err := sh.Converse(strings.TrimSpace(line), nil); err != nil || sh.Refused() {
						t.Fatalf("%s answers %q %v", strings.TrimSpace(line), text, err)
					}
				}
			}
			advance := func(d time.Duration) {
				t.Helper()
				if err := lab.Advance(d); err != nil {
					t.Fatal(err)
				}
			}

			// Both begin while a session stands, so that neither knows how it came about.
			advance(90 * time.Second)
			var file bytes.Buffer
			tap, err := lab.Capture(devices.Tap{Device: tt.device, To: &file})
			if err != nil {
				t.Fatal(err)
			}
			say(tt.start)
			say(tt.traffic)
			advance(3 * time.Minute)
			say(tt.export)
			if err := tap.Stop(); err != nil {
				t.Fatal(err)
			}
			exported, err := lab.Device(tt.device).FileSystem(devices.Flash).Read("BUF.pcap")
			if err != nil {
				t.Fatal(err)
			}
			router, err := pcapgo.NewReader(bytes.NewReader(exported))
			if err != nil {
				t.Fatal(err)
			}
			outside, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
			if err != nil {
				t.Fatal(err)
			}
			got, want := framesOf(t, router), framesOf(t, outside)
			if !slices.Equal(got, want) {
				t.Errorf("the router has %d frames, the lab %d, and they are not the same", len(got), len(want))
			}
			if len(want) < 10 {
				t.Errorf("%d frames are too few to tell anything", len(want))
			}
		})
	}
}

// framesOf lists the frames of a file: when, how long, and their bytes.
func framesOf(t *testing.T, file interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}) (list []string) {
	t.Helper()
	for {
		data, info, err := file.ReadPacketData()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%v %d %x", info.Timestamp.UTC().Truncate(time.Microsecond), info.Length, data))
	}
}
