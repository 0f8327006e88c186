package devices

import (
	"net/netip"
	"time"

	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
)

// InterfaceState is what an interface is at present.
type InterfaceState struct {
	Interface      // its configuration
	Physical  bool // from the lab file; false for a loopback
	LineUp    bool // line protocol
}

// LogLine is one line of the device's log.
type LogLine struct {
	At   time.Time
	Text string // "%LISP-5-...: ..."
}

// Device is one router of a lab.
type Device struct{ name string }

func (d *Device) Name() string                          { return d.name }
func (d *Device) Release() Release                      { return "" }
func (d *Device) Running() bool                         { return false }
func (d *Device) Booted() time.Time                     { return time.Time{} }
func (d *Device) Config() Config                        { return Config{} }
func (d *Device) Apply(cfg Config) error                { return nil }
func (d *Device) MapServer() (mapserver.Snapshot, bool) { return mapserver.Snapshot{}, false }
func (d *Device) ETR() (etr.Snapshot, bool)             { return etr.Snapshot{}, false }
func (d *Device) Sessions() []session.Snapshot          { return nil }
func (d *Device) ClearSite(name string) bool            { return false }
func (d *Device) ClearSessions(peer netip.Addr)         {}
func (d *Device) Interfaces() []InterfaceState          { return nil }
func (d *Device) Log() []LogLine                        { return nil }
func (d *Device) NoteConfigured(by string)              {}
func (c Config) Clone() Config                          { return c }
func (c Config) Equal(o Config) bool                    { return false }
