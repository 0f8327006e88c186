package commands

import (
	"strings"

	"lisplab/devices/password"
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
	clear, ok := password.Reveal(key)
	if !ok || strings.ContainsRune(clear, ' ') { // no key is typed with a blank in it
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
