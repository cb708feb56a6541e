package codelint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is where the repository is, as seen from this package.
const root = "../.."

func TestImports(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	r, err := readRules(string(text))
	if err != nil {
		t.Fatal(err)
	}
	packages := listPackages(t)
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages: the check looks at nothing", len(packages))
	}
	for _, fault := range append(r.violations(packages), r.unmatched(packages)...) {
		t.Error(fault)
	}
}

// listPackages asks go list for every package of the module, with paths relative to it.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	fields := "-json=ImportPath,Imports,TestImports,XTestImports"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", fields, "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := d.Decode(&listed); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		all = append(all, pkg{
			path:    strings.TrimPrefix(listed.ImportPath, module),
			imports: listed.Imports,
			tests:   append(listed.TestImports, listed.XTestImports...),
		})
	}
}

// planted is a document with a rule of each kind.
const planted = `
## Imports

| Package | Of ours | Third parties |
|---|---|---|
| ` + "`ports`" + ` | none | ` + "`example.org/uuid`" + ` |
| ` + "`modules/log`" + ` | ` + "`ports`" + ` | any |
| ` + "`modules/work`" + ` | ` + "`ports`, `modules/log`" + ` | any |
| ` + "`adapters/*`" + ` | ` + "`ports`, `modules`" + ` | any |
| ` + "`adapters/old`" + ` (planned) | none | none |
| ` + "`app`" + ` | ` + "`ports`, `modules`, `adapters`" + ` | any |

| Technology | Only in |
|---|---|
| ` + "`example.org/sql`" + ` | ` + "`adapters/store`" + ` |
| ` + "`os`" + ` | ` + "`adapters`, `app`" + ` |

## Something else

| ` + "`modules/none`" + ` | none | none |
`

func TestPlantedViolationsAreFound(t *testing.T) {
	t.Parallel()
	r, err := readRules(planted)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pkg  pkg
		want []string
	}{
		"an allowed module": {pkg{path: "modules/work", imports: []string{module + "modules/log", "time"}}, nil},
		"a module that is not in the row": {
			pkg{path: "modules/log", imports: []string{module + "modules/work"}},
			[]string{"modules/log imports modules/work, which its row does not allow"},
		},
		"a name that only begins like one in the row": {
			pkg{path: "modules/work", imports: []string{module + "modules/logbook"}},
			[]string{"modules/work imports modules/logbook, which its row does not allow"},
		},
		"a port that imports a module": {
			pkg{path: "ports/bus", imports: []string{module + "modules/log"}},
			[]string{"ports/bus imports modules/log, which its row does not allow"},
		},
		"a port that imports a port":      {pkg{path: "ports/bus", imports: []string{module + "ports/org"}}, nil},
		"a third party of the port's row": {pkg{path: "ports/org", imports: []string{"example.org/uuid"}}, nil},
		"a third party that no row allows": {
			pkg{path: "ports/org", imports: []string{"example.org/yaml"}},
			[]string{"ports/org imports example.org/yaml, which its row does not allow"},
		},
		"an adapter's own package": {
			pkg{path: "adapters/store", imports: []string{module + "adapters/store/internal/rows", "example.org/sql/v5"}}, nil,
		},
		"another adapter": {
			pkg{path: "adapters/store", imports: []string{module + "adapters/web"}},
			[]string{"adapters/store imports adapters/web, which its row does not allow"},
		},
		"a technology out of its place": {
			pkg{path: "adapters/web", imports: []string{"example.org/sql/v5"}},
			[]string{"adapters/web imports example.org/sql/v5, which belongs in adapters/store"},
		},
		"the standard library out of its place": {
			pkg{path: "modules/log", imports: []string{"os/exec"}},
			[]string{"modules/log imports os/exec, which belongs in adapters, app"},
		},
		"the program, from a module": {
			pkg{path: "modules/log", imports: []string{module + "app/dev"}},
			[]string{"modules/log imports app/dev, which its row does not allow"},
		},
		"the program, from a module's test": {
			pkg{path: "modules/log", tests: []string{module + "app/dev", "os", module + "adapters/store"}},
			[]string{"a test of modules/log imports app/dev, which only app's own do"},
		},
		"the program, from its own test": {pkg{path: "app/dev", tests: []string{module + "app/server"}}, nil},
		"a package in no row": {
			pkg{path: "helpers"}, []string{"helpers is in no row of the import table"},
		},
		"a package whose row is in another section": {
			pkg{path: "modules/none"}, []string{"modules/none is in no row of the import table"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, r.violations([]pkg{c.pkg})); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsWithoutPackagesAreFound(t *testing.T) {
	t.Parallel()
	r, err := readRules(planted)
	if err != nil {
		t.Fatal(err)
	}
	got := r.unmatched([]pkg{{path: "ports/org"}, {path: "modules/log"}, {path: "adapters/web"}, {path: "app"}})
	want := []string{
		"no package is at modules/work, which a row of the import table names",
		"no package is at adapters/store, which a row of the import table names",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unmatched rows (-want +got):\n%s", diff)
	}
}

func TestUnreadableTablesAreRefused(t *testing.T) {
	t.Parallel()
	const heading = "## Imports\n\n| Package | Of ours | Third parties |\n|---|---|---|\n"
	for name, text := range map[string]string{
		"no section":         "# Architecture\n",
		"no table":           "## Imports\n\nwords\n",
		"a row without path": heading + "| ports | none | none |\n",
		"a short row":        heading + "| `ports` | none |\n",
		"a word for a list":  heading + "| `ports` | some | none |\n",
	} {
		if _, err := readRules(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
