// Command report makes every weakening of the catalogue that the migrations make, each in a transaction that is
// rolled back, and writes who noticed which, as Markdown. It fails when the test of them would.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/proof"
)

func main() {
	servers := flag.Int("servers", 2, "how many servers work at once")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	if err := run(ctx, *servers, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers int, out io.Writer) (err error) {
	var databases []*pgx.Conn
	for range servers {
		d, err := dbtest.Open(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = d.Close() }()
		conn, err := pgx.ConnectConfig(ctx, d.Config(cluster.Superuser))
		if err != nil {
			return fmt.Errorf("connect as a superuser: %w", err)
		}
		defer conn.Close(context.WithoutCancel(ctx))
		databases = append(databases, conn)
	}
	report, err := proof.Prove(ctx, databases, 1)
	if err != nil {
		return err
	}
	err = report.Markdown(out)
	found, failed := report.Findings()
	for _, f := range found {
		err = errors.Join(err, errors.New(f))
	}
	return errors.Join(err, failed)
}
