package version

import (
	"errors"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expected Expected
		allowed  bool
	}{
		"nothing is expected":   {Expected{}, true},
		"the present version":   {OneOf("2"), true},
		"one of several":        {OneOf("1", "2"), true},
		"an older version":      {OneOf("1"), false},
		"no version is allowed": {OneOf(), false},
	} {
		if err := c.expected.Check("2"); (err == nil) != c.allowed || err != nil && !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
