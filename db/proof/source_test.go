package proof

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(all []variant) map[string]string {
	out := map[string]string{}
	for _, v := range all {
		out[v.what+" "+v.without] = v.text
	}
	return out
}

func TestEachOperandGoesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"two": {"(a = 1) AND (b = 2)", map[string]string{
			"without (a = 1) AND": "(b = 2)", "without AND (b = 2)": "(a = 1)",
		}},
		"one of several is an alternative": {"((a OR b) AND c)", map[string]string{
			"without a OR": "((b) AND c)", "without OR b": "((a) AND c)",
			"without (a OR b) AND": "(c)", "without AND c": "((a OR b))",
		}},
		"in a query within": {"EXISTS (SELECT FROM t WHERE (x = 'a and b') AND y)", map[string]string{
			"without (x = 'a and b') AND": "EXISTS (SELECT FROM t WHERE y)",
			"without AND y":               "EXISTS (SELECT FROM t WHERE (x = 'a and b'))",
		}},
		"none": {"a = 'x or y' -- and z", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			for what, text := range texts(withoutOperands(c.text)) {
				got[what] = trimmed(text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// trimmed is a text without the white space that a removal leaves.
func trimmed(text string) string {
	var out []byte
	for i := range len(text) {
		first := len(out) == 0 || out[len(out)-1] == ' ' || out[len(out)-1] == '('
		last := i+1 == len(text) || text[i+1] == ')'
		if text[i] == ' ' && (first || last) {
			continue
		}
		out = append(out, text[i])
	}
	return string(out)
}

func TestEachConditionOfAFunctionGoes(t *testing.T) {
	t.Parallel()
	const body = `begin
  perform a(x), b(y);
  select r into v from t join u on u.id = t.id
   where t.k = k and t.ends_at > now() order by t.id limit least(page, 9) for update of t;
  if not found or v.bad then
    raise exception 'no';
  end if;
  new.at := now();
  insert into t values (1) on conflict (id) do nothing;
end`
	var got []string
	for _, v := range withoutConditions(body, "plpgsql") {
		if v.text == body {
			t.Errorf("%s %s changes nothing", v.what, v.without)
		}
		got = append(got, v.what+" "+v.without)
	}
	want := []string{
		"without and t.ends_at > now()", "without t.k = k and", "without or v.bad", "without not found or",
		"all u.id = t.id", "all t.k = k and t.ends_at > now()", "without order by t.id", "unlimited limit least(page, 9)",
		"unbounded least(page, 9)", "without for update of t", "never not found or v.bad",
		"not perform a(x), b(y)", "call a(x)", "call b(y)", "not new.at := now()",
		"not insert into t values (1) on conflict (id) do nothing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
