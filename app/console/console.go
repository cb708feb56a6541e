// Package console embeds the built web console. The console is an ordinary client of the public API: it has no routes
// or rights of its own.
package console

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// dist is the output of `npm run build`. placeholder.html is in version control, because go:embed fails on an empty
// folder and the program must compile before the page is built.
//
//go:embed all:dist
var dist embed.FS

const (
	index       = "index.html"
	placeholder = "placeholder.html"
)

// Files returns the page: index.html, and under assets/ files whose names change with their content, so that browsers
// may cache them forever. When the page was not built, index.html says how to build it.
func Files() (fs.FS, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded console: %w", err)
	}
	return orPlaceholder(built)
}

// orPlaceholder returns files unchanged when they contain index.html. Otherwise the placeholder is served
// instead.
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
