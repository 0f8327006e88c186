package commands

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lisplab/devices"
)

func TestDifferences(t *testing.T) {
	for _, tt := range []struct{ name, a, b, want string }{
		{"nothing", "hostname a\n!\nend\n", "! a comment\nhostname a\nend\n", ""},
		{"a line for another", "hostname a\nend\n", "hostname b\nend\n", "-hostname a\n+hostname b\n"},
		{"a new block", "end\n", "interface X\n description y\n!\nend\n", "+interface X\n +description y\n"},
		{"a block that is gone, at its place", "interface X\n shutdown\ninterface Y\n!\nend\n", "interface Y\nend\n", "-interface X\n -shutdown\n"},
		{"inside a block", "interface X\n description y\n shutdown\n", "interface X\n description z\n shutdown\n", "interface X\n -description y\n +description z\n"},
		{"three levels", "router lisp\n site A\n  authentication-key a\n  exit\n site B\n  exit\n exit\n", "router lisp\n site A\n  authentication-key b\n  exit\n site B\n  exit\n exit\n",
			"router lisp\n site A\n  -authentication-key a\n  +authentication-key b\n"},
		{"another order is no difference", "a\nb\nc\n", "c\na\nb\n", ""},
		{"another order, and a difference behind it", "a\nb\nx\n", "b\na\n", "-x\n"},
		{"all is gone", "a\n b\nc\n", "", "-a\n -b\n-c\n"},
		{"all is new", "", "a\n b\nc\n", "+a\n +b\n+c\n"},
	} {
		var got strings.Builder
		differences(&got, blocksOf(tt.a), blocksOf(tt.b), 0)
		if got.String() != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, &got, tt.want)
		}
	}
}

// What is told as a difference is one, and every difference is told: the lines with a plus are those that only the second
// has, the lines with a minus those that only the first has. The other way round the signs change.
func TestDifferencesAreAll(t *testing.T) {
	line := rapid.SampledFrom([]string{"a", "b", "c", " d", " e", "  f", "!"})
	rapid.Check(t, func(t *rapid.T) {
		texts := [2]string{}
		for i := range texts {
			texts[i] = strings.Join(rapid.SliceOfNDistinct(line, 0, 7, rapid.ID).Draw(t, "lines"), "\n")
		}
		var there, back strings.Builder
		differences(&there, blocksOf(texts[0]), blocksOf(texts[1]), 0)
		differences(&back, blocksOf(texts[1]), blocksOf(texts[0]), 0)
		plus, minus := strings.Count(there.String(), "+"), strings.Count(there.String(), "-")
		if p, m := strings.Count(back.String(), "+"), strings.Count(back.String(), "-"); p != minus || m != plus {
			t.Fatalf("there\n%sback\n%s", &there, &back)
		}
		same := count(paths(blocksOf(texts[0]), ""), paths(blocksOf(texts[1]), ""))
		if n := len(paths(blocksOf(texts[1]), "")) - same; n != plus {
			t.Fatalf("%d lines are new in\n%s\nof\n%s\nand %d are told:\n%s", n, texts[1], texts[0], plus, &there)
		}
	})
}

// paths are the lines of blocks, each behind those that it stands in.
func paths(list []block, above string) map[string]bool {
	all := map[string]bool{}
	for _, b := range list {
		all[above+b.line] = true
		for p := range paths(b.lines, above+b.line+"/") {
			all[p] = true
		}
	}
	return all
}

func count(a, b map[string]bool) (both int) {
	for k := range a {
		if b[k] {
			both++
		}
	}
	return both
}

func TestFileNames(t *testing.T) {
	for _, tt := range []struct{ typed, file, base string }{
		{"a", "flash:/a", "a"},
		{"/a", "flash:/a", "a"},
		{"flash:a", "flash:/a", "a"},
		{"FLASH:/a", "flash:/a", "a"},
		{"flash://a", "flash:/a", "a"},
		{"flash:", "flash:/", ""},
		{"", "flash:/", ""},
		{"nvram:startup-config", startupFile.String(), "startup-config"},
		{"system:running-config", runningFile.String(), "running-config"},
		{"tftp://10.0.0.1/dir/a", "tftp://10.0.0.1/dir/a", "a"},
		{"scp:", "scp:", ""},
	} {
		if f := fileOf(tt.typed); f.String() != tt.file || f.base() != tt.base {
			t.Errorf("%q is %s, called %q; want %s, called %q", tt.typed, f, f.base(), tt.file, tt.base)
		}
	}
}

// Every line of a configuration file that is wrong is told, once for the block below it; the others make the configuration.
func TestLoadGoesOn(t *testing.T) {
	cfg, err := compiled(t).Load(devices.Release155, "f", `hostname R1
hostname a/b
interface Loopback0
 ip address 10.0.0.1 255.255.255.255
interface Zzz0
 ip address 10.0.0.2 255.255.255.255
 shutdown
interface Loopback1
 description one
 zzz
  deeper
 ip address 10.0.0.3 255.255.255.255
end
hostname R2
hostname R3
`)
	want := `f:2:1: Hostname contains one or more illegal characters.
f:5:11: found "Zzz0"
f:10:2: found "zzz"
f:14:1: found "hostname" after ` + "`end`" + `, expected nothing`
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for line := range strings.Lines(err.Error()) {
		head, _, _ := strings.Cut(strings.TrimSpace(line), ", expected do")
		head, _, _ = strings.Cut(head, ", expected default")
		head, _, _ = strings.Cut(head, ", expected Ethernet")
		got = append(got, head)
	}
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("errors\n%s\nwant\n%s\nof\n%v", text, want, err)
	}
	checkSame(t, cfg, load(t, `hostname R1
interface Loopback0
 ip address 10.0.0.1 255.255.255.255
interface Loopback1
 description one
 ip address 10.0.0.3 255.255.255.255
`))
}

// A line of configuration that is refused has changed nothing, whatever stood before it: the rest of a file can go on.
func TestRefusedLinesChangeNothing(t *testing.T) {
	s := compiled(t)
	var pool []string
	for _, r := range s.rows {
		if r.Print == nil {
			continue
		}
		for _, line := range strings.Split(r.Example, "\n") {
			pool = append(pool, line, "no "+strings.TrimSpace(line))
		}
	}
	for _, rel := range releases {
		rapid.Check(t, func(t *rapid.T) {
			var cfg devices.Config
			c := &Context{Config: &cfg, loading: rel, Out: &strings.Builder{}}
			c.enter(frame{mode: Config})
			for _, line := range rapid.SliceOfN(rapid.SampledFrom(pool), 1, 30).Draw(t, "lines") {
				before, mode := cfg.Clone(), c.Mode()
				if err := s.Run(c, line); err != nil && (!cfg.Equal(before) || c.Mode() != mode) {
					t.Fatalf("%q is refused (%v) and yet has changed the configuration", line, err)
				}
				if c.Mode() == Exec {
					return
				}
			}
		})
	}
}
