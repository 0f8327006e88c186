package devices

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lisplab/devices/underlay"
)

// wholeLab is a lab file that says everything that one can say.
const wholeLab = `name: two
release: 15.5
seed: 7
jitter: 0
replay-check: on
console: b
devices:
  - name: a
    config: a.cfg
    power-on: 1m25s
    interfaces: [GigabitEthernet0/2, GigabitEthernet0/1]
  - name: b
    config: sub/b.cfg
    release: "15.2"
links:
  - a:GigabitEthernet0/0 -- b:FastEthernet0/0
short-prompts: on
`

func TestLabFile(t *testing.T) {
	r, err := readLabFile("lab.yaml", []byte(wholeLab))
	if err != nil {
		t.Fatal(err)
	}
	l, a, b := r.lab, r.lab.devices[0], r.lab.devices[1]
	got := fmt.Sprintln(l.name, l.seed, l.jitter, l.replayCheck, l.shortPrompt, l.console, l.links,
		a.name, a.release, a.configFile, a.powerOn, a.interfaces, b.name, b.release, b.configFile, b.powerOn, b.interfaces)
	want := fmt.Sprintln("two", 7, false, true, true, 1, []underlay.Link{{A: underlay.Port{Node: 0, Interface: "GigabitEthernet0/0"}, B: underlay.Port{Node: 1, Interface: "FastEthernet0/0"}, Up: true}},
		"a", "15.5", "a.cfg", 85*time.Second, "[GigabitEthernet0/0 GigabitEthernet0/1 GigabitEthernet0/2]", "b", "15.2", "sub/b.cfg", 0*time.Second, "[FastEthernet0/0]")
	if got != want {
		t.Errorf("read\n%swant\n%s", got, want)
	}
}

func TestLabFileDefaults(t *testing.T) {
	r, err := readLabFile("lab.yaml", []byte("devices: [{name: a, config: a.cfg}]"))
	if err != nil {
		t.Fatal(err)
	}
	if l := r.lab; l.seed != 1 || !l.jitter || l.replayCheck || l.shortPrompt || l.console != 0 || l.devices[0].release != Release155 {
		t.Errorf("defaults: %+v, release %s", l, l.devices[0].release)
	}
}

// Every wrong lab file is told with its place, what was found and what was expected.
func TestLabFileErrors(t *testing.T) {
	// change replaces a text of the whole lab file by another.
	for _, row := range []struct{ name, from, to, want string }{
		{"unknown underlay", "jitter: 0", "underlay: token-ring", `4:11: found "token-ring", expected loopback or netns`},
		{"external that is no list", "jitter: 0", "external: 203.0.113.11", `4:11: found "203.0.113.11", expected a list: two addresses of one family, such as 203.0.113.11 at 192.0.2.111, or an interface of the lab and one of the machine, such as Core1:GigabitEthernet0/3 -- eth1`},
		{"external that is no pair", "jitter: 0", "external: [203.0.113.11]", `4:12: found "203.0.113.11", expected two addresses of one family, such as 203.0.113.11 at 192.0.2.111, or an interface of the lab and one of the machine, such as Core1:GigabitEthernet0/3 -- eth1`},
		{"external of two families", "jitter: 0", "external: [203.0.113.11 at ::1]", `4:12: found "203.0.113.11 at ::1", expected two addresses of one family, such as 203.0.113.11 at 192.0.2.111`},
		{"external twice", "jitter: 0", "external: [10.0.0.1 at 127.0.0.2, 10.0.0.1 at 127.0.0.3]", `4:35: found "10.0.0.1 at 127.0.0.3", expected an address of the lab that does not stand here already`},
		{"external at one place", "jitter: 0", "external: [10.0.0.1 at 127.0.0.2, 10.0.0.2 at 127.0.0.2]", `4:35: found "10.0.0.2 at 127.0.0.2", expected an address of a machine where no other is: 10.0.0.1 is there`},
		{"a plug of no device", "jitter: 0", "external: [c:GigabitEthernet0/3 -- eth1]", `4:12: found "c", expected a device of this lab: a, b`},
		{"a plug of no interface", "jitter: 0", "external: [b:Gi0/3 -- eth1]", `4:14: found "Gi0/3", expected a physical interface in full, such as GigabitEthernet0/1`},
		{"a plug without an interface", "jitter: 0", "external: [b -- eth1]", `4:12: found "b", expected DEVICE:INTERFACE`},
		{"a plug with a link", "jitter: 0", "external: [b:FastEthernet0/0 -- eth1]", `4:12: found "b:FastEthernet0/0", expected an interface into which nothing else is plugged`},
		{"a plug into two", "jitter: 0", "external: [b:FastEthernet0/1 -- eth1, b:FastEthernet0/1 -- eth2]", `4:39: found "b:FastEthernet0/1", expected an interface into which nothing else is plugged`},
		{"two plugs into one", "jitter: 0", "external: [b:FastEthernet0/1 -- eth1, b:FastEthernet0/2 -- eth1]", `4:60: found "eth1", expected an interface of the machine that is not plugged in already: b:FastEthernet0/1 has it`},
		{"a plug into what has no name", "jitter: 0", "external: [b:FastEthernet0/1 -- the first card]", `4:33: found "the first card", expected the name of an interface of the machine, such as eth1`},
		{"unknown field", "seed: 7", "sead: 7", `3:1: found field "sead", expected one of name, release, seed, jitter, replay-check, echo-nonce, short-prompts, console, devices, links, hosts, impairments, underlay, external`},
		{"unknown field of a device", "    power-on: 1m25s", "    poweron: 1m25s", `10:5: found field "poweron", expected one of name, release, config, power-on, interfaces`},
		{"a field twice", "seed: 7", "seed: 7\nseed: 8", `4:1: found mapping key "seed" already defined at [3:1], expected a YAML file`},
		{"a tab", "seed: 7", "\tseed: 7", `3:1: found character '	' that cannot start any token, expected a YAML file`},
		{"not YAML", "seed: 7", "seed: [7", `4:1: found ',' or ']' must be specified, expected a YAML file`},
		{"unknown release", `"15.2"`, `"12.4"`, `14:14: found "12.4", expected a release: 15.2 or 15.5 or 17.9`},
		{"unknown default release", "release: 15.5", "release: 16", `2:10: found "16", expected a release: 15.2 or 15.5 or 17.9`},
		{"bad seed", "seed: 7", "seed: seven", `3:7: found "seven", expected a whole number from 0 to 18446744073709551615`},
		{"bad jitter", "jitter: 0", "jitter: 10%", `4:9: found "10%", expected 0 (exactly the nominal times) or 1`},
		{"bad replay check", "check: on", "check: perhaps", `5:15: found "perhaps", expected on or off`},
		{"bad duration", "1m25s", "85", `10:15: found "85", expected a time from lab time 0, such as 85s or 1m25s`},
		{"negative duration", "1m25s", "-5s", `10:15: found "-5s", expected a time from lab time 0, such as 85s or 1m25s`},
		{"unknown console", "console: b", "console: c", `6:10: found "c", expected a device of this lab: a, b`},
		{"unknown device in a link", "- b:Fast", "- c:Fast", `16:29: found "c", expected a device of this lab: a, b`},
		{"interface in two links", "FastEthernet0/0\n", "FastEthernet0/0\n  - b:FastEthernet0/0 -- a:FastEthernet0/1\n", `17:5: found "b:FastEthernet0/0", expected an interface into which nothing else is plugged`},
		{"a link to itself", "b:FastEthernet0/0", "a:GigabitEthernet0/0", `16:29: found "a:GigabitEthernet0/0", expected an interface into which nothing else is plugged`},
		{"abbreviated interface", "b:FastEthernet0/0", "b:Fa0/0", `16:31: found "Fa0/0", expected a physical interface in full, such as GigabitEthernet0/1`},
		{"a loopback in a link", "b:FastEthernet0/0", "b:Loopback0", `16:31: found "Loopback0", expected a physical interface in full, such as GigabitEthernet0/1`},
		{"no link", "GigabitEthernet0/0 -- b:", "GigabitEthernet0/0 - b:", `16:5: found "a:GigabitEthernet0/0 - b:FastEthernet0/0", expected a link such as xTR1:GigabitEthernet0/0 -- Core1:GigabitEthernet0/1`},
		{"an end without an interface", "b:FastEthernet0/0", "b", `16:29: found "b", expected DEVICE:INTERFACE`},
		{"a link that is a mapping", "a:GigabitEthernet0/0 -- b:FastEthernet0/0", "a: b", `16:5: found a mapping, expected a link such as xTR1:GigabitEthernet0/0 -- Core1:GigabitEthernet0/1`},
		{"interfaces that are no list", "[GigabitEthernet0/2, GigabitEthernet0/1]", "GigabitEthernet0/2", `11:17: found "GigabitEthernet0/2", expected a list of interfaces`},
		{"an interface twice", "0/2, GigabitEthernet0/1", "0/2, GigabitEthernet0/2", `11:38: found "GigabitEthernet0/2", expected an interface that does not stand here already`},
		{"two devices of one name", "- name: b", "- name: A", `12:11: found "A", expected a name that no other device has`},
		{"a name with a blank", "- name: b", "- name: b 1", `12:11: found "b 1", expected a name without blanks and colons`},
		{"a device without a name", "- name: b\n    config", "- config", `12:5: found a mapping, expected a device with a name`},
		{"a device without a configuration", "    config: sub/b.cfg\n", "", `12:5: found a mapping, expected a device with a config: the name of its configuration file`},
		{"a device that is a scalar", "  - name: a\n", "  - core\n  - name: a\n", `8:5: found "core", expected a device: name, config ...`},
		{"nothing where something must be", "console: b", "console:", `6:9: found nothing, expected the name of a device`},
		{"no such configuration file", "sub/b.cfg", "sub/c.cfg", `13:13: found "sub/c.cfg", expected a configuration file beside the lab file`},
		{"a configuration file elsewhere", "sub/b.cfg", "../b.cfg", `13:13: found "../b.cfg", expected a configuration file beside the lab file`},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(wholeLab, row.from, row.to, 1)
			if text == wholeLab {
				t.Fatalf("%q does not stand in the lab file", row.from)
			}
			wantError(t, text, "dir/lab.yaml:"+row.want)
		})
	}
	wantError(t, "", "dir/lab.yaml:1:1: found 0 YAML documents with content, expected one: a lab")
	wantError(t, "- a", `dir/lab.yaml:1:1: found a list, expected a lab file: name, devices, links ...`)
	wantError(t, "name: x", "dir/lab.yaml:1:1: found a mapping, expected a field devices: the list of routers")
	wantError(t, "devices: []", "dir/lab.yaml:1:10: found a list, expected at least one device")
}

// wantError opens a lab of this text and wants an error.
func wantError(t *testing.T, text, want string) {
	t.Helper()
	files := fstest.MapFS{
		"dir/lab.yaml":  {Data: []byte(text)},
		"dir/a.cfg":     {Data: []byte("hostname a\n")},
		"dir/sub/b.cfg": {Data: []byte("hostname b\n")},
	}
	lab, err := OpenLab("dir/lab.yaml", Options{FS: files, Parse: parse})
	if err == nil {
		lab.Close()
		t.Errorf("opened, want %s", want)
	} else if err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

// What a configuration file does wrong is told with its name.
func TestConfigurationErrors(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"Parse says where", "nonsense here", "dir/a.cfg:1:1: found \"nonsense here\""},
		{"an interface that the device has not", "interface GigabitEthernet9/9", "dir/a.cfg:1:1: found interface GigabitEthernet9/9, expected a loopback or one that a has: GigabitEthernet0/0"},
		{"networks that overlap", "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\ninterface Loopback0\n ip address 10.0.0.9 255.255.255.255",
			"dir/a.cfg:1:1: 10.0.0.0 overlaps with Loopback0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := fstest.MapFS{
				"dir/lab.yaml": {Data: []byte("devices: [{name: a, config: a.cfg, interfaces: [GigabitEthernet0/0]}]")},
				"dir/a.cfg":    {Data: []byte(row.text)},
			}
			lab, err := OpenLab("dir", Options{FS: files, Parse: parse})
			if err == nil {
				lab.Close()
				t.Fatal("opened")
			}
			if !strings.HasPrefix(err.Error(), row.want) {
				t.Errorf("error\n%v\nwant\n%s", err, row.want)
			}
		})
	}
}

func TestNoSuchLab(t *testing.T) {
	_, err := OpenLab("no-such-lab", Options{Parse: parse})
	want := `no lab "no-such-lab": expected a built-in lab (move, multihomed, reliable-registration, reliable-registration-day0, vrf) or the path of a lab file`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	_, err = OpenLab("dir", Options{Parse: parse, FS: fstest.MapFS{"dir/other": {}}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder without a lab file: %v", err)
	}
}

// CheckLab names every mistake, those of the lab file in its order, and then those of the configurations.
func TestCheckLab(t *testing.T) {
	files := fstest.MapFS{
		"lab/lab.yaml": {Data: []byte(`name: wrong
release: 99
colour: red
devices:
  - name: a
    config: a.cfg
    power-on: soon
  - name: b
    config: none.cfg
links:
  - a:Gi0/0 -- c:GigabitEthernet0/0
  - a:GigabitEthernet0/1 -- b:GigabitEthernet0/1
  - a:GigabitEthernet0/1 -- b:GigabitEthernet0/2
console: d
`)},
		"lab/a.cfg": {Data: []byte("interface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\ninterface GigabitEthernet0/9\n ip address 10.0.9.1 255.255.255.0\n")},
	}
	_, mistakes := CheckLab("lab", Options{FS: files, Parse: parse})
	var got []string
	for _, err := range mistakes {
		text, _, _ := strings.Cut(err.Error(), "one of name, ") // all fields that there are
		got = append(got, text)
	}
	want := []string{
		`lab/lab.yaml:2:10: found "99", expected a release: 15.2 or 15.5 or 17.9`,
		`lab/lab.yaml:3:1: found field "colour", expected `,
		`lab/lab.yaml:7:15: found "soon", expected a time from lab time 0, such as 85s or 1m25s`,
		`lab/lab.yaml:11:7: found "Gi0/0", expected a physical interface in full, such as GigabitEthernet0/1`,
		`lab/lab.yaml:11:16: found "c", expected a device of this lab: a, b`,
		`lab/lab.yaml:13:5: found "a:GigabitEthernet0/1", expected an interface into which nothing else is plugged`,
		`lab/lab.yaml:14:10: found "d", expected a device of this lab: a, b`,
		`lab/a.cfg:3:1: found interface GigabitEthernet0/9, expected a loopback or one that a has: GigabitEthernet0/1`,
		`lab/lab.yaml:9:13: found "none.cfg", expected a configuration file beside the lab file`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("mistakes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if lab, mistakes := CheckLab(DefaultLab, Options{Parse: parse}); len(mistakes) > 0 || lab.Devices != 7 || lab.Links != 6 {
		t.Errorf("the built-in lab: %+v, mistakes %v", lab, mistakes)
	}
}
