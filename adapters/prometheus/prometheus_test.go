package prometheus

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func counting(ctx context.Context) (map[string]int64, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("no deadline")
	}
	return map[string]int64{"running": 3, "failed": 1}, nil
}

func newMetrics(t *testing.T, count CountSessions) *Metrics {
	t.Helper()
	m, err := New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Watch(Sources{
		Pools: func() []Pool {
			return []Pool{{Name: "app", Acquired: 2, Idle: 3, Total: 6, Max: 16, Waits: 7, Waited: 1500 * time.Millisecond}}
		},
		Sessions: count, Agents: func() int { return 4 }, Streams: func() int { return 5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMetricsAreNamedAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	m := newMetrics(t, counting)
	m.Responded("/api/v1/me", http.MethodGet, http.StatusOK, time.Millisecond)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name := f.GetName(); !strings.HasPrefix(name, "streamspace_") && !strings.HasPrefix(name, "go_") &&
			!strings.HasPrefix(name, "process_") {
			t.Errorf("%s is not named streamspace_*", name)
		}
	}
}

func TestMetricsAreServed(t *testing.T) {
	t.Parallel()
	m := newMetrics(t, counting)
	m.Responded("/api/v1/me", http.MethodGet, http.StatusOK, time.Millisecond)
	m.Responded("/api/v1/me", http.MethodGet, http.StatusNoContent, time.Millisecond)
	m.Responded("none", "BREW", 499, time.Millisecond)
	m.Responded("/stream", http.MethodGet, http.StatusSwitchingProtocols, time.Hour)
	m.Refusals("template")
	m.Refusals("session")()
	want := `
# HELP streamspace_agents_connected Agents that have a control connection to this process.
# TYPE streamspace_agents_connected gauge
streamspace_agents_connected 4
# HELP streamspace_http_requests_total Requests that got a response.
# TYPE streamspace_http_requests_total counter
streamspace_http_requests_total{method="GET",route="/api/v1/me",status="2xx"} 2
streamspace_http_requests_total{method="GET",route="/stream",status="1xx"} 1
streamspace_http_requests_total{method="other",route="none",status="4xx"} 1
# HELP streamspace_pool_acquire_wait_seconds_total Time that acquires waited for a connection.
# TYPE streamspace_pool_acquire_wait_seconds_total counter
streamspace_pool_acquire_wait_seconds_total{pool="app"} 1.5
# HELP streamspace_pool_acquire_waits_total Acquires that had to wait for a connection.
# TYPE streamspace_pool_acquire_waits_total counter
streamspace_pool_acquire_waits_total{pool="app"} 7
# HELP streamspace_pool_connections Connections to the database, by state.
# TYPE streamspace_pool_connections gauge
streamspace_pool_connections{pool="app",state="acquired"} 2
streamspace_pool_connections{pool="app",state="constructing"} 1
streamspace_pool_connections{pool="app",state="idle"} 3
# HELP streamspace_pool_max_connections Maximum size of the pool.
# TYPE streamspace_pool_max_connections gauge
streamspace_pool_max_connections{pool="app"} 16
# HELP streamspace_sessions Sessions of all organisations, by state.
# TYPE streamspace_sessions gauge
streamspace_sessions{state="pending"} 0
streamspace_sessions{state="running"} 3
streamspace_sessions{state="starting"} 0
streamspace_sessions{state="terminating"} 0
# HELP streamspace_streams_open Streams of desktops that are open on this process.
# TYPE streamspace_streams_open gauge
streamspace_streams_open 5
# HELP streamspace_tenancy_refusals_total Refused requests for another organisation's resource.
# TYPE streamspace_tenancy_refusals_total counter
streamspace_tenancy_refusals_total{resource="session"} 1
streamspace_tenancy_refusals_total{resource="template"} 0
`
	err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), "streamspace_agents_connected",
		"streamspace_http_requests_total", "streamspace_pool_acquire_wait_seconds_total",
		"streamspace_pool_acquire_waits_total",
		"streamspace_pool_connections", "streamspace_pool_max_connections", "streamspace_sessions",
		"streamspace_streams_open",
		"streamspace_tenancy_refusals_total")
	if err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(m.registry, "streamspace_http_request_duration_seconds"); err != nil || n != 2 {
		t.Errorf("%d durations, %v; want 2: a stream has none", n, err)
	}
}

func TestSessionsAreCountedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newSessions(func(context.Context) (map[string]int64, error) { n++; return nil, nil })
		for range 3 {
			testutil.CollectAndCount(s)
		}
		if n != 1 {
			t.Errorf("counted %d times at once", n)
		}
		time.Sleep(countEvery)
		testutil.CollectAndCount(s)
		if n != 2 {
			t.Errorf("counted %d times after %v", n, countEvery)
		}
	})
}

func TestACountThatFailsHidesNothingElse(t *testing.T) {
	t.Parallel()
	m := newMetrics(t, func(context.Context) (map[string]int64, error) { return nil, errors.New("no database") })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	body := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(body, "streamspace_agents_connected 4") || strings.Contains(body,
		"streamspace_sessions{") {
		t.Errorf("%d\n%s", w.Code, body)
	}
}
