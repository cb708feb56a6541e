package input

import (
	"errors"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", MaxLabel)
	for name, c := range map[string]struct {
		err  error
		says string // empty: it is valid
	}{
		"a label":                   {Label("slug", "acme-2"), ""},
		"the longest label":         {Label("slug", long), ""},
		"too long a label":          {Label("slug", long+"a"), "slug must be 1 to 63"},
		"an empty label":            {Label("slug", ""), "slug must be 1 to 63"},
		"upper case":                {Label("slug", "Acme"), "slug must be"},
		"a dash at the end":         {Label("slug", "acme-"), "slug must be"},
		"a second line":             {Label("slug", "acme\n"), "slug must be"},
		"the longest text":          {Text("name", strings.Repeat("é", 80), 1, 80), ""},
		"too long a text":           {Text("name", strings.Repeat("é", 81), 1, 80), "name must have 1 to 80 characters"},
		"no text":                   {Text("name", "", 1, 80), "name must have 1 to 80 characters, not 0"},
		"no text where it may":      {Text("name", "", 0, 80), ""},
		"a control character":       {Text("name", "a\x00b", 1, 80), "name must be text"},
		"a line break":              {Text("name", "a\nb", 1, 80), "name must be text"},
		"a right-to-left override":  {Text("name", "a\u202Eb", 1, 80), "name must be text"},
		"an isolate":                {Text("name", "a\u2067b", 1, 80), "name must be text"},
		"a right-to-left mark":      {Text("name", "\u05D0\u200F!", 1, 80), ""},
		"not UTF-8":                 {Text("name", "a\xff", 1, 80), "name must be text"},
		"the largest size":          {Size("spec", 16, 0, 16), ""},
		"too large a size":          {Size("spec", 17, 0, 16), "spec must have 0 to 16 bytes, not 17"},
		"the smallest number":       {Number("quota", 1, 1, 5), ""},
		"too small a number":        {Number("quota", 0, 1, 5), "quota must be 1 to 5, not 0"},
		"a field of an object":      {Of("owner", Number("age", 0, 1, 5)), "owner.age must be 1 to 5, not 0"},
		"a valid field":             {Of("owner", nil), ""},
		"a number beyond the limit": {Number("quota", 6, 1, 5), "quota must be 1 to 5, not 6"},
	} {
		if c.says == "" {
			if c.err != nil {
				t.Errorf("%s: %v", name, c.err)
			}
			continue
		}
		f := fault.Of(c.err)
		field, _, _ := strings.Cut(c.says, " ")
		if !errors.Is(c.err, ErrInvalid) || f.Kind != fault.Invalid || !strings.HasPrefix(f.Message, c.says) ||
			f.Details["field"] != field {
			t.Errorf("%s: %v with %v, want %q", name, c.err, f.Details, c.says)
		}
	}
}
