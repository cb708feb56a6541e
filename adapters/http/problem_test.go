package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		f := newFixture(t)
		f.world.broken = fault.New(kind, "some_code", "some words").With("kind", "sessions")
		got := wantProblem(t, f.member(http.MethodGet, "/api/v1/me", ""), kind.Status(), "some_code")
		if kind.Status() < 400 || got["kind"] != "sessions" || got["detail"] != "some words" ||
			got["type"] != "about:blank" ||
			got["title"] != http.StatusText(kind.Status()) {
			t.Errorf("kind %d: %v", kind, got)
		}
	}
}

func TestAPlainErrorIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.broken = errors.New("relation secret does not exist")
	w := f.member(http.MethodGet, "/api/v1/me", "")
	wantProblem(t, w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("shown: %s", w.Body)
	}
	if line := f.log.lines()[0]; !strings.Contains(line, "relation secret does not exist") || !strings.Contains(line,
		`"level":"ERROR"`) {
		t.Errorf("not logged: %s", line)
	}
}

func TestWhenToTryAgainIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	busy := fault.New(fault.Unavailable, "busy", "busy")
	busy.RetryAfter = 1200 * time.Millisecond
	f.world.broken = fmt.Errorf("acquire: %w", busy)
	w := f.member(http.MethodGet, "/api/v1/me", "")
	wantProblem(t, w, http.StatusServiceUnavailable, "busy")
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After = %q, want 2: rounded up", got)
	}
}

func TestAClientThatIsGoneIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.stall = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+f.token)
	f.ServeHTTP(httptest.NewRecorder(), r)
	line := f.log.lines()[0]
	if !strings.Contains(line, `"status":499`) || !strings.Contains(line, `"level":"INFO"`) {
		t.Errorf("log: %s", line)
	}
}

func TestWhatTakesTooLongIsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.broken = fmt.Errorf("query: %w", context.DeadlineExceeded)
	w := f.member(http.MethodGet, "/api/v1/me", "")
	wantProblem(t, w, http.StatusServiceUnavailable, "timeout")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestOneLinePerRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.addSession(f.globex).String()
	w := f.do(ask{method: http.MethodGet, path: "/api/v1/sessions/" + id + "?q=hidden", token: f.token,
		header: map[string]string{"X-Request-Id": "chosen"}})
	if got := w.Header().Get("X-Request-Id"); got == "chosen" || len(got) != 36 {
		t.Errorf("X-Request-Id = %q", got)
	}
	lines := f.log.lines()
	if len(lines) != 1 || strings.Contains(lines[0], "hidden") || strings.Contains(lines[0], f.token) {
		t.Fatalf("log: %v", lines)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"method": "GET", "route": "/api/v1/sessions/{session_id}", "status": 400.0, "code": "unknown_parameter",
		"request_id": w.Header().Get("X-Request-Id"), "org_id": f.acme.String(), "user_id": f.who.User.String(),
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
	if _, ok := got["ms"].(float64); !ok {
		t.Errorf("ms = %v", got["ms"])
	}
}

// heard is what an observer was told.
type heard []string

func (h *heard) Responded(route, method string, status int, _ time.Duration) {
	*h = append(*h, fmt.Sprint(method, " ", route, " ", status))
}

func TestTheObserverHearsOfPatternsOnly(t *testing.T) {
	t.Parallel()
	var h heard
	f := newFixture(t, func(c *Config) { c.Observer = &h })
	f.member(http.MethodGet, "/api/v1/sessions/"+f.addSession(f.acme).String(), "")
	f.member(http.MethodGet, "/wp-admin", "")
	f.member(http.MethodPost, "/api/v1/me", "")
	if got := fmt.Sprint(h); got != "[GET /api/v1/sessions/{session_id} 200 GET none 404 POST none 405]" {
		t.Errorf("heard %s", got)
	}
}
