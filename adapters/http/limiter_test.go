package http

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
)

// inBubble runs a test on a clock that stands still while something computes, so that nothing is earned back by a
// machine that is slow.
func inBubble(t *testing.T, run func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { run(t, newFixture(t)) })
}

func login(email string) ask {
	return ask{method: http.MethodPost, path: "/api/v1/auth/login", body: `{"email":"` + email + `","password":"x"}`}
}

func TestLoginsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		for i := range loginsByAddressBurst {
			wantProblem(t, f.do(login(fmt.Sprintf("%d@acme.test", i))), http.StatusUnauthorized, "invalid_credentials")
		}
		w := f.do(login("one-more@acme.test"))
		got := wantProblem(t, w, http.StatusTooManyRequests, "too_many_logins")
		if got["detail"] != "Too many sign-in attempts. Try again in 1 second." {
			t.Errorf("detail = %q", got["detail"])
		}
		if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || n != 1 {
			t.Errorf("Retry-After = %q", w.Header().Get("Retry-After"))
		}
	})
}

func TestLoginsAreLimitedByEmail(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		for range loginsByEmailBurst {
			wantProblem(t, f.do(login("Someone@acme.test")), http.StatusUnauthorized, "invalid_credentials")
		}
		w := f.do(login(" someone@ACME.test "))
		wantProblem(t, w, http.StatusTooManyRequests, "too_many_logins")
		if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || n < 1 || n > 6 {
			t.Errorf("Retry-After = %q", w.Header().Get("Retry-After"))
		}
		wantProblem(t, f.do(login("other@acme.test")), http.StatusUnauthorized, "invalid_credentials")
	})
}

func TestGuessesAreLimitedBeforeTheDatabaseLooks(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		guess := func() ask {
			body := `{"refresh_token":"` + uuid.NewString() + `"}`
			return ask{method: http.MethodPost, path: "/api/v1/auth/refresh", body: body}
		}
		for range guessesBurst {
			wantProblem(t, f.do(guess()), http.StatusUnauthorized, "signed_out")
		}
		resolved := f.world.timesResolved()
		wantProblem(t, f.do(guess()), http.StatusTooManyRequests, "too_many_guesses")
		if n := f.world.timesResolved(); n != resolved {
			t.Errorf("the database looked %d times more", n-resolved)
		}
	})
}

// Seen to fail with the charge of a 401 left out.
func TestAgentsThatNobodyEnrolledAreLimited(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		known := ask{method: http.MethodGet, path: "/agent/v1/connect"}
		unknown := ask{method: http.MethodGet, path: "/agent/v1/connect", token: stranger}
		for range unknownAgentsBurst {
			wantStatus(t, f.do(known), http.StatusOK)
			wantStatus(t, f.do(unknown), http.StatusUnauthorized)
		}
		w := f.do(known)
		wantProblem(t, w, http.StatusTooManyRequests, "too_many_guesses")
		if w.Header().Get("Retry-After") != "1" {
			t.Errorf("Retry-After = %q", w.Header().Get("Retry-After"))
		}
		time.Sleep(unknownAgentsEvery)
		wantStatus(t, f.do(known), http.StatusOK)
	})
}

func TestMissesAreLimitedBeforeTheHandlerRuns(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		theirs := "/api/v1/sessions/" + f.addSession(f.globex).String()
		own := "/api/v1/sessions/" + f.addSession(f.acme).String()
		for i := range missesBurst {
			if i%2 == 0 {
				wantProblem(t, f.member(http.MethodGet, theirs, ""), http.StatusForbidden, "other_org")
			} else {
				wantProblem(t, f.member(http.MethodGet, "/api/v1/templates/"+uuid.NewString(), ""), http.StatusNotFound,
					"template_not_found")
			}
			if i < missesBurst-1 {
				wantStatus(t, f.member(http.MethodGet, own, ""), http.StatusOK)
			}
		}
		audited := len(f.world.audited)
		w := f.member(http.MethodGet, theirs, "")
		wantProblem(t, w, http.StatusTooManyRequests, "too_many_misses")
		if w.Header().Get("Retry-After") == "" || len(f.world.audited) != audited {
			t.Errorf("Retry-After = %q, %d audited", w.Header().Get("Retry-After"), len(f.world.audited)-audited)
		}
		w = f.do(ask{method: http.MethodGet, path: own, token: f.as("member")})
		wantStatus(t, w, http.StatusOK) // another member is not held up
	})
}

func TestARateComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newLimiter[string](2*time.Second, 3)
		for i := range 3 {
			if wait := r.allow("a"); wait != 0 {
				t.Fatalf("take %d: wait %v", i, wait)
			}
		}
		if wait := r.allow("a"); wait != 2*time.Second {
			t.Errorf("wait %v, want 2 s", wait)
		}
		if wait := r.allow("b"); wait != 0 {
			t.Errorf("another key waits %v", wait)
		}
		time.Sleep(2 * time.Second)
		if wait := r.allow("a"); wait != 0 {
			t.Errorf("after its time: wait %v", wait)
		}
		r.count("a") // beyond what is left: it takes twice as long
		if wait := r.retryAfter("a"); wait != 4*time.Second {
			t.Errorf("retryAfter = %v, want 4 s", wait)
		}
	})
}

func TestAddressesAreCountedByNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "junk": "junk",
	} {
		if got := identity.NetworkOf(address); got != want {
			t.Errorf("NetworkOf(%s) = %s, want %s", address, got, want)
		}
	}
}

func TestACredentialIsForgottenWhenItEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m, now := newSignInCache(), time.Now()
	m.now = func() time.Time { return now }
	key := f.secret.Hash()
	m.put(key, f.who)
	if _, ok := m.get(key); !ok {
		t.Error("not remembered")
	}
	now = f.who.EndsAt
	if _, ok := m.get(key); ok || m.entries.Len() != 0 {
		t.Error("remembered beyond its end")
	}
}
