package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.."

func TestEveryCodeIsDeclaredOnce(t *testing.T) {
	t.Parallel()
	all, err := read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Errorf("only %d codes were found", len(all))
	}
	written, err := os.ReadFile(root + "/docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if page(all) != string(written) {
		t.Error("docs/errors.md is not what the source says: make generate")
	}
	form := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, d := range all {
		if !form.MatchString(d.code) || statusOf(d) == "0" || retries[d.kind] == "" || d.message == "" {
			t.Errorf("%s: %+v", d.at, d)
		}
	}
}

// TestStatuses holds the page's statuses against the table of ports/fault.
func TestStatuses(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(root + "/ports/fault/status.go")
	if err != nil {
		t.Fatal(err)
	}
	for kind, status := range statuses {
		if !regexp.MustCompile(kind + `: +` + statusOf(declaration{kind: kind}) + `,`).Match(source) {
			t.Errorf("ports/fault does not say %s: %d", kind, status)
		}
	}
}

func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	const good = `var errA = fault.New(fault.Invalid, "a", "A.").RetryIn(time.Second)`
	for name, c := range map[string]struct{ code, want string }{
		"a good declaration":     {good, ""},
		"a use of it":            {good + "\nfunc f() error { return errA.Saying(\"%d\", 1) }", ""},
		"declared twice":         {good + "\n" + strings.Replace(good, "errA", "errB", 1), `"a" is declared at`},
		"made inside a function": {`func f() error { return fault.New(fault.Invalid, "a", "A.") }`, "declare a fault once"},
		"a local variable":       {`func f() { var e = fault.New(fault.Invalid, "a", "A.") }`, "declare a fault once"},
		"a code from parts":      {`var errA = fault.New(fault.NotFound, kind+"_not_found", "A.")`, "must be literals"},
		"inside a table":         {`var t = map[string]error{"x": fault.New(fault.Invalid, "a", "A.")}`, "declare a fault once"},
		"without New":            {`var errA = &fault.Fault{Code: "a"}`, "with fault.New"},
		"compared with a text":   {`func f(err error) bool { return fault.Of(err).Code == "a" }`, "errors.Is"},
		"the other way round":    {`func f(x *fault.Fault) bool { return "abcdef" != x.Code }`, "errors.Is"},
		"in a switch":            {`func f(x *fault.Fault) { switch x.Code { case "a": } }`, "errors.Is"},
		"a SQLSTATE":             {`func f(x *pgconn.PgError) bool { return x.Code == "57014" }`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := "package x\nimport \"github.com/streamspace-dev/streamspace/ports/fault\"\n" + c.code + "\n"
			_, err := read(fstest.MapFS{"modules/x/x.go": {Data: []byte(source)}})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
