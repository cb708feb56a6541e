package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pgtree "github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// edit is a change of a parse tree.
type edit struct {
	what, without string
	make          func()
}

// variants makes every change of a tree that edits finds, each on a copy, and writes the tree as SQL again.
func variants(tree *pgtree.ParseResult, find func(*pgtree.ParseResult) []edit) ([]variant, error) {
	var out []variant
	for i := range find(tree) {
		changed := proto.CloneOf(tree)
		e := find(changed)[i]
		e.make()
		text, err := pgquery.Deparse(changed)
		if err != nil {
			return nil, fmt.Errorf("write SQL without %s: %w", e.without, err)
		}
		text = strings.ReplaceAll(text, "SKIP LOCKED", " SKIP LOCKED") // the space before it is left out after a table
		out = append(out, variant{e.what, e.without, text})
	}
	return out, nil
}

// walk visits the messages of a tree, each before what it holds, in the order of the grammar's fields.
func walk(m protoreflect.Message, visit func(proto.Message)) {
	visit(m.Interface())
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case !m.Has(f) || f.Message() == nil:
		case f.IsList():
			for list, j := m.Get(f).List(), 0; j < list.Len(); j++ {
				walk(list.Get(j).Message(), visit)
			}
		default:
			walk(m.Get(f).Message(), visit)
		}
	}
}

// constant is a boolean in a tree.
func constant(value bool) *pgtree.Node {
	return &pgtree.Node{Node: &pgtree.Node_AConst{AConst: &pgtree.A_Const{
		Val: &pgtree.A_Const_Boolval{Boolval: &pgtree.Boolean{Boolval: value}},
	}}}
}

// null is NULL in a tree.
func null() *pgtree.Node {
	return &pgtree.Node{Node: &pgtree.Node_AConst{AConst: &pgtree.A_Const{Isnull: true}}}
}

// written is an expression as SQL.
func written(n *pgtree.Node) string {
	target := &pgtree.Node{Node: &pgtree.Node_ResTarget{ResTarget: &pgtree.ResTarget{Val: n}}}
	query := &pgtree.SelectStmt{TargetList: []*pgtree.Node{target}}
	text, err := pgquery.Deparse(&pgtree.ParseResult{Stmts: []*pgtree.RawStmt{
		{Stmt: &pgtree.Node{Node: &pgtree.Node_SelectStmt{SelectStmt: query}}},
	}})
	if err != nil {
		return err.Error() // as a name it is as good as another
	}
	return strings.TrimPrefix(text, "SELECT ")
}

// operands are the edits that take one operand from an AND or an OR.
func operands(tree *pgtree.ParseResult) []edit {
	var out []edit
	walk(tree.ProtoReflect(), func(m proto.Message) {
		b, ok := m.(*pgtree.BoolExpr)
		if !ok || b.Boolop == pgtree.BoolExprType_NOT_EXPR {
			return
		}
		for i, arg := range b.Args {
			out = append(out, edit{"without", written(arg), func() { b.Args = slices.Delete(b.Args, i, i+1) }})
		}
	})
	return out
}

// conditions are the edits that take from a statement what it looks at: conditions, bounds, locks and order.
func conditions(tree *pgtree.ParseResult) []edit {
	out := operands(tree)
	add := func(what, without string, change func()) { out = append(out, edit{what, without, change}) }
	all := func(at **pgtree.Node) {
		if *at != nil {
			add("all", written(*at), func() { *at = constant(true) })
		}
	}
	walk(tree.ProtoReflect(), func(m proto.Message) {
		switch x := m.(type) {
		case *pgtree.SelectStmt:
			all(&x.WhereClause)
			if x.LimitCount != nil {
				add("unlimited", "limit "+written(x.LimitCount), func() {
					x.LimitCount, x.LimitOption = nil, pgtree.LimitOption_LIMIT_OPTION_DEFAULT
				})
			}
			if len(x.LockingClause) > 0 {
				add("without", "for update", func() { x.LockingClause = nil })
			}
			if len(x.SortClause) > 0 {
				add("without", "order by "+written(x.SortClause[0].GetSortBy().Node), func() { x.SortClause = nil })
			}
		case *pgtree.UpdateStmt:
			all(&x.WhereClause)
		case *pgtree.DeleteStmt:
			all(&x.WhereClause)
		case *pgtree.OnConflictClause:
			all(&x.WhereClause)
		case *pgtree.JoinExpr:
			all(&x.Quals)
		case *pgtree.CaseWhen:
			add("never", written(x.Expr), func() { x.Expr = constant(false) })
		case *pgtree.FuncCall:
			if len(x.AggOrder) > 0 {
				add("without", "order by "+written(x.AggOrder[0].GetSortBy().Node), func() { x.AggOrder = nil })
			}
		case *pgtree.Node:
			if least := x.GetMinMaxExpr(); least != nil && least.Op == pgtree.MinMaxOp_IS_LEAST {
				add("unbounded", written(x), func() { x.Node = least.Args[0].Node })
			}
		}
	})
	return out
}

// ofSQL makes variants of statements.
func ofSQL(sql string, find func(*pgtree.ParseResult) []edit) ([]variant, error) {
	tree, err := pgquery.Parse(sql)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", sql, err)
	}
	return variants(tree, find)
}

// ofExpression makes variants of an expression, which is parsed as what a query selects.
func ofExpression(expression string, find func(*pgtree.ParseResult) []edit) ([]variant, error) {
	const begin = "SELECT "
	out, err := ofSQL(begin+expression, find)
	for i := range out {
		out[i].Text = strings.TrimPrefix(out[i].Text, begin)
	}
	return out, err
}

// numbered gives variants that would share a name different ones.
func numbered(all []variant) []variant {
	seen := map[string]int{}
	for i := range all {
		key := all[i].What + all[i].Without
		seen[key]++
		if n := seen[key]; n > 1 {
			all[i].Without += " #" + strconv.Itoa(n)
		}
	}
	return all
}
