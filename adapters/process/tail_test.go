package process

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		written []string
		want    string
	}{
		"nothing":              {nil, ""},
		"little":               {[]string{"one\n", "two\n"}, "one\ntwo"},
		"more than is kept":    {[]string{strings.Repeat("a", kept), "b"}, strings.Repeat("a", kept-1) + "b"},
		"much more at once":    {[]string{"x", strings.Repeat("a", 3*kept) + "b"}, strings.Repeat("a", kept-1) + "b"},
		"half of a letter cut": {[]string{"ä" + strings.Repeat("a", kept-1)}, "\uFFFD" + strings.Repeat("a", kept-1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tail tail
			for _, w := range test.written {
				if n, err := tail.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("write %d bytes: %d, %v", len(w), n, err)
				}
			}
			if diff := cmp.Diff(test.want, tail.String()); diff != "" {
				t.Errorf("the end (-want +got):\n%s", diff)
			}
		})
	}
}
