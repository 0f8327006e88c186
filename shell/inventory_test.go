package shell

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lisplab/devices"
	"lisplab/devices/password"
)

func inventory(ssh, telnet bool) Inventory {
	i := Inventory{Lab: "two sites", Endpoints: []Endpoint{
		{Device: "xTR1", Release: devices.Release155, Account: Account{User: "lab", Password: "lab", Enable: "lab"}},
		{Device: "no", Release: devices.Release179, Account: Account{User: "j\"r"}},
	}}
	for n := range i.Endpoints {
		if ssh {
			i.Endpoints[n].SSH = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(2201+n))
		}
		if telnet {
			i.Endpoints[n].Telnet = netip.AddrPortFrom(netip.MustParseAddr("::"), uint16(2301+n))
		}
	}
	return i
}

// TestInventories holds each form, byte for byte.
func TestInventories(t *testing.T) {
	want := map[string]string{
		"table": `Router  Release  SSH             Telnet     User  Password  Enable
xTR1    15.5     127.0.0.1:2201  [::]:2301  lab   lab       lab
no      17.9     127.0.0.1:2202  [::]:2302  j"r   --        --

The routers are reachable from other machines.
`,
		"ansible": `all:
  children:
    lisplab:
      hosts:
        xTR1:
          ansible_host: 127.0.0.1
          ansible_port: 2201
          ansible_user: lab
          ansible_password: lab
          ansible_become_password: lab
        "no":
          ansible_host: 127.0.0.1
          ansible_port: 2202
          ansible_user: "j\"r"
      vars:
        ansible_connection: ansible.netcommon.network_cli
        ansible_network_os: cisco.ios.ios
        ansible_become: true
        ansible_become_method: enable
        ansible_host_key_checking: false
`,
		"netmiko": `xTR1:
  device_type: cisco_ios
  host: 127.0.0.1
  port: 2201
  username: lab
  password: lab
  secret: lab
"no":
  device_type: cisco_xe
  host: 127.0.0.1
  port: 2202
  username: "j\"r"
`,
		"nornir": `---
xTR1:
  hostname: 127.0.0.1
  port: 2201
  username: lab
  password: lab
  platform: cisco_ios
  connection_options:
    netmiko:
      extras:
        secret: lab
"no":
  hostname: 127.0.0.1
  port: 2202
  username: "j\"r"
  platform: cisco_xe
`,
		"pyats": `testbed:
  name: "two sites"
devices:
  xTR1:
    os: ios
    type: router
    credentials:
      default:
        username: lab
        password: lab
      enable:
        password: lab
    connections:
      cli:
        protocol: ssh
        ssh_options: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        ip: 127.0.0.1
        port: 2201
  "no":
    os: iosxe
    type: router
    credentials:
      default:
        username: "j\"r"
    connections:
      cli:
        protocol: ssh
        ssh_options: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        ip: 127.0.0.1
        port: 2202
`,
		"ssh-config": `Host xTR1
  HostName 127.0.0.1
  Port 2201
  User lab
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
Host no
  HostName 127.0.0.1
  Port 2202
  User j"r
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
`,
	}
	for _, form := range Inventories() {
		got, err := inventory(true, true).Text(form)
		if err != nil || got != want[form] {
			t.Errorf("%s (%v):\n%s\nwant\n%s", form, err, got, want[form])
		}
		if form == "table" || form == "ssh-config" {
			continue
		}
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(got), &tree); err != nil {
			t.Errorf("%s is not YAML: %v", form, err)
		}
	}
}

// TestInventoryWithoutSSH holds that clients are sent to the telnet ports then, by an address that they can connect to.
func TestInventoryWithoutSSH(t *testing.T) {
	i := inventory(false, true)
	for form, want := range map[string][]string{
		"table":   {"--     ", "[::]:2301"},
		"ansible": {`ansible_host: "::1"`, "ansible_port: 2301"},
		"netmiko": {"device_type: cisco_ios_telnet", "device_type: cisco_xe_telnet", `host: "::1"`, "port: 2302"},
		"nornir":  {"platform: cisco_ios_telnet", `hostname: "::1"`},
		"pyats":   {"protocol: telnet", "port: 2302"},
	} {
		got, err := i.Text(form)
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s lacks %q:\n%s", form, w, got)
			}
		}
	}
}

// TestInventoryThatCannotBe holds what is said of one.
func TestInventoryThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		ssh, telnet bool
		form, want  string
	}{
		{true, true, "xml", `found inventory "xml", expected one of ansible, netmiko, nornir, pyats, ssh-config, table`},
		{false, true, "ssh-config", "inventory ssh-config: SSH is off"},
		{false, false, "ansible", "inventory ansible: both SSH and telnet are off"},
	} {
		if _, err := inventory(tt.ssh, tt.telnet).Text(tt.form); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.form, err, tt.want)
		}
	}
}

// TestAccounts holds which passwords can be told: those of the built-in labs, whatever they are hashed with.
func TestAccounts(t *testing.T) {
	hashed, err := password.Hash(9, "lab", "saltsaltsalts.")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  devices.Config
		want Account
	}{
		{"nobody", devices.Config{}, Account{}},
		{"the lab's", devices.Config{
			Users:  []devices.User{{Name: "alice"}, {Name: "lab", Level: 15, Password: hashed}},
			Enable: []devices.Enable{{Level: 15, Secret: hashed}},
		}, Account{"lab", "lab", "lab"}},
		{"another", devices.Config{Users: []devices.User{{Name: "alice", Password: hashed}}}, Account{User: "alice"}},
		{"another password", devices.Config{
			Users:  []devices.User{{Name: "lab", Password: password.Password{Text: "x"}}},
			Enable: []devices.Enable{{Level: 15, Secret: password.Password{Text: "x"}, Password: hashed}},
		}, Account{User: "lab"}},
	} {
		if got := accountOf(tt.cfg); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
