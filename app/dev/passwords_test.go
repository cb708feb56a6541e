package dev

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// TestGivenPasswordsAreThoseThatTheServerTakes gives every role a password on a server that asks for them, and logs in.
func TestGivenPasswordsAreThoseThatTheServerTakes(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "streamspace-scram-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil { // the server's user reads the file
		t.Fatal(err)
	}
	hba := filepath.Join(folder, "hba.conf")
	asks := "local all postgres peer map=streamspace\nlocal all all scram-sha-256\n"
	if err := os.WriteFile(hba, []byte(asks), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Config{Settings: map[string]string{"hba_file": hba}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	passwords := filepath.Join(folder, "passwords")
	if err := givePasswords(t.Context(), c.DSN(cluster.Superuser, "postgres"), passwords); err != nil {
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
}

func connect(t *testing.T, config *pgx.ConnConfig) error {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return err
	}
	return conn.Close(t.Context())
}
