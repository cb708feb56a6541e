package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

const (
	connections = 32    // of the client
	tenants     = 8     // that the callers are spread over
	listed      = 1_000 // sessions of each tenant
)

// The benchmarks drive the control plane over loopback, its client included, next to two baselines in the same run: a
// handler that does the same SQL with a plain WHERE as a superuser, without authentication and policies, and one
// without any SQL. make bench runs them; docs/performance.md has the figures.

func BenchmarkGetSession(b *testing.B) {
	f := newFixture(b)
	f.compare(b, func(i int) *http.Request {
		t := &f.tenants[i%tenants]
		return t.request(http.MethodGet, "/api/v1/sessions/"+t.sessions[i%len(t.sessions)].String(), "")
	})
}

func BenchmarkListSessions(b *testing.B) {
	f := newFixture(b)
	f.compare(b, func(i int) *http.Request {
		return f.tenants[i%tenants].request(http.MethodGet, "/api/v1/sessions?limit=50", "")
	})
}

func BenchmarkCreateSession(b *testing.B) {
	f := newFixture(b)
	f.compare(b, func(i int) *http.Request {
		if i%(tenants*50) < tenants {
			f.makeRoom(b, f.tenants[i%tenants].Org)
		}
		return f.tenants[i%tenants].request(http.MethodPost, "/api/v1/sessions", `{"template":"desk"}`)
	})
}

// BenchmarkNeighbour measures another organisation's reads while 64 writers of one organisation do what they can.
func BenchmarkNeighbour(b *testing.B) {
	f := newFixture(b)
	quiet, loud := &f.tenants[0], &f.tenants[1]
	read := func(int) *http.Request {
		return quiet.request(http.MethodGet, "/api/v1/sessions/"+quiet.sessions[0].String(), "")
	}
	var idle time.Duration
	b.Run("idle", func(b *testing.B) { idle = f.drive(b, running.URL, 1, read).p50 })
	b.Run("beside-64-writers", func(b *testing.B) {
		stop := f.hammer(b, loud, 64)
		defer stop()
		busy := f.drive(b, running.URL, 1, read).p50
		b.ReportMetric(float64(busy)/float64(idle), "x-idle-p50")
	})
}

// tenant is one organisation as its callers see it.
type tenant struct {
	*dbtest.Org
	bearer   string
	sessions []uuid.UUID
}

func (t *tenant) request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+t.bearer)
	r.Header.Set("Bare-Org", t.ID.String()) // for the baselines, which authenticate no one
	r.Header.Set("Bare-User", t.Admin.User.String())
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// fixture is organisations with sessions.
type fixture struct {
	tenants []tenant
	super   *pgxpool.Pool
	app     *pgx.Conn // of streamspace_app
}

// newFixture makes the organisations that the callers are spread over.
func newFixture(b *testing.B) *fixture { return fixtureOf(b, tenants, listed) }

func fixtureOf(b *testing.B, orgs, sessions int) *fixture {
	b.Helper()
	f := &fixture{tenants: make([]tenant, orgs), app: database.Connect(b, "streamspace_app")}
	config, err := pgxpool.ParseConfig(database.DSN(cluster.Superuser))
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = 16 // as many as the control plane's pool
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error { pgxuuid.Register(conn.TypeMap()); return nil }
	if f.super, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(f.super.Close)
	for i := range f.tenants {
		o := running.NewOrg(b, dbtest.Spec{PerOrg: 1 << 40, PerUser: 1 << 40})
		t := tenant{Org: o, bearer: running.Bearer(b, o.Admin)}
		for len(t.sessions) < sessions {
			t.sessions = append(t.sessions, f.plant(b, o, dbtest.AgentSlots)...)
			f.makeRoom(b, o)
		}
		f.tenants[i] = t
	}
	if _, err := f.super.Exec(context.Background(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	return f
}

// makeRoom frees the slots of an organisation's agent: more sessions are measured than an agent can have, and none is
// to wait for room.
func (f *fixture) makeRoom(b *testing.B, o *dbtest.Org) {
	if _, err := f.super.Exec(context.Background(), "update app.agent_slots set session_id = null where agent_id = $1",
		o.Agent); err != nil {
		b.Error(err)
	}
}

// plant writes an organisation's sessions as one of its members.
func (f *fixture) plant(b *testing.B, o *dbtest.Org, sessions int) []uuid.UUID {
	b.Helper()
	ctx := context.Background()
	ids := make([]uuid.UUID, sessions)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	err := pgx.BeginFunc(ctx, f.app, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select rls.enter($1, $2, 'admin', $3, false)",
			o.ID.UUID, o.Admin.User.UUID, o.Admin.Credential.UUID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, agent_id)
			select unnest($1::uuid[]), $2, 'desk', $3, 'desk', 'Desk', '{}', $4`,
			ids, o.Admin.User.UUID, o.Template, o.Agent)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return ids
}

// compare runs the same requests against both yardsticks and the control plane.
func (f *fixture) compare(b *testing.B, request func(int) *http.Request) {
	b.Helper()
	none := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items":[]}`))
	}))
	defer none.Close()
	bare := httptest.NewServer(f.bare())
	defer bare.Close()
	var plain result
	b.Run("no-sql", func(b *testing.B) { f.drive(b, none.URL, connections, request) })
	b.Run("bare-pgx", func(b *testing.B) { plain = f.drive(b, bare.URL, connections, request) })
	b.Run("streamspace", func(b *testing.B) {
		ours := f.drive(b, running.URL, connections, request)
		b.ReportMetric(ours.rate/plain.rate, "x-bare-rate")
		b.ReportMetric(float64(ours.p99)/float64(plain.p99), "x-bare-p99")
	})
}

// result is how one run went.
type result struct {
	rate     float64 // answers in a second
	p50, p99 time.Duration
}

// drive sends b.N requests over n connections and reports how long their answers took.
func (f *fixture) drive(b *testing.B, url string, n int, request func(int) *http.Request) result {
	b.Helper()
	if _, err := f.super.Exec(context.Background(), "update app.agents set seen_at = now()"); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, b.N)
	b.ReportAllocs()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range n {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				began := time.Now()
				if err := send(client, url, request(i)); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	r := result{
		rate: float64(b.N) / b.Elapsed().Seconds(), p50: took[b.N/2], p99: took[b.N*99/100],
	}
	b.ReportMetric(r.rate, "req/s")
	b.ReportMetric(float64(r.p50.Microseconds()), "p50-µs")
	b.ReportMetric(float64(r.p99.Microseconds()), "p99-µs")
	return r
}

func send(client *http.Client, url string, r *http.Request) error {
	var err error
	if r.URL, err = r.URL.Parse(url + r.URL.String()); err != nil {
		return err
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && !errors.Is(err, io.EOF) { // 204 has no body
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", r.Method, r.URL.Path, response.StatusCode, answer)
	}
	return nil
}

// hammer has one organisation's writers create and terminate until stop.
func (f *fixture) hammer(b *testing.B, t *tenant, writers int) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for ctx.Err() == nil {
				r := t.request(http.MethodPost, "/api/v1/sessions", `{"template":"desk"}`)
				_ = send(client, running.URL, r.WithContext(ctx)) // what is refused is work too
			}
		})
	}
	return func() { cancel(); all.Wait(); client.CloseIdleConnections() }
}

// bare is the yardstick with SQL: the same statements with a plain WHERE, as one would write them without policies.
func (f *fixture) bare() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/sessions/{id}", func(w http.ResponseWriter, r *http.Request) {
		rows, err := f.super.Query(r.Context(), bareColumns+" where org_id = $1 and id = $2",
			r.Header.Get("Bare-Org"), r.PathValue("id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[bareSession])
		bareAnswer(w, s, err)
	})
	mux.HandleFunc("GET /api/v1/sessions", func(w http.ResponseWriter, r *http.Request) {
		rows, err := f.super.Query(r.Context(), bareColumns+" where org_id = $1 order by created_at desc, id desc limit 51",
			r.Header.Get("Bare-Org"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[bareSession])
		bareAnswer(w, map[string]any{"items": all[:min(len(all), 50)]}, err)
	})
	mux.HandleFunc("POST /api/v1/sessions", f.bareCreate)
	return mux
}

const bareColumns = `
	select org_id, id, owner_id, name, template_id, template_name, template_title, spec, agent_id, desired, generation,
	       state, reason, observed_generation, observed_epoch, created_at, end_wanted_at, ended_at from app.sessions`

type bareSession struct {
	OrgID              uuid.UUID       `json:"-"`
	ID                 uuid.UUID       `json:"id"`
	OwnerID            uuid.UUID       `json:"owner_id"`
	Name               string          `json:"name"`
	TemplateID         uuid.UUID       `json:"template_id"`
	TemplateName       string          `json:"template_name"`
	TemplateTitle      string          `json:"template_title"`
	Spec               json.RawMessage `json:"-"`
	AgentID            uuid.NullUUID   `json:"-"`
	Desired            string          `json:"-"`
	Generation         int64           `json:"-"`
	State              string          `json:"state"`
	Reason             string          `json:"reason,omitempty"`
	ObservedGeneration int64           `json:"-"`
	ObservedEpoch      int64           `json:"-"`
	CreatedAt          time.Time       `json:"created_at"`
	EndWantedAt        *time.Time      `json:"-"`
	EndedAt            *time.Time      `json:"ended_at,omitempty"`
}

func bareAnswer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// bareCreate does what creating a session does, statement by statement. The scope is set because the triggers want one.
func (f *fixture) bareCreate(w http.ResponseWriter, r *http.Request) {
	ctx, org, user := r.Context(), r.Header.Get("Bare-Org"), r.Header.Get("Bare-User")
	s := bareSession{ID: uuid.Must(uuid.NewV7()), Name: "Desk", OwnerID: uuid.MustParse(user), State: "pending"}
	var in struct{ Template string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err := pgx.BeginFunc(ctx, f.super, func(tx pgx.Tx) error {
		var agent uuid.UUID
		if err := tx.QueryRow(ctx, `select set_config('app.org_id', $1, true), set_config('app.user_id', $2, true),
			t.id, t.name, t.title from app.templates t where t.org_id = $1::uuid and t.name = $3`, org, user, in.Template).
			Scan(nil, nil, &s.TemplateID, &s.TemplateName, &s.TemplateTitle); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `select a.id from app.agent_orgs s join app.agents a on a.id = s.agent_id
			where s.org_id = $1 and a.seen_at > now() - interval '30 s'
			order by a.seen_at desc limit 1`, org).Scan(&agent); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `
			insert into app.sessions (org_id, id, owner_id, name, template_id, template_name, template_title, spec, agent_id)
			values ($1, $2, $3, $4, $5, $6, $7, '{}', $8) returning created_at`,
			org, s.ID, s.OwnerID, s.Name, s.TemplateID, s.TemplateName, s.TemplateTitle, agent).Scan(&s.CreatedAt); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into app.events (org_id, type, subject_id, data)
			values ($1, 'session.created', $2, '{}')`, org, s.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into app.audit_log (org_id, action, subject)
			values ($1, 'session.create', $2)`, org, s.ID.String())
		return err
	})
	bareAnswer(w, s, err)
}
