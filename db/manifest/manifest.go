// Package manifest holds what the catalogue of a database has to say, fact by fact, as the migrations leave it. The
// files are generated; a change of them in review reads like a change of rights, because it is one.
package manifest

import "embed"

// Files are the facts, a file for each kind and a line for each fact.
//
//go:embed *.txt
var Files embed.FS
