package secret

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// Seen to fail without the check of the mode, and with a mask that lets the group write.
func TestASecretsFileIsReadOnlyWhenOthersCannotReachIt(t *testing.T) {
	t.Parallel()
	for mode, said := range map[fs.FileMode]string{
		0o600: "", 0o400: "", 0o440: "", 0o640: "", 0o660: "mode 0660", 0o644: "mode 0644", 0o604: "mode 0604",
		0o602: "mode 0602", fs.ModeDir | 0o700: "not a file", fs.ModeNamedPipe | 0o600: "not a file",
	} {
		b, err := ReadFile(fstest.MapFS{"key": {Data: []byte("k"), Mode: mode}}, "key")
		switch {
		case said == "" && (err != nil || string(b) != "k"):
			t.Errorf("mode %v: %q, %v", mode, b, err)
		case said != "" && (err == nil || !strings.Contains(err.Error(), said)):
			t.Errorf("mode %v: %v, want %q", mode, err, said)
		}
	}
}

func TestALargeFileHoldsNoSecret(t *testing.T) {
	t.Parallel()
	large := fstest.MapFS{"key": {Data: bytes.Repeat([]byte("k"), maxFile+1), Mode: 0o600}}
	if _, err := ReadFile(large, "key"); err == nil {
		t.Error("it was read")
	}
}
