package attack

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// careless runs, in a person's scope, a query without conditions over everything that the app's role may read.
func (f *arena) careless(t *rapid.T) *shot {
	c := pick(t, "access", pick(t, "realm", f.realms).accesses)
	from := f.attack.inOrg
	if rarely(t, "the platform's", 8) {
		from = f.attack.ofPlatform
	}
	s := &shot{of: c.of, what: c.label + ": read everything"}
	s.fire = func() *difference { return c.readAll(from) }
	return s
}

// readable asks for everything in the app schema that the app's role may read, each table as one text. Of users and
// agents, which belong to no organisation, it must look at every row of every organisation to show the few that are
// one's own, so that they are asked for less often.
const readable = `
	select rel in ('users', 'agents'), count(*), string_agg(
		format('select %L, coalesce(string_agg(x::text, '' ''), '''') from (select %s from app.%I) x', rel, columns, rel),
		' union all ')
	from (
		select c.relname as rel, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
		  and has_column_privilege('streamspace_app', c.oid, a.attnum, 'select')
		group by c.oid) t
	group by 1`

// findReadable learns from the catalogue what the app's role may read.
func (a *attack) findReadable(t *testing.T) {
	t.Helper()
	rows, _ := a.super.Query(t.Context(), readable) // an error shows as the rows are read
	var platform bool
	var tables int
	var query string
	found := map[bool]int{}
	if _, err := pgx.ForEachRow(rows, []any{&platform, &tables, &query}, func() error {
		found[platform] = tables
		if platform {
			a.ofPlatform = query
		} else {
			a.inOrg = query
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if found[false] < 11 || found[true] != 2 {
		t.Fatalf("the app's role reads %v tables: the check looks at too little", found)
	}
}

func (c *access) readAll(from string) *difference {
	tables := map[string]string{}
	var visible []uuid.UUID
	err := c.within(true, func(ctx context.Context, tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, from) // an error shows as the rows are read
		var name, text string
		if _, err := pgx.ForEachRow(rows, []any{&name, &text}, func() error { tables[name] = text; return nil }); err != nil {
			return err
		}
		rows, _ = tx.Query(ctx, "select id from app.sessions order by created_at desc, id desc")
		var err error
		visible, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	if !c.holds() {
		if err == nil || !strings.Contains(err.Error(), "SS001") {
			return &difference{"want SS001", fmt.Sprint(err)}
		}
		return nil
	}
	if err != nil {
		return &difference{"no answer", err.Error()}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if word := c.of.foreignWord([]byte(tables[name])); word != "" {
			return &difference{name + " shows another organisation's rows", word}
		}
	}
	want := []uuid.UUID{}
	for _, d := range c.of.visible(c.who, c.role()) {
		want = append(want, d.id)
	}
	if d := gocmp.Diff(want, visible); d != "" {
		return &difference{"other sessions than are theirs to see", d}
	}
	return c.own(tables)
}

// own looks at what is shown of members, quotas and audits of the same organisation.
func (c *access) own(tables map[string]string) *difference {
	if isAdmin(c.role()) {
		return nil
	}
	for _, who := range c.of.people {
		for _, table := range []string{"credentials", "quota_usage", "audit_log"} {
			sign := who.id.String()
			if table == "audit_log" {
				sign = "user:" + sign
			}
			if who != c.who && strings.Contains(tables[table], sign) {
				return &difference{table + " shows what is another member's", who.label}
			}
		}
	}
	return nil
}

// settle compares everything at the end: what is in the database, what the agents were told, what goes on, and what was
// logged.
func (f *arena) settle(t *rapid.T) {
	for _, r := range f.realms {
		if d := r.stands(); d != nil {
			f.fail(t, r.label+" at the end", d)
		}
		for _, c := range r.oneOfEach() {
			if d := c.readAll(f.attack.inOrg); d != nil {
				f.fail(t, c.label+" at the end", d)
			}
		}
		for _, v := range r.streams {
			if err := v.settled(); err != nil {
				f.fail(t, "the stream of "+v.pass.label, &difference{err.Error(), ""})
			}
		}
		r.settleFollowers(t)
		if lines := f.attack.Log.Lines(r.canary); len(lines) > 0 {
			f.fail(t, r.label+" at the end", &difference{"the log holds its words", strings.Join(lines, "")})
		}
	}
	for _, p := range f.posts {
		if d := p.heard(); d != nil {
			f.fail(t, p.label+" at the end", d)
		}
	}
}

// oneOfEach is an access of each role that there still is.
func (r *realm) oneOfEach() map[org.Role]*access {
	out := map[org.Role]*access{}
	for _, c := range r.accesses {
		if !c.gone {
			out[c.role()] = c
		}
	}
	return out
}

// standing is what must hold of a realm's rows, whatever happened.
type standing struct {
	Held, HeldByMembers, Live, Numbered int64
	Chained                             bool
	Sessions                            []string
	Audit, Events                       map[string]int64
	Credentials                         int64
}

// stands compares a realm's rows with the model.
func (r *realm) stands() *difference {
	got := standing{Audit: map[string]int64{}, Events: map[string]int64{}}
	err := r.f.attack.super.QueryRow(context.Background(), `
		select (select used from app.quota_usage where org_id = $1 and holder_id = $1),
		       (select coalesce(sum(used), 0)::bigint from app.quota_usage where org_id = $1 and holder_id <> $1),
		       (select count(*) from app.sessions where org_id = $1 and state not in ('terminated', 'failed')),
		       (select coalesce(max(seq), 0) from app.events where org_id = $1),
		       (select bool_and((x.l).previous = x.before and (x.l).hash = rls.audit_hash(x.before, x.l)
		                        and (x.l).seq = x.place)
		          from (select l, lag(l.hash, 1, '') over (order by l.seq) as before,
		                       row_number() over (order by l.seq) as place
		                  from app.audit_log l where l.org_id = $1) x),
		       (select coalesce(array_agg(concat_ws(' ', id, owner_id, state, name) order by id), '{}')
		          from app.sessions where org_id = $1),
		       (select coalesce(jsonb_object_agg(action, n), '{}') from (select action, count(*) as n from app.audit_log
		         where org_id = $1 group by action) a),
		       (select coalesce(jsonb_object_agg(type, n), '{}') from (select type, count(*) as n from app.events
		         where org_id = $1 group by type) e),
		       (select count(*) from app.credentials where org_id = $1 and scopes is null)`, r.id.UUID).
		Scan(&got.Held, &got.HeldByMembers, &got.Live, &got.Numbered, &got.Chained, &got.Sessions,
			&got.Audit, &got.Events, &got.Credentials)
	if err != nil {
		return &difference{"its rows cannot be read", err.Error()}
	}
	want := standing{Chained: true, Audit: r.audit, Events: r.events, Sessions: []string{}}
	want.Held, _ = r.held(nil)
	want.HeldByMembers, want.Live = want.Held, want.Held
	for _, n := range got.Events {
		want.Numbered += n
	}
	// The model does not count these: TestEveryTypeOfEventReachesThoseWhoMaySeeIt has them one by one.
	maps.DeleteFunc(got.Events, func(kind string, _ int64) bool {
		subject, _, _ := strings.Cut(kind, ".")
		return slices.Contains([]string{
			"member", "template", "invitation", "quota", "member_quota", "settings", "host",
		}, subject) || kind == "key.created"
	})
	r.f.attack.forgetUnmodelled(got.Audit)
	r.f.attack.forgetUnmodelled(got.Events)
	for _, s := range r.sessions {
		want.Sessions = append(want.Sessions, fmt.Sprintf("%s %s %s %s", s.id, s.owner.id, s.state, s.name))
	}
	slices.Sort(want.Sessions)
	for _, c := range r.accesses {
		if !c.gone {
			want.Credentials++
		}
	}
	if d := gocmp.Diff(want, got); d != "" {
		return &difference{"its rows are not what its history makes of them", d}
	}
	return nil
}

// heard looks at what an agent was told and asked for without having asked.
func (p *outpost) heard() *difference {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) > 0 {
		return &difference{"it was asked for a display that is not its own", fmt.Sprint(p.asked)}
	}
	for _, d := range p.told {
		of := p.f.ownerOf("session", d.Session)
		switch {
		case !slices.Contains(p.realms, of):
			return &difference{"it was told of a session that is not its own", fmt.Sprint(d)}
		case d.Namespace != "" && d.Namespace != of.space, of.foreignWord([]byte(strings.Join(d.Spec.Command, " "))) != "":
			return &difference{"it was told of a session with what is another organisation's", fmt.Sprint(d)}
		}
	}
	return nil
}

// counted looks at the metrics: they name no organisation, and have counted each refusal once.
func (a *attack) counted(t *testing.T) {
	t.Helper()
	response, err := a.Client.Get(a.OpsURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Contains(text, canaryPrefix) || regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-`).MatchString(text) {
		t.Errorf("the metrics hold an organisation's words or an id:\n%s", text)
	}
	if a.differences.Load() > 0 {
		return // the model was left where it was found wrong
	}
	for i, kind := range []string{"session", "template"} {
		line := fmt.Sprintf("streamspace_tenancy_refusals_total{resource=%q} %s\n", kind, number(a.refusals[i].Load()))
		if !strings.Contains(text, line) {
			t.Errorf("the metrics have no line %s", line)
		}
	}
}

// tally counts an answer.
func (a *attack) tally(v verdict) {
	n, _ := a.answers.LoadOrStore(v, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (a *attack) tellAnswers(t *testing.T) {
	t.Helper()
	var seen []string
	a.answers.Range(func(v, n any) bool {
		seen = append(seen, fmt.Sprintf("%8d × %s", n.(*atomic.Int64).Load(), v))
		return true
	})
	slices.Sort(seen)
	t.Logf("the answers:\n%s", strings.Join(seen, "\n"))
	t.Logf("event streams told %d events, and %d lost their right", a.told.Load(), a.cut.Load())
}

// lacking lists what the attack has not come to of what it is for. Without these it would find nothing.
func (a *attack) lacking() (all []string) {
	if a.told.Load() == 0 {
		all = append(all, "no event stream told anything")
	}
	if a.cut.Load() == 0 {
		all = append(all, "no event stream lost its right")
	}
	for _, v := range []verdict{
		{101, ""}, {200, ""}, {201, ""}, {202, ""}, {204, ""}, signedOut, staleToken, {401, "ticket_invalid"}, forbidden,
		otherOrg, sessionUnknown, {409, "quota_exceeded"},
	} {
		if _, ok := a.answers.Load(v); !ok {
			all = append(all, fmt.Sprintf("nothing was answered %s", v))
		}
	}
	for _, id := range a.api.ids() {
		if _, ok := a.asked.Load(id); !ok {
			all = append(all, "nothing asked for the operation "+id)
		}
	}
	return all
}

// number is a count as metrics write it: in floating point, from a million on with an exponent.
func number(n int64) string { return fmt.Sprintf("%v", float64(n)) }
