package commands

import (
	"hash/fnv"
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

// keyText writes a key: in clear, or hidden under `service password-encryption`. One that reads like a type needs its type
// before it.
func (p *Printer) keyText(key string) string {
	if p.cfg.Services.HidePasswords {
		sum := fnv.New32a()
		sum.Write([]byte(key))
		if hidden := password.Hide(key, int(sum.Sum32()%password.Offsets)); hidden.Check(key) {
			return hidden.String()
		}
	}
	if key == "0" || key == "7" {
		return "0 " + key
	}
	return key
}
