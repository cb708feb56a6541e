package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	d, err := dbtest.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	start := func(url string, args ...string) (status int, out, said string) {
		var stdout, stderr bytes.Buffer
		environ := []string{"STREAMSPACE_AUDIT_DATABASE_URL=" + url}
		status = run(t.Context(), terminal{append([]string{"policy"}, args...), environ, nil, &stdout, &stderr})
		return status, stdout.String(), stderr.String()
	}

	// The server's version may have a known flaw, which whoever runs the tests answers for.
	_, table, _ := start(d.DSN("postgres"), "audit")
	accepted := filepath.Join(t.TempDir(), "accepted")
	flaws := regexp.MustCompile(`(?m)^  ! server version: .*$`).FindAllString(table, -1)
	if err := os.WriteFile(accepted, []byte("# answered for\n"+strings.Join(flaws, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		url       string
		args      string
		status    int
		out, said string
	}{
		"a sound database": {d.DSN("postgres"), "audit --accept", 0, "organisations are kept apart", ""},
		"as a report":      {d.DSN("postgres"), "audit --format markdown --accept", 0, "## Signature", ""},
		"as JSON":          {d.DSN("postgres"), "audit --format json --accept", 0, `"passed": true`, ""},
		"a user who may not act as the roles": {
			d.DSN("streamspace_auditor"), "audit --accept", 1, "may not act as", "not proven"},
		"the catalogue, without a user": {
			d.URL(), "audit --catalogue-only --accept", 0, "the catalogue keeps organisations apart", ""},
		"who may do what":            {d.URL(), "matrix", 0, "# Who may do what", ""},
		"an address with a password": {"postgres://x:secret@[", "audit", 1, "", "cannot be parsed"},
		"no address":                 {"", "audit", 1, "", "is set"},
		"an unknown format":          {d.URL(), "audit --format pdf --catalogue-only", 1, "", "pdf"},
	} {
		args := strings.Fields(c.args)
		if args[len(args)-1] == "--accept" {
			args = append(args, accepted)
		}
		status, out, said := start(c.url, args...)
		if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(said, c.said) {
			t.Errorf("%s: status %d, wrote\n%s\nsaid %s", name, status, out, said)
		}
		if strings.Contains(said, "secret") {
			t.Errorf("%s: it shows the password: %s", name, said)
		}
	}
	// A superuser needs none of the roles' passwords.
	var stdout, stderr bytes.Buffer
	environ := []string{
		"STREAMSPACE_AUDIT_DATABASE_URL=" + d.DSN("postgres"), "STREAMSPACE_DATABASE_PASSWORDS=" + t.TempDir(),
	}
	args := []string{"policy", "audit", "--accept", accepted}
	if status := run(t.Context(), terminal{args, environ, nil, &stdout, &stderr}); status != 0 {
		t.Errorf("a folder without the auditor's password: status %d, said %s", status, &stderr)
	}
}
