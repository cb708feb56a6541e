package http

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/usage"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Feed serves an organisation's live streams to authorized requests. The scope is in the request's context. An error
// is returned only before a response has begun.
type Feed interface {
	// Socket serves a view of the event log over a WebSocket.
	Socket(w http.ResponseWriter, r *http.Request, l events.Lease, v events.View) error
	// Stream serves the event log as server-sent events.
	Stream(w http.ResponseWriter, r *http.Request, l events.Lease) error
}

// LogFeed serves the output of sessions to authorized requests. The scope is in the request's context, and the
// session's id is the path value "session_id".
type LogFeed interface {
	// Socket serves it over a WebSocket. An error is returned only before the upgrade.
	Socket(w http.ResponseWriter, r *http.Request, l events.Lease) error
}

// errRenewal refuses a token that cannot take the place of the one with which a stream was opened.
var errRenewal = fault.New(fault.Unauthenticated, "renewal_refused",
	"The new token is of another sign-in, or the stream was not opened with a token.")

// live returns the handlers of live streams, by operation id.
func (h handlers) live() map[string]func(http.ResponseWriter, *http.Request) error {
	type serve = func(http.ResponseWriter, *http.Request, events.Lease) error
	socket := func(v events.View) serve {
		return func(w http.ResponseWriter, r *http.Request, l events.Lease) error {
			return h.config.Events.Socket(w, r, l, v)
		}
	}
	all := map[string]func(http.ResponseWriter, *http.Request) error{}
	for id, serve := range map[string]serve{
		"streamEvents":   socket(events.View{}),
		"streamSessions": socket(events.View{Types: events.Types{"session"}, Snapshot: h.activeSessions}),
		"streamMetrics":  h.streamMetrics,
		"followEvents":   h.config.Events.Stream,
		"streamLog":      h.config.Logs.Socket,
	} {
		all[id] = func(w http.ResponseWriter, r *http.Request) error { return serve(w, r, h.lease(r)) }
	}
	return all
}

// sessionsSnapshot is a page of the sessions that have not ended.
type sessionsSnapshot struct {
	Items []api.Session `json:"items"`
	More  bool          `json:"more"` // another page follows
}

// activeSessions reads a page of the sessions whose events the caller gets: an admin's are the organisation's, another
// member's are their own. Sessions that are only shared with a member have no events for them, so that what is shown of
// these would become wrong.
func (h handlers) activeSessions(ctx context.Context, at page.Cursor) (any, page.Cursor, error) {
	who := org.From(ctx)
	f := sessions.Filter{Active: true}
	if !who.IsAdmin() {
		f.Owner = who.User()
	}
	p, err := h.config.Sessions.List(ctx, who, f, page.Request{Limit: page.Max, After: at})
	return sessionsSnapshot{convertAll(p.Items, toSession), !p.Next.IsZero()}, p.Next, err
}

// metricsType is the type of the messages with an organisation's numbers.
const metricsType = "metrics"

// metricsCauses are the types of events after which the numbers may be others.
var metricsCauses = events.Types{"session", "quota", "member_quota", "host"}

// Metrics is the data of a message with numbers. A member has left out what the REST API does not show them, and so has
// an API key without the scope for it.
type Metrics struct {
	Sessions usage.Counts `json:"sessions"`
	Room     *bool        `json:"room,omitempty"`
	Quotas   *api.Quotas  `json:"quotas,omitempty"`
}

// streamMetrics serves the organisation's numbers over a WebSocket.
func (h handlers) streamMetrics(w http.ResponseWriter, r *http.Request, l events.Lease) error {
	who := callerOf(r.Context())
	state := &events.State{Type: metricsType, Read: func(ctx context.Context) (any, bool, error) {
		return h.metrics(ctx, who)
	}}
	if who.may("agent.read") {
		state.Outside = func(ctx context.Context) (bool, error) { return h.config.Usage.HasRoom(ctx, who.scope) }
	}
	return h.config.Events.Socket(w, r, l, events.View{Types: metricsCauses, State: state})
}

// metrics reads the numbers that a caller may see, and whether a host has room.
func (h handlers) metrics(ctx context.Context, who caller) (_ any, room bool, err error) {
	var m Metrics
	if m.Sessions, err = h.config.Usage.Get(ctx, who.scope); err != nil {
		return nil, false, err
	}
	if who.may("quota.read") {
		q, err := h.config.Quotas.Get(ctx, who.scope)
		if err != nil {
			return nil, false, err
		}
		all := toQuotas(q)
		m.Quotas = &all
	}
	if who.may("agent.read") {
		if room, err = h.config.Usage.HasRoom(ctx, who.scope); err != nil {
			return nil, false, err
		}
		m.Room = &room
	}
	return m, room, nil
}

// lease is what the caller's credential allows a stream.
func (h handlers) lease(r *http.Request) events.Lease {
	who := callerOf(r.Context())
	l := events.Lease{Until: who.until, Renew: func(_ context.Context, token string) (time.Time, error) {
		renewed, err := h.auth.byToken(token)
		if err != nil {
			return time.Time{}, err
		}
		was, is := who.scope, renewed.scope
		if who.until.IsZero() || was.Org() != is.Org() || was.User() != is.User() || was.Role() != is.Role() ||
			was.Credential() != is.Credential() {
			return time.Time{}, errRenewal
		}
		return renewed.until, nil
	}}
	if !h.config.Unlimited {
		l.Address = networkOf(r.Context())
	}
	return l
}

// checkLive refuses a page of another origin, and a request that is not of the stream's protocol. A browser adds the
// cookie by itself, so that a request with one must say that it comes from our page: a WebSocket by its exact Origin,
// and server-sent events by Sec-Fetch-Site, because a same-origin GET has no Origin.
func checkLive(own string, kind liveKind) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			origin := strings.ToLower(r.Header.Get("Origin"))
			site := r.Header.Get("Sec-Fetch-Site")
			cookie := callerOf(r.Context()).cookie != ""
			ours := origin == own
			if origin == "" {
				ours = site == "" && !cookie || kind == liveEvents && site == "same-origin"
			}
			switch {
			case !ours:
				return errCrossOrigin
			case kind == liveSocket:
				if err := checkUpgrade(r, true); err != nil {
					return err
				}
			}
			return next(r)
		}
	}
}
