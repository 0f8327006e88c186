package devices

import "time"

// AfterWall calls fn on a goroutine of its own when d of wall time has passed, unless it is stopped before. It is for what
// has to do with people and connections; the lab's own time is another.
func AfterWall(d time.Duration, fn func()) *time.Timer { return time.AfterFunc(d, fn) }
