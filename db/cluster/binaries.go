package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// MinVersion is the oldest major version of PostgreSQL that the schema works on.
const MinVersion = 15

// installed is where Debian and its derivatives install PostgreSQL, outside PATH, in one folder per major version.
const installed = "/usr/lib/postgresql/*/bin"

// Binaries is one installation of PostgreSQL's server.
type Binaries struct {
	Dir     string // the folder of initdb and postgres
	Version int    // the major version
}

// Find returns the server that is on PATH, or else the newest one under /usr/lib/postgresql. It skips servers older
// than MinVersion. If there is no other, the error names the old one.
func Find(ctx context.Context) (Binaries, error) { return find(ctx, os.Getenv("PATH"), installed) }

// Program returns the path of another of PostgreSQL's programs, such as pg_dump. The one in the server's folder comes
// before the one on PATH, because it has the same version: pg_dump refuses a newer server.
func (b Binaries) Program(name string) (string, error) {
	if own := filepath.Join(b.Dir, name); executable(own) {
		return own, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find %s of PostgreSQL %d: %w", name, b.Version, err)
	}
	return path, nil
}

// find is Find with the places to search as parameters, for tests.
func find(ctx context.Context, path, pattern string) (Binaries, error) {
	folders := filepath.SplitList(path)
	versioned, err := filepath.Glob(pattern)
	if err != nil {
		return Binaries{}, fmt.Errorf("look for PostgreSQL in %s: %w", pattern, err)
	}
	slices.SortFunc(versioned, func(a, b string) int { return folderVersion(b) - folderVersion(a) })

	var tooOld Binaries
	for _, dir := range append(folders, versioned...) {
		if err := ctx.Err(); err != nil {
			return Binaries{}, err
		}
		b, ok := inspect(ctx, dir)
		switch {
		case !ok:
		case b.Version < MinVersion:
			tooOld = b
		default:
			return b, nil
		}
	}
	if tooOld.Dir != "" {
		return Binaries{}, fmt.Errorf("PostgreSQL in %s is version %d, but %d or later is needed",
			tooOld.Dir, tooOld.Version, MinVersion)
	}
	return Binaries{}, fmt.Errorf("no PostgreSQL server (initdb and postgres) on PATH or in %s", pattern)
}

// version finds the major version in what `postgres --version` prints: "postgres (PostgreSQL) 15.18 (Debian …)".
var version = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect reports whether a folder contains a server that runs, and its version.
func inspect(ctx context.Context, dir string) (Binaries, bool) {
	if !filepath.IsAbs(dir) {
		return Binaries{}, false // its meaning depends on the current folder
	}
	// A symbolic link on PATH is resolved: the other programs are in the folder that it points to.
	postgres, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return Binaries{}, false
	}
	dir = filepath.Dir(postgres)
	if !executable(postgres) || !executable(filepath.Join(dir, "initdb")) {
		return Binaries{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // it prints one line
	defer cancel()
	out, err := exec.CommandContext(ctx, postgres, "--version").Output()
	if err != nil {
		return Binaries{}, false
	}
	m := version.FindSubmatch(out)
	if m == nil {
		return Binaries{}, false
	}
	major, err := strconv.Atoi(string(m[1]))
	return Binaries{Dir: dir, Version: major}, err == nil
}

// folderVersion reads the 15 of /usr/lib/postgresql/15/bin. It returns 0 if there is no number. Sorting by text would
// put 9 after 15.
func folderVersion(bin string) int {
	v, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return v
}

// executable reports whether path is a file that can be run.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
