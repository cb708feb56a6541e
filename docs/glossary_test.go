package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// term is a row of the glossary.
var term = regexp.MustCompile(`(?m)^\| ([a-z ]+) \| [^|]+ \|$`)

// TestEveryTermIsUsed looks for each term of the glossary in the Go files: a reader who searches the code for a term
// must find it.
func TestEveryTermIsUsed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Glossary\n")
	section, _, _ = strings.Cut(section, "\n## ")
	terms := term.FindAllStringSubmatch(section, -1)
	if len(terms) < 20 {
		t.Fatalf("the glossary has %d terms", len(terms))
	}
	code := goCode(t)
	for _, m := range terms {
		// The term begins a word, and several words may be written as one: auditEntry.
		parts := strings.Fields(m[1])
		used := regexp.MustCompile(`(?i)(\b|[a-z])` + strings.Join(parts, `(\s|//)*`))
		if !used.MatchString(code) {
			t.Errorf("no Go file contains the term %q", m[1])
		}
	}
}

// goCode is the text of all Go files that are neither generated nor tests.
func goCode(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "internal" || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
