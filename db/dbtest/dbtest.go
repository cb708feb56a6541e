// Package dbtest gives a package's tests a real PostgreSQL with the product's roles and migrations, made as production
// makes them. Tests share one database and are kept apart by what the product keeps apart: each has an organisation of
// its own. They connect as the service roles; a superuser sees every row and would make every policy test pass.
package dbtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// patience bounds making and ending a cluster, which takes two seconds on an idle machine.
const patience = 2 * time.Minute

// name is the database's.
const name = "streamspace"

// Database is a database of a cluster that is thrown away.
type Database struct{ cluster *cluster.Cluster }

// Main makes a database, hands it to use, runs the package's tests and throws it away. It returns what TestMain gives
// to os.Exit.
func Main(m *testing.M, use func(*Database)) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := Open(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		return 1
	}
	defer func() {
		if err := d.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "dbtest:", err)
		}
	}()
	use(d)
	return m.Run()
}

// Open starts a cluster and makes the database, migrated to the newest version.
func Open(ctx context.Context) (*Database, error) {
	d, err := OpenEmpty(ctx)
	if err != nil {
		return nil, err
	}
	return d, d.migrate(ctx)
}

// OpenEmpty starts a cluster and makes the database with its roles and schemas, but without migrations.
func OpenEmpty(ctx context.Context) (*Database, error) {
	return open(ctx, func(d *Database, super *pgx.Conn) (administrator string, err error) {
		_, err = super.Exec(ctx, "create database "+name)
		return cluster.Superuser, err
	})
}

// Administrator owns the database that OpenManaged makes, and is no superuser.
const Administrator = "dba"

// OpenManaged is Open as on a managed service, where there is no superuser: an administrator with CREATEROLE and
// CREATEDB makes the database and its roles.
func OpenManaged(ctx context.Context) (*Database, error) {
	d, err := open(ctx, func(d *Database, super *pgx.Conn) (administrator string, err error) {
		_, err = super.Exec(ctx, "create role "+Administrator+" login createrole createdb")
		if err != nil {
			return "", err
		}
		conn, err := pgx.Connect(ctx, d.cluster.DSN(Administrator, "postgres"))
		if err != nil {
			return "", err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "create database "+name)
		return Administrator, err
	})
	if err != nil {
		return nil, err
	}
	return d, d.migrate(ctx)
}

// open starts a cluster, lets create make the database, and prepares it as the administrator that create returns.
func open(ctx context.Context, create func(d *Database, super *pgx.Conn) (administrator string, err error)) (
	*Database, error) {
	c, err := cluster.Start(ctx, cluster.Config{
		Roles:    append(db.Roles(), Administrator),
		Pooler:   true,
		Settings: map[string]string{"max_connections": "400"},
	})
	if err != nil {
		return nil, err
	}
	d := &Database{cluster: c}
	conn, err := pgx.Connect(ctx, c.DSN(cluster.Superuser, "postgres"))
	if err != nil {
		return nil, d.closeAfter(err)
	}
	defer conn.Close(ctx)
	administrator, err := create(d, conn)
	if err != nil {
		return nil, d.closeAfter(err)
	}
	if _, err := db.Prepare(ctx, d.Config(administrator), io.Discard); err != nil {
		return nil, d.closeAfter(err)
	}
	return d, nil
}

// migrate brings the database to the newest version, and closes it when that fails.
func (d *Database) migrate(ctx context.Context) error {
	if _, err := db.Migrate(ctx, d.Config("streamspace_migrator")); err != nil {
		return d.closeAfter(err)
	}
	return nil
}

// Own gives a test a database of its own, for tests that look at or change all of it.
func Own(t testing.TB) *Database {
	t.Helper()
	return closed(t, Open)
}

// OwnManaged is Own, as on a managed service.
func OwnManaged(t testing.TB) *Database {
	t.Helper()
	return closed(t, OpenManaged)
}

// OwnEmpty is Own, without migrations.
func OwnEmpty(t testing.TB) *Database {
	t.Helper()
	return closed(t, OpenEmpty)
}

func closed(t testing.TB, open func(context.Context) (*Database, error)) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := open(ctx)
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("end a database: %v", err)
		}
	})
	return d
}

func (d *Database) closeAfter(err error) error {
	_ = d.Close() // what went wrong before says more
	return err
}

// Close ends the cluster and removes it.
func (d *Database) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return d.cluster.Stop(ctx)
}

// Down ends the server by a signal (cluster.Down), and Up starts it again. Only a test with a database of its own may.
func (d *Database) Down(t testing.TB, by os.Signal) {
	t.Helper()
	if err := d.cluster.Down(by); err != nil {
		t.Fatal(err)
	}
}

// Up starts the server that Down has ended.
func (d *Database) Up(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := d.cluster.Up(ctx); err != nil {
		t.Fatal(err)
	}
}

// URL is the database's address without a user, as STREAMSPACE_DATABASE_URL has it.
func (d *Database) URL() string { return d.cluster.DSN("", name) }

// Config is how a role connects.
func (d *Database) Config(role string) *pgx.ConnConfig {
	c, err := pgx.ParseConfig(d.cluster.DSN(role, name))
	if err != nil {
		panic(fmt.Sprintf("the cluster's own address does not parse: %v", err))
	}
	return c
}

// Connect opens a connection as a role, closed with the test.
func (d *Database) Connect(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), d.Config(role))
	if err != nil {
		t.Fatalf("connect as %s: %v", role, err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Superuser opens a connection that no policy holds. It is for arranging what no role of the product may do, and for
// counting what is there; never for what a test is about.
func (d *Database) Superuser(t testing.TB) *pgx.Conn { return d.Connect(t, cluster.Superuser) }

// DSN is a role's address, for PostgreSQL's own programs.
func (d *Database) DSN(role string) string { return d.cluster.DSN(role, name) }
