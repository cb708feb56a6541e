package proof

import (
	"fmt"
	"strings"
)

// byRow has the server look at one row after the other, byPlace at the place of a row that the statement names. A
// function that has run often keeps the plan it has, unless it is taken away.
const (
	byRow = "discard plans; set local enable_indexscan = off; set local enable_indexonlyscan = off; " +
		"set local enable_bitmapscan = off"
	byPlace = byRow + "; set local enable_seqscan = off"
)

// placeholders are the names that the probes and the stage use. The ids are fixed, so that a mutant, and what notices
// it, is the same from run to run; who is ordered before whom matters to some.
var placeholders = strings.NewReplacer(
	"{acme}", "'a0000000-0000-0000-0000-000000000001'", // an organisation
	"{globex}", "'b0000000-0000-0000-0000-000000000002'", // another
	"{closed}", "'c0000000-0000-0000-0000-000000000003'", // a suspended one
	"{bare}", "'d0000000-0000-0000-0000-000000000004'", // one without a namespace
	"{crowd}", "'e0000000-0000-0000-0000-000000000001'", // the first of a thousand
	"{owner}", "'10000000-0000-0000-0000-000000000001'", // of acme, as the next five
	"{admin}", "'10000000-0000-0000-0000-000000000002'",
	"{member}", "'10000000-0000-0000-0000-000000000003'",
	"{other}", "'10000000-0000-0000-0000-000000000004'", // another member
	"{viewer}", "'10000000-0000-0000-0000-000000000005'",
	"{both}", "'10000000-0000-0000-0000-000000000006'", // admin of acme, viewer of globex
	"{stranger}", "'10000000-0000-0000-0000-000000000011'", // owner of globex
	"{foreign_member}", "'10000000-0000-0000-0000-000000000012'",
	"{closed_owner}", "'10000000-0000-0000-0000-000000000021'",
	"{bare_owner}", "'10000000-0000-0000-0000-000000000022'",
	"{nobody}", "'10000000-0000-0000-0000-000000000099'", // a user without an organisation
	"{nothing}", "'00000000-0000-0000-0000-0000000000ff'", // no id of anything
	"{session}", "'50000000-0000-0000-0000-000000000009'", // the member's, running on the agent
	"{admins_session}", "'50000000-0000-0000-0000-000000000005'", // the admin's, on the agent
	"{overdue}", "'50000000-0000-0000-0000-000000000007'", // the admin's, whose end was wanted ten minutes ago
	"{ending}", "'50000000-0000-0000-0000-000000000003'", // the admin's, whose end is wanted, and not overdue for a day
	"{unplaced}", "'50000000-0000-0000-0000-000000000008'", // the other's, on no agent
	"{ended}", "'50000000-0000-0000-0000-000000000006'", // the member's, over
	"{foreign_session}", "'50000000-0000-0000-0000-000000000011'", // the foreign member's, on the foreign agent
	"{agent}", "'40000000-0000-0000-0000-000000000001'", // serves acme, in its second epoch
	"{foreign_agent}", "'40000000-0000-0000-0000-000000000002'", // serves globex, in its first
	"{crowd_agent}", "'40000000-0000-0000-0000-000000000003'", // serves the first of the crowd
	"{idle_agent}", "'40000000-0000-0000-0000-000000000004'", // serves nobody
	"{template}", "'70000000-0000-0000-0000-000000000001'",
	"{foreign_template}", "'70000000-0000-0000-0000-000000000002'",
	"{public_template}", "'70000000-0000-0000-0000-000000000003'",
	"{owners_credential}", "'20000000-0000-0000-0000-000000000001'",
	"{admins_credential}", "'20000000-0000-0000-0000-000000000002'",
	"{members_credential}", "'20000000-0000-0000-0000-000000000003'",
	"{others_credential}", "'20000000-0000-0000-0000-000000000004'",
	"{viewers_credential}", "'20000000-0000-0000-0000-000000000005'",
	"{boths_credential}", "'20000000-0000-0000-0000-000000000006'",
	"{strangers_credential}", "'30000000-0000-0000-0000-000000000011'",
	"{foreign_credential}", "'30000000-0000-0000-0000-000000000012'",
	"{boths_outside}", "'30000000-0000-0000-0000-000000000006'",
	"{closed_credential}", "'30000000-0000-0000-0000-000000000021'",
	"{bare_credential}", "'30000000-0000-0000-0000-000000000022'",
	"{late_credential}", "'20000000-0000-0000-0000-000000000014'", // the other's, over
	"{ticket}", "'60000000-0000-0000-0000-000000000001'", // the member's, to the session
	"{late_ticket}", "'60000000-0000-0000-0000-000000000002'", // another, over
	"{foreign_ticket}", "'60000000-0000-0000-0000-000000000003'",
	// How the server goes about it: by a row's place, or by one row after the other.
	"{by_place}", byPlace,
	"{by_row}", byRow,
	"{session_columns}", "(id, owner_id, name, template_id, template_name, template_title, spec, agent_id)",
	"{copy}", "'70000000-0000-0000-0000-000000000001', 'desk', 'Desk', '{}'",
	"{me}", "rls.current_user_id()",
)

// actors are who tries: the role, and how it enters.
var actors = map[string]struct{ role, enters string }{
	"super":          {role: "default"},
	"everybody":      {role: "streamspace_app"}, // each that serves, one after the other
	"super, inside":  {"default", "select set_config('app.org_id', {acme}, true)"},
	"super, nowhere": {"default", "select set_config('app.org_id', {nothing}, true)"},
	"table owner":    {role: "streamspace_owner"},
	"migrator":       {role: "streamspace_migrator"},
	"definer":        {role: "streamspace_definer"},
	"auditor":        {role: "streamspace_auditor"},
	"backup":         {role: "streamspace_backup"},
	"app":            {role: "streamspace_app"},
	"login":          {role: "streamspace_login"},
	"agent":          {role: "streamspace_agent"},
	"operator":       {role: "streamspace_operator"},
	"system":         {role: "streamspace_system"},
	"owner":          member("acme", "owner", "owner", "owners_credential"),
	"admin":          member("acme", "admin", "admin", "admins_credential"),
	"member":         member("acme", "member", "member", "members_credential"),
	"other":          member("acme", "other", "member", "others_credential"),
	"viewer":         member("acme", "viewer", "viewer", "viewers_credential"),
	"both":           member("acme", "both", "admin", "boths_credential"),
	"both, outside":  member("globex", "both", "viewer", "boths_outside"),
	"stranger":       member("globex", "stranger", "owner", "strangers_credential"),
	"foreigner":      member("globex", "foreign_member", "member", "foreign_credential"),
	"reader":         {"streamspace_app", "select rls.enter({acme}, {member}, 'member', {members_credential}, true)"},
	"report":         {"streamspace_agent", "select rls.enter_report({agent}, 2, {session})"},
	"service":        {"streamspace_system", "select rls.enter_service({acme}, 'tidy')"},
}

func member(org, user, role, credential string) struct{ role, enters string } {
	enters := fmt.Sprintf("select rls.enter({%s}, {%s}, '%s', {%s}, false)", org, user, role, credential)
	return struct{ role, enters string }{"streamspace_app", enters}
}

// leave is what the end of a transaction does: the next actor of the same attempt has entered nothing.
const leave = `select set_config('app.' || x, '', true)
  from unnest(array['org_id', 'user_id', 'role', 'credential_id', 'agent_id', 'agent_epoch', 'session_id', 'service',
    'operator']) x`

// actAs begins the statement by which a role of ours is taken, as a connection of its own would have it.
const actAs = "set local session authorization streamspace_"

// become are the statements by which one actor follows another, of whom there may be none.
func become(before, name string) ([]string, error) {
	a, ok := actors[name]
	if !ok {
		return nil, fmt.Errorf("nobody is called %q", name)
	}
	var out []string
	if before != "" {
		out = append(out, "set local session authorization default", leave)
	}
	if a.role != "default" {
		out = append(out, "set local session authorization "+a.role)
	}
	if a.enters != "" {
		out = append(out, placeholders.Replace(a.enters))
	}
	return out, nil
}

// parse reads attempts. "as NAME" says who makes those that follow. "WANT | SQL" is one; before it may come "first |
// SQL", what is done for it to be possible; either may have an actor of its own: "ok 1 as super | SQL". A line that
// begins with a space goes on with the one before.
func parse(text string) ([]attempt, error) {
	var out []attempt
	var who, last string
	var steps []string
	for _, line := range joined(text) {
		if name, ok := strings.CutPrefix(line, "as "); ok && !strings.Contains(line, " | ") {
			who = name
			continue
		}
		head, sql, ok := strings.Cut(line, " | ")
		if !ok {
			return nil, fmt.Errorf("no | in %q", line)
		}
		want, by, named := strings.Cut(strings.TrimSpace(head), " as ")
		if !named {
			by = who
		}
		if by != last {
			switched, err := become(last, by)
			if err != nil {
				return nil, err
			}
			steps, last = append(steps, switched...), by
		}
		steps = append(steps, placeholders.Replace(strings.TrimSpace(sql)))
		if want = strings.TrimSpace(want); want != "first" {
			out = append(out, attempt{want: want, steps: steps})
			if by == "everybody" {
				out = append(out, others(out[len(out)-1])...)
			}
			steps, last = nil, ""
		}
	}
	if len(steps) > 0 {
		return nil, fmt.Errorf("%q leads to no attempt", steps[len(steps)-1])
	}
	return out, nil
}

// others are an attempt by each role that serves but the first, in whose name it was written.
func others(a attempt) []attempt {
	var out []attempt
	for _, role := range serving[1:] {
		other := attempt{want: a.want}
		for _, step := range a.steps {
			if step == actAs+serving[0] {
				step = actAs + role
			}
			other.steps = append(other.steps, step)
		}
		out = append(out, other)
	}
	return out
}

// joined are the lines of a file, without comments, each with what continues it.
func joined(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " ") && len(out) > 0:
			out[len(out)-1] += " " + strings.TrimSpace(line)
		default:
			out = append(out, line)
		}
	}
	return out
}
