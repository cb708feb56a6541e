package main

import (
	"fmt"
	"slices"
	"strings"

	pgtree "github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
)

// PostgreSQL's parser reads the SQL inside a PL/pgSQL body, and its scanner tells where that begins and ends.

// token is one of the scanner's, with its text in lower case.
type token struct {
	word       string
	start, end int
}

func scan(body string) ([]token, error) {
	result, err := pgquery.Scan(body)
	if err != nil {
		return nil, fmt.Errorf("scan a function: %w", err)
	}
	var out []token
	for _, t := range result.Tokens {
		if t.Token == pgtree.Token_SQL_COMMENT || t.Token == pgtree.Token_C_COMMENT {
			continue
		}
		out = append(out, token{strings.ToLower(body[t.Start:t.End]), int(t.Start), int(t.End)})
	}
	return out, nil
}

// piece is a part of a body that is SQL.
type piece struct {
	kind       string // see pieces
	start, end int
	statement  int // where the statement begins that the piece is a part of
}

// starters are the words behind which a statement begins.
var starters = []string{";", "begin", "then", "else", "loop"}

// pieces finds the SQL of a body: conditions of `if`, statements, calls by `perform`, and the right hand sides of
// assignments and returns.
func pieces(tokens []token) []piece {
	var out []piece
	for i := indexOf(tokens, 0, "begin"); i < len(tokens); i++ {
		if i == 0 || !slices.Contains(starters, tokens[i-1].word) {
			continue
		}
		add := func(kind string, from int, until string) {
			if to := indexOf(tokens, from, until); to > from && to < len(tokens) {
				out = append(out, piece{kind, tokens[from].start, tokens[to-1].end, tokens[i].start})
			}
		}
		switch first := tokens[i].word; first {
		case "if", "elsif":
			add("condition", i+1, "then")
		case "perform":
			add("perform", i+1, ";")
		case "insert", "update", "delete", "select", "with":
			add(first, i, ";")
		case "return":
			if next := tokens[i+1].word; next == "query" {
				add("select", i+2, ";")
			} else if next != "next" {
				add("expression", i+1, ";")
			}
		case "for":
			if in := indexOf(tokens, i, "in"); tokens[in+1].word == "select" {
				add("select", in+1, "loop")
			}
		case "end", "raise", "null", "declare", "exception", "when", "begin", "execute", "get":
		default: // target := expression
			if at := indexOf(tokens, i, ":="); at < indexOf(tokens, i, ";") {
				kind := "assignment"
				if tokens[i].word == "new" {
					kind = "assignment to new"
				}
				add(kind, at+1, ";")
			}
		}
	}
	return out
}

// indexOf finds the next of a word, outside of parentheses that open meanwhile; len(tokens) when there is none.
func indexOf(tokens []token, from int, word string) int {
	depth := 0
	for i := from; i < len(tokens); i++ {
		switch tokens[i].word {
		case "(":
			depth++
		case ")":
			depth--
		case word:
			if depth <= 0 {
				return i
			}
		}
	}
	return len(tokens)
}

// ofPLpgSQL makes the variants of a body: of each piece of SQL in it, and without each statement that writes, calls or
// sets a column.
func ofPLpgSQL(body string) ([]variant, error) {
	tokens, err := scan(body)
	if err != nil {
		return nil, err
	}
	var out []variant
	for _, p := range pieces(tokens) {
		text := body[p.start:p.end]
		of, err := ofPiece(p.kind, text)
		if err != nil {
			return nil, err
		}
		for _, v := range of {
			out = append(out, variant{v.What, v.Without, body[:p.start] + v.Text + body[p.end:]})
		}
		switch p.kind {
		case "condition":
			out = append(out, variant{"never", oneLine(text), body[:p.start] + "false" + body[p.end:]})
		case "insert", "update", "delete", "perform", "assignment to new":
			out = append(out, variant{"not", oneLine(body[p.statement:p.end]), body[:p.statement] + "null" + body[p.end:]})
		}
	}
	return out, nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func ofPiece(kind, text string) ([]variant, error) {
	switch kind {
	case "perform":
		return ofExpression(text, func(tree *pgtree.ParseResult) []edit {
			return slices.Concat(withoutFirst(conditions(tree)), calls(tree))
		})
	case "insert", "update", "delete", "select", "with":
		return ofStatement(text)
	default:
		return ofExpression(text, conditions)
	}
}

// withoutFirst leaves `limit 1` as it is: PL/pgSQL takes one row in any case.
func withoutFirst(all []edit) []edit {
	return slices.DeleteFunc(all, func(e edit) bool { return e.without == "limit 1" })
}

// calls are the edits that leave out one of several expressions.
func calls(tree *pgtree.ParseResult) []edit {
	var out []edit
	list := tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()
	for _, target := range list {
		if t := target.GetResTarget(); len(list) > 1 {
			out = append(out, edit{"call", written(t.Val), func() { t.Val = null() }})
		}
	}
	return out
}

// ofStatement makes variants of a statement. Where it says INTO, its targets are no SQL: they go to the end, which
// PL/pgSQL allows as well.
func ofStatement(text string) ([]variant, error) {
	sql, into, err := cutInto(text)
	if err != nil {
		return nil, err
	}
	out, err := ofSQL(sql, func(tree *pgtree.ParseResult) []edit { return withoutFirst(conditions(tree)) })
	for i := range out {
		out[i].Text += into
	}
	return out, err
}

// cutInto takes `into strict a, b` out of a statement.
func cutInto(text string) (sql, into string, err error) {
	tokens, err := scan(text)
	if err != nil {
		return "", "", err
	}
	at := indexOf(tokens, 1, "into")
	if at < len(tokens) && tokens[at-1].word == "insert" {
		at = indexOf(tokens, at+1, "into")
	}
	if at == len(tokens) {
		return text, "", nil
	}
	to := at + 1
	for to < len(tokens) && !slices.Contains([]string{"from", "where", "order", "limit", "for"}, tokens[to].word) {
		to++
	}
	end := tokens[to-1].end
	return text[:tokens[at].start] + text[end:], " " + text[tokens[at].start:end], nil
}
