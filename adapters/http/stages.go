package http

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// operationTimeout bounds an operation, from its authentication to its answer. It is longer than a login may wait for
// its turn, and every statement has a shorter timeout of its own. Streams have none.
const operationTimeout = 15 * time.Second

// admitted is what is known of a request once it was let through to its operation.
type admitted struct {
	op  operation
	who caller
}

type admittedKey struct{}

func admittedOf(ctx context.Context) admitted {
	a, _ := ctx.Value(admittedKey{}).(admitted)
	return a
}

// admit lets a request through to its operation: authentication, permission, rate of misses, form, in this order, so
// that nobody learns about the form of what they may not ask for. The request it returns carries who asks; done ends
// its context.
func (s *Server) admit(
	r *http.Request, op operation, path map[string]string,
) (_ *http.Request, done func(), err error) {
	recordOf(r.Context()).route = op.path
	done = func() {}
	if op.auth != byTicket {
		ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
		r, done = r.WithContext(ctx), cancel
	}
	if r, err = s.identify(r, op); err != nil {
		return nil, done, err
	}
	if r, err = validate(r, op, path); err != nil {
		return nil, done, err
	}
	if op.auth == byTicket {
		r.SetPathValue("session_id", path["session_id"])
		err = s.auth.sameSession(r)
	}
	// A ticket for another session counts as a miss, like any other id that was not found.
	s.countMiss(r.Context(), err)
	return r, done, err
}

// identify finds out who asks and whether they may. What is remembered of them can be older than their present role, so
// that before a role refuses anybody the database is asked whether it is still theirs.
func (s *Server) identify(r *http.Request, op operation) (*http.Request, error) {
	if op.auth == noAuth {
		return r, nil
	}
	who, err := s.auth.authenticate(r, op.auth)
	if err != nil {
		return nil, err
	}
	a := admitted{op: op, who: who}
	entered, refused := s.enter(r, a)
	if op.auth == byCredential && fault.Has(refused, codeForbidden) {
		if _, err := s.config.Identity.Me(r.Context(), who.scope); isOutdated(err) {
			return s.readmit(r, a, err)
		}
	}
	return entered, refused
}

// enter puts into the context who asks, if they may.
func (s *Server) enter(r *http.Request, a admitted) (*http.Request, error) {
	scope := a.who.scope
	recordOf(r.Context()).scope = scope
	if err := checkPermission(scope.Role(), a.op.permission); err != nil {
		return nil, err
	}
	if wait := s.misses.retryAfter(memberOf(scope)); wait > 0 {
		return nil, tooMany("too_many_misses", "you have asked for too much that is not there", wait)
	}
	ctx := context.WithValue(r.Context(), admittedKey{}, a)
	return r.WithContext(org.With(ctx, scope)), nil
}

// readmit is called when the database did not let the caller in, because of err. It forgets what was remembered of the
// credential. A cookie is looked up once more, for what it stands for may only have changed; a token says itself what
// it stands for, so that err is its answer.
func (s *Server) readmit(r *http.Request, a admitted, err error) (*http.Request, error) {
	if s.auth.forget(a.who); a.who.cookie == "" {
		return nil, err
	}
	if a.who, err = s.auth.byCookie(r.Context(), a.who.cookie); err != nil {
		return nil, err
	}
	return s.enter(r, a)
}

// isOutdated tells whether the database refused a credential that was taken for good.
func isOutdated(err error) bool { return fault.Has(err, "signed_out") || fault.Has(err, "stale_token") }

// serveAgents answers agents. From where too many credentials were shown that are none, all have to wait: each costs
// the database a look.
func (s *Server) serveAgents(w *statusWriter, r *http.Request) {
	from := networkOf(r.Context())
	if wait := s.unknownAgents.retryAfter(from); wait > 0 {
		Problem(w, r, tooMany("too_many_guesses", "too many agents' credentials have come from here that are none", wait))
		return
	}
	s.config.Agents.ServeHTTP(w, r)
	if w.status == http.StatusUnauthorized {
		s.unknownAgents.count(from)
	}
}

// countMiss remembers that a member asked for what is not there, or not theirs.
func (s *Server) countMiss(ctx context.Context, err error) {
	f := fault.Of(err)
	if f.Code == "other_org" || (f.Kind == fault.NotFound && strings.HasSuffix(f.Code, "_not_found")) {
		if scope := org.From(ctx); !scope.IsZero() {
			s.misses.count(memberOf(scope))
		}
	}
}
