package shell

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	gossh "golang.org/x/crypto/ssh"
)

// HostKeys are the keys by which SSH clients know a router again. In a directory they outlive the process; without one
// every lab has new ones.
type HostKeys struct {
	Dir string // DIR/DEVICE/ssh/ holds the keys of one router; "" keeps them in memory
}

// hostKey is one kind of key, and the file that it is kept in. RSA is there for clients that know nothing newer.
type hostKey struct {
	file string
	make func() (crypto.Signer, error)
}

var hostKeys = []hostKey{
	{"ed25519", func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}},
	{"rsa", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }},
}

// Signers returns the keys of a router, and makes those that are not there yet.
func (h HostKeys) Signers(device string) ([]gossh.Signer, error) {
	var signers []gossh.Signer
	for _, k := range hostKeys {
		signer, err := h.signer(device, k)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	return signers, nil
}

func (h HostKeys) signer(device string, k hostKey) (gossh.Signer, error) {
	if h.Dir == "" {
		key, err := k.make()
		if err != nil {
			return nil, err
		}
		return gossh.NewSignerFromSigner(key)
	}
	file := filepath.Join(h.Dir, device, "ssh", k.file)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = k.keep(file, device)
	}
	if err != nil {
		return nil, err
	}
	signer, err := gossh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: not an SSH private key (%w); delete the file to have a new one made, which clients will not know", file, err)
	}
	return signer, nil
}

// keep makes a key and writes its file.
func (k hostKey) keep(file, device string) ([]byte, error) {
	key, err := k.make()
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(key, device)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, block); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	return text.Bytes(), writeAtomically(file, text.Bytes())
}

// writeAtomically writes a private file so that there is never half of it, whatever happens meanwhile.
func writeAtomically(file string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text) // CreateTemp makes files of mode 0600
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
