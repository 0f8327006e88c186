// Package password holds the passwords of a configuration in the forms of IOS, and checks what is typed against them.
//
//	type  what stands in the configuration
//	0     the password itself
//	5     md5-crypt with a salt of 4 characters: $1$salt$hash
//	7     the password under a fixed exclusive or: hidden from a glance, and from nothing else
//	8     PBKDF2 with SHA-256, 20,000 rounds: $8$salt$hash
//	9     scrypt (N 16384, r 1, p 1): $9$salt$hash
package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/GehirnInc/crypt/md5_crypt"
	"golang.org/x/crypto/scrypt"
)

// Password is a password as a configuration holds it. The zero Password is none.
type Password struct {
	Type uint8  // 0, 5, 7, 8 or 9
	Text string // what stands behind the type
}

// Set tells whether there is a password.
func (p Password) Set() bool { return p.Text != "" }

// String returns the type and the text, as configurations print them: "7 0822455D0A16".
func (p Password) String() string { return fmt.Sprintf("%d %s", p.Type, p.Text) }

// Check tells whether what was typed is the password. None is never right. It takes about 15 ms for types 8 and 9, and the
// same time whatever was typed.
func (p Password) Check(typed string) bool {
	var have, want string
	switch p.Type {
	case 0:
		have, want = typed, p.Text
	case 7:
		clear, ok := Reveal(p.Text)
		if !ok {
			return false
		}
		have, want = typed, clear
	default:
		salt, ok := p.salt()
		if !ok {
			return false
		}
		hashed, err := Hash(p.Type, typed, salt)
		if err != nil {
			return false
		}
		have, want = hashed.Text, p.Text
	}
	return p.Set() && subtle.ConstantTimeCompare([]byte(have), []byte(want)) == 1
}

// Valid tells whether the text can be of the type.
func (p Password) Valid() bool {
	switch p.Type {
	case 0:
		return p.Set()
	case 7:
		_, ok := Reveal(p.Text)
		return ok
	}
	_, ok := p.salt()
	return ok
}

// The forms of hashed passwords: "$ID$SALT$HASH".
var hashes = map[uint8]struct {
	id             string
	salt, hash     int  // their lengths
	anySaltUpToMax bool // a shorter salt is one as well
}{
	5: {"1", 8, 22, true},
	8: {"8", 14, 43, false},
	9: {"9", 14, 43, false},
}

// SaltSize is how many characters of salt IOS takes for a type of hash.
func SaltSize(kind uint8) int {
	if kind == 5 {
		return 4
	}
	return hashes[kind].salt
}

// salt takes the salt out of a hash. It is false when the text is none of the type.
func (p Password) salt() (string, bool) {
	form, ok := hashes[p.Type]
	parts := strings.Split(p.Text, "$")
	if !ok || len(parts) != 4 || parts[0] != "" || parts[1] != form.id {
		return "", false
	}
	salt, hash := parts[2], parts[3]
	fits := len(salt) == form.salt || form.anySaltUpToMax && len(salt) > 0 && len(salt) <= form.salt
	return salt, fits && len(hash) == form.hash && strings.Trim(salt+hash, Alphabet) == ""
}

// Alphabet is what salts and hashes are written in.
const Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// encoding is Base64 over Alphabet, as types 8 and 9 write their hashes.
var encoding = base64.NewEncoding(Alphabet).WithPadding(base64.NoPadding)

// Hash hashes a password with a salt, as type 5, 8 or 9.
func Hash(kind uint8, clear, salt string) (Password, error) {
	var key []byte
	var err error
	switch kind {
	case 5:
		text, err := md5_crypt.New().Generate([]byte(clear), []byte("$1$"+salt))
		return Password{kind, text}, err
	case 8:
		key, err = pbkdf2.Key(sha256.New, clear, []byte(salt), 20000, 32)
	case 9:
		key, err = scrypt.Key([]byte(clear), []byte(salt), 16384, 1, 1, 32)
	default:
		err = fmt.Errorf("type %d is no hash", kind)
	}
	if err != nil {
		return Password{}, err
	}
	return Password{kind, fmt.Sprintf("$%d$%s$%s", kind, salt, encoding.EncodeToString(key))}, nil
}
