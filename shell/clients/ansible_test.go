package clients

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnsible runs a playbook with Ansible's collection for IOS and the inventory that the server writes: commands, facts,
// and configurations twice each, the second of which change nothing.
func TestAnsible(t *testing.T) {
	name := tool(t, "ansible-playbook", "ansible")
	leaks(t)
	s := serve(t, labOptions{})
	text, err := s.server.Inventory().Text("ansible")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	inventory := filepath.Join(dir, "inventory.yml")
	if err := os.WriteFile(inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"HOME=" + dir, "ANSIBLE_HOME=" + dir, "ANSIBLE_LOCAL_TEMP=" + dir, "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR=" + dir,
		"ANSIBLE_CONFIG=testdata/ansible.cfg", "ANSIBLE_NETWORK_CLI_SSH_TYPE=paramiko",
		"ANSIBLE_STDOUT_CALLBACK=json", "ANSIBLE_NOCOLOR=1", "ANSIBLE_DEPRECATION_WARNINGS=False", "PYTHONWARNINGS=ignore",
	}
	// Somebody who has to use `enable`; the inventory names somebody who need not.
	out := runTool(t, env, name, "-i", inventory, "-e", "ansible_user="+guest+" ansible_password="+guest, "testdata/playbook.yml")
	var report struct {
		Plays []struct {
			Tasks []struct {
				Task  struct{ Name string }
				Hosts map[string]struct {
					Changed, Failed bool
					Stdout          []string
					Facts           map[string]any `json:"ansible_facts"`
				}
			}
		}
	}
	if at := strings.IndexByte(out, '{'); at < 0 {
		t.Fatalf("no report in %q", out)
	} else if err := json.Unmarshal([]byte(out[at:]), &report); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if len(report.Plays) != 2 {
		t.Fatalf("%d plays ran:\n%s", len(report.Plays), out)
	}
	if got := report.Plays[1].Tasks[0].Hosts; len(got) != 7 {
		t.Errorf("%d routers answered", len(got))
	}
	changed := map[string]bool{}
	for _, task := range report.Plays[0].Tasks {
		got := task.Hosts["xTR1"]
		changed[task.Task.Name] = got.Changed
		switch task.Task.Name {
		case "commands":
			for i, want := range []string{"Cisco IOS Software, ", "GigabitEthernet0/0", "router lisp"} {
				if !strings.Contains(got.Stdout[i], want) {
					t.Errorf("command %d shows\n%s\nwithout %q", i, got.Stdout[i], want)
				}
			}
		case "facts":
			for fact, want := range map[string]string{
				"ansible_net_hostname": "xTR1", "ansible_net_version": "15.5", "ansible_net_iostype": "IOS", "ansible_net_system": "ios",
				"ansible_net_serialnum": "", "ansible_net_image": "", "ansible_net_model": "",
				"ansible_net_all_ipv4_addresses": "203.0.113.11", "ansible_net_all_ipv6_addresses": "2001:DB8",
				"ansible_net_interfaces": "GigabitEthernet0/4", "ansible_net_config": "hostname xTR1", "ansible_net_filesystems": "flash:",
			} {
				if have := fmt.Sprint(got.Facts[fact]); got.Facts[fact] == nil || !strings.Contains(strings.ToUpper(have), strings.ToUpper(want)) {
					t.Errorf("%s is %.200s, without %q", fact, have, want)
				}
			}
		}
	}
	for name, want := range map[string]bool{
		"commands": false, "facts": false, "first configuration": true, "second configuration": false,
		"first block": true, "second block": false, "taken back": true,
	} {
		if got, ran := changed[name]; !ran || got != want {
			t.Errorf("%s: ran %v, changed %v, expected %v", name, ran, got, want)
		}
	}
}
