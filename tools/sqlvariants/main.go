// Command sqlvariants reads SQL with PostgreSQL's own parser and takes one thing out of it at a time: an operand of an
// AND, a WHERE, a LIMIT, a statement of a function. The mutation test of db/proof weakens functions and policies by
// what it writes. It stands in the tools' module because the parser does: the program does not depend on it.
//
// It reads a JSON list of {"language", "text"} from standard input, where the language is "sql", "plpgsql" or, for a
// condition of a policy, "expression", and writes a list of variants for each.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// source is what variants are wanted of.
type source struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// variant is a source with one thing changed in it.
type variant struct {
	What    string `json:"what"`    // "without", "all", "never"
	Without string `json:"without"` // the part that was changed, as PostgreSQL's parser writes it
	Text    string `json:"text"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sqlvariants:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var sources []source
	if err := json.NewDecoder(in).Decode(&sources); err != nil {
		return fmt.Errorf("read the sources: %w", err)
	}
	all := make([][]variant, len(sources))
	for i, s := range sources {
		var err error
		if all[i], err = s.variants(); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(all)
}

func (s source) variants() (all []variant, err error) {
	switch s.Language {
	case "expression":
		all, err = ofExpression(s.Text, operands)
	case "sql":
		all, err = ofSQL(s.Text, conditions)
	case "plpgsql":
		all, err = ofPLpgSQL(s.Text)
	default:
		return nil, fmt.Errorf("%q is not a language that can be read", s.Language)
	}
	return numbered(all), err
}
