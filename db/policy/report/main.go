// Command report prints the audit of a new database, for docs/security/audit.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	err := run(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	d, err := dbtest.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	audit, err := policy.Audit(ctx, policy.Options{Config: d.Config(cluster.Superuser)})
	if err != nil {
		return err
	}
	return audit.Write(os.Stdout, "markdown")
}
