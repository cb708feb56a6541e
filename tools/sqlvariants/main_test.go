package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// variantsOf runs the program on one source and returns what it changed, by how, with the text that is left.
func variantsOf(t *testing.T, language, text string) (names []string, texts map[string]string) {
	t.Helper()
	sent, err := json.Marshal([]source{{language, text}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(bytes.NewReader(sent), &out); err != nil {
		t.Fatal(err)
	}
	var all [][]variant
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for _, v := range all[0] {
		name := v.What + " " + v.Without
		if _, again := texts[name]; again || v.Text == text {
			t.Errorf("%s is there twice, or changes nothing", name)
		}
		names, texts[name] = append(names, name), v.Text
	}
	return names, texts
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEachOperandGoesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"two": {"(a = 1) AND (b = 2)", map[string]string{"without a = 1": "b = 2", "without b = 2": "a = 1"}},
		"one of several is an alternative": {"((a OR b) AND c)", map[string]string{
			"without a": "(b) AND c", "without b": "(a) AND c", "without a OR b": "c", "without c": "(a OR b)",
		}},
		"in a query within": {"EXISTS (SELECT FROM t WHERE (x = 'a and b') AND y)", map[string]string{
			"without x = 'a and b'": "EXISTS (SELECT FROM t WHERE y)",
			"without y":             "EXISTS (SELECT FROM t WHERE x = 'a and b')",
		}},
		"none": {"a = 'x or y' -- and z", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, got := variantsOf(t, "expression", c.text)
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
			if len(names) != len(c.want) {
				t.Errorf("%q", names)
			}
		})
	}
}

func TestEachConditionOfAPLpgSQLFunctionGoes(t *testing.T) {
	t.Parallel()
	got, texts := variantsOf(t, "plpgsql", `declare
  v record;
begin
  perform a(x), b(y);
  select r into strict v from t join u on u.id = t.id -- ; and
   where t.k = k and t.ends_at > now() order by t.id limit least(page, 9) for update of t;
  if not found or v.bad then
    raise exception 'no; and';
  elsif v.late then
    update t set done = true where id = v.id returning id into v.id;
  end if;
  new.at := case when v.late then now() else v.at end;
  insert into t values (1) on conflict (id) do nothing;
  for v in select 1 from t where x loop
    delete from u;
  end loop;
  return query select 1 limit 1;
end`)
	same(t, "what goes", got, []string{
		"call a(x)", "call b(y)", "not perform a(x), b(y)",
		"without t.k = k", "without t.ends_at > now()", "all t.k = k AND t.ends_at > now()",
		"unlimited limit LEAST(page, 9)", "without for update", "without order by t.id", "all u.id = t.id",
		"unbounded LEAST(page, 9)",
		"without NOT found", "without v.bad", "never not found or v.bad",
		"never v.late",
		"all id = v.id", "not update t set done = true where id = v.id returning id into v.id",
		"never v.late #2", "not new.at := case when v.late then now() else v.at end",
		"not insert into t values (1) on conflict (id) do nothing",
		"all x", "not delete from u",
	})
	for name, want := range map[string]string{
		"all u.id = t.id": "FOR UPDATE OF t into strict v;",
		"all id = v.id":   "WHERE true RETURNING id into v.id;",
		"call a(x)":       "perform NULL, b(y);",
	} {
		if !strings.Contains(texts[name], want) {
			t.Errorf("%s leaves\n%s", name, texts[name])
		}
	}
}

func TestAStatementThatSkipsLockedRowsStaysReadable(t *testing.T) {
	t.Parallel()
	_, texts := variantsOf(t, "sql", "select 1 from t where a order by a limit 1 for update of t skip locked")
	if got := texts["all a"]; !strings.Contains(got, "OF t SKIP LOCKED") {
		t.Errorf("it leaves %s", got)
	}
}

func TestEachConditionOfAnSQLFunctionGoes(t *testing.T) {
	t.Parallel()
	got, _ := variantsOf(t, "sql", "select case when coalesce(x, '') = '' then f(x) else g() end; "+
		"update t set a = 1 where b and c; insert into t values (1) on conflict (id) do update set a = 1 where t.a <> 1; "+
		"select array_agg(a order by b) from t limit 1")
	same(t, "what goes", got, []string{
		"without b", "without c", "never COALESCE(x, '') = ''", "all b AND c", "all t.a <> 1", "unlimited limit 1",
		"without order by b",
	})
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, sources := range []string{
		`[{"language": "sql", "text": "select from where"}]`, `[{"language": "perl", "text": "1"}]`, `{`,
	} {
		if err := run(strings.NewReader(sources), &bytes.Buffer{}); err == nil {
			t.Errorf("%s is read", sources)
		}
	}
}
