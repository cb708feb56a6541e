// Command dump prints the schema that the migrations make, as db/schema.sql holds it: sqlc reads it, and a change of
// it is seen in review.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dump:", err)
		os.Exit(1)
	}
}

// noise is what differs between two dumps of the same schema, and what sqlc cannot read.
var noise = regexp.MustCompile(`(?m)^(-- Dumped .*|\\(un)?restrict .*|SET transaction_timeout.*)\n`)

func run(ctx context.Context) (err error) {
	d, err := dbtest.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	binaries, err := cluster.Find(ctx)
	if err != nil {
		return err
	}
	// Besides a superuser, pg_dump works for the backup role alone: it calls set_config.
	dump := exec.CommandContext(ctx, filepath.Join(binaries.Dir, "pg_dump"), "--schema-only",
		"--exclude-table", "rls.violations", // sqlc cannot read what it is made of
		"--dbname", d.DSN("streamspace_backup"))
	dump.Stderr = os.Stderr
	out, err := dump.Output()
	if err != nil {
		return fmt.Errorf("run pg_dump: %w", err)
	}
	out = bytes.TrimLeft(noise.ReplaceAll(out, nil), "-\n ")
	_, err = fmt.Printf("-- Generated from db/migrations by make generate. DO NOT EDIT.\n--\n-- %s", out)
	return err
}
