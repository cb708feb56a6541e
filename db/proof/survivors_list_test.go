package proof

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheListIsComparedWithWhatCame(t *testing.T) {
	t.Parallel()
	list, err := listed("# about\n## A reason.\na * b\nc d\ne *\n## From PostgreSQL 17: it is new.\nf *\n", 15)
	if err != nil {
		t.Fatal(err)
	}
	result := func(kind, object string, kills ...string) Result {
		r := Result{Mutant: Mutant{Kind: kind, Object: object}, Kills: map[string]string{}}
		for _, by := range kills {
			r.Kills[by] = "why"
		}
		return r
	}
	idle, useless := result("x", "idle", "rules"), result("x", "useless", "manifest")
	impossible := result("x", "impossible")
	covered, alone := result("a", "idle b", "rules"), result("e", "idle", "rules")
	idle.Idle, useless.Idle, impossible.Impossible = "unused", "unused", "refused"
	covered.Idle, alone.Idle = "unused", "unused"
	report := Report{listed: list, Results: []Result{
		result("x", "noticed", "behaviour", "manifest"), idle, impossible, useless, covered, alone,
		result("a", "1 b", "rules"),
		result("x", "not listed", "rules"),
		result("x", "noticed by the manifest alone", "manifest"),
		result("a", "2 b", "rules", "behaviour"),
		result("a", "3 b", "manifest"),
	}}
	want := []string{
		"x useless: neither the attempts nor the rules notice",
		"x not listed: the attempts do not notice; why",
		"x noticed by the manifest alone: neither the attempts nor the rules notice",
		"a 2 b: is listed as a survivor, and is none: why",
		"a 3 b: neither the attempts nor the rules notice",
		"c d: is listed, and no such mutant survives",
		"e *: is listed, and no such mutant survives",
	}
	if diff := cmp.Diff(want, report.Findings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := listed("a b\n", 15); err == nil {
		t.Error("a survivor without a reason is let through")
	}
	if list, err := listed("## From PostgreSQL 17: it is new.\nf *\n", 17); err != nil || len(list) != 1 {
		t.Errorf("on PostgreSQL 17: %v, %v", list, err)
	}
}

func TestTheReportCounts(t *testing.T) {
	t.Parallel()
	killed := func(by ...string) Result {
		r := Result{Mutant: Mutant{Kind: "k"}, Kills: map[string]string{}}
		for _, b := range by {
			r.Kills[b] = "why"
		}
		return r
	}
	impossible := Result{Mutant: Mutant{Kind: "k"}, Impossible: "refused"}
	idle := killed("manifest")
	idle.Idle = "unused"
	r := Report{Results: []Result{
		killed("behaviour", "rules", "manifest"), killed("rules", "manifest"), killed("manifest"), killed(),
		impossible, idle,
	}}
	want := Count{
		Kind: "k", Mutants: 6, Behaviour: 1, Rules: 2, Manifest: 4, RulesAlone: 1, ManifestAlone: 2, Idle: 1, Impossible: 1,
		Alive: 1,
	}
	all := want
	all.Kind = "all"
	if diff := cmp.Diff([]Count{want, all}, r.Counts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
