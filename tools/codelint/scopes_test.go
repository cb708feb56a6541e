package codelint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scopeMaker is the only file that may make a scope.
const scopeMaker = "adapters/http/auth.go"

func TestOnlyAuthenticationMakesScopes(t *testing.T) {
	t.Parallel()
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		seen++
		name, err := filepath.Rel(root, path)
		if err != nil || name == scopeMaker {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		faults, err := scopesMade(name, string(source))
		for _, fault := range faults {
			t.Error(fault)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Fatalf("the check looked at %d files", seen)
	}
}

// A function may return a scope only if it makes it (Member) or reads it from a context (From). No function derives one
// scope from another.
func TestScopesAreMadeInOneWay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(root + "/ports/org/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := scopesReturned(string(source))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, found...)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"From", "Member"}, got); diff != "" {
		t.Errorf("what returns a scope (-want +got):\n%s", diff)
	}
	planted := "package org\nfunc (s Scope) In(o ID) (*Scope, error) { return nil, nil }\nfunc f(s Scope) {}"
	if got, err := scopesReturned(planted); err != nil || !slices.Equal(got, []string{"In"}) {
		t.Errorf("planted: %v, %v", got, err)
	}
}

// scopesReturned lists the functions and methods of ports/org that have a scope among their results.
func scopesReturned(source string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Type.Results == nil {
			continue
		}
		ast.Inspect(f.Type.Results, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == "Scope" {
				found = append(found, f.Name.Name)
			}
			return true
		})
	}
	return found, nil
}

func TestPlantedScopesAreFound(t *testing.T) {
	t.Parallel()
	const org = module + `ports/org"` + "\n"
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"a call":          {`import "` + org + "var s = org.Member(a, b, c, d)", []string{"x.go:3 uses org.Member"}},
		"by another name": {`import o "` + org + "var f = o.Member", []string{"x.go:3 uses org.Member"}},
		"without a name":  {`import . "` + org, []string{"x.go:2 imports ports/org without a name"}},
		"other members":   {`import "example.org/org"` + "\nvar s = org.Member()", nil},
		"other names":     {`import "` + org + "var s = org.From(ctx)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scopesMade("x.go", "package x\n"+c.source)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
		})
	}
}

// scopesMade lists where a source file names org.Member, whether or not it calls it there.
func scopesMade(name, source string) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var faults []string
	say := func(at ast.Node, what string) {
		faults = append(faults, fmt.Sprintf("%s:%d %s", name, files.Position(at.Pos()).Line, what))
	}
	for _, imported := range file.Imports {
		path, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return nil, err
		}
		if path != module+"ports/org" {
			continue
		}
		local := "org"
		if imported.Name != nil {
			local = imported.Name.Name
		}
		if local == "." {
			say(imported, "imports ports/org without a name")
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Member" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
					say(s, "uses org.Member")
				}
			}
			return true
		})
	}
	return faults, nil
}
