package jwt

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// keyBlock is the type of a PEM block that holds a PKCS #8 private key (RFC 7468 §10).
	keyBlock = "PRIVATE KEY"
	// maxKeyFile bounds what is read, in bytes: an Ed25519 key takes 119.
	maxKeyFile = 16 << 10
	// forOthers are the permissions that a key file must not have: any for other users, and write for the group. The
	// group may read, because Kubernetes mounts a secret that way for a program that is not root.
	forOthers fs.FileMode = 0o027
)

// LoadKey reads an Ed25519 private key from a PEM file (PKCS #8). It refuses one that other users can read or change.
func LoadKey(path string) (ed25519.PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	if bad := info.Mode().Perm() & forOthers; bad != 0 {
		return nil, fmt.Errorf("other users can read or change the signing key %s (mode %04o): run chmod 600 on it",
			path, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	key, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", path, err)
	}
	return key, nil
}

func parseKey(b []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != keyBlock {
		return nil, fmt.Errorf("it holds no PEM block %q", keyBlock)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, not an Ed25519 key", key)
	}
	return ed, nil
}

// WriteNewKey makes a key and writes it to a file that only this user can read. A file that exists is left alone, and
// the error is then an fs.ErrExist.
func WriteNewKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode a signing key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write a signing key: %w", err)
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: keyBlock, Bytes: der}), f.Sync(), f.Close())
	if err != nil {
		// A partial file would look like an existing key at the next start.
		return fmt.Errorf("write a signing key: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}
