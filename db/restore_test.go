package db_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// restored is the name of the database that a dump is loaded into.
const restored = "restored"

// address is the dsn of another database of the same cluster.
func address(dsn string) string { return strings.Replace(dsn, "/streamspace?", "/"+restored+"?", 1) }

// restore dumps a database as the backup role and loads it, as a superuser, into a new database of a new cluster that
// has the roles and nothing else.
func restore(t *testing.T, from *dbtest.Database) *dbtest.Database {
	t.Helper()
	return load(t, backup(t, from))
}

// backup writes a database into a file, as the backup role.
func backup(t *testing.T, from *dbtest.Database) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "dump")
	program(t, "pg_dump", "--format=custom", "--enable-row-security", "--file", file,
		"--dbname", from.DSN("streamspace_backup"))
	return file
}

// load is the second half of restore.
func load(t *testing.T, file string) *dbtest.Database {
	t.Helper()
	to := dbtest.OwnEmpty(t)
	run(t, to.Superuser(t), "create database "+restored)
	program(t, "pg_restore", "--exit-on-error", "--dbname", address(to.DSN(cluster.Superuser)), file)
	return to
}

func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, found := serverProgram(t, name)
	if !found {
		t.Skipf("this build of PostgreSQL has no %s", name)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// serverProgram returns the path of a program of the server's own build, since pg_dump refuses a newer server. Some
// builds have none. CI runs Debian's, which has all.
func serverProgram(t *testing.T, name string) (path string, found bool) {
	t.Helper()
	binaries, err := cluster.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(binaries.Dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, true
	}
	if binaries.Version == cluster.MinVersion {
		t.Fatalf("%s has no %s", binaries.Dir, name)
	}
	return "", false
}

// in connects to the restored database.
func in(t *testing.T, d *dbtest.Database, role string) *pgx.Conn {
	t.Helper()
	config := d.Config(role)
	config.Database = restored
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("connect to the restored database as %s: %v", role, err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// schemaAt is a database's schema and grants, as pg_dump writes them.
func schemaAt(t *testing.T, dsn string) string {
	t.Helper()
	return random.ReplaceAllString(program(t, "pg_dump", "--schema-only", "--dbname", dsn), "")
}

// rowsIn is every row of every table.
func rowsIn(t *testing.T, super *pgx.Conn) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	tables := all[string](t, super,
		"select relname::text from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'")
	for _, table := range tables {
		rows[table] = all[string](t, super, "select t::text from app."+table+" t order by 1")
	}
	return rows
}

// violations are what the rules and the manifest say of a database, as the role that looks at it in production.
func violations(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	found, err := policy.Violations(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, v := range found {
		said = append(said, v.String())
	}
	return said
}

// A restore brings back rows, policies and grants, those on PostgreSQL's own functions too, but not those on the
// database: every role may connect and create temporary tables until database.sql has run again. Seen to fail without
// Prepare, and with a policy that PostgreSQL writes down otherwise once it has read it back.
func TestARestoredDatabaseKeepsItsPosture(t *testing.T) {
	t.Parallel()
	from := dbtest.Own(t)
	script := fill(t, from)
	to := restore(t, from)
	auditor, super := in(t, to, "streamspace_auditor"), in(t, to, cluster.Superuser)

	half := strings.Join(violations(t, auditor), "\n")
	for _, want := range []string{"this database: connect to public", "this database: temporary to public"} {
		if !strings.Contains(half, want) {
			t.Errorf("before database.sql has run again nothing says %q:\n%s", want, half)
		}
	}
	config := to.Config(cluster.Superuser)
	config.Database = restored
	if _, err := db.Prepare(t.Context(), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(violations(t, from.Connect(t, "streamspace_auditor")), violations(t, auditor)); diff != "" {
		t.Errorf("violations (-of the first +of the restored):\n%s", diff)
	}
	before, after := schemaAt(t, from.DSN("streamspace_backup")), schemaAt(t, address(to.DSN("streamspace_backup")))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("schema and grants (-of the first +of the restored):\n%s", diff)
	}
	if diff := cmp.Diff(rowsIn(t, from.Superuser(t)), rowsIn(t, super)); diff != "" {
		t.Errorf("rows (-of the first +of the restored):\n%s", diff)
	}
	opened, err := postgres.Open(t.Context(), postgres.Config{URL: address(to.URL())})
	if err != nil {
		t.Fatalf("open the restored database: %v", err)
	}
	defer opened.Close()
	id := func(name string) uuid.UUID { return uuid.MustParse(strings.Trim(script.Replace("{"+name+"}"), "'")) }
	who := org.Member(org.ID{UUID: id("acme")}, org.UserID{UUID: id("admin")}, org.RoleAdmin,
		org.CredentialID{UUID: id("admins_credential")})
	list, err := opened.SessionReads()(who).Sessions(t.Context(), sessions.Filter{}, page.Cursor{}, 100)
	if err != nil || len(list) != 6 {
		t.Errorf("an organisation of before finds %d sessions, %v", len(list), err)
	}
}
