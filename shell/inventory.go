package shell

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lisplab/devices"
)

// Account is who can log in at a router.
type Account struct {
	User     string // "" when the router has no local user
	Password string // "" when it is not known
	Enable   string // the enable secret; "" when there is none, or it is not known
}

// The account that built-in labs have at every router.
const (
	labUser   = "lab"
	labSecret = "lab"
)

// accountOf looks for an account that can be told: that of the built-in labs. Passwords of others stand in the configuration
// as hashes, so only the name is known.
func accountOf(cfg devices.Config) (a Account) {
	if len(cfg.Users) > 0 {
		a.User = cfg.Users[0].Name
	}
	if _, ok := cfg.Authenticate(labUser, labSecret); ok {
		a.User, a.Password = labUser, labSecret
	}
	e := cfg.EnableFor(devices.LevelOperator)
	if e.Secret.Check(labSecret) || !e.Secret.Set() && e.Password.Check(labSecret) {
		a.Enable = labSecret
	}
	return a
}

// Inventory is what the clients of a lab have to know of it.
type Inventory struct {
	Lab       string
	Endpoints []Endpoint
}

// inventories are the forms of an inventory.
var inventories = map[string]func(Inventory) string{
	"table":      Inventory.table,
	"ansible":    Inventory.ansible,
	"netmiko":    Inventory.netmiko,
	"nornir":     Inventory.nornir,
	"pyats":      Inventory.pyATS,
	"ssh-config": Inventory.sshConfig,
}

// Inventories lists the forms that Text takes.
func Inventories() []string {
	var names []string
	for name := range inventories {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Text writes the inventory down in one of the forms: a table for people, an inventory of Ansible (YAML), the file
// .netmiko.yml of Netmiko's tools, the hosts.yaml of Nornir, a testbed of pyATS, or a part of an ssh_config.
func (i Inventory) Text(form string) (string, error) {
	write, ok := inventories[form]
	switch {
	case !ok:
		return "", fmt.Errorf("found inventory %q, expected one of %s", form, strings.Join(Inventories(), ", "))
	case form == "ssh-config" && slices.ContainsFunc(i.Endpoints, func(e Endpoint) bool { return !e.SSH.IsValid() }):
		return "", fmt.Errorf("inventory %s: SSH is off", form)
	case form != "table" && slices.ContainsFunc(i.Endpoints, func(e Endpoint) bool { return !e.cli().IsValid() }):
		return "", fmt.Errorf("inventory %s: both SSH and telnet are off", form)
	}
	return write(i), nil
}

// cli is the port for clients that use one: SSH where it is on.
func (e Endpoint) cli() netip.AddrPort {
	if e.SSH.IsValid() {
		return e.SSH
	}
	return e.Telnet
}

// xe tells whether the software is IOS XE.
func (e Endpoint) xe() bool {
	version, _ := e.Release.XE()
	return version != ""
}

// reachable is the address that a client of this machine connects to: a port at all addresses is at this one too.
func reachable(at netip.AddrPort) netip.Addr {
	switch a := at.Addr(); {
	case a == netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case a == netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	default:
		return a
	}
}

// table is for people.
func (i Inventory) table() string {
	rows := [][]string{{"Router", "Release", "SSH", "Telnet", "User", "Password", "Enable"}}
	var closed []string
	away := false
	for _, e := range i.Endpoints {
		rows = append(rows, []string{e.Device, string(e.Release), portText(e.SSH), portText(e.Telnet),
			orDashes(e.Account.User), orDashes(e.Account.Password), orDashes(e.Account.Enable)})
		if e.Account.User == "" {
			closed = append(closed, e.Device)
		}
		for _, at := range []netip.AddrPort{e.SSH, e.Telnet} {
			away = away || at.IsValid() && !at.Addr().IsLoopback()
		}
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[c], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	if len(closed) > 0 {
		fmt.Fprintf(&b, "\nNobody can log in by SSH at %s: the configuration has no user. These lines make one:\n"+
			"  username lab privilege 15 secret lab\n  line vty 0 15\n   login local\n", strings.Join(closed, ", "))
	}
	if away {
		b.WriteString("\nThe routers are reachable from other machines.\n")
	}
	return b.String()
}

func portText(at netip.AddrPort) string {
	if !at.IsValid() {
		return "--"
	}
	return at.String()
}

func orDashes(text string) string {
	if text == "" {
		return "--"
	}
	return text
}

// document is a text in YAML, line by line.
type document struct{ strings.Builder }

func (d *document) line(indent int, format string, args ...any) {
	d.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(d, format+"\n", args...)
}

// set writes a key, unless the value is not known.
func (d *document) set(indent int, key, value string) {
	if value != "" {
		d.line(indent, "%s: %s", key, scalar(value))
	}
}

// plain are the words that mean themselves in YAML.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$|^[0-9]+\.[0-9]+\.[0-9.]+$`)

// scalar writes a text in YAML.
func scalar(text string) string {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return strconv.Quote(text)
	}
	if plain.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}

func (i Inventory) ansible() string {
	var d document
	d.line(0, "all:")
	d.line(1, "children:")
	d.line(2, "lisplab:")
	d.line(3, "hosts:")
	for _, e := range i.Endpoints {
		d.line(4, "%s:", scalar(e.Device))
		d.set(5, "ansible_host", reachable(e.cli()).String())
		d.line(5, "ansible_port: %d", e.cli().Port())
		d.set(5, "ansible_user", e.Account.User)
		d.set(5, "ansible_password", e.Account.Password)
		d.set(5, "ansible_become_password", e.Account.Enable)
	}
	d.line(3, "vars:")
	d.line(4, "ansible_connection: ansible.netcommon.network_cli")
	d.line(4, "ansible_network_os: cisco.ios.ios")
	d.line(4, "ansible_become: true")
	d.line(4, "ansible_become_method: enable")
	d.line(4, "ansible_host_key_checking: false")
	return d.String()
}

// deviceType is Netmiko's name of the platform.
func (e Endpoint) deviceType() string {
	kind := "cisco_ios"
	if e.xe() {
		kind = "cisco_xe"
	}
	if !e.SSH.IsValid() {
		kind += "_telnet"
	}
	return kind
}

func (i Inventory) netmiko() string {
	var d document
	for _, e := range i.Endpoints {
		d.line(0, "%s:", scalar(e.Device))
		d.set(1, "device_type", e.deviceType())
		d.set(1, "host", reachable(e.cli()).String())
		d.line(1, "port: %d", e.cli().Port())
		d.set(1, "username", e.Account.User)
		d.set(1, "password", e.Account.Password)
		d.set(1, "secret", e.Account.Enable)
	}
	return d.String()
}

func (i Inventory) nornir() string {
	var d document
	d.line(0, "---")
	for _, e := range i.Endpoints {
		d.line(0, "%s:", scalar(e.Device))
		d.set(1, "hostname", reachable(e.cli()).String())
		d.line(1, "port: %d", e.cli().Port())
		d.set(1, "username", e.Account.User)
		d.set(1, "password", e.Account.Password)
		d.set(1, "platform", e.deviceType())
		if e.Account.Enable != "" {
			d.line(1, "connection_options:")
			d.line(2, "netmiko:")
			d.line(3, "extras:")
			d.set(4, "secret", e.Account.Enable)
		}
	}
	return d.String()
}

// sshOptions keep keys that end with the lab out of the user's own files.
const sshOptions = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"

func (i Inventory) pyATS() string {
	var d document
	d.line(0, "testbed:")
	d.set(1, "name", i.Lab)
	d.line(0, "devices:")
	for _, e := range i.Endpoints {
		platform := "ios"
		if e.xe() {
			platform = "iosxe"
		}
		d.line(1, "%s:", scalar(e.Device))
		d.set(2, "os", platform)
		d.line(2, "type: router")
		d.line(2, "credentials:")
		d.line(3, "default:")
		d.set(4, "username", e.Account.User)
		d.set(4, "password", e.Account.Password)
		if e.Account.Enable != "" {
			d.line(3, "enable:")
			d.set(4, "password", e.Account.Enable)
		}
		d.line(2, "connections:")
		d.line(3, "cli:")
		if e.SSH.IsValid() {
			d.line(4, "protocol: ssh")
			d.set(4, "ssh_options", sshOptions)
		} else {
			d.line(4, "protocol: telnet")
		}
		d.set(4, "ip", reachable(e.cli()).String())
		d.line(4, "port: %d", e.cli().Port())
	}
	return d.String()
}

func (i Inventory) sshConfig() string {
	var b strings.Builder
	for _, e := range i.Endpoints {
		fmt.Fprintf(&b, "Host %s\n  HostName %v\n  Port %d\n", e.Device, reachable(e.SSH), e.SSH.Port())
		if e.Account.User != "" {
			fmt.Fprintf(&b, "  User %s\n", e.Account.User)
		}
		b.WriteString("  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n")
	}
	return b.String()
}
