package password

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// hiddenPad is what IOS hides passwords of type 7 with: an exclusive or with this text, from an offset that the first two
// digits name.
const hiddenPad = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// Offsets is how many offsets into the pad IOS uses.
const Offsets = 16

// Hide hides a password as type 7, from an offset below Offsets.
func Hide(clear string, offset int) Password {
	hidden := []byte(clear)
	for i := range hidden {
		hidden[i] ^= hiddenPad[(offset+i)%len(hiddenPad)]
	}
	return Password{7, fmt.Sprintf("%02d", offset) + strings.ToUpper(hex.EncodeToString(hidden))}
}

// Reveal undoes Hide.
func Reveal(hidden string) (clear string, ok bool) {
	if len(hidden) < 4 {
		return "", false
	}
	offset, err := strconv.ParseUint(hidden[:2], 10, 8)
	key, err2 := hex.DecodeString(hidden[2:])
	if err != nil || err2 != nil || offset >= Offsets {
		return "", false
	}
	for i := range key {
		key[i] ^= hiddenPad[(int(offset)+i)%len(hiddenPad)]
		if key[i] < ' ' || key[i] >= 0x7f {
			return "", false // no password of a command line has such a character
		}
	}
	return string(key), true
}
