package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheUnits has systemd check the units, without running it, and keeps what an intruder could do from growing.
func TestTheUnits(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	// In tenths, of 100. systemd 252 says 16 and EXPOSED.
	exposure := map[string]string{"streamspace-serve": "20", "streamspace-agent": "80", "streamspace-audit": "20"}
	for name, most := range exposure {
		b, err := os.ReadFile(filepath.Join("../../deploy/systemd", name+".service"))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, name+".service")
		text := strings.ReplaceAll(string(b), "/usr/local/bin/streamspace", "/bin/true") // which exists here
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"verify", "--man=no", file},
			{"security", "--offline=true", "--threshold=" + most, file},
		} {
			out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
			if err != nil || args[0] == "verify" && len(out) > 0 {
				t.Errorf("systemd-analyze %s of %s: %v\n%s", args[0], name, err, out)
			}
		}
	}
}
