package devices

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A power-on and a reload boot nvram:startup-config, or the lab file's configuration where there is none.
func TestStartupBoots(t *testing.T) {
	lab, d := openAlone(t, "")
	runs := func(want string) {
		t.Helper()
		if got := d.Config().Hostname; got != want || d.Startup().Hostname != want || !d.Running() {
			t.Errorf("%v: runs as %q and would boot as %q, want %q", lab.Now().Sub(labStart), got, d.Startup().Hostname, want)
		}
	}
	runs("FromTheLabFile")
	must(t, d.FileSystem(NVRAM).Write(StartupFile, []byte("hostname Kept\n")))
	must(t, lab.StopDevice("R1"))
	must(t, lab.StartDevice("R1"))
	runs("Kept")
	if _, reloaded := d.Reloaded(); reloaded {
		t.Error("a power-on counts as a reload")
	}
	must(t, d.FileSystem(NVRAM).Remove(StartupFile))
	must(t, d.Reload("console"))
	runs("FromTheLabFile")
	if at, reloaded := d.Reloaded(); !reloaded || !at.Equal(labStart) || !d.Booted().Equal(labStart.Add(BootTime)) {
		t.Errorf("reloaded at %v (%v), booted at %v", at, reloaded, d.Booted())
	}
	must(t, lab.StopDevice("R1"))
	if err := d.Reload("console"); err == nil {
		t.Error("a router without power reloads")
	}
}

// With a state directory the startup configuration outlives the lab.
func TestStartupOutlivesTheLab(t *testing.T) {
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) {
		_, d := openAlone(t, dir)
		must(t, d.FileSystem(NVRAM).Write(StartupFile, []byte("hostname Kept\n")))
	})
	_, d := openAlone(t, dir)
	if got := d.Config().Hostname; got != "Kept" {
		t.Errorf("the router boots as %s, want Kept", got)
	}
	info, err := os.Stat(filepath.Join(dir, "R1", "nvram", StartupFile))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("a file with keys has the permissions %v", info.Mode())
	}
}

// While lab time follows the wall a reload does not wait: the router is away until lab time has come to its boot. Power
// is told both ways, and a power cut meanwhile calls the boot off.
func TestReloadFollowingTheWall(t *testing.T) {
	var powered []string
	lab := open(t, alone, Options{FS: aloneFiles, Powered: func(d *Device, on bool) {
		powered = append(powered, fmt.Sprint(d.Name(), " ", on))
	}})
	lab.Follow(context.Background())
	d := lab.Device("R1")
	lab.Do(func() {
		must(t, d.Reload("lab on vty0 (192.0.2.1)"))
		if d.Running() {
			t.Error("the router runs on")
		}
		log := d.Log()
		if got := log[len(log)-1].Text; got != "%SYS-5-RELOAD: Reload requested by lab on vty0 (192.0.2.1). Reload Reason: Reload Command." {
			t.Errorf("its last words are %s", got)
		}
		must(t, lab.Advance(BootTime))
		if !d.Running() {
			t.Error("the router has not come back")
		}
		must(t, d.Reload("console"))
		must(t, lab.StopDevice("R1"))
		must(t, lab.Advance(time.Minute))
		if d.Running() {
			t.Error("the router has come back without power")
		}
		must(t, lab.StartDevice("R1"))
	})
	if got, want := strings.Join(powered, ", "), "R1 true, R1 false, R1 true, R1 false, R1 true"; got != want {
		t.Errorf("power: %s, want %s", got, want)
	}
}

// What of a startup configuration can't be is logged, and left out; the rest boots.
func TestBrokenStartup(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string   // the interfaces that have an address, and the routes
		logged     []string // behind the mnemonic
	}{
		{"empty", "", "", nil},
		{"a line of another language", "hostname R1\nnonsense\n", "", []string{`nvram:startup-config:2:1: found "nonsense", expected a line that the built-in labs use`}},
		{"an interface that the router has no more",
			"interface GigabitEthernet9/9\n ip address 10.9.9.9 255.255.255.0\ninterface Loopback0\n ip address 10.0.0.1 255.255.255.255\n",
			"Loopback0 10.0.0.1/32", []string{"found interface GigabitEthernet9/9, expected a loopback or one that R1 has: GigabitEthernet0/0"}},
		{"networks that overlap",
			"interface Loopback0\n ip address 10.0.0.1 255.255.255.0\ninterface Loopback1\n ip address 10.0.0.2 255.255.255.0\ninterface Loopback2\n ip address 10.0.2.1 255.255.255.0\nip route 10.3.0.0 255.255.0.0 10.0.2.9\n",
			"Loopback0 10.0.0.1/24, Loopback2 10.0.2.1/24, 10.3.0.0/16", []string{"10.0.0.0 overlaps with Loopback0"}},
		{"an interface twice", "interface Loopback0\ninterface Loopback0\n ip address 10.0.0.2 255.255.255.0\n",
			"", []string{"interface Loopback0 stands twice"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab, d := openAlone(t, "")
			must(t, d.FileSystem(NVRAM).Write(StartupFile, []byte(tt.text)))
			must(t, lab.StopDevice("R1"))
			must(t, lab.StartDevice("R1"))
			var have []string
			for _, i := range d.Config().Interfaces {
				if i.IPv4.IsValid() {
					have = append(have, fmt.Sprint(i.Name, " ", i.IPv4))
				}
			}
			for _, r := range d.Config().Routes {
				have = append(have, r.Prefix.String())
			}
			if got := strings.Join(have, ", "); got != tt.want {
				t.Errorf("boots with %s, want %s", got, tt.want)
			}
			var logged []string
			for _, l := range d.Log() {
				if text, ok := strings.CutPrefix(l.Text, "%PARSER-4-BADCFG: "); ok {
					logged = append(logged, text)
				}
			}
			if fmt.Sprint(logged) != fmt.Sprint(tt.logged) {
				t.Errorf("logged\n%q\nwant\n%q", logged, tt.logged)
			}
			if !d.Config().Equal(d.Startup()) {
				t.Error("what runs is not what would boot")
			}
		})
	}
}

// Of a block of LISP only the parts go that can't be.
func TestSalvageLISP(t *testing.T) {
	whole, err := parse(Release155, "a", `router lisp
 site A
  authentication-key key-a
 site B
  authentication-key key-b
 ipv4 map-server
`)
	must(t, err)
	broken := whole.Clone()
	broken.LISP.Sites = append(broken.LISP.Sites, Site{Name: "A", Key: "again"}, Site{Name: "C", Key: "key-c"})
	_, d := openAlone(t, "")
	kept, refused := d.file.salvage(broken)
	if len(refused) != 1 || refused[0].Error() != `site "A" stands twice or has no name` {
		t.Errorf("refused %v", refused)
	}
	if l := kept.LISP; len(l.Sites) != 3 || l.Sites[0].Key != "key-a" || l.Sites[2].Name != "C" || !l.IPv4.MapServer {
		t.Errorf("kept %+v", kept.LISP)
	}
}

// A startup configuration that becomes unreadable keeps a power-on from happening, and has a reload boot the lab file's
// configuration; both say why.
func TestUnreadableStartup(t *testing.T) {
	dir := t.TempDir()
	lab, d := openAlone(t, dir)
	must(t, os.Mkdir(filepath.Join(dir, "R1", "nvram", StartupFile), 0o700))
	must(t, d.Reload("console"))
	const why = "Error opening nvram:/startup-config (Is a directory)"
	log := d.Log()
	if got := log[1].Text; got != "%SYS-2-NV_READ: "+why+": booting the configuration of the lab file" || d.Config().Hostname != "FromTheLabFile" {
		t.Errorf("boots as %s and logs %q", d.Config().Hostname, got)
	}
	must(t, lab.StopDevice("R1"))
	if err := lab.StartDevice("R1"); err == nil || err.Error() != "R1 can't boot: "+why || d.Running() {
		t.Errorf("error %v, running %v", err, d.Running())
	}
	must(t, os.Remove(filepath.Join(dir, "R1", "nvram", StartupFile)))
	must(t, lab.StartDevice("R1"))
}

// Of many lines that are wrong in a lab's own file the error tells the first.
func TestManyErrors(t *testing.T) {
	files := fstest.MapFS{alone: aloneFiles[alone], "dir/R1.cfg": {Data: []byte("x")}}
	_, err := OpenLab(alone, Options{FS: files, Parse: func(Release, string, string) (Config, error) {
		var list []error
		for i := range 25 {
			list = append(list, fmt.Errorf("line %d: %w", i, fs.ErrInvalid))
		}
		return Config{}, errors.Join(list...)
	}})
	if err == nil || !errors.Is(err, fs.ErrInvalid) || strings.Count(err.Error(), "\n") != 10 || !strings.HasSuffix(err.Error(), "and 15 lines more") {
		t.Errorf("error\n%v", err)
	}
}
