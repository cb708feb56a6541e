package proof

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAttemptsAreRead(t *testing.T) {
	t.Parallel()
	got, err := parse("# about\nas login\nok 1 | select 1\n  from t\nfirst as super | select 2\nfirst | select 3\n" +
		"42501 | select 4\nok 0 as everybody | select 5\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []attempt{
		{want: "ok 1", steps: []string{actAs + "login", "select 1 from t"}},
		{want: "42501", steps: []string{
			"select 2", "set local session authorization default", leave, actAs + "login", "select 3", "select 4",
		}},
	}
	for _, role := range serving {
		want = append(want, attempt{want: "ok 0", steps: []string{actAs + role, "select 5"}})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(attempt{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{
		"nobody of that name": "as nobody\nok 1 | select 1\n",
		"no outcome":          "as app\nselect 1\n",
		"no end":              "as app\nfirst | select 1\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: is let through", name)
		}
	}
}
