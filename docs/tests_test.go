package docs

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is where the repository is, as seen from this package.
const root = ".."

// named is a test that a document names, with the word before it: "http `TestOneLinePerRequest`".
var named = regexp.MustCompile("(?:(\\w+) )?`(Test\\w+)`")

// TestDocumentsNameTestsThatThereAre looks for every test that a document names, and in the package that it says.
func TestDocumentsNameTestsThatThereAre(t *testing.T) {
	t.Parallel()
	packages := testsByPackage(t)
	seen := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			seen += len(named.FindAll(text, -1))
			for _, fault := range misnamed(string(text), packages) {
				t.Errorf("%s: %s", file, fault)
			}
		}
	}
	if seen < 30 {
		t.Errorf("the documents name %d tests: the check looks at too little", seen)
	}
}

// misnamed lists the tests that a text names and that are not there.
func misnamed(text string, packages map[string][]string) (faults []string) {
	all := slices.Concat(slices.Collect(maps.Values(packages))...)
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		in, isPackage := packages[m[1]]
		switch {
		case isPackage && !slices.Contains(in, m[2]):
			faults = append(faults, fmt.Sprintf("%s has no test %s", m[1], m[2]))
		case !slices.Contains(all, m[2]):
			faults = append(faults, fmt.Sprintf("there is no test %s", m[2]))
		}
	}
	return faults
}

func TestPlantedNamesOfTestsAreFound(t *testing.T) {
	t.Parallel()
	packages := map[string][]string{"http": {"TestA"}, "ws": {"TestB"}}
	text := "http `TestA`, ws `TestA`, `TestB` and `TestC`, http `TestB`"
	want := []string{"ws has no test TestA", "there is no test TestC", "http has no test TestB"}
	if got := misnamed(text, packages); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// declared is how a test begins.
var declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// testsByPackage lists the repository's tests by the last name in their package's path.
func testsByPackage(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			of := filepath.Base(filepath.Dir(path))
			all[of] = append(all[of], string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
