package devices

import "time"

// BootTime is how long a router that reloads is away, in lab time. A real one takes minutes; this is long enough for a peer
// to see it go, and short enough to wait for at a console.
const BootTime = 5 * time.Second

// Reload restarts the router: its state is gone at once, and BootTime later it boots. by is who asked, as in NoteConfigured.
// While lab time follows the wall clock the router comes back by itself; else lab time moves until it has.
func (d *Device) Reload(by string) error {
	l := d.lab
	if d.running {
		d.say("%SYS-5-RELOAD: Reload requested by " + by + ". Reload Reason: Reload Command.")
	}
	at := l.loop.now
	if err := l.StopDevice(d.Name()); err != nil {
		return err
	}
	d.reloaded = at
	l.loop.power.Set(d.index, at.Add(BootTime))
	if l.Following() {
		return nil
	}
	return l.Advance(BootTime)
}

// Reloaded is the lab time of the `reload` that led to the present boot; false when the power did.
func (d *Device) Reloaded() (at time.Time, ok bool) { return d.reloaded, !d.reloaded.IsZero() }

// Booting tells when a router without power boots by itself: after a `reload`, or for the first time.
func (d *Device) Booting() (at time.Time, ok bool) {
	if d.running {
		return time.Time{}, false
	}
	return d.lab.loop.power.Get(d.index)
}
