// Package dbtest gives a package's tests a real PostgreSQL with the product's roles and migrations, made as production
// makes them. Tests share one database and are kept apart by what the product keeps apart: each has an organisation of
// its own. They connect as the service roles; a superuser sees every row and would make every policy test pass.
package dbtest

import (
	"context"
	"fmt"
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
	if _, err = db.Migrate(ctx, d.Config("streamspace_migrator")); err != nil {
		return nil, d.closeAfter(err)
	}
	return d, nil
}

// OpenEmpty starts a cluster and makes the database with its roles and schemas, but without migrations.
func OpenEmpty(ctx context.Context) (*Database, error) {
	c, err := cluster.Start(ctx, cluster.Config{
		Roles:    db.Roles(),
		Pooler:   true,
		Settings: map[string]string{"max_connections": "200"},
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
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return nil, d.closeAfter(err)
	}
	if err := db.Prepare(ctx, d.Config(cluster.Superuser)); err != nil {
		return nil, d.closeAfter(err)
	}
	return d, nil
}

// Own gives a test a database of its own, for tests that look at or change all of it.
func Own(t testing.TB) *Database {
	t.Helper()
	return closed(t, Open)
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
