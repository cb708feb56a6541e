package jwt

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// signingFile is the file of a folder whose key signs. Every other file whose name ends with keySuffix holds a key
	// that only verifies.
	signingFile = "signing.pem"
	keySuffix   = ".pem"
	// keyBlock is the type of a PEM block that holds a PKCS #8 private key (RFC 7468 §10).
	keyBlock = "PRIVATE KEY"
)

// LoadKeys reads the keys of a folder: signing.pem signs, every other *.pem verifies. It refuses a key that other users
// can read or change. The error lists every wrong file.
func LoadKeys(folder string) (Keys, error) {
	files, err := keyFiles(folder)
	if err != nil {
		return Keys{}, err
	}
	if !slices.Contains(files, signingFile) {
		return Keys{}, fmt.Errorf("the folder of signing keys %s has no %s", folder, signingFile)
	}
	var out Keys
	var errs []error
	for _, name := range files {
		key, err := loadKey(folder, name)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("read the signing key %s: %w", filepath.Join(folder, name), err))
		case name == signingFile:
			out.Signing = key
		default:
			out.Verifying = append(out.Verifying, key.Public().(ed25519.PublicKey))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Keys{}, err
	}
	// Keys that are being moved could be missed: signing.pem was read after the move, and the list made before it.
	again, err := keyFiles(folder)
	if err != nil {
		return Keys{}, err
	}
	if !slices.Equal(files, again) {
		return Keys{}, fmt.Errorf("the folder of signing keys %s changed while it was read", folder)
	}
	return out, nil
}

// keyFiles lists the folder's keys by name. Editors and Kubernetes keep files of their own, whose names begin with a
// dot.
func keyFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read the folder of signing keys: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), keySuffix) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func loadKey(folder, name string) (ed25519.PrivateKey, error) {
	b, err := secret.ReadFile(os.DirFS(folder), name)
	if err != nil {
		return nil, err
	}
	return parseKey(b)
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

// EnsureKeys makes a folder of keys with one that signs. A key that is there already is left alone.
func EnsureKeys(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of signing keys: %w", err)
	}
	if err := writeNewKey(filepath.Join(folder, signingFile)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// writeNewKey makes a key and writes it to a file that only this user can read. A file that exists is left alone, and
// the error is then an fs.ErrExist.
func writeNewKey(path string) error {
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
