package policy

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// database is shared by the package's tests, which change it in transactions that are rolled back.
var database *dbtest.Database

func TestMain(m *testing.M) {
	os.Exit(dbtest.Main(m, func(d *dbtest.Database) { database = d }))
}

// watchers are the roles that read the catalogue: those of the programs when they start, and the auditor.
var watchers = []string{
	"streamspace_app", "streamspace_login", "streamspace_agent", "streamspace_operator", "streamspace_system",
	"streamspace_auditor", "postgres",
}

// planting begins a superuser's transaction in which a test may break what it likes. Such a test runs alone: what it
// breaks is locked until it is undone, and two of them would wait for each other.
func planting(t *testing.T) pgx.Tx {
	t.Helper()
	return plantingIn(t, database)
}

func plantingIn(t *testing.T, d *dbtest.Database) pgx.Tx {
	t.Helper()
	tx, err := d.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx // the connection's end rolls it back
}

// plant breaks something.
func plant(t *testing.T, tx pgx.Tx, statements string) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// versionNum is the server's version, as a number.
func versionNum(t *testing.T, tx pgx.Tx) int {
	t.Helper()
	var num int
	if err := tx.QueryRow(t.Context(), "select current_setting('server_version_num')::int").Scan(&num); err != nil {
		t.Fatal(err)
	}
	return num
}
