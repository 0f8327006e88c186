package commands

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"lisplab/devices"
)

// load reads a configuration of the default release, and fails the test when it can't be read.
func load(t testing.TB, text string) devices.Config {
	t.Helper()
	return loadAs(t, devices.Release155, text)
}

func loadAs(t testing.TB, rel devices.Release, text string) devices.Config {
	t.Helper()
	cfg, err := compiled(t).Load(rel, "test.cfg", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return cfg
}

func checkSame(t interface {
	Helper()
	Errorf(string, ...any)
}, got, want devices.Config) {
	t.Helper()
	if !got.Equal(want) {
		a, _ := json.MarshalIndent(got, "", " ")
		b, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got and want differ:\n%s", diff.Diff("got", append(a, '\n'), "want", append(b, '\n')))
	}
}

// Every example line of a row loads, and the row prints it back as it is: no other row's printer says it.
func TestExamplesPrintThemselves(t *testing.T) {
	eachExample(t, func(t *testing.T, rel devices.Release, r Row) {
		printed := compiled(t).RunningConfig(rel, loadAs(t, rel, r.Example))
		at := 0
		for _, line := range strings.Split(r.Example, "\n") {
			for at < len(printed) && printed[at] != line {
				at++
			}
			if at == len(printed) {
				t.Errorf("%q: example line %q is not in what is printed, in its place:\n%s", r.Syntax, line, strings.Join(printed, "\n"))
			}
		}
	})
}

// eachExample calls fn for every row that prints itself, in every release in which it does.
func eachExample(t *testing.T, fn func(t *testing.T, rel devices.Release, r Row)) {
	printed := map[string]bool{}
	for _, rel := range releases {
		t.Run(rel.Name(), func(t *testing.T) {
			for _, r := range compiled(t).rows {
				if r.Print == nil || !r.prints(rel, r.Modes[0]) {
					continue
				}
				printed[r.Syntax] = true
				if r.Example == "" {
					t.Errorf("%q prints itself but has no example", r.Syntax)
					continue
				}
				fn(t, rel, r)
			}
		})
	}
	for _, r := range compiled(t).rows {
		if r.Print != nil && !printed[r.Syntax] {
			t.Errorf("%q prints itself in no release", r.Syntax)
		}
	}
}

// A `no` in front of an example's last line takes it back.
func TestNoUndoesExamples(t *testing.T) {
	eachExample(t, func(t *testing.T, rel devices.Release, r Row) {
		if r.No == "" {
			return
		}
		lines := strings.Split(r.Example, "\n")
		last := strings.TrimSpace(lines[len(lines)-1])
		undo, positive := strings.CutPrefix(last, "no ")
		if !positive {
			undo = "no " + last
		}
		cfg := loadAs(t, rel, r.Example+"\n"+strings.Join(lines[:len(lines)-1], "\n")+"\n"+undo)
		for _, line := range compiled(t).RunningConfig(rel, cfg) {
			if strings.TrimSpace(line) == last {
				t.Errorf("%q stands after `no %s`:\n%s", last, last, strings.Join(compiled(t).RunningConfig(rel, cfg), "\n"))
			}
		}
	})
}

// samplesOfRouters are the first configurations in the notes on real routers: an xTR and an MS/MR of IOS 15.2, and a PxTR
// of IOS XE 17.15.
func samplesOfRouters(t *testing.T) []string {
	t.Helper()
	const notes = "../../shared/ios-cli.md"
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Skipf("the notes on IOS are not beside this repository: %v", err)
	}
	_, section, _ := strings.Cut(string(text), "### 3.4")
	var samples []string
	for _, m := range regexp.MustCompile("(?s)```\n(.*?)\n```").FindAllStringSubmatch(section, 3) {
		samples = append(samples, m[1])
	}
	if len(samples) != 3 {
		t.Fatalf("found %d samples in section 3.4, expected 3", len(samples))
	}
	return samples
}

// The classic samples print back to the byte on a release that prints that form.
func TestClassicSamples(t *testing.T) {
	for _, sample := range samplesOfRouters(t)[:2] {
		want := sample + "\n!"
		for _, rel := range []devices.Release{devices.Release152, devices.Release155} {
			if got := strings.Join(configured(t, rel, loadAs(t, rel, sample)), "\n"); got != want {
				t.Errorf("release %s: got\n%s\nwant\n%s", rel, got, want)
			}
		}
	}
}

// The sample of a PxTR mixes the forms; release 17.9 prints it in its own.
func TestProxySample(t *testing.T) {
	const want = `router lisp
 service ipv4
  itr map-resolver 10.255.0.1
  proxy-etr
  proxy-itr 10.255.0.4
  exit-service-ipv4
 !
 instance-id 0
  service ipv4
   eid-table default
   map-cache 172.16.0.0/16 map-request
   exit-service-ipv4
  !
  exit-instance-id
 !
 exit-router-lisp
!`
	sample := samplesOfRouters(t)[2]
	if got := strings.Join(configured(t, devices.Release179, loadAs(t, devices.Release179, sample)), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := compiled(t).Load(devices.Release155, "PxTR.cfg", sample); err == nil || !strings.HasPrefix(err.Error(), `PxTR.cfg:5:4: found "instance-id"`) {
		t.Errorf("release 15.5: %v", err)
	}
}

// A whole configuration, as this router prints it.
const wholeConfig = `!
version 15.5
service timestamps debug datetime msec
service timestamps log datetime msec
no service password-encryption
!
hostname xTR1
!
ipv6 unicast-routing
!
interface Loopback0
 description RLOC
 ip address 203.0.113.11 255.255.255.255
!
interface GigabitEthernet0/0
 ip address 192.0.2.1 255.255.255.254
!
interface GigabitEthernet0/1
 no ip address
 shutdown
 ipv6 address 2001:DB8::1/48
 ipv6 address 2001:DB8:1::1/48
!
router lisp
 locator-table default
 locator-set RLOCS
  203.0.113.11 priority 1 weight 50
  2001:DB8:F::1 priority 2 weight 100
  exit
 !
 eid-table vrf BLUE instance-id 100
  database-mapping 10.1.0.0/16 locator-set RLOCS
  map-cache 10.0.0.0/8 map-request
  exit
 !
 database-mapping 10.10.10.0/24 198.51.100.21 priority 1 weight 50
 database-mapping 10.10.10.0/24 203.0.113.11 priority 1 weight 50
 database-mapping 2001:DB8::/32 203.0.113.11 priority 255 weight 0
 site A
  description Headquarters, "the big one" | it's #1
  authentication-key 0 7
  eid-prefix 0.0.0.0/0 accept-more-specifics
  eid-prefix 2001:DB8::/32
  eid-prefix instance-id 100 10.0.0.0/8
  exit
 !
 ipv4 map-server
 ipv4 map-resolver
 ipv4 proxy-etr
 ipv4 itr map-resolver 209.165.201.31
 ipv4 itr
 ipv4 etr map-server 209.165.201.31 key site-a-key
 ipv4 etr map-server 209.165.201.41 key shared-key
 ipv4 etr
 ipv6 proxy-itr 203.0.113.11
 ipv6 etr map-server 209.165.201.31 key site-a-key
 ipv6 etr
 exit
!
ip route 0.0.0.0 0.0.0.0 192.0.2.0
ip route 10.0.0.0 255.0.0.0 Null0
!
ipv6 route ::/0 GigabitEthernet0/1 FE80::1
!
line con 0
line vty 0 4
 login
!
end
`

// The same as release 17.9 prints it.
const wholeHierarchicalConfig = `!
version 17.9
service timestamps debug datetime msec
service timestamps log datetime msec
no service password-encryption
!
hostname xTR1
!
ipv6 unicast-routing
!
interface Loopback0
 description RLOC
 ip address 203.0.113.11 255.255.255.255
!
interface GigabitEthernet0/0
 ip address 192.0.2.1 255.255.255.254
!
interface GigabitEthernet0/1
 no ip address
 shutdown
 ipv6 address 2001:DB8::1/48
 ipv6 address 2001:DB8:1::1/48
!
router lisp
 locator-table default
 locator-set RLOCS
  203.0.113.11 priority 1 weight 50
  2001:DB8:F::1 priority 2 weight 100
  exit-locator-set
 !
 service ipv4
  itr map-resolver 209.165.201.31
  itr
  etr map-server 209.165.201.31 key site-a-key
  etr map-server 209.165.201.41 key shared-key
  etr
  proxy-etr
  map-server
  map-resolver
  exit-service-ipv4
 !
 service ipv6
  etr map-server 209.165.201.31 key site-a-key
  etr
  proxy-itr 203.0.113.11
  exit-service-ipv6
 !
 instance-id 0
  service ipv4
   eid-table default
   database-mapping 10.10.10.0/24 198.51.100.21 priority 1 weight 50
   database-mapping 10.10.10.0/24 203.0.113.11 priority 1 weight 50
   exit-service-ipv4
  !
  service ipv6
   eid-table default
   database-mapping 2001:DB8::/32 203.0.113.11 priority 255 weight 0
   exit-service-ipv6
  !
  exit-instance-id
 !
 instance-id 100
  service ipv4
   eid-table vrf BLUE
   database-mapping 10.1.0.0/16 locator-set RLOCS
   map-cache 10.0.0.0/8 map-request
   exit-service-ipv4
  !
  service ipv6
   eid-table vrf BLUE
   exit-service-ipv6
  !
  exit-instance-id
 !
 site A
  description Headquarters, "the big one" | it's #1
  authentication-key 0 7
  eid-record 0.0.0.0/0 accept-more-specifics
  eid-record 2001:DB8::/32
  eid-record instance-id 100 10.0.0.0/8
  exit-site
 !
 exit-router-lisp
!
ip route 0.0.0.0 0.0.0.0 192.0.2.0
ip route 10.0.0.0 255.0.0.0 Null0
!
ipv6 route ::/0 GigabitEthernet0/1 FE80::1
!
line con 0
line vty 0 4
 login
!
end
`

func TestWholeConfigPrintsBack(t *testing.T) {
	for rel, want := range map[devices.Release]string{devices.Release155: wholeConfig, devices.Release179: wholeHierarchicalConfig} {
		if got := compiled(t).File(rel, loadAs(t, rel, want)); got != want {
			t.Errorf("release %s: got\n%s", rel, got)
		}
	}
}

// A router of the hierarchical form takes the classic one, and says the same in its own words; the other way round every
// line that is not classic is refused.
func TestFormsOfOneConfig(t *testing.T) {
	s := compiled(t)
	if got := s.File(devices.Release179, loadAs(t, devices.Release179, wholeConfig)); got != wholeHierarchicalConfig {
		t.Errorf("got\n%s", got)
	}
	_, err := s.Load(devices.Release155, "R.cfg", wholeHierarchicalConfig)
	if err == nil {
		t.Fatal("release 15.5 takes the hierarchical form")
	}
	for _, line := range []string{`found "exit-locator-set"`, `found "ipv4"`, `found "instance-id"`, `found "eid-record"`, `found "exit-site"`, `found "exit-router-lisp"`} {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("no %s in\n%v", line, err)
		}
	}
}

// What a person may type instead is read as the same configuration.
func TestLoadIsForgiving(t *testing.T) {
	want := load(t, wholeConfig)
	for what, change := range map[string]func(string) string{
		"no indent": func(s string) string { return regexp.MustCompile(`(?m)^ *!?`).ReplaceAllString(s, "") },
		"no exit before a line of a parent": func(s string) string {
			return strings.NewReplacer("  exit\n !\n site", " site", "  exit\n !\n ipv4", " ipv4", " exit\n!\nip route", "ip route").Replace(s)
		},
		"CR LF":        func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no last line": func(s string) string { return strings.TrimSuffix(s, "\nend\n") },
		"abbreviated": func(s string) string {
			return strings.NewReplacer("interface GigabitEthernet", "int Gi", "ip address", "ip addr", "database-mapping", "data", "priority", "p", "weight", "w",
				"description", "desc").Replace(s)
		},
		"tabs":       func(s string) string { return strings.ReplaceAll(s, "\n ", "\n\t") },
		"host bits":  func(s string) string { return strings.ReplaceAll(s, "10.10.10.0/24", "10.10.10.99/24") },
		"key's type": func(s string) string { return strings.ReplaceAll(s, "key site-a-key", "key 0 site-a-key") },
		"lower case": func(s string) string { return strings.ReplaceAll(s, "2001:DB8", "2001:db8") },
		"order": func(s string) string {
			return strings.Replace(s, " ipv6 etr\n exit\n", " exit\nrouter lisp\n ipv6 etr\n exit\n", 1)
		},
		"typed twice":  func(s string) string { return strings.Replace(s, "end\n", "", 1) + s[strings.Index(s, "hostname"):] },
		"long comment": func(s string) string { return "! saved by hand\n" + s },
	} {
		t.Run(what, func(t *testing.T) { checkSame(t, load(t, change(wholeConfig)), want) })
	}
}

func TestLoadErrors(t *testing.T) {
	s := compiled(t)
	for _, tt := range []struct{ text, want string }{
		{"hostnam xTR1\nhostname_x y", `R.cfg:2:9: found "hostname_x", expected access-list, banner, default, do, enable, end, exit, hostname, interface, ip, ipv6, line, ...`},
		{"interface GigabitEthernet0/0\n ip address 10.1.1.1/24", `R.cfg:2:21: found "10.1.1.1/24", expected A.B.C.D`},
		{"interface Null0", `R.cfg:1:15: found "Null0", expected Loopback<0-2147483647>`},
		{"router lisp\n site A\n  eid-prefix", `R.cfg:3:13: incomplete command: expected A.B.C.D/nn, X:X:X:X::X/<0-128> or instance-id`},
		{"router lisp\n i etr", `R.cfg:2:2: ambiguous word "i": it may be ipv4 or ipv6`},
		{"router lisp\n site A\n  eid-prefix 10.0.0.0/33", `R.cfg:3:23: found "10.0.0.0/33", expected A.B.C.D/nn, X:X:X:X::X/<0-128> or instance-id`},
		{"router lisp\n database-mapping 10.0.0.0/8 locator-set X", "R.cfg:2:2: Locator-set X does not exist."},
		{"interface Loopback0\n ip address 10.1.1.0 255.255.255.0", "R.cfg:2:2: Bad mask /24 for address 10.1.1.0"},
		{"end\n!\nhostname late", "R.cfg:3:1: found \"hostname\" after `end`, expected nothing"},
		{"show version", `R.cfg:1:2: found "show", expected access-list, banner, default, do, enable, end, exit, hostname, interface, ip, ipv6, line, ...`},
		{"do show version", `R.cfg:1:1: found "do", expected a line of configuration`},
		{"ip route 10.0.0.0 255.0.0.0 Gi0/3", `R.cfg:1:31: found "GigabitEthernet0/3", expected Loopback<0-2147483647>`},
	} {
		_, err := s.Load(devices.Release155, "R.cfg", tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}
