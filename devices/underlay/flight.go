package underlay

import "time"

// later has something happen when a packet arrives.
func (n *Network) later(at time.Time, arrive func(now time.Time) error) {
	n.lastFlight++
	n.flights[n.lastFlight] = arrive
	n.timers.Set(timer{arrival, n.lastFlight}, at)
}

// land lets a packet arrive.
func (n *Network) land(now time.Time, id uint64) error {
	arrive := n.flights[id]
	delete(n.flights, id)
	return arrive(now)
}
