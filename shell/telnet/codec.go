package telnet

import "bytes"

// The commands (RFC 854), each behind IAC.
const (
	se   = 240 // end of a subnegotiation
	nop  = 241
	brk  = 243 // break
	ip   = 244 // interrupt process
	ayt  = 246 // are you there
	ec   = 247 // erase character
	el   = 248 // erase line
	sb   = 250 // begin of a subnegotiation
	will = 251
	wont = 252
	do   = 253
	dont = 254
	iac  = 255
)

// The options that the router knows.
const (
	optEcho  = 1
	optSGA   = 3 // suppress go-ahead
	optTType = 24
	optNAWS  = 31 // negotiate about window size
)

// maxSub is how long a subnegotiation may be. What goes on longer has lost its end.
const maxSub = 512

// agreement is how far the two ends are about one option at one of them (RFC 1143, without its queue: the router asks once).
type agreement uint8

const (
	off agreement = iota
	asked
	on
)

// Codec is the state of one connection at the router's end. The zero Codec is a connection just opened. Decode and Encode
// may run at the same time, but each only once.
type Codec struct {
	state  state
	verb   byte   // the WILL, WONT, DO or DONT whose option comes next
	sub    []byte // the subnegotiation so far, its option first
	cr     bool   // the last byte of data was CR: a NUL behind it belongs to it
	data   []byte
	reply  []byte
	ours   map[byte]agreement
	theirs map[byte]agreement

	columns, rows int
	terminal      string

	sentCR bool // Encode ended with a CR
}

// state is where in the protocol the next byte stands.
type state uint8

const (
	inData state = iota
	inCommand
	inOption
	inSub
	inSubCommand
)

// Open returns what the router says first: that it will echo, and what it wants to know.
func (c *Codec) Open() []byte {
	c.ours = map[byte]agreement{optEcho: asked, optSGA: asked}
	c.theirs = map[byte]agreement{optTType: asked, optNAWS: asked, optSGA: off}
	return []byte{iac, will, optEcho, iac, will, optSGA, iac, do, optTType, iac, do, optNAWS}
}

// Decode returns what was typed, and what the protocol has to answer. Both are valid until the next call.
//
// Interrupt Process and Break are typed as Ctrl-C, Erase Character and Erase Line as the keys that do it. A CR keeps the
// LF that may follow it, and loses the NUL.
func (c *Codec) Decode(raw []byte) (data, reply []byte) {
	c.data, c.reply = c.data[:0], c.reply[:0]
	for _, b := range raw {
		c.decode(b)
	}
	return c.data, c.reply
}

func (c *Codec) decode(b byte) {
	switch c.state {
	case inData:
		if b == iac {
			c.state = inCommand
			return
		}
		c.typed(b)
	case inCommand:
		c.command(b)
	case inOption:
		c.state = inData
		c.option(c.verb, b)
	case inSub:
		if b == iac {
			c.state = inSubCommand
			return
		}
		c.more(b)
	case inSubCommand:
		switch b {
		case iac:
			c.state = inSub
			c.more(iac)
		case se:
			c.state = inData
			c.subnegotiated()
		default: // it has lost its end
			c.command(b)
		}
	}
}

// typed takes one byte of data.
func (c *Codec) typed(b byte) {
	if c.cr && b == 0 {
		c.cr = false
		return
	}
	c.cr = b == '\r'
	c.data = append(c.data, b)
}

// command takes the byte behind IAC. What it does not know, it ignores.
func (c *Codec) command(b byte) {
	c.state = inData
	switch b {
	case iac:
		c.typed(iac)
	case will, wont, do, dont:
		c.state, c.verb = inOption, b
	case sb:
		c.state, c.sub = inSub, c.sub[:0]
	case ip, brk:
		c.typed(0x03)
	case ec:
		c.typed(0x7F)
	case el:
		c.typed(0x15)
	case ayt:
		c.reply = append(c.reply, "\r\n[Yes]\r\n"...)
	}
}

// option answers one step of a negotiation. Only a change is answered, or a wish that is refused, so it always ends.
func (c *Codec) option(verb, opt byte) {
	switch verb {
	case do:
		c.agree(c.ours, opt, will, wont)
	case dont:
		c.disagree(c.ours, opt, wont)
	case will:
		before := c.theirs[opt]
		c.agree(c.theirs, opt, do, dont)
		if opt == optTType && before != on {
			c.reply = append(c.reply, iac, sb, optTType, 1, iac, se) // SEND
		}
	case wont:
		c.disagree(c.theirs, opt, dont)
	}
}

func (c *Codec) agree(side map[byte]agreement, opt, yes, no byte) {
	a, known := side[opt]
	switch {
	case !known:
		c.reply = append(c.reply, iac, no, opt)
	case a == off:
		side[opt] = on
		c.reply = append(c.reply, iac, yes, opt)
	default:
		side[opt] = on
	}
}

func (c *Codec) disagree(side map[byte]agreement, opt, no byte) {
	if a := side[opt]; a != off {
		side[opt] = off
		if a == on {
			c.reply = append(c.reply, iac, no, opt)
		}
	}
}

// more takes one byte of a subnegotiation.
func (c *Codec) more(b byte) {
	if c.sub = append(c.sub, b); len(c.sub) > maxSub {
		c.state = inData
	}
}

func (c *Codec) subnegotiated() {
	if len(c.sub) == 0 {
		return
	}
	switch opt, p := c.sub[0], c.sub[1:]; {
	case opt == optNAWS && len(p) == 4:
		c.columns, c.rows = int(p[0])<<8|int(p[1]), int(p[2])<<8|int(p[3])
	case opt == optTType && len(p) > 1 && p[0] == 0: // IS
		c.terminal = string(bytes.ToValidUTF8(p[1:], nil))
	}
}

// Window is the size of the terminal as its end has told it; zeros while it has not.
func (c *Codec) Window() (columns, rows int) { return c.columns, c.rows }

// Terminal is the terminal's type as its end has told it.
func (c *Codec) Terminal() string { return c.terminal }

// Encode appends data to dst as it goes over the connection: IAC doubled, and NUL behind a CR that no LF follows. A CR at
// the end goes out at once; what must stand behind it is known when the next data come.
func (c *Codec) Encode(dst, data []byte) []byte {
	for _, b := range data {
		if c.sentCR && b != '\n' {
			dst = append(dst, 0)
		}
		c.sentCR = b == '\r'
		dst = append(dst, b)
		if b == iac {
			dst = append(dst, iac)
		}
	}
	return dst
}

// NewClient returns the state of a connection just opened at the end of the one who called: it lets the other end echo and
// suppress go-ahead, and has no option of its own.
func NewClient() *Codec {
	return &Codec{theirs: map[byte]agreement{optEcho: off, optSGA: off}}
}
