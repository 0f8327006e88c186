package commands

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"strconv"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// sshCallRows are the way from one router to another by SSH, and who has come by it.
func sshCallRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "ssh [-v <1-2>$version] [-l WORD$user [-p <0-65535>$port] | -p <0-65535>$port [-l WORD$user]] WORD$host",
			Help: grammar.Words{
				"ssh":                 "Open a secure shell client connection",
				"ssh -v":              "Specify SSH Protocol Version",
				"ssh -v <1-2>":        "Protocol version",
				"ssh -l":              "Log in using this user name",
				"ssh -l WORD":         "Login name",
				"ssh -l -p":           "Connect to this port",
				"ssh -l -p <0-65535>": "Port number",
				"ssh -p":              "Connect to this port",
				"ssh -p <0-65535>":    "Port number",
				"ssh -p -l":           "Log in using this user name",
				"ssh -p -l WORD":      "Login name",
				"ssh WORD":            "IP address or hostname of a remote system",
			},
			Run: sshTo},
		{Modes: anyExec, Syntax: "show ssh",
			Help: grammar.Words{"show ssh": "Status of SSH server connections"},
			Run:  func(c *Context, _ Args) error { return writeSSH(c.Out, c.Form, c.Device.Terminals()) }},
	}
}

// sshTo opens a connection: as the user that is named, or as the one whose session it is.
func sshTo(c *Context, a Args) error {
	if a.Has("version") && a.Uint("version") == 1 {
		return a.Invalid("version", "2: version 1 is not spoken here")
	}
	host := a.String("host")
	addr, err := netip.ParseAddr(host)
	if err != nil || c.Caller == nil {
		return &UnknownWord{host}
	}
	user := c.seat().User
	if a.Has("user") {
		user = a.String("user")
	}
	if user == "" {
		return refuse("%% No user specified nor available for SSH client")
	}
	port := uint16(devices.SSHPort)
	if a.Has("port") {
		port = uint16(a.Uint("port"))
	}
	c.seat().Hosts = hostsOf(c.Caller)
	c.Caller.SSH(user, host, netip.AddrPortFrom(addr, port))
	return nil
}

// writeSSH prints `show ssh`: the sessions at the router's lines that have come by SSH.
func writeSSH(w io.Writer, form Form, terminals []*devices.Terminal) error {
	var rows [][]string
	for _, t := range terminals {
		if t.SSH == nil {
			continue
		}
		for _, way := range []struct {
			mode string
			by   devices.SSHProtection
		}{{"IN", t.SSH.In}, {"OUT", t.SSH.Out}} {
			rows = append(rows, []string{strconv.Itoa(t.Line.Number), "2.0", way.mode, way.by.Cipher, cmp.Or(way.by.MAC, "none"), "Session started", t.User})
		}
	}
	if len(rows) == 0 {
		_, err := fmt.Fprint(w, "%No SSHv2 server connections running.\n%No SSHv1 server connections running.\n")
		return err
	}
	err := sshListing.write(w, form, func(yield func([]string) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	})
	if err == nil {
		_, err = fmt.Fprint(w, "%No SSHv1 server connections running.\n")
	}
	return err
}

// sshListing is the table of `show ssh`.
var sshListing = listing{columns: []field{
	{head: "Connection", width: 10, gap: 1},
	{head: "Version", width: 7, gap: 1},
	{head: "Mode", width: 4, gap: 1},
	{head: "Encryption", width: 11, gap: 1, push: true},
	{head: "Hmac", width: 12, gap: 1, push: true},
	{head: "State", width: 21, gap: 1},
	{head: "Username"},
}}
