package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyIsMadeOnceAndRead(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "keys")
	if err := EnsureKeys(folder); err != nil {
		t.Fatal(err)
	}
	made := load(t, folder)
	if err := EnsureKeys(folder); err != nil {
		t.Fatal(err)
	}
	if again := load(t, folder); !made.Signing.Equal(again.Signing) {
		t.Error("the key changed")
	}
	if err := writeNewKey(filepath.Join(folder, signingFile)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second writeNewKey = %v, want fs.ErrExist", err)
	}
}

func load(t *testing.T, folder string) Keys {
	t.Helper()
	keys, err := LoadKeys(folder)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestOneKeyOfAFolderSignsAndTheOthersVerify(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"signing.pem", "next.pem", "previous.pem"} {
		if err := writeNewKey(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	// None of these is a key: a note, and what editors and Kubernetes keep.
	for _, name := range []string{"README", ".next.pem", "next.pem~"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	keys := load(t, folder)
	next, err := loadKey(folder, "next.pem")
	if err != nil {
		t.Fatal(err)
	}
	if len(keys.Verifying) != 2 || !next.Public().(ed25519.PublicKey).Equal(keys.Verifying[0]) {
		t.Errorf("%d further keys verify, want next.pem and previous.pem", len(keys.Verifying))
	}
	if signing, err := loadKey(folder, signingFile); err != nil || !signing.Equal(keys.Signing) {
		t.Errorf("another key signs: %v", err)
	}
}

func TestAFolderSaysAllThatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := LoadKeys(folder); err == nil || !strings.Contains(err.Error(), "has no signing.pem") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := LoadKeys(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := writeNewKey(filepath.Join(folder, signingFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(folder, signingFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "next.pem"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadKeys(folder)
	for _, want := range []string{"signing.pem", "chmod 600", "next.pem", "no PEM block"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		"":     "no PEM block",
		"junk": "no PEM block",
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"})):                "no PEM block",
		string(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: []byte("x")})): "asn1",
		string(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der})):         "not an Ed25519 key",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, signingFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys(folder); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("LoadKeys of %q = %v, want %q in it", content, err, want)
		}
	}
}

// A folder that is wrong for a moment must not end anyone's sign-in. Seen to fail with a reload that uses what it could
// read.
func TestAWrongFolderChangesNoKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := EnsureKeys(folder); err != nil {
		t.Fatal(err)
	}
	tokens, err := New(Config{Keys: load(t, folder), Issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	r := NewReloader(folder, tokens, slog.New(slog.DiscardHandler))
	next := filepath.Join(folder, "next.pem")
	if err := os.WriteFile(next, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.once(t.Context()); err == nil || tokens.KeysVersion() != 0 {
		t.Errorf("half a key: %v, version %d", err, tokens.KeysVersion())
	}
	if err := r.once(t.Context()); err != nil {
		t.Errorf("the same error is reported again: %v", err)
	}
	if err := errors.Join(os.Remove(next), writeNewKey(next), r.once(t.Context())); err != nil {
		t.Fatal(err)
	}
	if tokens.KeysVersion() != 1 || len(tokens.ring.Load().public) != 2 {
		t.Errorf("the next key is not used: version %d", tokens.KeysVersion())
	}
}
