package page

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

func TestACursorReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Cursor{Key: rapid.String().Draw(t, "key"), ID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))}
		got, err := Parse(c.String())
		if err != nil || got != c {
			t.Fatalf("%+v became %q and then %+v, %v", c, c.String(), got, err)
		}
		if strings.ContainsAny(c.String(), "+/=&?# ") {
			t.Fatalf("%q does not fit into a URL", c.String())
		}
	})
}

// Whatever a client sends is a cursor that would be written so again, or an Invalid fault that names the field.
func TestNothingElseIsACursor(t *testing.T) {
	t.Parallel()
	check := func(s string) string {
		c, err := Parse(s)
		f := fault.Of(err)
		switch {
		case err == nil && c.String() == s:
			return ""
		case f.Code == "invalid_cursor" && f.Kind == fault.Invalid && f.Details["field"] == "cursor" && c.IsZero():
			return ""
		default:
			return "it was read as something else"
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_-]{0,80}`), rapid.Map(rapid.String(), encode)).
			Draw(t, "cursor")
		if wrong := check(s); wrong != "" {
			t.Fatalf("%q: %s", s, wrong)
		}
	})
	for name, json := range map[string]string{
		"the beginning":     `{"k":"","i":"00000000-0000-0000-0000-000000000000"}`,
		"with more members": `{"k":"a","i":"00000000-0000-7000-8000-000000000000","x":1}`,
		"another order":     `{"i":"00000000-0000-7000-8000-000000000000","k":"a"}`,
		"an id of its own":  `{"k":"a","i":"not an id"}`,
		"no object":         `[]`,
	} {
		if _, err := Parse(base64.RawURLEncoding.EncodeToString([]byte(json))); fault.Of(err).Code != "invalid_cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int(), 0, 30).Draw(t, "items")
		size := rapid.IntRange(1, 12).Draw(t, "size")
		at := func(i int) Cursor { return Cursor{Key: "k", ID: uuid.UUID{15: byte(i)}} }
		read := all[:min(len(all), size+1)]
		p := Cut(read, size, func(int) Cursor { return at(1) })
		switch more := len(all) > size; {
		case len(p.Items) > size || len(p.Items) < min(len(all), size):
			t.Fatalf("a page of %d has %d of %d items", size, len(p.Items), len(all))
		case more == p.Next.IsZero():
			t.Fatalf("%d items, a page of %d, and a next one: %t", len(all), size, !p.Next.IsZero())
		}
	})
	got := map[int]int{}
	for _, limit := range []int{-1, 0, 1, Default, Max, Max + 1} {
		got[limit] = Request{Limit: limit}.Size()
	}
	want := map[int]int{-1: Default, 0: Default, 1: 1, Default: Default, Max: Max, Max + 1: Max}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
}
