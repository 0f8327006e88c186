package shell

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lisplab/commands"
	"lisplab/devices"
)

// The lab of this test has one router, whose configuration is long enough to be caught in the middle.
func writeLongLab(t *testing.T, dir string) {
	t.Helper()
	var cfg strings.Builder
	cfg.WriteString("hostname h0\n")
	for i := range 8 {
		fmt.Fprintf(&cfg, "interface Loopback%d\n description %s\n", i, strings.Repeat("x", 8000))
	}
	for name, text := range map[string]string{
		"lab.yaml": "devices: [{name: R1, config: R1.cfg}]\n",
		"R1.cfg":   cfg.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// sitDown opens that lab with its state beside it, and a terminal in front of the router.
func sitDown(t *testing.T, dir string) (*devices.Lab, *Shell) {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := devices.OpenLab(dir, devices.Options{Parse: set.Load, State: filepath.Join(dir, "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	sh := New(lab, set)
	if err := sh.Attach("R1"); err != nil {
		t.Fatal(err)
	}
	return lab, sh
}

func exec1(t *testing.T, sh *Shell, lines ...string) (text string) {
	t.Helper()
	for _, line := range lines {
		var err error
		if text, err = sh.Converse(line, nil); err != nil || sh.Refused() {
			t.Fatalf("%s: %s (%v)", line, text, err)
		}
	}
	return text
}

// longLab names the folder of the lab to the process that TestKilledWhileSaving kills.
const longLab = "LISPLAB_TEST_LONG_LAB"

// TestKilledWhileSaving kills a process a hundred times while its router saves one configuration after the other. Each time
// the router boots the last configuration whose saving it had confirmed, or the one that it was saving, whole.
func TestKilledWhileSaving(t *testing.T) {
	if dir := os.Getenv(longLab); dir != "" {
		saveForever(t, dir)
	}
	dir := t.TempDir()
	writeLongLab(t, dir)
	r := rand.New(rand.NewPCG(1, 2))
	saved := 0
	for range 100 {
		begun, done := killWhileSaving(t, dir, saved, r.IntN(12))
		saved = max(saved, done)
		t.Run(fmt.Sprintf("saved %d, saving %d", saved, begun), func(t *testing.T) {
			lab, sh := sitDown(t, dir)
			booted := lab.Device("R1").Config().Hostname
			n, err := strconv.Atoi(strings.TrimPrefix(booted, "h"))
			// The child may have gone on by a step while its death was under way.
			if err != nil || n < saved || n > begun+1 {
				t.Fatalf("the router boots as %s", booted)
			}
			if n > 0 {
				running := exec1(t, sh, "more system:running-config")
				if startup := exec1(t, sh, "more nvram:startup-config"); startup != running {
					t.Errorf("what the router booted is not its startup configuration:\n%s", startup)
				}
			}
			for _, l := range lab.Device("R1").Log() {
				if strings.Contains(l.Text, "BADCFG") {
					t.Error(l.Text)
				}
			}
			saved = n
		})
		if t.Failed() {
			return
		}
	}
	if saved < 100 {
		t.Errorf("only %d configurations were saved: the test has tried nothing", saved)
	}
}

// killWhileSaving starts the process that saves, kills it after some lines of its progress, and returns the number of the
// last configuration that it had begun to save and of the last that it had saved.
func killWhileSaving(t *testing.T, dir string, from, lines int) (begun, done int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileSaving$")
	child.Env = append(os.Environ(), longLab+"="+dir, fmt.Sprintf("LISPLAB_TEST_FROM=%d", from+1))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	progress := bufio.NewScanner(out)
	read := func() bool {
		if !progress.Scan() {
			return false
		}
		var n int
		if _, err := fmt.Sscanf(progress.Text(), "saving %d", &n); err == nil {
			begun = n
		} else if _, err := fmt.Sscanf(progress.Text(), "saved %d", &n); err == nil {
			done = n
		} else {
			t.Errorf("the process says %s", progress.Text())
		}
		return true
	}
	begun, done = from, from
	for range lines + 1 {
		if !read() {
			t.Fatal("the process has ended by itself")
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for read() { // what it had said before it died
	}
	_ = child.Wait() // it was killed
	return begun, done
}

// saveForever saves configurations that differ in their hostname until the process is killed.
func saveForever(t *testing.T, dir string) {
	_, sh := sitDown(t, dir)
	n, err := strconv.Atoi(os.Getenv("LISPLAB_TEST_FROM"))
	if err != nil {
		t.Fatal(err)
	}
	for ; ; n++ {
		exec1(t, sh, "configure terminal", fmt.Sprintf("hostname h%d", n), "end")
		fmt.Println("saving", n)
		exec1(t, sh, "write memory")
		fmt.Println("saved", n)
	}
}
