package sqllint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	pgquery "github.com/wasilibs/go-pgquery"
)

// node is one node of PostgreSQL's parse tree: its kind, such as A_Expr, and its fields.
type node struct {
	kind   string
	fields map[string]any
}

// inlined are the fields whose value is not wrapped in its kind, as the parser's JSON has it.
var inlined = map[string]string{
	"alias": "Alias", "withClause": "WithClause", "onConflictClause": "OnConflictClause", "infer": "InferClause",
	"relation": "RangeVar", "larg": "SelectStmt", "rarg": "SelectStmt", "typeName": "TypeName", "over": "WindowDef",
	"intoClause": "IntoClause", "rel": "RangeVar", "pktable": "RangeVar",
	"funccall": "FuncCall",
}

// parse returns the statements of a text. Parameters of sqlc's, @name and sqlc.narg('name'), are nodes of kind Param.
func parse(sql string) ([]node, error) {
	text, err := pgquery.ParseToJSON(sql)
	if err != nil {
		return nil, err
	}
	var result struct {
		Stmts []struct{ Stmt map[string]any }
	}
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		return nil, fmt.Errorf("read the parser's answer: %w", err)
	}
	var all []node
	for _, s := range result.Stmts {
		if n, ok := wrapped(s.Stmt); ok {
			all = append(all, n)
		}
	}
	return all, nil
}

// wrapped makes a node of {"Kind": {…}}.
func wrapped(m map[string]any) (node, bool) {
	if len(m) != 1 {
		return node{}, false
	}
	for kind, fields := range m {
		if f, ok := fields.(map[string]any); ok && kind[0] >= 'A' && kind[0] <= 'Z' {
			return asParam(node{kind, f}), true
		}
	}
	return node{}, false
}

// asParam recognises sqlc's parameters: @name, which PostgreSQL reads as a prefix operator before a column, with or
// without a cast, and sqlc.arg('name') and its like.
func asParam(n node) node {
	switch n.kind {
	case "A_Expr":
		if _, binary := n.child("lexpr"); binary || n.operator() != "@" {
			return n
		}
		name, _ := n.child("rexpr")
		if name.kind == "TypeCast" {
			name, _ = name.child("arg")
		}
		if c := name.column(); len(c) == 1 {
			return node{"Param", map[string]any{"name": c[0]}}
		}
	case "FuncCall":
		if name := n.names("funcname"); len(name) == 2 && name[0] == "sqlc" {
			args := n.list("args")
			if len(args) == 1 {
				return node{"Param", map[string]any{"name": args[0].literal()}}
			}
		}
	case "ParamRef":
		return node{"Param", map[string]any{"name": ""}}
	}
	return n
}

func (n node) is(kinds ...string) bool { return slices.Contains(kinds, n.kind) }

// child is the node in a field.
func (n node) child(field string) (node, bool) {
	m, ok := n.fields[field].(map[string]any)
	if !ok {
		return node{}, false
	}
	if c, ok := wrapped(m); ok {
		return c, true
	}
	kind := inlined[field]
	if kind == "" {
		kind = field
	}
	return node{kind, m}, true
}

// list is the nodes in a field that holds several. One that is missing, as in an empty select list, is left out.
func (n node) list(field string) []node {
	items, _ := n.fields[field].([]any)
	var all []node
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			if c, ok := wrapped(m); ok {
				all = append(all, c)
			}
		}
	}
	return all
}

func (n node) text(field string) string { s, _ := n.fields[field].(string); return s }
func (n node) flag(field string) bool   { b, _ := n.fields[field].(bool); return b }

// at is the node's position in the text, which distinguishes it from other nodes of its kind.
func (n node) at() float64 { f, _ := n.fields["location"].(float64); return f }

// names is a field that holds a name, part by part. A star is "*".
func (n node) names(field string) []string {
	var all []string
	for _, part := range n.list(field) {
		if part.kind == "A_Star" {
			all = append(all, "*")
		} else {
			all = append(all, part.text("sval"))
		}
	}
	return all
}

// column is the name of a column, part by part; nil when the node is none.
func (n node) column() []string {
	if n.kind != "ColumnRef" {
		return nil
	}
	return n.names("fields")
}

// literal is the text of a string constant.
func (n node) literal() string {
	s, _ := n.fields["sval"].(map[string]any)
	text, _ := s["sval"].(string)
	return text
}

// operator is an expression's operator, without its schema.
func (n node) operator() string {
	name := n.names("name")
	if len(name) == 0 {
		return ""
	}
	return name[len(name)-1]
}

// table is the name of a relation, with its schema where it has one.
func (n node) table() string {
	return strings.TrimPrefix(n.text("schemaname")+"."+n.text("relname"), ".")
}

// children are the nodes directly below.
func (n node) children() []node {
	var all []node
	for _, field := range slices.Sorted(maps.Keys(n.fields)) {
		if c, ok := n.child(field); ok {
			all = append(all, c)
		}
		all = append(all, n.list(field)...)
	}
	return all
}

// walk visits a node and the nodes below it. It does not descend where fn returns false.
func (n node) walk(fn func(node) bool) {
	if !fn(n) {
		return
	}
	for _, c := range n.children() {
		c.walk(fn)
	}
}
