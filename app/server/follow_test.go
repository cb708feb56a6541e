package server_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	events "github.com/streamspace-dev/streamspace/app/follow"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// What `streamspace events` prints for a member is what the database lets them read, before and after it has begun.
func TestTheCommandPrintsWhatItsTokenMaySee(t *testing.T) {
	t.Parallel()
	o, another := running.NewOrg(t, dbtest.Spec{PerUser: 5}), running.NewOrg(t, dbtest.Spec{})
	launch(t, o, o.Admin, "theirs")
	launch(t, o, o.Member, "mine")
	launch(t, another, another.Member, "foreign")
	config := events.Config{URL: running.URL, Token: running.Bearer(t, o.Member)}
	var got []int64
	collect := func(e events.Event) error { got = append(got, e.Seq); return nil }

	silent := func(s string) { t.Error(s) }
	err := events.New(config, events.Query{After: -1}, collect).Run(t.Context(), silent)
	if err != nil {
		t.Fatal(err)
	}
	want, newest := entitled(t, o, o.Member, 0)
	if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
		t.Errorf("what there is (-want +got):\n%s", d)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var then []string
	follower := events.New(config, events.Query{After: newest, Follow: true, Types: []string{"session"}},
		func(e events.Event) error {
			if then = append(then, fmt.Sprint(e.Type, " ", e.Subject.Name)); len(then) == 1 {
				cancel()
			}
			return nil
		})
	launch(t, o, o.Admin, "theirs as well")
	launch(t, o, o.Member, "mine as well")
	err = follower.Run(ctx, silent)
	if err != nil || !slices.Equal(then, []string{"session.created mine as well"}) {
		t.Errorf("what follows: %q, %v", then, err)
	}
	config.Token = "key_of_nothing"
	err = events.New(config, events.Query{Follow: true}, collect).Run(t.Context(), silent)
	if err == nil {
		t.Error("a token of nothing follows")
	}
}
