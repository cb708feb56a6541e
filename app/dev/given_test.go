package dev

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// TestDevRefusesADatabaseThatItDidNotMake starts dev on a server with a production database. Seen to fail without
// each of the three checks of claim.
func TestDevRefusesADatabaseThatItDidNotMake(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	d.NewOrg(t, dbtest.Spec{})
	super := d.Superuser(t)
	if _, err := super.Exec(t.Context(), "create database other"); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"streamspace_app", "streamspace_operator"} {
		if _, err := super.Exec(t.Context(), "alter role "+role+" password 'production'"); err != nil {
			t.Fatal(err)
		}
	}
	empty := dbtest.OwnEmpty(t) // the roles are there, and the database is dropped
	config := empty.Config(cluster.Superuser)
	drop(t, config)
	for name, c := range map[string]struct{ address, says string }{
		"a production database":                     {d.DSN(cluster.Superuser), "was not created by"},
		"another database beside it":                {inDatabase(d, "other"), "has an installation of StreamSpace already"},
		"a new database beside it":                  {inDatabase(d, "new"), "has an installation of StreamSpace already"},
		"a new database on a server with the roles": {inDatabase(empty, "new"), "has the role streamspace_"},
	} {
		in := d
		if strings.HasPrefix(c.says, "has the role") {
			in = empty
		}
		before := dumpAll(t, in)
		passwords := filepath.Join(t.TempDir(), "passwords")
		of := &dev{Config: Config{Server: server.Config{DatabaseConfig: server.DatabaseConfig{DatabaseURL: c.address}}},
			files: files{passwords: passwords}}
		_, err := of.database(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if diff := cmp.Diff(before, dumpAll(t, in)); diff != "" {
			t.Errorf("%s: it changed the server (-before +after):\n%s", name, diff)
		}
	}
}

// TestDevUsesTheDatabaseThatTheAddressNames starts dev twice on a server without anything.
func TestDevUsesTheDatabaseThatTheAddressNames(t *testing.T) {
	t.Parallel()
	d := dbtest.OwnEmpty(t)
	config := d.Config(cluster.Superuser)
	drop(t, config)
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `select rolname::text from pg_roles where rolname like 'streamspace\_%'`)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "drop role "+strings.Join(roles, ", ")); err != nil {
		t.Fatal(err)
	}
	passwords := filepath.Join(t.TempDir(), "passwords")
	for range 2 {
		of := &dev{Config: Config{Server: server.Config{DatabaseConfig: server.DatabaseConfig{
			DatabaseURL: inDatabase(d, "mine")}}}, files: files{passwords: passwords}}
		made, err := of.database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(d.URL(), "/streamspace?", "/mine?", 1); made.url != want {
			t.Errorf("the services connect to %s, not %s", made.url, want)
		}
	}
	var names []string
	err = conn.QueryRow(t.Context(),
		"select array_agg(datname::text order by datname) from pg_database where not datistemplate").Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mine", "postgres"}, names); diff != "" {
		t.Errorf("databases (-want +got):\n%s", diff)
	}
}

func TestAnAddressNamesItsDatabase(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://postgres:hunter2@db:5433/mine?sslmode=require": "postgres://db:5433/mine?sslmode=require",
		"postgresql:///mine?host=/run&user=a&password=hunter2":     "postgresql:///mine?host=%2Frun",
		"postgres://postgres:hunter2@db":                           "must name a database",
		"postgres://postgres:hunter2@db/":                          "must name a database",
		"host=db password=hunter2":                                 "must be a URL",
		"mysql://root:hunter2@db/mine":                             "must be a URL",
		"postgres://postgres:hunter2@[/mine":                       "must be a URL",
		"postgres://postgres:hunter2@db/mine?sslmode=hunter2":      "cannot be parsed",
	} {
		g, err := parseGiven(address)
		got := g.url
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// inDatabase is a superuser's address of another database of the same server.
func inDatabase(d *dbtest.Database, name string) string {
	return strings.Replace(d.DSN(cluster.Superuser), "/streamspace?", "/"+name+"?", 1)
}

// drop drops a database.
func drop(t *testing.T, config *pgx.ConnConfig) {
	t.Helper()
	name := config.Database
	config = config.Copy()
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "drop database "+name+" with (force)"); err != nil {
		t.Fatal(err)
	}
}

// random are the lines of a dump that differ each time.
var random = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// dumpAll is everything on a server: roles with their passwords, databases and their rows.
func dumpAll(t *testing.T, d *dbtest.Database) string {
	t.Helper()
	binaries, err := cluster.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program, err := binaries.Program("pg_dumpall")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "--dbname", inDatabase(d, "postgres")).Output()
	if err != nil {
		t.Fatalf("pg_dumpall: %v", err)
	}
	return random.ReplaceAllString(string(out), "")
}
