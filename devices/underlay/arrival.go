package underlay

import "time"

// Arrival is something that has happened at a socket of a Kernel. The goroutine that owns the lab calls it, once, and gets
// what nodes are to be told.
type Arrival func(now time.Time) []Delivery
