package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFindPrefersPathThenTheNewest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, major := range []string{"9", "13", "15", "16"} {
		install(t, filepath.Join(root, major, "bin"), major)
	}
	empty := t.TempDir()
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "15", "bin", "postgres"), filepath.Join(linked, "postgres")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path, pattern string
		want          int
		fault         string
	}{
		"a link on PATH leads to its folder":   {empty + ":" + linked, root + "/*/bin", 15, ""},
		"nothing on PATH gives the newest":     {empty, root + "/*/bin", 16, ""},
		"an old one on PATH is passed over":    {root + "/13/bin", root + "/*/bin", 16, ""},
		"only old ones are named":              {"", root + "/13/bin", 0, "is version 13, but 15 or later is needed"},
		"nothing is said to be nothing":        {empty, empty + "/*/bin", 0, "no PostgreSQL server"},
		"a relative PATH entry is passed over": {".", empty + "/*/bin", 0, "no PostgreSQL server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := find(t.Context(), c.path, c.pattern)
			if got.Version != c.want || (err == nil) != (c.fault == "") {
				t.Fatalf("found %+v, %v; want version %d, error %q", got, err, c.want, c.fault)
			}
			if err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("the error is %v, want one that says %q", err, c.fault)
			}
			if want := filepath.Join(root, "15", "bin"); c.want == 15 && got.Dir != want {
				t.Errorf("found it in %s, want %s", got.Dir, want)
			}
		})
	}
}

// install makes a folder with the programs of a server that only knows its version.
func install(t *testing.T, dir, major string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + major + ".4 (Debian)'\n"
	for _, program := range []string{"initdb", "postgres"} {
		// A child that another test forks meanwhile would hold the script open for writing, and nothing could run it.
		syscall.ForkLock.RLock()
		err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700)
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
	}
}
