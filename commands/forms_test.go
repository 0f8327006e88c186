package commands

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"lisplab/devices"
)

// Every configuration file of this repository loads in both forms, and what is printed of it reads back as the same.
func TestConfigurationsOfTheTree(t *testing.T) {
	s := compiled(t)
	files := 0
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".cfg" {
			return err
		}
		if filepath.Base(path) == "ansible.cfg" { // of another language
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, rel := range releases {
			if rel != devices.Release179 && strings.Contains(string(text), "\nversion 17.9\n") {
				continue
			}
			cfg, err := s.Load(rel, path, string(text))
			if err != nil {
				t.Errorf("release %s: %v", rel, err)
				continue
			}
			again, err := s.Load(rel, path, s.File(rel, cfg))
			if err != nil {
				t.Errorf("release %s: %v", rel, err)
				continue
			}
			checkSame(t, again, cfg)
		}
		return nil
	})
	if err != nil || files < 14 {
		t.Errorf("%d configuration files found: %v", files, err)
	}
}

// What lines of both forms leave behind on a release that takes both, as it prints it.
func TestHierarchicalEdits(t *testing.T) {
	s := compiled(t)
	for _, tt := range []struct{ what, typed, printed string }{
		{"an empty service stays until it is taken back", "router lisp; service ipv4; service ipv6; no service ipv4",
			"router lisp| service ipv6|  exit-service-ipv6| !| exit-router-lisp|!"},
		{"a classic line opens the service, and its no form leaves it", "router lisp; ipv4 etr; no ipv4 etr; no ipv6 etr",
			"router lisp| service ipv4|  exit-service-ipv4| !| exit-router-lisp|!"},
		{"an instance without services, and one without tables", "router lisp; instance-id 7; instance-id 5; service ipv6",
			"router lisp| instance-id 5|  service ipv6|   exit-service-ipv6|  !|  exit-instance-id| !| instance-id 7|  exit-instance-id| !| exit-router-lisp|!"},
		{"a mapping under router lisp is one of instance 0, for its family only",
			"router lisp; database-mapping ::/0 10.9.9.9 priority 1 weight 1",
			"router lisp| instance-id 0|  service ipv6|   eid-table default|   database-mapping ::/0 10.9.9.9 priority 1 weight 1|   exit-service-ipv6|  !|  exit-instance-id| !| exit-router-lisp|!"},
		{"a classic eid-table is both services",
			"router lisp; eid-table vrf B instance-id 9; map-cache 0.0.0.0/0 map-request; map-cache ::/0 map-request; no map-cache ::/0; map-cache 10.0.0.9/8 map-request; map-cache 10.0.0.0/8 map-request",
			"router lisp| instance-id 9|  service ipv4|   eid-table vrf B|   map-cache 0.0.0.0/0 map-request|   map-cache 10.0.0.0/8 map-request|   exit-service-ipv4|  !|" +
				"  service ipv6|   eid-table vrf B|   exit-service-ipv6|  !|  exit-instance-id| !| exit-router-lisp|!"},
		{"a service goes with what stands in it, the other stays",
			"router lisp; eid-table vrf B instance-id 9; map-cache 0.0.0.0/0 map-request; database-mapping ::/0 10.9.9.9 priority 1 weight 1; instance-id 9; no service ipv6",
			"router lisp| instance-id 9|  service ipv4|   eid-table vrf B|   map-cache 0.0.0.0/0 map-request|   exit-service-ipv4|  !|  exit-instance-id| !| exit-router-lisp|!"},
		{"a service without its table keeps no line of it, and the VRF is free with the last",
			"router lisp; instance-id 9; service ipv4; eid-table vrf B; map-cache 0.0.0.0/0 map-request; no eid-table vrf B; instance-id 8; service ipv4; eid-table vrf B",
			"router lisp| instance-id 8|  service ipv4|   eid-table vrf B|   exit-service-ipv4|  !|  exit-instance-id| !|" +
				" instance-id 9|  service ipv4|   exit-service-ipv4|  !|  exit-instance-id| !| exit-router-lisp|!"},
		{"an instance goes whole, also by its classic name",
			"router lisp; instance-id 9; service ipv4; eid-table vrf B; instance-id 8; service ipv6; eid-table default; no eid-table vrf B instance-id 9; no instance-id 8",
			"router lisp| exit-router-lisp|!"},
		{"an eid-prefix is an eid-record", "router lisp; site A; eid-prefix 10.0.0.0/8; eid-record 10.0.0.0/8 accept-more-specifics; no eid-prefix ::/0; eid-record ::/0; no eid-prefix ::/0",
			"router lisp| site A|  eid-record 10.0.0.0/8 accept-more-specifics|  exit-site| !| exit-router-lisp|!"},
		{"a proxy ITR takes its new locator", "router lisp; service ipv6; proxy-itr 2001:db8::1; ipv6 proxy-itr 192.0.2.1; locator-table default; no locator-table default",
			"router lisp| service ipv6|  proxy-itr 192.0.2.1|  exit-service-ipv6| !| exit-router-lisp|!"},
	} {
		cfg, _ := s.Load(devices.Release179, "test.cfg", strings.ReplaceAll(tt.typed, "; ", "\n"))
		if got := strings.Join(configured(t, devices.Release179, cfg), "|"); got != tt.printed {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.printed)
		}
	}
}

// A line that is refused leaves nothing behind, not even the block that it would have opened.
func TestRefusedLinesLeaveNothing(t *testing.T) {
	s := compiled(t)
	for _, rel := range releases {
		for _, line := range []string{
			"no database-mapping 10.0.0.0/8", "database-mapping 10.0.0.0/8 locator-set X", "ipv4 etr map-server 10.0.0.1 key 7 x",
			"no eid-table default instance-id 0", "no ipv4 proxy-itr 10.0.0.1", "service ipv4\n etr map-server 10.0.0.1 key 7 x\nno service ipv4",
		} {
			cfg, err := s.Load(rel, "test.cfg", "router lisp\n"+line)
			if err == nil {
				t.Errorf("release %s takes %q", rel, line)
			}
			checkSame(t, cfg, devices.Config{LISP: &devices.LISP{}})
		}
	}
}

// Prompts are what IOS prints, unless the lab wants them short; then each holds at most 32 characters between the
// parentheses, begins with the word that clients look for, and still says where one is.
func TestShortPrompts(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range anyConfig {
		short := string(shortMode(m))
		if len(short) > longestPrompt || !strings.HasPrefix(short, string(Config)) || seen[short] {
			t.Errorf("mode %s is shown as %s", m, short)
		}
		if seen[short] = true; len(m) <= longestPrompt && short != string(m) {
			t.Errorf("mode %s needs no other prompt than its own: %s", m, short)
		}
	}
	for _, tt := range []struct {
		file   string
		option bool
		want   string
	}{
		{"", false, "R1(config-router-lisp-inst-serv-ipv4)#"},
		{"short-prompts: off", false, "R1(config-router-lisp-inst-serv-ipv4)#"},
		{"short-prompts: on", false, "R1(config-lisp-inst-serv-ipv4)#"},
		{"", true, "R1(config-lisp-inst-serv-ipv4)#"},
	} {
		lab, err := devices.OpenLab("lab.yaml", devices.Options{Parse: compiled(t).Load, ShortPrompts: tt.option, FS: fstest.MapFS{
			"lab.yaml": {Data: []byte("release: 17.9\ndevices: [{name: R1, config: R1.cfg}]\n" + tt.file)},
			"R1.cfg":   {},
		}})
		if err != nil {
			t.Fatal(err)
		}
		o := operate(t, lab, "R1")
		o.types("configure terminal", "router lisp", "instance-id 7", "service ipv4")
		if got := o.c.Prompt(); got != tt.want {
			t.Errorf("%q, option %v: the prompt is %s, want %s", tt.file, tt.option, got, tt.want)
		}
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	}
}
