package commands

import (
	"encoding/hex"
	"strconv"
)

// The help of a key's place.
const (
	helpKeyClear  = "Specifies an UNENCRYPTED key will follow"
	helpKeyHidden = "Specifies a HIDDEN key will follow"
	helpKey       = "The UNENCRYPTED (cleartext) key"
)

// typedKey returns the key of a line `... [0|7] KEY` in clear.
func typedKey(a Args) (string, error) {
	key := a.String("key")
	if a.String("type") != "7" {
		return key, nil
	}
	clear, ok := reveal(key)
	if !ok {
		return "", refuse("Invalid encrypted password: %s", key)
	}
	return clear, nil
}

// keyText writes a key in clear. One that reads like a type needs its type before it.
func keyText(key string) string {
	if key == "0" || key == "7" {
		return "0 " + key
	}
	return key
}

// type7Pad is what IOS hides type 7 keys with: an exclusive or with this text, from an offset that the first two digits
// name. It keeps a key from being read over a shoulder, and from nothing else.
const type7Pad = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// reveal undoes type 7.
func reveal(hidden string) (string, bool) {
	if len(hidden) < 4 {
		return "", false
	}
	offset, err := strconv.ParseUint(hidden[:2], 10, 8)
	key, err2 := hex.DecodeString(hidden[2:])
	if err != nil || err2 != nil || offset > 15 {
		return "", false
	}
	for i := range key {
		key[i] ^= type7Pad[(int(offset)+i)%len(type7Pad)]
		if key[i] <= ' ' || key[i] >= 0x7f {
			return "", false // no key of a command line has such a character
		}
	}
	return string(key), true
}
