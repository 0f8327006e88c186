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
	cfg, err := compiled(t).Load(devices.Release155, "test.cfg", text)
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
	s := compiled(t)
	for _, r := range s.rows {
		if r.Print == nil {
			continue
		}
		if r.Example == "" {
			t.Errorf("%q prints itself but has no example", r.Syntax)
			continue
		}
		printed := s.RunningConfig(load(t, r.Example))
		at := 0
		for _, line := range strings.Split(r.Example, "\n") {
			for at < len(printed) && printed[at] != line {
				at++
			}
			if at == len(printed) {
				t.Errorf("%q: example line %q is not in what is printed, in its place:\n%s", r.Syntax, line, strings.Join(printed, "\n"))
			}
		}
	}
}

// A `no` in front of an example's last line takes it back.
func TestNoUndoesExamples(t *testing.T) {
	s := compiled(t)
	for _, r := range s.rows {
		if r.Print == nil || r.No == "" {
			continue
		}
		lines := strings.Split(r.Example, "\n")
		last := strings.TrimSpace(lines[len(lines)-1])
		cfg := load(t, r.Example+"\n"+strings.Join(lines[:len(lines)-1], "\n")+"\nno "+last)
		for _, line := range s.RunningConfig(cfg) {
			if strings.TrimSpace(line) == last {
				t.Errorf("%q stands after `no %s`:\n%s", last, last, strings.Join(s.RunningConfig(cfg), "\n"))
			}
		}
	}
}

// The classic samples of real routers (IOS 15.2) print back to the byte.
func TestClassicSamples(t *testing.T) {
	const notes = "../../shared/ios-cli.md"
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Skipf("the notes on IOS are not beside this repository: %v", err)
	}
	_, section, _ := strings.Cut(string(text), "### 3.4")
	samples := regexp.MustCompile("(?s)```\n(.*?)\n```").FindAllStringSubmatch(section, 2)
	if len(samples) != 2 {
		t.Fatalf("found %d samples in section 3.4, expected 2", len(samples))
	}
	for _, sample := range samples {
		want := sample[1] + "\n!"
		if got := strings.Join(compiled(t).RunningConfig(load(t, sample[1])), "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A whole configuration, as this router prints it.
const wholeConfig = `!
version 15.5
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
 locator-set RLOCS
  203.0.113.11 priority 1 weight 50
  2001:DB8:F::1 priority 2 weight 100
  exit
 !
 eid-table vrf BLUE instance-id 100
  database-mapping 10.1.0.0/16 locator-set RLOCS
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
 ipv4 itr map-resolver 209.165.201.31
 ipv4 itr
 ipv4 etr map-server 209.165.201.31 key site-a-key
 ipv4 etr map-server 209.165.201.41 key shared-key
 ipv4 etr
 ipv6 etr map-server 209.165.201.31 key site-a-key
 ipv6 etr
 exit
!
ip route 0.0.0.0 0.0.0.0 192.0.2.0
ip route 10.0.0.0 255.0.0.0 Null0
!
ipv6 route ::/0 GigabitEthernet0/1 FE80::1
!
end
`

func TestWholeConfigPrintsBack(t *testing.T) {
	if got := compiled(t).File(devices.Release155, load(t, wholeConfig)); got != wholeConfig {
		t.Errorf("got\n%s", got)
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
		{"hostnam xTR1\nhostname_x y", `R.cfg:2:9: found "hostname_x", expected do, end, exit, hostname, interface, ip, ipv6, no or router`},
		{"interface GigabitEthernet0/0\n ip address 10.1.1.1/24", `R.cfg:2:21: found "10.1.1.1/24", expected A.B.C.D`},
		{"interface Null0", `R.cfg:1:15: found "Null0", expected Loopback<0-2147483647>`},
		{"router lisp\n site A\n  eid-prefix", `R.cfg:3:13: incomplete command: expected A.B.C.D/nn, X:X:X:X::X/<0-128> or instance-id`},
		{"router lisp\n i etr", `R.cfg:2:2: ambiguous word "i": it may be ipv4 or ipv6`},
		{"router lisp\n site A\n  eid-prefix 10.0.0.0/33", `R.cfg:3:23: found "10.0.0.0/33", expected A.B.C.D/nn, X:X:X:X::X/<0-128> or instance-id`},
		{"router lisp\n database-mapping 10.0.0.0/8 locator-set X", "R.cfg:2:2: Locator-set X does not exist."},
		{"interface Loopback0\n ip address 10.1.1.0 255.255.255.0", "R.cfg:2:2: Bad mask /24 for address 10.1.1.0"},
		{"end\n!\nhostname late", "R.cfg:3:1: found \"hostname\" after `end`, expected nothing"},
		{"show version", `R.cfg:1:1: found "show", expected do, end, exit, hostname, interface, ip, ipv6, no or router`},
		{"do show version", `R.cfg:1:1: found "do", expected a line of configuration`},
		{"ip route 10.0.0.0 255.0.0.0 Gi0/3", `R.cfg:1:31: found "GigabitEthernet0/3", expected Loopback<0-2147483647>`},
	} {
		_, err := s.Load(devices.Release155, "R.cfg", tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}
