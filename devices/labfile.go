package devices

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"lisplab/devices/underlay"
)

// labFile is a lab file, read and checked.
type labFile struct {
	name        string
	seed        uint64
	jitter      bool // timers are drawn as real routers draw them; without it all times are nominal
	replayCheck bool
	shortPrompt bool // prompts of modes hold at most 32 characters between the parentheses
	devices     []*labDevice
	echoNonce   bool // data packets ask for their nonce's echo
	links       []underlay.Link
	hosts       []labHost
	faults      []planned
	console     int                       // the device whose prompt opens
	underlay    Underlay                  // "" when the file says nothing
	external    map[netip.Addr]netip.Addr // where addresses are on real machines
	plugs       []labPlug                 // into the machine's own interfaces
}

// labDevice is one device of a lab file.
type labDevice struct {
	name       string
	release    Release
	powerOn    time.Duration
	interfaces []string // physical, as IOS lists them
	startup    Config
	configFile string
	configNode ast.Node
}

// labReader reads a lab file in two passes: the devices, then what names them. It remembers where things stood, for the
// errors of the second pass.
type labReader struct {
	yamlFile
	lab      labFile
	release  Release
	released map[*labDevice]bool // has a release of its own
	links    []ast.Node
	hosts    []ast.Node
	faults   []ast.Node
	external []ast.Node
	console  ast.Node
	used     map[underlay.Port]bool
	misnamed bool // a device has no name, or a wrong one: nobody knows which one another part of the file means
}

// readLabFile reads text as the lab file of that name. Its errors are all that is wrong with the file, joined.
func readLabFile(name string, text []byte) (*labReader, error) {
	r := &labReader{
		yamlFile: yamlFile{name}, lab: labFile{seed: 1, jitter: true}, release: Release155,
		released: make(map[*labDevice]bool), used: make(map[underlay.Port]bool),
	}
	root, err := r.parse(text)
	if err != nil {
		return nil, err
	}
	var devices ast.Node
	keep := func(to *ast.Node) func(ast.Node) error { return func(n ast.Node) error { *to = n; return nil } }
	err = r.mapping(root, "a lab file: name, devices, links ...",
		field{"name", r.text(&r.lab.name, "the name of the lab")},
		field{"release", r.readRelease(&r.release)},
		field{"seed", r.readSeed},
		field{"jitter", r.readSwitch(&r.lab.jitter, "0 (exactly the nominal times) or 1")},
		field{"replay-check", r.readSwitch(&r.lab.replayCheck, "on or off")},
		field{"echo-nonce", r.readSwitch(&r.lab.echoNonce, "on or off")},
		field{"short-prompts", r.readSwitch(&r.lab.shortPrompt, "on or off")},
		field{"console", keep(&r.console)},
		field{"devices", keep(&devices)},
		field{"links", func(n ast.Node) error {
			return r.list(n, "a list of links", func(n ast.Node) error { r.links = append(r.links, n); return nil })
		}},
		field{"hosts", func(n ast.Node) error {
			return r.list(n, "a list of hosts", func(n ast.Node) error { r.hosts = append(r.hosts, n); return nil })
		}},
		field{"impairments", func(n ast.Node) error {
			return r.list(n, "a list of impairments", func(n ast.Node) error { r.faults = append(r.faults, n); return nil })
		}},
		field{"underlay", r.readUnderlay},
		field{"external", func(n ast.Node) error {
			return r.list(n, "a list: "+externalForm, func(n ast.Node) error { r.external = append(r.external, n); return nil })
		}},
	)
	switch {
	case devices == nil && err == nil:
		return nil, r.wrong(root, "a field devices: the list of routers")
	case devices == nil:
		return nil, err
	}
	errs := []error{err, r.list(devices, "a list of devices", r.readDevice)}
	if r.misnamed || len(r.lab.devices) == 0 { // nothing can be said of what names devices
		if errors.Join(errs...) == nil {
			errs = append(errs, r.wrong(devices, "at least one device"))
		}
		return nil, errors.Join(errs...)
	}
	for _, part := range []struct {
		nodes []ast.Node
		read  func(ast.Node) error
	}{{r.links, r.readLink}, {r.hosts, r.readHost}, {r.external, r.readExternal}, {r.faults, r.readFault}} {
		for _, n := range part.nodes {
			errs = append(errs, part.read(n))
		}
	}
	return r, inOrder(append(errs, r.finish()))
}

// inOrder joins errors in the order of the file.
func inOrder(errs []error) error {
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	list := leaves(err)
	slices.SortStableFunc(list, func(a, b error) int {
		at, ok := a.(*FileError)
		bt, also := b.(*FileError)
		if !ok || !also {
			return 0
		}
		return cmp.Or(cmp.Compare(at.Line, bt.Line), cmp.Compare(at.Column, bt.Column))
	})
	return errors.Join(list...)
}

// finish fills in what the file leaves to defaults.
func (r *labReader) finish() error {
	if r.console != nil {
		name, err := r.scalar(r.console, "the name of a device")
		if err != nil {
			return err
		}
		if r.lab.console = r.find(name); r.lab.console < 0 {
			return r.wrong(r.console, r.aDevice())
		}
	}
	for _, d := range r.lab.devices {
		if !r.released[d] {
			d.release = r.release
		}
		slices.SortFunc(d.interfaces, CompareInterfaces)
	}
	return nil
}

func (r *labReader) readDevice(n ast.Node) error {
	d := &labDevice{}
	var nameNode ast.Node
	err := r.mapping(n, "a device: name, config ...",
		field{"name", func(n ast.Node) error { nameNode = n; return r.text(&d.name, "the name of the device")(n) }},
		field{"release", func(n ast.Node) error { r.released[d] = true; return r.readRelease(&d.release)(n) }},
		field{"config", func(n ast.Node) error {
			d.configNode = n
			return r.text(&d.configFile, "the name of a configuration file")(n)
		}},
		field{"power-on", r.readDuration(&d.powerOn)},
		field{"interfaces", func(n ast.Node) error {
			return r.list(n, "a list of interfaces", func(n ast.Node) error { return r.readInterface(d, n) })
		}},
	)
	known := r.find(d.name) >= 0
	if nameNode != nil && !known { // links may name it, whatever else is wrong
		r.lab.devices = append(r.lab.devices, d)
	}
	switch {
	case err != nil:
		return err
	case nameNode == nil:
		r.misnamed = true
		return r.wrong(n, "a device with a name")
	case known:
		r.misnamed = true
		return r.wrong(nameNode, "a name that no other device has")
	case strings.ContainsAny(d.name, " :\t"):
		r.misnamed = true
		return r.wrong(nameNode, "a name without blanks and colons")
	case d.configNode == nil:
		return r.wrong(n, "a device with a config: the name of its configuration file")
	}
	return nil
}

func (r *labReader) readInterface(d *labDevice, n ast.Node) error {
	name, err := r.scalar(n, "the name of an interface")
	switch {
	case err != nil:
		return err
	case !isPhysical(name):
		return r.wrong(n, "a physical interface in full, such as GigabitEthernet0/1")
	case slices.Contains(d.interfaces, name):
		return r.wrong(n, "an interface that does not stand here already")
	}
	d.interfaces = append(d.interfaces, name)
	return nil
}

// dashes stand between the two ends of a link.
const dashes = " -- "

// linkForm is how a link is written.
const linkForm = "a link such as xTR1:GigabitEthernet0/0 -- Core1:GigabitEthernet0/1"

func (r *labReader) readLink(n ast.Node) error {
	text, err := r.scalar(n, linkForm)
	if err != nil {
		return err
	}
	a, b, ok := strings.Cut(text, dashes)
	if !ok {
		return r.wrong(n, linkForm)
	}
	link := underlay.Link{Up: true}
	var errB error
	link.A, err = r.readPort(n, 0, a)
	link.B, errB = r.readPort(n, len(a)+len(dashes), b)
	if err := errors.Join(err, errB); err != nil {
		return err
	}
	r.lab.links = append(r.lab.links, link)
	return nil
}

// readPort reads one end of a link, which begins at an offset in the text of n.
func (r *labReader) readPort(n ast.Node, offset int, end string) (underlay.Port, error) {
	port, err := r.readEnd(n, offset, end)
	if err != nil {
		return port, err
	}
	if r.used[port] {
		return port, r.wrongAt(n, offset, end, "an interface into which nothing else is plugged")
	}
	r.used[port] = true
	return port, nil
}

// readEnd reads a device and its interface, at an offset in the text of n. The device has the interface from then on.
func (r *labReader) readEnd(n ast.Node, offset int, end string) (underlay.Port, error) {
	name, iface, ok := strings.Cut(end, ":")
	if !ok {
		return underlay.Port{}, r.wrongAt(n, offset, end, "DEVICE:INTERFACE")
	}
	i := r.find(name)
	if i < 0 {
		return underlay.Port{}, r.wrongAt(n, offset, name, r.aDevice())
	}
	if !isPhysical(iface) {
		return underlay.Port{}, r.wrongAt(n, offset+len(name)+1, iface, "a physical interface in full, such as GigabitEthernet0/1")
	}
	if d := r.lab.devices[i]; !slices.Contains(d.interfaces, iface) {
		d.interfaces = append(d.interfaces, iface)
	}
	return underlay.Port{Node: i, Interface: iface}, nil
}

// wrongAt is the error of a part of a scalar.
func (r *labReader) wrongAt(n ast.Node, offset int, found, expected string) error {
	err := r.wrong(n, expected).(*FileError)
	err.Column += offset
	if t := n.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
		err.Column++
	}
	err.Found = fmt.Sprintf("%q", found)
	return err
}

// text reads a scalar that is not empty.
func (r *labReader) text(to *string, what string) func(ast.Node) error {
	return func(n ast.Node) (err error) {
		if *to, err = r.scalar(n, what); err == nil && *to == "" {
			err = r.wrong(n, what)
		}
		return err
	}
}

func (r *labReader) readRelease(to *Release) func(ast.Node) error {
	return func(n ast.Node) error {
		text, err := r.scalar(n, "a release")
		if err != nil {
			return err
		}
		if *to, err = ParseRelease(text); err != nil {
			return r.wrong(n, "a release: "+strings.Join(releaseNames(), " or "))
		}
		return nil
	}
}

func (r *labReader) readSeed(n ast.Node) error {
	text, err := r.scalar(n, "a number")
	if err != nil {
		return err
	}
	if r.lab.seed, err = strconv.ParseUint(text, 0, 64); err != nil {
		return r.wrong(n, "a whole number from 0 to 18446744073709551615")
	}
	return nil
}

func (r *labReader) readSwitch(to *bool, what string) func(ast.Node) error {
	return func(n ast.Node) error {
		text, err := r.scalar(n, what)
		if err != nil {
			return err
		}
		switch text {
		case "1", "on", "true":
			*to = true
		case "0", "off", "false":
			*to = false
		default:
			return r.wrong(n, what)
		}
		return nil
	}
}

func (r *labReader) readDuration(to *time.Duration) func(ast.Node) error {
	const what = "a time from lab time 0, such as 85s or 1m25s"
	return func(n ast.Node) error {
		text, err := r.scalar(n, what)
		if err != nil {
			return err
		}
		if *to, err = time.ParseDuration(text); err != nil || *to < 0 {
			return r.wrong(n, what)
		}
		return nil
	}
}

// find returns the index of a device, or -1.
func (r *labReader) find(name string) int {
	return slices.IndexFunc(r.lab.devices, func(d *labDevice) bool { return strings.EqualFold(d.name, name) })
}

// aDevice says which names there are.
func (r *labReader) aDevice() string {
	var names []string
	for _, d := range r.lab.devices {
		names = append(names, d.name)
	}
	return "a device of this lab: " + strings.Join(names, ", ")
}

// readConfigs reads the configuration files of a lab. Its errors are all that is wrong with them, joined.
func (r *labReader) readConfigs(fsys fs.FS, display func(file string) string, opt Options) error {
	var errs []error
	for _, d := range r.lab.devices {
		if d.configNode != nil { // else that is wrong already
			errs = append(errs, r.readConfig(d, fsys, display(d.configFile), opt))
		}
	}
	return errors.Join(errs...)
}

// readConfig reads the configuration file of a device.
func (r *labReader) readConfig(d *labDevice, fsys fs.FS, file string, opt Options) error {
	text, err := fs.ReadFile(fsys, d.configFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return r.wrong(d.configNode, "a configuration file beside the lab file")
	case err != nil:
		return err
	}
	cfg, err := opt.Parse(d.release, file, string(text))
	if err != nil {
		return err
	}
	if d.startup, err = d.complete(cfg); err == nil {
		return nil
	}
	var errs []error
	at := func(err error) {
		line, column := 1, 1
		if e, ok := err.(*configError); ok {
			line, column = e.find(string(text))
		}
		err = fmt.Errorf("%s:%d:%d: %w", file, line, column, err)
		if !slices.ContainsFunc(errs, func(o error) bool { return o.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	at(err)
	_, others := d.salvage(cfg)
	for _, err := range others {
		at(err)
	}
	return errors.Join(errs...)
}

func joinOr(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}
