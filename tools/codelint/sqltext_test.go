package codelint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// adapter is the package that sends SQL to the database. tools/sqllint checks the queries of sql/, which are generated
// into internal/orgdb and internal/sysdb.
const adapter = root + "/adapters/postgres"

// texts are the places where the adapter passes on SQL that is not a constant there. Each was reviewed: the SQL is a
// constant or a generated query of the caller.
var texts = map[string]string{
	`pool.go Exec: sql`:                         "a generated query",
	`pool.go Query: sql`:                        "a generated query",
	`pool.go QueryRow: sql`:                     "a generated query",
	`reading.go Query: "select " + o.enter.sql`: "one of the calls of rls.enter and its like",
	`reading.go Query: sql`:                     "a generated query",
	`reading.go QueryRow: sql`:                  "a generated query, on its way to oneShot.Query",
	`rows.go sendAll: s.sql`:                    "what waits, and the query",
	`tx.go begin: "select now(), current_setting('app.org_id')::uuid from " + enter.sql`: "one of the calls of rls.enter and its like",
	`tx.go Exec: sql`:     "a generated query, which waits",
	`tx.go Query: sql`:    "a generated query",
	`tx.go QueryRow: sql`: "a generated query",
	`tx.go commit: s.sql`: "what waits",
}

func TestTheAdaptersTextIsConstant(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(adapter + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[filepath.Base(file)] = string(source)
	}
	made, said, err := readTexts(sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range made {
		if texts[place] == "" {
			t.Errorf("%s is not a constant: write the SQL as a constant, or add the place to the list with its reason", place)
		}
	}
	for place := range texts {
		if !slices.Contains(made, place) {
			t.Errorf("%s is on the list but not in the code", place)
		}
	}
	for _, fault := range said {
		t.Error(fault)
	}
}

func TestPlantedTextsAreFound(t *testing.T) {
	t.Parallel()
	const begin = "package x\nconst q = `select 1`\n//go:embed x.sql\nvar file string\nvar v string\n"
	for name, c := range map[string]struct {
		body       string
		made, said []string
	}{
		"a literal":       {`conn.Exec(ctx, "select 1")`, nil, nil},
		"a constant":      {`conn.Query(ctx, q, 1)`, nil, nil},
		"an embedded one": {`conn.QueryRow(ctx, file)`, nil, nil},
		"a variable":      {`conn.QueryRow(ctx, v)`, []string{"x.go f: v"}, nil},
		"a parameter":     {`b.Queue(sql, 1)`, []string{"x.go f: sql"}, nil},
		"put together":    {`b.Queue("select " + sql)`, []string{`x.go f: "select " + sql`}, nil},
		"formatted":       {`conn.Exec(ctx, fmt.Sprintf("%s", x))`, []string{`x.go f: fmt.Sprintf("%s", x)`}, nil},
		"prepared":        {`conn.Prepare(ctx, "name", sql)`, []string{"x.go f: sql"}, nil},
		"pgconn's own":    {`conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)`, []string{"x.go f: sql"}, nil},
		"queued for later": {`later(statement{sql, nil}, statement{sql: v})`,
			[]string{"x.go f: sql", "x.go f: v"}, nil},
		"a constant for later":     {`later(statement{"select 1", nil}, statement{sql: q})`, nil, nil},
		"a constant's place taken": {`q := x; conn.Exec(ctx, q)`, []string{"x.go f: q"}, nil},
		"an address's query":       {`u.Query().Get("x")`, nil, nil},
		"a result's":               {`results.Exec()`, nil, nil},
		"set role":                 {`conn.Exec(ctx, "set role x")`, nil, []string{`x.go:7 says "set role"`}},
		"set local":                {"_ = `\nSET  LOCAL app.org_id`", nil, []string{`x.go:7 says "SET LOCAL"`}},
		"set session":              {`_ = "set session x"`, nil, []string{`x.go:7 says "set session"`}},
		"set a scope":              {`_ = "set app.org_id = 'x'"`, nil, []string{`x.go:7 says "set app."`}},
		"set_config":               {`_ = "select set_config('a', 'b', true)"`, nil, []string{`x.go:7 says "set_config"`}},
		"with hold":                {`_ = "declare c cursor with hold for x"`, nil, []string{`x.go:7 says "with hold"`}},
		"a copy":                   {`conn.CopyFrom(ctx, x)`, nil, []string{"x.go:7 uses CopyFrom"}},
		"words":                    {`_ = "the organisation is set locally"`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := begin + "func f(sql string) {\n" + c.body + "\n}\n"
			made, said, err := readTexts(map[string]string{"x.go": source})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.made, made); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.said, said); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// forbidden are statements that would change a connection's role or organisation, or keep rows after their scope ends.
// Permissions do not stop them: PostgreSQL lets every role set a setting that has a dot in its name.
var forbidden = regexp.MustCompile(`(?i)\b(set\s+(role|session|local)\b|set\s+app\.|set_config|with\s+hold)`)

// sqlArgument is the position of a method's SQL argument.
var sqlArgument = map[string]int{
	"Exec": 1, "Query": 1, "QueryRow": 1, "Prepare": 2, "Queue": 0, "ExecParams": 1, "ExecBatch": 1, "Deallocate": 1,
}

// readTexts lists the places of a package where SQL is not a constant, and what its constants must not say.
func readTexts(sources map[string]string) (made, said []string, err error) {
	files := token.NewFileSet()
	trees := map[string]*ast.File{}
	r := texted{files: files, constants: map[string]bool{}}
	for name, source := range sources {
		if trees[name], err = parser.ParseFile(files, name, source, parser.ParseComments); err != nil {
			return nil, nil, err
		}
		r.findConstants(trees[name])
	}
	for name, tree := range trees {
		for _, d := range tree.Decls {
			r.place = name
			if f, ok := d.(*ast.FuncDecl); ok {
				r.place = name + " " + f.Name.Name
				r.local = assigned(f)
			}
			ast.Inspect(d, r.look)
		}
	}
	slices.Sort(r.made)
	slices.Sort(r.said)
	return slices.Compact(r.made), r.said, nil
}

type texted struct {
	files      *token.FileSet
	constants  map[string]bool // the package's, and what is embedded
	local      map[string]bool // the names that the function gives to something itself
	place      string          // "file.go function"
	made, said []string
}

func (r *texted) findConstants(file *ast.File) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		embedded := g.Doc != nil && strings.Contains(g.Doc.List[len(g.Doc.List)-1].Text, "//go:embed")
		for _, spec := range g.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok && (g.Tok == token.CONST || embedded) {
				for _, name := range v.Names {
					r.constants[name.Name] = true
				}
			}
		}
	}
}

// assigned are the names that a function declares or assigns to.
func assigned(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					names[id.Name] = true
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

func (r *texted) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		s, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if s.Sel.Name == "CopyFrom" {
			r.said = append(r.said, fmt.Sprintf("%s uses CopyFrom", r.line(n)))
		}
		if i, ok := sqlArgument[s.Sel.Name]; ok && i < len(n.Args) {
			r.check(n.Args[i])
		}
	case *ast.CompositeLit:
		if id, ok := n.Type.(*ast.Ident); ok && id.Name == "statement" && len(n.Elts) > 0 {
			text := n.Elts[0]
			if kv, ok := text.(*ast.KeyValueExpr); ok {
				text = kv.Value
			}
			r.check(text)
		} else if a, ok := n.Type.(*ast.ArrayType); ok && fmt.Sprint(a.Elt) == "statement" {
			r.elements(n)
		}
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
			if found := forbidden.FindString(text); found != "" {
				r.said = append(r.said, fmt.Sprintf("%s says %q", r.line(n), strings.Join(strings.Fields(found), " ")))
			}
		}
	}
	return true
}

// elements are statements whose type is left out, as Go allows in a list of them.
func (r *texted) elements(list *ast.CompositeLit) {
	for _, e := range list.Elts {
		if s, ok := e.(*ast.CompositeLit); ok && s.Type == nil && len(s.Elts) > 0 {
			r.look(&ast.CompositeLit{Type: ast.NewIdent("statement"), Elts: s.Elts})
		}
	}
}

func (r *texted) line(n ast.Node) string {
	at := r.files.Position(n.Pos())
	return fmt.Sprintf("%s:%d", at.Filename, at.Line)
}

func (r *texted) check(text ast.Expr) {
	switch e := text.(type) {
	case *ast.BasicLit:
		return
	case *ast.Ident:
		if r.constants[e.Name] && !r.local[e.Name] {
			return
		}
	}
	var b bytes.Buffer
	if err := printer.Fprint(&b, r.files, text); err != nil {
		b.WriteString(err.Error())
	}
	r.made = append(r.made, r.place+": "+b.String())
}
