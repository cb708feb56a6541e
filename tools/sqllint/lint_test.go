package sqllint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is where the repository is, as seen from this package.
const root = "../.."

func read(t *testing.T, folder string) []Query {
	t.Helper()
	queries, err := ReadFolder(root, folder)
	if err != nil {
		t.Fatal(err)
	}
	return queries
}

func report(t *testing.T, all []Fault) {
	t.Helper()
	for _, fault := range all {
		t.Error(fault)
	}
}

func TestQueriesInsideAnOrganisation(t *testing.T) {
	t.Parallel()
	queries := read(t, "sql/org")
	for _, q := range queries {
		report(t, InOrg(q))
	}
	if len(queries) < 10 {
		t.Errorf("only %d queries were looked at", len(queries))
	}
}

func TestQueriesWithoutAnOrganisation(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile(filepath.Join(root, "db/schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	limited, err := Limited(string(schema))
	if err != nil {
		t.Fatal(err)
	}
	queries := read(t, "sql/system")
	for _, q := range queries {
		report(t, InSystem(q, limited))
	}
	if len(queries) < 10 {
		t.Errorf("only %d queries were looked at", len(queries))
	}
}

func TestEveryQueryIsAsked(t *testing.T) {
	t.Parallel()
	used, err := Used(root)
	if err != nil {
		t.Fatal(err)
	}
	queries := append(read(t, "sql/org"), read(t, "sql/system")...)
	report(t, Twice(queries))
	report(t, Unused(queries, used))
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "db/migrations/*.sql"))
	if err != nil || len(files) < 6 {
		t.Fatalf("found %d migrations, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		report(t, Migration(filepath.Base(file), string(text)))
	}
}

// sqlc writes what is sent. What it writes is looked at as well as what it reads.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "adapters/postgres/internal/orgdb/*.sql.go"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(string(source), "`") {
			if strings.HasPrefix(text, "-- name: ") {
				seen++
				report(t, InOrg(Read(filepath.Base(file), text)[0]))
			}
		}
	}
	if want := len(read(t, "sql/org")); seen != want {
		t.Errorf("%d queries are sent and %d are written: run make generate", seen, want)
	}
}
