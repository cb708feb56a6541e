package db_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// asked is a migration that makes a function, which answers a number.
func asked(name, answer string) fstest.MapFS {
	return fstest.MapFS{name: {Data: []byte("-- +goose Up\ncreate function rls." + name[6:11] +
		"() returns int language sql as 'select " + answer + "';\n-- +goose Down\n")}}
}

// Seen to fail with the comparison removed, and with the texts noted after the migrations instead of before.
func TestADatabaseOfAnotherTextIsRefused(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	config := d.Config("streamspace_migrator")
	first := asked("90001_first.sql", "1")
	if _, err := db.MigrateTo(t.Context(), config, first); err != nil {
		t.Fatal(err)
	}
	_, err := db.MigrateTo(t.Context(), config, asked("90001_first.sql", "2"))
	edited, ok := errors.AsType[*db.EditedError](err)
	if !ok || edited.Version != 90001 || !says(err, "migration 90001 (90001_first.sql) was edited") {
		t.Errorf("an edited migration: %v", err)
	}
	// What was not applied may change: a program that failed half way is mended.
	failing := asked("90002_other.sql", "1/")
	if _, err := db.MigrateTo(t.Context(), config, failing); err == nil {
		t.Fatal("a migration that is no SQL was applied")
	}
	if _, err := db.MigrateTo(t.Context(), config, asked("90002_other.sql", "1")); err != nil {
		t.Errorf("a migration that was mended: %v", err)
	}
	// An older program knows fewer, and leaves the notes of the newer ones.
	if _, err := db.Migrate(t.Context(), config); err != nil {
		t.Errorf("an older program: %v", err)
	}
	if _, err := db.MigrateTo(t.Context(), config, asked("90001_first.sql", "2")); err == nil {
		t.Error("the older program forgot what the newer one had applied")
	}
	run(t, d.Superuser(t), "drop function rls.migration_texts()")
	if _, err := db.Migrate(t.Context(), config); err == nil {
		t.Error("a database of which no text is known was migrated")
	}
}

// A migration that was released stands as it was, with the helpers in it. Seen to fail with the hash of a file changed.
func TestReleasedMigrationsAreNotEdited(t *testing.T) {
	t.Parallel()
	list, err := os.Open("migrations/released.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		hash, name, ok := strings.Cut(lines.Text(), "  ") // as sha256sum prints it
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		content, err := os.ReadFile("migrations/" + name)
		if err != nil || !ok {
			t.Errorf("%q: %v", lines.Text(), err)
			continue
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
			t.Errorf("%s was released and has changed since: add another migration", name)
		}
	}
}
