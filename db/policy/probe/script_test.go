package probe

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func same(_, value string) string { return value }

func scriptOf(text string) (*Script, error) {
	return read(fstest.MapFS{"file.txt": {Data: []byte(text)}}, asSession, same)
}

func TestAttemptsAreRead(t *testing.T) {
	t.Parallel()
	s, err := scriptOf("# about\nas login\nok 1 | select 1\n  from t\nfirst as super | select 2\nfirst | select 3\n" +
		"42501 | select 4\nok 0 as everyone | select 5\n")
	if err != nil {
		t.Fatal(err)
	}
	const login = asSession + "streamspace_login"
	want := []Attempt{
		{Want: "ok 1", Steps: []string{login, "select 1 from t"}},
		{Want: "42501", Steps: []string{"select 2", s.Leave(), login, "select 3", "select 4"}},
	}
	for _, role := range serving() {
		want = append(want, Attempt{Want: "ok 0", Steps: []string{asSession + role, "select 5"}})
	}
	if diff := cmp.Diff(want, s.Attempts("file")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNamesCallersAndRowsAreRead(t *testing.T) {
	t.Parallel()
	s, err := scriptOf("names\nacme = a0000000-0000-0000-0000-000000000001  # an organisation\nsalt =   # none\n" +
		"both = {acme}, 'x{salt}'\ncallers\nguest = app: select rls.enter({acme})\n" +
		"rows\nas guest\ninsert into t values ({both})\ntest rows\nas super\nselect 1\nattempts\nas guest\nok 1 | select 1\n")
	if err != nil {
		t.Fatal(err)
	}
	const acme = "'a0000000-0000-0000-0000-000000000001'"
	want := []Attempt{{Want: "ok 1", Steps: []string{
		asSession + "streamspace_app", "select rls.enter(" + acme + ")", "select 1",
	}}}
	if diff := cmp.Diff(want, s.Attempts("file")); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	rows := []statement{{"guest", "insert into t values (" + acme + ", 'x')"}}
	if diff := cmp.Diff(rows, s.rows, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if len(s.testRows) != 1 {
		t.Errorf("test rows: %v", s.testRows)
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an unknown caller":          "as guest\nok 1 | select 1\n",
		"an attempt without outcome": "as app\nselect 1\n",
		"steps without an attempt":   "as app\nfirst | select 1\n",
		"an unknown name":            "as app\nok 1 | select {typo}\n",
		"a name that is taken":       "names\na = 1\na = 2\n",
		"a caller without a role":    "callers\nguest = select 1\n",
		"a row that no one makes":    "rows\ninsert into t values (1)\n",
	} {
		if _, err := scriptOf(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// Two audits at once must not meet, and neither may meet a row of the database that is audited.
func TestAnAuditNamesWhatIsNew(t *testing.T) {
	t.Parallel()
	one, err := ForAudit()
	if err != nil {
		t.Fatal(err)
	}
	two, err := ForAudit()
	if err != nil {
		t.Fatal(err)
	}
	tests, err := ForTests()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"{acme}", "{salt}", "{members_credential}"} {
		if a, b, c := one.Replace(name), two.Replace(name), tests.Replace(name); a == b || a == c {
			t.Errorf("%s is %s, %s and %s", name, a, b, c)
		}
	}
}
