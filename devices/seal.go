package devices

import (
	"fmt"
	"hash/fnv"

	"lisplab/devices/password"
)

// seal makes the passwords of a configuration what a router keeps of them: a secret that was typed in clear becomes its
// hash, and under `service password-encryption` a password in clear is hidden. Salts come from the seed of the lab, so a
// secret that is typed again is kept as the same hash.
func (d *Device) seal(cfg *Config) error {
	for i := range cfg.Users {
		u := &cfg.Users[i]
		if err := d.sealOne(&u.Password, u.Secret, cfg.Services.HidePasswords, "user "+u.Name); err != nil {
			return err
		}
	}
	for i := range cfg.Enable {
		e := &cfg.Enable[i]
		what := fmt.Sprintf("enable %d", e.Level)
		if err := d.sealOne(&e.Secret, true, false, what); err != nil {
			return err
		}
		if err := d.sealOne(&e.Password, false, cfg.Services.HidePasswords, what); err != nil {
			return err
		}
	}
	lines := []*Line{&cfg.Console}
	for i := range cfg.VTYs {
		lines = append(lines, &cfg.VTYs[i])
	}
	for _, l := range lines { // all with one offset: vtys that say the same are printed as one
		if err := d.sealOne(&l.Password, false, cfg.Services.HidePasswords, "line"); err != nil {
			return err
		}
	}
	return nil
}

func (d *Device) sealOne(p *password.Password, secret, hide bool, what string) (err error) {
	if p.Type != 0 || !p.Set() {
		return nil
	}
	switch {
	case secret:
		kind := d.Release().SecretType()
		r := d.source("salt of "+what, 0)
		salt := make([]byte, password.SaltSize(kind))
		for i := range salt {
			salt[i] = password.Alphabet[r.IntN(len(password.Alphabet))]
		}
		*p, err = password.Hash(kind, p.Text, string(salt))
	case hide:
		h := fnv.New32a()
		h.Write([]byte(what + p.Text))
		if hidden := password.Hide(p.Text, int(h.Sum32()%password.Offsets)); hidden.Check(p.Text) {
			*p = hidden // else it holds characters that nothing hides
		}
	}
	return err
}

// SecretType is the type of hash that the release makes of a secret: md5-crypt, since 17 scrypt.
func (r Release) SecretType() uint8 {
	switch r {
	case Release152, Release155:
		return 5
	}
	return 9
}
