// Command generate writes db/manifest and docs/policies.md from a new database with all migrations and rules, and adds
// a new version of the rules to db/rules/versions.txt. Run it from the root of the repository.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/db/rules"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	d, err := dbtest.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // a temporary database
	conn, err := pgx.ConnectConfig(ctx, d.Config("streamspace_auditor"))
	if err != nil {
		return fmt.Errorf("connect as the auditor: %w", err)
	}
	defer conn.Close(ctx)

	m, err := policy.Snapshot(ctx, conn)
	if err != nil {
		return err
	}
	for kind := range m {
		if err := write(filepath.Join("db/manifest", kind+".txt"), m.File(kind)); err != nil {
			return err
		}
	}
	matrix, err := policy.Matrix(ctx, conn)
	if err != nil {
		return err
	}
	if err := write("docs/policies.md", matrix); err != nil {
		return err
	}
	return noteRules("db/rules/versions.txt")
}

// noteRules adds the version of the rules with the hash of their text, where the file has no line for it. An existing
// line stays: a test compares it.
func noteRules(path string) error {
	set, err := rules.Built()
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if strings.Contains(string(content), fmt.Sprintf("\n%d ", set.Version)) {
		return nil
	}
	return write(path, fmt.Appendf(content, "%d %s\n", set.Version, set.Hash()))
}

func write(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
