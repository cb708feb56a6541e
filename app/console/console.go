// Package console holds the built web console, a page that is a client of the API like any other.
package console

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// dist is what `npm run build` wrote. placeholder.html is tracked, so that the program compiles before the page was
// built.
//
//go:embed all:dist
var dist embed.FS

const (
	index       = "index.html"
	placeholder = "placeholder.html"
)

// Files returns the page: index.html, and under assets/ files whose names change with their content. When the page was
// not built, index.html says so.
func Files() (fs.FS, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded console: %w", err)
	}
	return orPlaceholder(built)
}

// orPlaceholder returns files as they are when they hold an index.html, else with the placeholder in its place.
func orPlaceholder(files fs.FS) (fs.FS, error) {
	_, err := fs.Stat(files, index)
	switch {
	case err == nil:
		return files, nil
	case errors.Is(err, fs.ErrNotExist):
		return unbuilt{files}, nil
	default:
		return nil, fmt.Errorf("look for the console's %s: %w", index, err)
	}
}

// unbuilt opens the placeholder where index.html is asked for.
type unbuilt struct{ files fs.FS }

// Open implements fs.FS.
func (u unbuilt) Open(name string) (fs.File, error) {
	if name == index {
		name = placeholder
	}
	return u.files.Open(name)
}
