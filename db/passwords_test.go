package db_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// TestGivenPasswordsAreThoseThatTheServerTakes gives every role a password on a server that asks for them, and logs in.
func TestGivenPasswordsAreThoseThatTheServerTakes(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), cluster.Config{Passwords: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	passwords := filepath.Join(t.TempDir(), "passwords")
	super, err := pgx.ParseConfig(c.DSN(cluster.Superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Prepare(t.Context(), super, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := db.GivePasswords(t.Context(), super, passwords); err != nil {
		t.Fatal(err)
	}
	for _, role := range db.Roles() {
		config, err := pgx.ParseConfig(c.DSN(role, "postgres"))
		if err != nil {
			t.Fatal(err)
		}
		if err := connect(t, config); err == nil {
			t.Errorf("%s logs in without a password", role)
		}
		if config.Password, err = postgres.ReadPassword(passwords, role); err != nil {
			t.Fatal(err)
		}
		if err := connect(t, config); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}

	// Seen to fail with a second reader, which does not look at the mode.
	if err := os.Chmod(db.PasswordFile(passwords, "streamspace_app"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := db.GivePasswords(t.Context(), super, passwords); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a password that other users can read: %v", err)
	}
}

func connect(t *testing.T, config *pgx.ConnConfig) error {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return err
	}
	return conn.Close(t.Context())
}
