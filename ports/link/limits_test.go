package link

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// TestTheLargestPlacementsFit encodes placements of the largest spec as they are sent.
func TestTheLargestPlacementsFit(t *testing.T) {
	t.Parallel()
	spec := runtime.Spec{Command: []string{""}}
	empty, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Command[0] = strings.Repeat("x", MaxSpec-len(empty))
	one := Desired{
		Session: uuid.New(), Namespace: strings.Repeat("n", 63), Run: true, Generation: 1 << 62, State: Terminating,
		Epoch: 1 << 62, Spec: spec,
	}
	page := make([]Desired, PlacementPage)
	for i := range page {
		page[i] = one
	}
	for name, c := range map[string]struct {
		body any
		most int
	}{
		"a request with one session": {one, MaxMessage},
		"a page of placements":       {map[string]any{"placements": page}, MaxAnswer},
	} {
		b, err := json.Marshal(c.body)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > c.most {
			t.Errorf("%s has %d bytes, more than the limit of %d", name, len(b), c.most)
		}
	}
}
