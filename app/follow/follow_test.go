package follow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers each request by the next of its answers. The last one is for all that follow.
type server struct {
	*httptest.Server

	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []string
}

func serve(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		answer := s.answers[0]
		if len(s.answers) > 1 {
			s.answers = s.answers[1:]
		}
		s.asked = append(s.asked, r.URL.RawQuery+" "+r.Header.Get("Authorization"))
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// says is a stream of messages, which then stays open or breaks off.
func says(open bool, messages ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, m := range messages {
			fmt.Fprintf(w, "id: 1\ndata: %s\n\n", m)
		}
		w.(http.Flusher).Flush()
		if open {
			<-r.Context().Done()
		}
	}
}

func refuses(status int, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"detail":%q}`, detail)
	}
}

func message(kind string, seq int) string {
	return fmt.Sprintf(`{"type":%q,"seq":%d,"time":"2026-01-05T09:30:00Z"}`, kind, seq)
}

// run follows until an event of the type "last" or the client's end, and returns what was printed and said.
func run(t *testing.T, s *server, q Query) (printed, said []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := New(Config{URL: s.URL, Token: "key"}, q, func(e Event) error {
		printed = append(printed, fmt.Sprint(e.Type, " ", e.Seq))
		if e.Type == "last" {
			cancel()
		}
		return nil
	})
	c.first, c.silence = 10*time.Millisecond, 500*time.Millisecond
	err = c.Run(ctx, func(text string) { said = append(said, text) })
	c.http.CloseIdleConnections()
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("it did not end")
	}
	return printed, said, err
}

// Each connection begins after what was printed, so that nothing is missing or printed twice. Seen to fail without the
// number, without the watch for silence, and without the attempts.
func TestALostConnectionIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := serve(t,
		says(false, message("heartbeat", 7), message("a", 8)),
		refuses(http.StatusServiceUnavailable, "away"),
		says(false, message("b", 9), `{"type":"closing","seq":9,"data":{"detail":"it stops","retry_after":0.01}}`),
		says(true, message("heartbeat", 12)), // and is silent
		says(true, message("reset", 20), message("last", 21)),
	)
	printed, said, err := run(t, s, Query{After: -1, Follow: true, Types: []string{"a", "session"}})
	if err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"a 8", "b 9", "reset 20", "last 21"}, printed); d != "" {
		t.Errorf("printed (-want +got):\n%s", d)
	}
	want := []string{"type=a%2Csession Bearer key"}
	for _, n := range []int{8, 8, 9, 12} {
		want = append(want, fmt.Sprintf("after=%d&type=a%%2Csession Bearer key", n))
	}
	if d := cmp.Diff(want, s.asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	for i, why := range []string{"unexpected EOF", "away", "it stops", "silent"} {
		if len(said) != 4 || !strings.Contains(said[i], why) {
			t.Fatalf("said %q, want %q there", said, why)
		}
	}
}

func TestWithoutFollowingItEndsWithWhatThereIs(t *testing.T) {
	t.Parallel()
	s := serve(t, says(true, message("a", 3), message("heartbeat", 4)))
	printed, said, err := run(t, s, Query{After: -1})
	if d := cmp.Diff([]string{"a 3"}, printed); d != "" || err != nil || len(said) > 0 {
		t.Errorf("printed (-want +got):\n%s, %v, %q", d, err, said)
	}
	if s.asked[0] != "after=0 Bearer key" {
		t.Errorf("asked %q", s.asked)
	}
	s = serve(t, says(false, message("a", 3)))
	if _, _, err = run(t, s, Query{}); err == nil {
		t.Error("a broken connection is not told")
	}
}

// A refusal does not change by asking again. A token is not sent where a server redirects to.
func TestARefusalEndsIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404} {
		_, said, err := run(t, serve(t, refuses(status, "Access has ended.")), Query{Follow: true})
		if err == nil || err.Error() != "Access has ended." || len(said) > 0 {
			t.Errorf("%d: %v, %q", status, err, said)
		}
	}
	other := serve(t, says(true, message("last", 1)))
	away := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	if _, _, err := run(t, away, Query{Follow: true}); err == nil || len(other.asked) > 0 {
		t.Errorf("a redirect: %v, and the other server was asked %q", err, other.asked)
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"localhost:8080", "ftp://x", "http://x/console", "http://", "http://%zz"} {
		if _, err := ReadConfig([]string{"STREAMSPACE_URL=" + url, "STREAMSPACE_TOKEN=x"}); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
	if _, err := ReadConfig([]string{"STREAMSPACE_URL=https://x/", "STREAMSPACE_TOKEN=x"}); err != nil {
		t.Error(err)
	}
	if _, err := ReadConfig([]string{"STREAMSPACE_URL=https://x", "STREAMSPACE_TOKEN=x\ny"}); err == nil ||
		strings.Contains(err.Error(), "x\ny") {
		t.Errorf("a token of two lines: %v", err)
	}
}
