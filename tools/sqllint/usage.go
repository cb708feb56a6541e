package sqllint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Used returns the methods that the adapter calls and those in the modules' ports. A generated query can implement a
// port's method directly, through an embedded struct; then only the module calls it.
func Used(root string) (map[string]bool, error) {
	used := map[string]bool{}
	for _, pattern := range []string{"adapters/postgres/*.go", "modules/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if err := uses(file, string(source), used); err != nil {
				return nil, err
			}
		}
	}
	return used, nil
}

// uses adds the methods that a source file calls or lists in an interface.
func uses(file, source string, used map[string]bool) error {
	tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok {
				used[s.Sel.Name] = true
			}
		case *ast.InterfaceType:
			for _, method := range n.Methods.List {
				for _, name := range method.Names {
					used[name.Name] = true
				}
			}
		}
		return true
	})
	return nil
}

// Unused lists the queries that no code uses.
func Unused(queries []Query, used map[string]bool) []Fault {
	var all []Fault
	for _, q := range queries {
		if !used[q.Name] {
			all = append(all, Fault(q.At+" "+q.Name+": is not used"))
		}
	}
	return all
}

// Limited reads a schema and returns its SQL functions that limit their number of rows.
func Limited(schema string) (func(function string) bool, error) {
	statements, err := parse(schema)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	limited := map[string]bool{}
	for _, s := range statements {
		if s.kind == "CreateFunctionStmt" {
			limited[strings.Join(s.names("funcname"), ".")] = limitedBody(s)
		}
	}
	return func(function string) bool { return limited[function] }, nil
}

func limitedBody(function node) bool {
	for _, option := range function.list("options") {
		body, _ := option.child("arg")
		if option.text("defname") != "as" {
			continue
		}
		statements, err := parse(strings.Join(body.names("items"), ""))
		if err != nil || len(statements) != 1 {
			return false // not SQL, or more than one question
		}
		// A count by state has at most one row for each state.
		return hasLimit(statements[0]) || len(statements[0].list("groupClause")) > 0
	}
	return false
}
