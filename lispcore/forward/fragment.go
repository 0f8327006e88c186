package forward

import "errors"

// ErrDontFragment: the packet is too big, and is not to be fragmented: IPv6, or IPv4 with DF.
var ErrDontFragment = errors.New("larger than the MTU, and not to be fragmented")

// Fragment appends the packet to dst in pieces of at most mtu bytes.
func Fragment(dst [][]byte, b []byte, mtu int) ([][]byte, error) { return dst, nil }
