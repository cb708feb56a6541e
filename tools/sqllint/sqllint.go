// Package sqllint checks the repository's SQL with PostgreSQL's own parser for mistakes that tests of the database
// cannot find: queries that name an organisation, and migrations that forced policies turn into no-ops.
//
// It belongs to the tools' module, because the program does not depend on the parser. sqlc uses the same one.
package sqllint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Query is one query as sqlc reads it.
type Query struct {
	Name, Kind string // "SessionByID", ":one"
	At         string // "sql/org/sessions.sql:17"
	SQL        string
}

// Fault is a mistake in a query or a migration: its place and a sentence.
type Fault string

// heading matches the comment that begins a query of sqlc.
var heading = regexp.MustCompile(`(?m)^-- name: (\S+) (:\S+)[ \t]*$`)

// ReadFolder reads every query of a folder.
func ReadFolder(root, folder string) ([]Query, error) {
	files, err := filepath.Glob(filepath.Join(root, folder, "*.sql"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find queries in %s: %d files, %w", folder, len(files), err)
	}
	var all []Query
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, Read(filepath.Join(folder, filepath.Base(file)), string(text))...)
	}
	return all, nil
}

// Read splits a file into its queries. Text before the first heading becomes a query without a name.
func Read(file, text string) []Query {
	starts := heading.FindAllStringSubmatchIndex(text, -1)
	var all []Query
	first := len(text)
	if len(starts) > 0 {
		first = starts[0][0]
	}
	if strings.TrimSpace(text[:first]) != "" {
		all = append(all, Query{At: file + ":1", SQL: text[:first]})
	}
	for i, m := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all = append(all, Query{
			Name: text[m[2]:m[3]], Kind: text[m[4]:m[5]], SQL: text[m[1]:end],
			At: fmt.Sprintf("%s:%d", file, strings.Count(text[:m[0]], "\n")+1),
		})
	}
	return all
}

// faults collects the mistakes in one query.
type faults struct {
	at   string
	said []Fault
}

func (f *faults) say(format string, args ...any) {
	fault := Fault(f.at + " " + fmt.Sprintf(format, args...))
	if !slices.Contains(f.said, fault) {
		f.said = append(f.said, fault)
	}
}

func (q Query) faults() *faults { return &faults{at: strings.TrimSpace(q.At + " " + q.Name + ":")} }

// parsed checks that the query is one statement and returns it.
func (q Query) parsed(f *faults) (node, bool) {
	statements, err := parse(q.SQL)
	switch {
	case err != nil:
		f.say("does not parse: %v", err)
	case q.Name == "":
		f.say("has no name")
	case len(statements) != 1:
		f.say("is %d statements", len(statements))
	default:
		return statements[0], true
	}
	return node{}, false
}
