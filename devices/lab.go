package devices

import (
	"context"
	"io/fs"
	"net/netip"
	"time"

	"lisplab/devices/underlay"
)

// Options are what a lab needs from outside.
type Options struct {
	// Parse reads one router's IOS configuration. It is injected because the rows of the configuration live in package
	// commands. Its errors carry file:line:column.
	Parse func(rel Release, file, text string) (Config, error)
	// Seed replaces the seed of the lab file.
	Seed *uint64
	// Observe gets every event of the underlay, in order.
	Observe func(underlay.Event)
	// Tamper, a fault for tests, sees each Datagram and Data event between the socket and the engine and returns the bytes
	// that the engine gets. It must not change ev.Payload in place.
	Tamper func(ev underlay.Event) []byte
	// FS is where a path that is no built-in name is read from; nil means the machine's files.
	FS fs.FS
}

// LinkState is one link between two interfaces.
type LinkState struct {
	A, AInterface string
	B, BInterface string
	Up            bool // the cable; an interface that is shut does not change it
}

// Lab is a network of routers whose LISP runs.
type Lab struct{ name string }

func OpenLab(nameOrPath string, opt Options) (*Lab, error) { return nil, nil }
func BuiltInLabs() []string                                { return nil }
func (l *Lab) Name() string                                { return l.name }
func (l *Lab) Console() string                             { return "" }
func (l *Lab) Close() error                                { return nil }
func (l *Lab) Do(fn func())                                { fn() }
func (l *Lab) Now() time.Time                              { return time.Time{} }
func (l *Lab) Settle() error                               { return nil }
func (l *Lab) Advance(d time.Duration) error               { return nil }
func (l *Lab) Follow(ctx context.Context)                  {}
func (l *Lab) Err() error                                  { return nil }
func (l *Lab) Devices() []*Device                          { return nil }
func (l *Lab) Device(name string) *Device                  { return nil }
func (l *Lab) Links() []LinkState                          { return nil }
func (l *Lab) SetLink(a, b string, up bool) error          { return nil }
func (l *Lab) StopDevice(name string) error                { return nil }
func (l *Lab) StartDevice(name string) error               { return nil }

var _ netip.Addr
