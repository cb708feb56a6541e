package proof

import (
	"fmt"
	"regexp"
	"strings"
)

// function is one of ours, as it would be written.
type function struct {
	Label, Signature   string
	Definition, Source string
	Language           string
	Procedure          bool
	Returns            string
	Many               bool
	Volatility         string
	Definer            bool
	Settings           []string
	Helper, Shared     bool
	Refused            []string // the roles that may not execute it
}

// mutants are the function in other hands, with other settings, and with each of its conditions gone.
func (f function) mutants(variants map[source][]variant) []Mutant {
	var out []Mutant
	add := func(kind, how, sql string, args ...any) {
		out = append(out, Mutant{
			Kind: kind, Object: strings.TrimSpace(f.Label + " " + how), SQL: fmt.Sprintf(sql, args...),
		})
	}
	alter := "alter routine " + f.Signature + " "
	add("function-grant", "to public", "grant execute on routine %s to public", f.Signature)
	for _, r := range f.Refused {
		add("function-grant", "to "+r, "grant execute on routine %s to %s", f.Signature, r)
	}
	add("function-owner", "is streamspace_app", "%sowner to streamspace_app", alter)
	if f.Procedure { // it commits, which no attempt can: db/backfill_test.go looks at what it does
		return out
	}
	add("function-leakproof", "", "%sleakproof", alter)
	if f.Definer {
		add("function-invoker", "", "%ssecurity invoker", alter)
	} else if f.Shared {
		add("function-definer", "", "%ssecurity definer", alter)
	}
	for _, s := range f.Settings {
		if !f.Definer && !f.Shared { // its only callers bring their own
			continue
		}
		add("function-setting", "without "+s, "%sreset %s", alter, s)
	}
	for letter, volatility := range map[string]string{"i": "immutable", "s": "stable", "v": "volatile"} {
		if f.Helper && letter != f.Volatility { // a policy's plan rests on it
			add("function-volatility", volatility, "%s%s", alter, volatility)
		}
	}
	for _, v := range variants[f.body()] {
		out = append(out, Mutant{Kind: "function-" + v.What, Object: f.Label + ": " + v.Without, SQL: f.with(v.Text)})
	}
	if f.Returns != "trigger" {
		out = append(out, f.answers()...)
	}
	return out
}

// body is what variants are wanted of.
func (f function) body() source { return source{f.Language, f.Source} }

// with is the function with another body.
func (f function) with(source string) string {
	return strings.Replace(f.Definition, f.Source, source, 1)
}

// setting is the name of a parameter that says who acts.
var setting = regexp.MustCompile(`'app\.\w+'`)

// answers are the function saying something else than it should: nothing, yes, or what another parameter holds.
func (f function) answers() []Mutant {
	if f.Many || f.Returns == "void" {
		return nil
	}
	var out []Mutant
	says := func(what string) {
		body := "select " + what
		if f.Language == "plpgsql" {
			body = "begin return " + what + "; end"
		}
		out = append(out, Mutant{Kind: "function-says", Object: f.Label + ": " + what, SQL: f.with(body)})
	}
	says("null::" + f.Returns)
	if f.Returns == "bool" {
		says("true")
		says("false")
	}
	if found := setting.FindString(f.Source); found != "" {
		for _, other := range []string{"app.org_id", "app.user_id", "app.other"} {
			if found != "'"+other+"'" {
				out = append(out, Mutant{
					Kind: "function-reads", Object: f.Label + ": " + other,
					SQL: f.with(setting.ReplaceAllString(f.Source, "'"+other+"'")),
				})
			}
		}
	}
	return out
}
