package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyIsMadeOnceAndRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signing.pem")
	if err := WriteNewKey(path); err != nil {
		t.Fatal(err)
	}
	key, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteNewKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second WriteNewKey = %v, want fs.ErrExist", err)
	}
	again, err := LoadKey(path)
	if err != nil || !key.Equal(again) {
		t.Errorf("the key changed: %v", err)
	}
}

func TestAKeyThatOthersReachIsRefused(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[os.FileMode]bool{
		0o600: false, 0o400: false, 0o440: false, 0o640: false, 0o660: true, 0o644: true, 0o604: true, 0o602: true,
	} {
		path := filepath.Join(t.TempDir(), "signing.pem")
		if err := WriteNewKey(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path); (err != nil) != refused {
			t.Errorf("mode %04o: %v", mode, err)
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
		path := filepath.Join(t.TempDir(), "signing.pem")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("LoadKey of %q = %v, want %q in it", content, err, want)
		}
	}
}
