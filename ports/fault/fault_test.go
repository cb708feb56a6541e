package fault

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnErrorWithoutAFaultIsInternal(t *testing.T) {
	t.Parallel()
	plain := errors.New("pq: password is hunter2")
	f := Of(fmt.Errorf("read: %w", plain))
	if f.Kind != Internal || f.Code != "internal" || !errors.Is(f, plain) {
		t.Errorf("it is %+v", f)
	}
	if f.Message != "Something went wrong on our side." || f.Details != nil {
		t.Errorf("it shows %q, %v", f.Message, f.Details)
	}
	if errors.Is(plain, errInternal) || IsKind(plain, Internal) || IsKind(nil, Internal) {
		t.Error("an error without a fault is of a kind")
	}
}

func TestAFaultIsFoundWhereverItIsWrapped(t *testing.T) {
	t.Parallel()
	full := New(Exhausted, "full", "there is no room").Saying("there is room for %d", 3)
	other := New(Conflict, "other", "another")
	for name, err := range map[string]error{
		"itself":          full,
		"wrapped":         fmt.Errorf("reserve: %w", full),
		"joined":          errors.Join(errors.New("x"), full),
		"with a cause":    full.Because(errors.New("x")),
		"with a detail":   full.With("limit", 3),
		"because another": full.Because(other),
	} {
		f := Of(err)
		if f.Code != "full" || f.Message != "there is room for 3" || !IsKind(err, Exhausted) || !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
		if Of(err).Code == "other" || IsKind(err, Conflict) {
			t.Errorf("%s: it is of two kinds", name)
		}
	}
	if !errors.Is(full.Because(other), other) {
		t.Error("the cause is lost")
	}
}

// A fault that a package keeps must not change by what one request adds to it.
func TestAddingToAFaultLeavesItAsItWas(t *testing.T) {
	t.Parallel()
	kept := New(Invalid, "bad", "it is bad").With("field", "name")
	caused := kept.Because(errors.New("secret"))
	more := kept.With("limit", 3).With("field", "cursor")
	if kept.Unwrap() != nil || kept.Error() != "bad: it is bad" {
		t.Errorf("it has a cause: %v", kept)
	}
	if diff := cmp.Diff(map[string]any{"field": "name"}, kept.Details); diff != "" {
		t.Errorf("its details (-want +got):\n%s", diff)
	}
	changed := kept.Saying("worse").RetryIn(time.Second).AsMiss().WithStatus(418)
	if kept.Message != "it is bad" || kept.RetryAfter != 0 || kept.Miss || kept.Status() != 400 {
		t.Errorf("it is %+v", kept)
	}
	if changed.Message != "worse" || changed.RetryAfter != time.Second || !changed.Miss || changed.Status() != 418 {
		t.Errorf("the copy is %+v", changed)
	}
	if caused.Error() != "bad: it is bad: secret" || caused.Message != "it is bad" {
		t.Errorf("for the log %q, for whoever asked %q", caused.Error(), caused.Message)
	}
	if more.Details["limit"] != 3 {
		t.Errorf("details are lost: %v", more.Details)
	}
}

func TestEveryKindHasAStatusOfItsOwn(t *testing.T) {
	t.Parallel()
	for kind := Internal; kind <= Unavailable; kind++ {
		if s := kind.Status(); s < 400 || s > 599 || KindOf(s) != kind {
			t.Errorf("kind %d is told as %d, which is kind %d", kind, s, KindOf(s))
		}
	}
	if k := KindOf(418); k != Internal {
		t.Errorf("a status of no kind is kind %d", k)
	}
}
