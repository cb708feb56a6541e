// Package probes holds the probe files: the two organisations that attempts are made in, and what is tried on each
// table. README.md describes their form; db/policy/probe reads them.
package probes

import "embed"

// Files are the probe files. stage.txt is read first.
//
//go:embed *.txt
var Files embed.FS
