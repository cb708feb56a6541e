package policy

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A line that was copied from the audit's table accepts its finding, also one that PostgreSQL prints on several lines.
// Seen to fail without each of the three marks, and with a finding of several lines printed as it is.
func TestAPrintedFindingIsAccepted(t *testing.T) {
	t.Parallel()
	found := []Violation{
		{"R05", "app.users", "co_members using (EXISTS ( SELECT\n   FROM app.memberships m))"},
		{"manifest", "policies", "+ policy co_members on app.users"},
	}
	for name, r := range map[string]Report{
		"open":     {Sections: []Section{{Name: "rules", Findings: found}}},
		"accepted": {Sections: []Section{{Name: "rules", Accepted: found}}},
	} {
		var out bytes.Buffer
		if err := r.Write(&out, "table"); err != nil {
			t.Fatal(err)
		}
		if rest := Except(found, ParseAccepted("# known\n\n"+out.String())); len(rest) != 0 {
			t.Errorf("%s: still found:\n%v", name, rest)
		}
	}
	want := Accepted{"R05 app.users: x", "R06 app.users: y"}
	if diff := cmp.Diff(want, ParseAccepted("# a note\n\n  ! R05 app.users: x\n  R06 app.users: y\n")); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}
