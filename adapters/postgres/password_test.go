package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestPasswordsAreReadWithoutTheirLineEnd fails when the file's content is used as it is: an editor, or echo, ends it
// with a line end that the server does not expect.
func TestPasswordsAreReadWithoutTheirLineEnd(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for role, content := range map[string]string{roleApp: "secret", roleLogin: "secret\n", roleMigrator: "secret\r\n"} {
		if err := os.WriteFile(filepath.Join(folder, role), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadPassword(folder, role); got != "secret" || err != nil {
			t.Errorf("%q is read as %q: %v", content, got, err)
		}
	}
	if got, err := ReadPassword("", roleApp); got != "" || err != nil {
		t.Errorf("without a folder: %q, %v", got, err)
	}
	if _, err := ReadPassword(folder, roleAgent); err == nil {
		t.Error("a role without a file has a password")
	}
}

// Seen to fail with a password that is read without looking at who else can read it.
func TestAPasswordThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for role, c := range map[string]struct {
		content string
		mode    os.FileMode
		said    string
	}{
		roleApp:      {"secret", 0o640, ""},
		roleLogin:    {"secret", 0o644, "chmod 600"},
		roleMigrator: {"secret", 0o660, "chmod 600"},
		roleAgent:    {"\n", 0o600, "empty"},
	} {
		file := filepath.Join(folder, role)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadPassword(folder, role)
		switch {
		case c.said == "" && err != nil:
			t.Errorf("mode %04o: %v", c.mode, err)
		case c.said != "" && (err == nil || !strings.Contains(err.Error(), c.said) || !strings.Contains(err.Error(), file)):
			t.Errorf("mode %04o: %v, want %q and the file's name", c.mode, err, c.said)
		}
	}
}

// Every way to connect reads the files in the same way.
func TestEveryConnectionUsesItsRolesPassword(t *testing.T) {
	t.Parallel()
	folder, url := t.TempDir(), "postgres://localhost/streamspace"
	for _, role := range []string{roleApp, roleMigrator} {
		if err := os.WriteFile(filepath.Join(folder, role), []byte("of "+role+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{URL: url, Passwords: folder}
	migrator, err := c.Migrator()
	if err != nil || migrator.User != roleMigrator || migrator.Password != "of "+roleMigrator {
		t.Errorf("migrator: %v", err)
	}
	pool, err := poolConfig(c, roleApp)
	if err != nil {
		t.Fatal(err)
	}
	cc := &pgx.ConnConfig{}
	cc.User = roleApp
	if err := pool.BeforeConnect(t.Context(), cc); err != nil || cc.Password != "of "+roleApp {
		t.Errorf("pool: %q, %v", cc.Password, err)
	}
}
