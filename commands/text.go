package commands

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"lisplab/lispcore/wire"
)

// addrText prints an address as IOS does: IPv6 compressed and in upper case.
func addrText(a netip.Addr) string { return strings.ToUpper(a.String()) }

// addrPortText prints an address with its port: "192.0.2.1:4342", but "2001:DB8::1.4342".
func addrPortText(a netip.Addr, port uint16) string {
	separator := ":"
	if a.Is6() {
		separator = "."
	}
	return addrText(a) + separator + strconv.Itoa(int(port))
}

// prefixText prints a prefix as IOS does: "10.1.0.0/24", "2001:DB8::/32".
func prefixText(p netip.Prefix) string { return strings.ToUpper(p.String()) }

// wordsText prints the bits of nonces and xTR-IDs: "0x7BE12FC9-0xAF5DF791", 32 bits a word.
func wordsText(words ...uint32) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = fmt.Sprintf("0x%08X", w)
	}
	return strings.Join(parts, "-")
}

func nonceText(nonce uint64) string { return wordsText(uint32(nonce>>32), uint32(nonce)) }

func xtrIDText(id wire.XTRID) string {
	word := func(i int) uint32 { return binary.BigEndian.Uint32(id[4*i:]) }
	return wordsText(word(0), word(1), word(2), word(3))
}

// yesNo words a flag.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
