// Package probes embeds the probe files: the two organisations that attempts use, and the attempts on each table that
// do not follow from the catalogue. README.md describes the format, and db/policy/probe parses it. They are part of the
// program, because `streamspace policy audit` makes the two organisations in a database in use, and undoes that after
// its own attempts. Only tests make the attempts of the files.
package probes

import "embed"

// Files are the probe files. stage.txt is read first.
//
//go:embed *.txt
var Files embed.FS
