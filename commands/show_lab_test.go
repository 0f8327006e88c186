package commands

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

// runningLab opens a built-in lab and lets it converge.
func runningLab(t *testing.T, set *Set, name string, d time.Duration) *devices.Lab {
	t.Helper()
	lab, err := devices.OpenLab(name, devices.Options{Parse: set.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lab.Close() })
	if err := lab.Advance(d); err != nil {
		t.Fatal(err)
	}
	return lab
}

// answer is what a router prints for a line.
func answer(set *Set, lab *devices.Lab, device string, form Form, line string) string {
	var out strings.Builder
	c := &Context{Lab: lab, Device: lab.Device(device), Out: &out, Form: form}
	if err := set.Run(c, line); err != nil {
		out.WriteString(ErrorText(err, len(c.Prompt()), line))
	}
	return out.String()
}

// The show commands on the routers of the default lab: an ETR, both kinds of Map-Server, and one without LISP.
func TestShowInTheLab(t *testing.T) {
	set := compiled(t)
	lab := runningLab(t, set, "reliable-registration", 10*time.Second)
	type line struct{ device, line string }
	var cases []goldenCase
	for _, l := range []line{
		{"New-MSMR", "show lisp site"},
		{"New-MSMR", "show lisp site 10.10.10.9"},
		{"New-MSMR", "show lisp site 8.8.8.8 instance-id 9"},
		{"New-MSMR", "show lisp site instance-id 9 2001:db8::/32"},
		{"New-MSMR", "show lisp site name C"},
		{"New-MSMR", "show lisp session"},
		{"New-MSMR", "show lisp session 203.0.113.11"},
		{"New-MSMR", "show lisp session 203.0.113.99"},
		{"New-MSMR", "show ip lisp database"},
		{"Old-MSMR", "show lisp site"},
		{"Old-MSMR", "show lisp site name B"},
		{"Old-MSMR", "show lisp session"},
		{"Old-MSMR", "show version"},
		{"xTR1", "sh lis si"},
		{"xTR1", "show lisp session"},
		{"xTR1", "show lisp session 209.165.201.31"},
		{"xTR1", "show lisp session 209.165.201.41"},
		{"xTR1", "show ip lisp database"},
		{"xTR1", "show ip lisp database 10.10.10.10"},
		{"xTR1", "show ip lisp database 8.8.8.8"},
		{"xTR1", "show ip lisp database instance-id 7"},
		{"xTR1", "show ip lisp database eid-table vrf red"},
		{"xTR1", "show ipv6 lisp database eid-table default 2001:db8:1::1"},
		{"xTR1", "show version"},
		{"xTR1", "show clock"},
		{"xTR1", "show ip interface brief"},
		{"xTR1", "show ip interface gi0/0"},
		{"xTR1", "show ipv6 interface gi0/4"},
		{"xTR1", "show interfaces gi0/0"},
		{"xTR1", "show interfaces gi0/9"},
		{"xTR1", "show interfaces description"},
		{"xTR1", "show running-config interface gi0/4"},
		{"xTR1", "show inventory"},
		{"xTR1", "show hosts"},
		{"xTR1", "show users"},
		{"xTR1", "show line"},
		{"xTR1", "show terminal"},
		{"xTR1", "show privilege"},
		{"xTR1", "show ip route static"},
		{"Core1", "show lisp site"},
		{"Core1", "show lisp session"},
		{"Core1", "show ip lisp database"},
		{"Core1", "show ip route static"},
	} {
		cases = append(cases, goldenCase{l.device + "#" + l.line, func(w *strings.Builder) {
			w.WriteString(answer(set, lab, l.device, FormIOS, l.line))
		}})
	}
	checkGolden(t, "show_in_the_lab", cases)
}

// Each row of a listing is there in every form.
func TestFormsOfTheLab(t *testing.T) {
	set := compiled(t)
	lab := runningLab(t, set, "reliable-registration", 10*time.Second)
	for _, l := range []struct {
		device, line, row string
		header            int // lines before the first row
	}{
		{"New-MSMR", "show lisp site", "eid_prefix", 6},
		{"Old-MSMR", "show lisp site", "eid_prefix", 5},
		{"xTR1", "show lisp session", "peer", 2},
	} {
		var rows []map[string]string
		if err := json.Unmarshal([]byte(answer(set, lab, l.device, FormJSON, l.line)), &rows); err != nil {
			t.Fatalf("%s: %v", l.line, err)
		}
		lines := strings.Split(strings.TrimSuffix(answer(set, lab, l.device, FormIOS, l.line), "\n"), "\n")
		if len(rows) == 0 || len(lines) != l.header+len(rows) {
			t.Errorf("%s#%s: %d rows in JSON, %d lines in all", l.device, l.line, len(rows), len(lines))
			continue
		}
		for i, row := range rows {
			if !strings.Contains(lines[l.header+i], row[l.row]) {
				t.Errorf("%s#%s: line %q does not hold %q", l.device, l.line, lines[l.header+i], row[l.row])
			}
		}
	}
}
