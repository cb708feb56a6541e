package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// home is the package that declares faults for all others.
const home = "ports/fault"

// declaration is one fault.New in the source.
type declaration struct {
	code, kind, message string
	status              string // the argument of WithStatus, or ""
	retries             bool   // RetryIn is called
	in                  string // the package's folder
	at                  token.Position
}

// reader collects the declarations and the mistakes in the repository's files.
type reader struct {
	files *token.FileSet
	found []declaration
	wrong []error
}

// read returns the declarations of a repository, sorted by code, or everything that is wrong with them.
func read(root fs.FS) ([]declaration, error) {
	r := &reader{files: token.NewFileSet()}
	for _, top := range []string{"adapters", "app", "db", "modules", "ports"} {
		if err := fs.WalkDir(root, top, func(name string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && name == top:
				return nil
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			source, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			return r.file(name, source)
		}); err != nil {
			return nil, fmt.Errorf("read %s: %w", top, err)
		}
	}
	slices.SortFunc(r.found, func(a, b declaration) int { return strings.Compare(a.code, b.code) })
	for i := 1; i < len(r.found); i++ {
		if a, b := r.found[i-1], r.found[i]; a.code == b.code {
			r.wrong = append(r.wrong, fmt.Errorf("%s: %q is declared at %s too", b.at, b.code, a.at))
		}
	}
	return r.found, errors.Join(r.wrong...)
}

// file reads one file. It skips files that do not import ports/fault, because they cannot make faults.
func (r *reader) file(name string, source []byte) error {
	f, err := parser.ParseFile(r.files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	inside := path.Dir(name) == home
	if !inside && !slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasSuffix(i.Path.Value, "/"+home+`"`)
	}) {
		return nil
	}
	v := visitor{reader: r, in: path.Dir(name), inside: inside, declared: map[*ast.CallExpr]bool{}}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				for _, value := range s.(*ast.ValueSpec).Values {
					v.declares(value)
				}
			}
		}
	}
	ast.Inspect(f, v.visit)
	return nil
}

// visitor checks one file.
type visitor struct {
	*reader
	in       string
	inside   bool // the file is of ports/fault itself
	declared map[*ast.CallExpr]bool
}

func (v visitor) complain(at ast.Node, format string, args ...any) {
	v.reader.wrong = append(v.reader.wrong,
		fmt.Errorf("%s: %s", v.files.Position(at.Pos()), fmt.Sprintf(format, args...)))
}

// declares records a variable whose value is fault.New(kind, code, message), possibly followed by method calls.
func (v visitor) declares(value ast.Expr) {
	d := declaration{in: v.in}
	for {
		call, ok := value.(*ast.CallExpr)
		if !ok {
			return
		}
		if v.isNew(call) {
			v.declared[call] = true
			if v.literals(call, &d) {
				v.reader.found = append(v.reader.found, d)
			}
			return
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return
		}
		switch method.Sel.Name {
		case "RetryIn":
			d.retries = true
		case "WithStatus":
			d.status = lastName(call.Args[0])
		}
		value = method.X
	}
}

// literals fills d from a call of New, whose code and message are literals so that a search finds them.
func (v visitor) literals(call *ast.CallExpr, d *declaration) bool {
	if len(call.Args) != 3 {
		v.complain(call, "fault.New takes a kind, a code and a message")
		return false
	}
	d.at, d.kind = v.files.Position(call.Pos()), lastName(call.Args[0])
	for i, into := range []*string{&d.code, &d.message} {
		lit, ok := call.Args[i+1].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			v.complain(call.Args[i+1], "the code and the message of a fault must be literals")
			return false
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			v.complain(lit, "%v", err)
			return false
		}
		*into = text
	}
	return true
}

func (v visitor) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		// New, Received and the copies of a fault are made in ports/fault itself.
		return !v.inside
	case *ast.CallExpr:
		if v.isNew(n) && !v.declared[n] {
			v.complain(n, "declare a fault once, as the value of a package variable; use the variable, and Saying for details")
		}
	case *ast.CompositeLit:
		if v.isFault(n.Type) {
			v.complain(n, "make a fault with fault.New")
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			v.compares(n.X, n.Y)
			v.compares(n.Y, n.X)
		}
	case *ast.SwitchStmt:
		for _, clause := range n.Body.List {
			for _, value := range clause.(*ast.CaseClause).List {
				v.compares(n.Tag, value)
			}
		}
	}
	return true
}

// compares reports a code that is compared with a string. The empty string is not a code.
func (v visitor) compares(code, with ast.Expr) {
	if !isCode(code) {
		return
	}
	lit, ok := with.(*ast.BasicLit)
	// Codes of five characters are SQLSTATEs of PostgreSQL's errors, which have a Code too.
	if ok && lit.Kind == token.STRING && lit.Value != `""` && len(lit.Value) != len(`"00000"`) {
		v.complain(code, "compare a fault by its value: errors.Is(err, ErrX)")
	}
}

// isCode tells whether an expression is x.Code.
func isCode(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Code"
}

func (v visitor) isNew(call *ast.CallExpr) bool {
	if id, ok := call.Fun.(*ast.Ident); ok {
		return v.inside && id.Name == "New"
	}
	return isSelector(call.Fun, "New")
}

func (v visitor) isFault(t ast.Expr) bool { return isSelector(t, "Fault") }

func isSelector(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "fault"
}

// lastName is the name of a constant, without its package, or the text of a number.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.BasicLit:
		return e.Value
	default:
		return ""
	}
}
