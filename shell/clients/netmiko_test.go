package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// python finds an interpreter that has a module: Debian's packages are for its own one only, which need not be the first.
func python(t *testing.T, module, pkg string) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import "+module).Run() == nil {
			return name
		}
	}
	t.Skipf("no Python here has the module %s: install the package %s", module, pkg)
	return ""
}

// tool finds a program.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here (%v): install the package %s", name, err, pkg)
	}
	return path
}

// runTool runs a program that ends by itself, bounded by the test's patience, and returns what it prints.
func runTool(t *testing.T, env []string, name string, args ...string) (stdout string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = patience
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// TestNetmiko runs a session of Netmiko over SSH and over telnet: enable, show, a set of lines of configuration, saved, and
// taken back.
func TestNetmiko(t *testing.T) {
	interpreter := python(t, "netmiko", "python3-netmiko")
	leaks(t)
	for way, deviceType := range map[string]string{"ssh": "cisco_ios", "telnet": "cisco_ios_telnet"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel() // Netmiko spends its time asleep
			s := serve(t, labOptions{})
			port := at(s.endpoint(t, "xTR1"), way)
			var got struct {
				Before, After, Disabled string
				Enabled, Alive          bool
				Version, Running        string
				Configuration           string
				InConfiguration         bool `json:"in configuration"`
				Changed, Saved, Startup string
				Undone, Restored        string
			}
			env := []string{"HOME=" + t.TempDir()}
			text := runTool(t, env, interpreter, "testdata/netmiko_session.py", deviceType, port.Addr().String(), itoa(port.Port()), guest, guest, secret)
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			if got.Before != "xTR1>" || !got.Enabled || got.After != "xTR1#" || got.Disabled != "xTR1>" || !got.Alive || got.InConfiguration {
				t.Errorf("prompts: %q, %q (enabled: %v), %q; alive: %v; still in configuration: %v",
					got.Before, got.After, got.Enabled, got.Disabled, got.Alive, got.InConfiguration)
			}
			if !strings.Contains(got.Version, "Cisco IOS Software, ") || !strings.Contains(got.Version, "xTR1 uptime is ") {
				t.Errorf("show version shows\n%s", got.Version)
			}
			if strings.Contains(got.Configuration, "%") || strings.Contains(got.Undone, "%") {
				t.Errorf("the configuration is answered with\n%s\n%s", got.Configuration, got.Undone)
			}
			for name, text := range map[string]string{"running": got.Changed, "startup": got.Startup} {
				for _, want := range []string{" description by Netmiko\n", "  203.0.113.11 priority 7 weight 7\n"} {
					if !strings.Contains(text, want) {
						t.Errorf("the %s configuration is\n%s\nwithout %q", name, text, want)
					}
				}
			}
			if !strings.Contains(got.Saved, "Building configuration...") || !strings.Contains(got.Saved, "[OK]") {
				t.Errorf("write mem says %q", got.Saved)
			}
			if a, b := stable(got.Running), stable(got.Restored); a != b {
				t.Errorf("the configuration was\n%s\nand is, once all is taken back,\n%s", a, b)
			}
		})
	}
}

// stable is a running configuration without the lines that tell when it was changed.
func stable(text string) string {
	return regexp.MustCompile(`(?m)^(! (Last|NVRAM) config.*|Current configuration : .*)\r?\n`).ReplaceAllString(text, "")
}
