package postgres

import (
	"os"
	"path/filepath"
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
