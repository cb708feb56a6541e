package sqllint

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	pgquery "github.com/wasilibs/go-pgquery"
)

// The owner runs the migrations. Under FORCE it reaches only rows of the organisation that it entered, and none of the
// platform's tables. Elsewhere an update of an organisation's table fails, and an update of a platform's table changes
// no row.

// loose matches goose's mark for a migration that runs each statement in its own transaction.
var loose = regexp.MustCompile(`(?m)^-- \+goose NO TRANSACTION[ \t]*$`)

// platform are the tables that belong to no organisation.
var platform = []string{"app.organizations", "app.users", "app.agents", "app.public_templates"}

// direction matches goose's marks for the two halves of a migration.
var direction = regexp.MustCompile(`(?m)^-- \+goose (Up|Down)[ \t]*$`)

// Migration returns the places where a migration touches rows of an org table while its policies are forced on the
// owner. Only a table that the same half has created has no policies yet.
func Migration(file, text string) []Fault {
	marks := direction.FindAllStringSubmatchIndex(text, -1)
	var all []Fault
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		h := half{
			faults: &faults{at: file + " " + text[m[2]:m[3]] + ":"}, up: text[m[2]:m[3]] == "Up",
			loose: loose.MatchString(text), free: map[string]freedom{},
		}
		h.check(text[m[1]:end])
		all = append(all, h.said...)
	}
	if len(marks) == 0 {
		all = append(all, Fault(file+" has no `-- +goose Up` or `-- +goose Down`"))
	}
	return all
}

// freedom is why a table's owner sees its rows.
type freedom int

const (
	lifted  freedom = iota + 1 // `no force` was said, and `force` must be
	created                    // by this half, which has not forced it yet
)

// half is one direction of a migration.
type half struct {
	*faults
	up    bool
	loose bool               // it runs without a transaction
	free  map[string]freedom // the tables whose owner sees their rows at this point
}

func (h *half) check(text string) {
	statements, err := parse(text)
	if err != nil {
		h.say("does not parse: %v", err)
		return
	}
	for _, s := range statements {
		h.statement(s)
	}
	for _, table := range slices.Sorted(maps.Keys(h.free)) {
		if h.free[table] == lifted {
			h.say("ends without `alter table %s force row level security`", table)
		}
	}
}

func (h *half) statement(s node) {
	switch s.kind {
	case "CreateStmt":
		table, _ := s.child("relation")
		h.free[table.table()] = created // its keys are checked against no row of its own
	case "AlterTableStmt":
		table, _ := s.child("relation")
		h.alter(table.table(), s.list("cmds"))
	case "SelectStmt":
		if !h.orgTable(s) {
			h.rows(s)
		}
	case "CallStmt":
		h.backfill(s)
	case "CreateFunctionStmt", "AlterFunctionStmt", "DropStmt":
		h.released(s)
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		table, _ := s.child("relation")
		if !slices.Contains(platform, table.table()) && h.free[table.table()] == lifted {
			h.say("changes rows of %s with its FORCE lifted, which locks everyone out: call rls.backfill_v1", table.table())
		}
		h.rows(s)
	case "CreateTableAsStmt":
		h.rows(s)
	case "CopyStmt":
		table, _ := s.child("relation")
		h.need(table.table(), "copies rows of")
		h.rows(s)
	case "DoStmt":
		h.block(s)
	case "TransactionStmt":
		h.say("begins or ends a transaction: FORCE must be restored in the transaction that changes the rows")
	}
}

// rows checks the tables that a statement reads or writes, and refuses functions, because their bodies are not visible
// here.
func (h *half) rows(s node) {
	ctes := cteNames(s)
	s.walk(func(n node) bool {
		switch n.kind {
		case "RangeVar":
			if !slices.Contains(ctes, n.table()) {
				h.need(n.table(), "touches rows of")
			}
		case "FuncCall":
			name := n.names("funcname")
			if len(name) == 2 && name[0] != "pg_catalog" && !slices.Contains(readsNoRow, strings.Join(name, ".")) {
				h.say("calls %s, whose body may touch rows: write out what it does", strings.Join(name, "."))
			}
		}
		return true
	})
}

// need says that a table's rows are touched while the owner cannot see them.
func (h *half) need(table, does string) {
	if strings.HasPrefix(table, "app.") && h.free[table] == 0 {
		h.say("%s %s, which the owner does not see: call rls.backfill_v1 to change rows, and for a key or a read say "+
			"`alter table %s no force row level security` first", does, table, table)
	}
	if table != "" && !strings.Contains(table, ".") && !strings.HasPrefix(table, "pg_") {
		h.say("%s %s: name its schema", does, table)
	}
}

func (h *half) alter(table string, commands []node) {
	for _, c := range commands {
		switch c.text("subtype") {
		case "AT_NoForceRowSecurity":
			if h.loose {
				h.say("lifts the FORCE of %s without a transaction, and so for every other one as well", table)
			}
			if h.free[table] == 0 {
				h.free[table] = lifted
			}
		case "AT_ForceRowSecurity":
			delete(h.free, table)
		case "AT_ValidateConstraint":
			h.need(table, "validates a constraint of")
		case "AT_AddConstraint", "AT_AddColumn":
			c.walk(func(n node) bool {
				h.key(table, n)
				return true
			})
		}
	}
}

// key checks a new foreign key. PostgreSQL validates it with a query over both tables.
func (h *half) key(table string, constraint node) {
	foreign := constraint.kind == "Constraint" && constraint.text("contype") == "CONSTR_FOREIGN"
	if !foreign || constraint.flag("skip_validation") {
		return
	}
	other, _ := constraint.child("pktable")
	h.need(table, "adds a foreign key to")
	h.need(other.table(), "adds a foreign key that refers to")
}

// block checks a do block. Its statements are checked like others. Statements that it builds from text may not touch
// rows or keys.
func (h *half) block(s node) {
	for _, option := range s.list("args") {
		body, _ := option.child("arg")
		if option.text("defname") != "as" {
			continue
		}
		parts, err := blockParts(body.text("sval"))
		if err != nil {
			h.say("has a block that does not parse: %v", err)
		}
		for _, p := range parts {
			h.part(p)
		}
	}
}

func (h *half) part(p blockPart) {
	if p.dynamic && changes.MatchString(p.sql) {
		h.say("touches rows by text that a block executes: write it out")
	}
	statements, err := parse(p.sql)
	if err != nil {
		h.say("has a block that says %q, which does not parse: %v", p.sql, err)
	}
	for _, s := range statements {
		h.statement(s)
	}
}

// changes finds statements that touch rows or keys in SQL that is built from text.
var changes = regexp.MustCompile(`(?i)\b(insert\s+into|update\s+(only\s+)?(app\.|%)|delete\s+from|merge\s+into|` +
	`copy\s|select\b.*\bfrom\s+(only\s+)?(app\.|%)|references\s|validate\s+constraint)`)

// blockPart is a statement or an expression of a do block.
type blockPart struct {
	sql     string
	dynamic bool // it makes the text of a statement that is executed
}

func blockParts(body string) ([]blockPart, error) {
	text, err := pgquery.ParsePlPgSqlToJSON("do $the_body$" + body + "$the_body$")
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		return nil, fmt.Errorf("read the parser's answer: %w", err)
	}
	var all []blockPart
	collectParts(tree, false, &all)
	return all, nil
}

// How PL/pgSQL reads the text of an expression.
const (
	isExpression = 2 // what select would stand before
	isAssignment = 3 // name := expression, and later numbers
)

// collectParts finds the expressions in the parser's tree; dynamic tells whether a statement above executes text.
func collectParts(tree any, dynamic bool, all *[]blockPart) {
	switch n := tree.(type) {
	case []any:
		for _, child := range n {
			collectParts(child, dynamic, all)
		}
	case map[string]any:
		if sql, ok := n["query"].(string); ok {
			mode, _ := n["parseMode"].(float64)
			if mode >= isAssignment {
				_, sql, _ = strings.Cut(sql, ":=")
			}
			if mode >= isExpression {
				sql = "select " + sql
			}
			*all = append(*all, blockPart{sql, dynamic})
		}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			collectParts(n[key], dynamic || strings.HasPrefix(key, "PLpgSQL_stmt_dyn"), all)
		}
	}
}
