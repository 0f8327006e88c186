package devices

import (
	"time"

	"lisplab/lispcore"
)

// ClearLISPStatistics sets what the roles of the router have counted for a service to 0. Map-Server and Map-Resolver count all
// instances of a family together: their counters go with those of the default VRF's instance.
func (d *Device) ClearLISPStatistics(s lispcore.Service) {
	if !d.running {
		return
	}
	now := d.lab.loop.now
	if d.itr != nil {
		d.itr.ClearStatistics(now, s)
	}
	if d.etr != nil {
		d.etr.ClearStatistics(s)
	}
	if instance, _ := d.cfg.instanceOf(""); instance == s.Instance {
		if d.server != nil {
			d.server.ClearStatistics(s.Family)
		}
		if d.resolver != nil {
			d.resolver.ClearStatistics(s.Family)
		}
	}
	if d.cleared == nil {
		d.cleared = make(map[lispcore.Service]time.Time)
	}
	d.cleared[s] = now
}

// StatisticsCleared is when the statistics of a service were cleared last; the zero Time means never.
func (d *Device) StatisticsCleared(s lispcore.Service) time.Time { return d.cleared[s] }
