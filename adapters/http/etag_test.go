package http

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/version"
)

func TestIfMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]version.Expected{
		`"2"`:              version.OneOf("2"),
		` "2"`:             version.OneOf("2"),
		`"1", "2" ,"x,y"`:  version.OneOf("1", "2", "x,y"),
		`,"2",, `:          version.OneOf("2"), // empty members are ignored (RFC 9110, 5.6.1)
		`W/"2"`:            version.OneOf(),
		`W/"2", "3"`:       version.OneOf("3"),
		`""`:               version.OneOf(""),
		`*`:                {},
		` * `:              {},
		*entityTag("2.no"): version.OneOf("2.no"),
	} {
		got, err := expected(&header)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(version.Expected{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", header, err, diff)
		}
	}
	for _, header := range []string{`2`, `"2`, `2"`, `"a"b"`, `"1" "2"`, `w/"2"`, `"2", *`, `"a b"`, "\"a\x01\""} {
		if got, err := expected(&header); fault.Of(err).Code != "invalid_parameter" {
			t.Errorf("%s: %v, %v", header, got, err)
		}
	}
	if got, err := expected(nil); err != nil || got.Check("2") != nil {
		t.Errorf("without the header: %v, %v", got, err)
	}
}
