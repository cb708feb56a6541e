package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/certs/certstest"
)

func TestTheCredentialAndTheAuthoritiesAreChecked(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	credential, open := filepath.Join(folder, "credential"), filepath.Join(folder, "open")
	for path, mode := range map[string]os.FileMode{credential: 0o640, open: 0o644} {
		if err := os.WriteFile(path, []byte(uuid.NewString()+".secret\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	ca := certstest.New(t).File
	for name, c := range map[string]struct {
		url, credential, ca string
		says                string // empty: nothing is wrong
	}{
		"https and a private authority": {"https://control", credential, ca, ""},
		"https":                         {"https://control", credential, "", ""},
		"http":                          {"http://control", credential, "", ""},
		"http and a private authority":  {"http://control", credential, ca, "STREAMSPACE_CONTROL_URL must begin with https"},
		"no authority in the file":      {"https://control", credential, credential, "STREAMSPACE_CONTROL_CA is wrong"},
		"a credential that others read": {"https://control", open, "", "STREAMSPACE_AGENT_CREDENTIAL is wrong"},
		"a file without a credential":   {"https://control", ca, "", "STREAMSPACE_AGENT_CREDENTIAL is wrong"},
	} {
		_, err := ReadConfig([]string{
			"STREAMSPACE_CONTROL_URL=" + c.url, "STREAMSPACE_AGENT_CREDENTIAL=" + c.credential,
			"STREAMSPACE_CONTROL_CA=" + c.ca, "STREAMSPACE_DATA=/data",
		})
		if (err == nil) != (c.says == "") || err != nil && (!strings.HasPrefix(err.Error(), c.says) ||
			strings.Contains(err.Error(), ".secret")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]string{
		"STREAMSPACE_AGENT_MEMORY":       {"0": "", "256": "", "255": "0 or from 256", "1073741825": "0 or from 256"},
		"STREAMSPACE_AGENT_DISK":         {"0": "", "4096": "", "255": "0 or from 256", "-1": "0 or from 256"},
		"STREAMSPACE_AGENT_CPU":          {"0": "", "100": "", "99": "0 or from 100", "1048577": "0 or from 100"},
		"STREAMSPACE_AGENT_PROCESSES":    {"100": "", "4194304": "", "0": "from 100", "4194305": "from 100"},
		"STREAMSPACE_AGENT_DISK_RESERVE": {"0": "", "1": "", "-1": "0 or from 1"},
	} {
		for limit, says := range values {
			_, err := ReadConfig([]string{"STREAMSPACE_CONTROL_URL=http://control", name + "=" + limit})
			if got := strings.Contains(err.Error(), name+" must be "+says); got != (says != "") {
				t.Errorf("%s=%s: %v", name, limit, err)
			}
		}
	}
}
