package policy

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
)

// queries of the matrix: each returns rows of text.
//
//go:embed matrix/*.sql
var queries embed.FS

// Matrix describes, as Markdown, who may do what: roles, functions, and for each table the columns by role and command,
// the policies and the triggers. It ends with the rules that check all of it.
func Matrix(ctx context.Context, conn Beginner) ([]byte, error) {
	d := document{}
	err := look(ctx, conn, func(tx pgx.Tx) (err error) {
		if d.rows, err = ask(ctx, tx); err != nil {
			return err
		}
		d.rules, err = readRules(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.markdown(), nil
}

// document is the content of the matrix: rows of cells by the name of their query, and the rules.
type document struct {
	rows  map[string][][]string
	rules []Rule
}

func (d document) markdown() []byte {
	var out bytes.Buffer
	out.WriteString("<!-- Generated from the catalogue that db/migrations make, by make generate. DO NOT EDIT. -->\n" +
		"# Who may do what\n\nRead from a database. A command needs a privilege on its columns, and a policy that " +
		"allows the row. One permissive policy is enough. All restrictive policies must hold as well.\n")
	out.WriteString("\n## Roles\n\nEach kind of work has its own role.\n\n")
	table{"Role", "May", "Is for"}.write(&out, d.rows["roles"])
	out.WriteString("\n## Functions\n\nA function that acts as the definer has the definer's rights, and checks its own " +
		"conditions.\n\n")
	table{"Function", "Acts as", "Executed by", "Does"}.write(&out, d.rows["functions"])
	out.WriteString("\n## Tables\n")
	for _, t := range d.rows["tables"] {
		fmt.Fprintf(&out, "\n### app.%s\n\n%s\n\n", t[0], t[1])
		table{"Role", "Select", "Insert", "Update", "Delete", "More"}.write(&out, d.of("privileges", t[0]))
		out.WriteString("\n")
		table{"Policy", "For", "To", "Condition", "Comment"}.write(&out, d.of("policies", t[0]))
		if triggers := d.of("triggers", t[0]); len(triggers) > 0 {
			out.WriteString("\n")
			table{"Trigger", "Runs", "Which"}.write(&out, triggers)
		}
	}
	out.WriteString("\n## Rules\n\n`rls.violations` lists everything that breaks one of these rules. In addition, the " +
		"catalogue must equal `db/manifest`.\n\n")
	writeRules(&out, d.rules)
	return out.Bytes()
}

// of returns the rows about one table, without their first cell, which is the table's name.
func (d document) of(query, name string) [][]string {
	var out [][]string
	for _, row := range d.rows[query] {
		if row[0] == name {
			out = append(out, row[1:])
		}
	}
	return out
}

func writeRules(out *bytes.Buffer, rules []Rule) {
	var rows [][]string
	for _, r := range rules {
		rows = append(rows, []string{r.Number, r.Says, r.Why})
	}
	table{"Rule", "Requirement", "Why"}.write(out, rows)
}

// table is a Markdown table, given by its column headings.
type table []string

func (t table) write(out *bytes.Buffer, rows [][]string) {
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(t, " | "), strings.Repeat("---|", len(t)))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(oneLine(cell), "|", `\|`)
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

// ask runs every query of the matrix.
func ask(ctx context.Context, tx pgx.Tx) (map[string][][]string, error) {
	out := map[string][][]string{}
	for _, name := range []string{"roles", "functions", "tables", "privileges", "policies", "triggers"} {
		rows, err := db.Rows(ctx, tx, db.QueryFile{Files: queries, Path: "matrix/" + name + ".sql"}, texts)
		if err != nil {
			return nil, err
		}
		out[name] = rows
	}
	return out, nil
}

// texts reads a row that is text in every column.
func texts(row pgx.CollectableRow) ([]string, error) {
	values := make([]string, len(row.FieldDescriptions()))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	return values, row.Scan(into...)
}
