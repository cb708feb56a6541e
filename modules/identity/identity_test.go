package identity

import (
	"strings"
	"testing"
)

// Seen to fail without the removal: PostgreSQL refuses a NUL, and a terminal obeys an escape.
func TestAClientIsCutToWhatPrints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux)":  "Mozilla/5.0 (X11; Linux)",
		"a\x00b\x1b[31mc\nd\u202ee": "ab[31mcde",
		"broken \xff\xfe text":      "broken  text",
		strings.Repeat("ü", 300):    strings.Repeat("ü", 200),
		"":                          "",
	} {
		if got := NewClient("", text).Browser; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := NewClient(strings.Repeat("1", 100), "").Address; len(got) != maxAddress {
		t.Errorf("an address of %d characters", len(got))
	}
}
