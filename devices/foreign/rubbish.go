package foreign

import "math/rand/v2"

// Rubbish returns n messages that no router should have to read: recorded control messages that were cut, stretched or had bytes and
// bits changed, and plain noise. None bears valid authentication. The source makes them repeatable.
func (r Recording) Rubbish(source *rand.Rand, n int) [][]byte {
	var control Recording
	for _, f := range r {
		if f.To.Port() == controlPort { // a packet of a stranger's host is no rubbish
			control = append(control, f)
		}
	}
	list := make([][]byte, 0, n)
	for range n {
		var b []byte
		if len(control) > 0 && source.IntN(4) > 0 {
			b = append(b, control[source.IntN(len(control))].Payload...)
		}
		switch source.IntN(3) {
		case 0:
			b = b[:source.IntN(len(b)+1)]
		case 1:
			b = append(b, noise(source, source.IntN(200))...)
		}
		for range source.IntN(8) {
			if len(b) > 0 {
				b[source.IntN(len(b))] = byte(source.Uint32())
			}
		}
		spoil(source, b)
		list = append(list, b)
	}
	return list
}

// spoil sees to it that what is left of a Map-Register or a Map-Notify has no valid authentication.
func spoil(source *rand.Rand, b []byte) {
	if kind := typeOf(b); (kind == mapRegister || kind == mapNotify) && len(b) >= recordAt {
		copy(b[authAt:], noise(source, recordAt-authAt))
	}
}

func noise(source *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return b
}
