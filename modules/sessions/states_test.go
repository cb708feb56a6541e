package sessions

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/states.md instead of comparing it")

// statesPage is what docs/states.md must be: the table of next, in the order of a session's life.
func statesPage() string {
	var page strings.Builder
	page.WriteString("# The states of a session\n\n" +
		"This page is written by `make generate` from the table in `modules/sessions`, which decides on every report and\n" +
		"request.\n\n| State | May become |\n|---|---|\n")
	for _, from := range states {
		to := "nothing: it is final"
		if names := next[from]; len(names) > 0 {
			quoted := make([]string, len(names))
			for i, s := range names {
				quoted[i] = "`" + string(s) + "`"
			}
			to = strings.Join(quoted, ", ")
		}
		fmt.Fprintf(&page, "| `%s` | %s |\n", from, to)
	}
	page.WriteString("\nA report of the state that a session has already changes nothing. " +
		"There is one way back: a session that its\n" +
		"host could not start, or whose host was lost before, is `pending` again, once, until another host takes it.\n")
	return page.String()
}

func TestStatesInTheDocs(t *testing.T) {
	t.Parallel()
	const path = "../../docs/states.md"
	if *update {
		if err := os.WriteFile(path, []byte(statesPage()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(statesPage(), string(got)); diff != "" {
		t.Errorf("docs/states.md is not what the table says; run make generate (-want +got):\n%s", diff)
	}
}
