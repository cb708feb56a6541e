package http

import (
	"errors"
	"fmt"
	"net/http"
)

// Server handles every request to the public address. It is safe for concurrent use, as net/http requires.
type Server struct {
	config   Config
	contract *contract
	auth     *authenticator
	limits   *limits
	handler  http.Handler
}

// New makes a server. Its error lists every missing field of the configuration and every mistake in the contract at
// once, such as an operation without a permission. If there is none, it compares the routes with the contract, and the
// error lists every operation without a route.
func New(c Config) (*Server, error) {
	origin, originErr := originOf(c.PublicURL)
	contract, contractErr := readContract(c.Spec)
	if err := errors.Join(c.missing(), originErr, contractErr); err != nil {
		return nil, err
	}
	limits := newLimits(c.Unlimited)
	s := &Server{config: c, contract: contract, auth: newAuthenticator(c, origin, limits), limits: limits}

	sameOrigin := http.NewCrossOriginProtection()
	if err := sameOrigin.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("trust the origin of the public URL: %w", err)
	}
	router, err := newRouter(contract, newHandlers(c, s.auth, limits), s.operationStages)
	if err != nil {
		return nil, err
	}
	s.handler = chain(router, s.stages(sameOrigin)...)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// stages returns the middleware for every request, in this order. The router comes next: it finds the operation.
//
// The order matters. logRequests is first, so that a panic and a refusal are logged too. serveAgents comes before
// limitBody, because an agent's connection lasts for days and has no size. servePage comes after refuseCrossOrigin, so
// that all requests of browsers are checked in one place. noStore is last, because browsers may cache the console.
func (s *Server) stages(sameOrigin *http.CrossOriginProtection) []middleware {
	return []middleware{
		logRequests(s.config.Log, s.config.Observer, clientIP(s.config.TrustedProxies)),
		recoverPanics,
		serveAgents(s.config.Agents, s.limits.unknownAgents), // /agent/v1/ ends here
		securityHeaders(s.config.PublicURL),
		limitBody,
		refuseCrossOrigin(sameOrigin),
		servePage(s.config.Page), // everything outside the API ends here
		noStore,
	}
}

// operationStages returns the stages between the router and the handler of an operation, in this order. Validation
// comes after authorization: a caller learns about the form of a request only if they may send it. retryOutdated wraps
// the authorization as well as the handler, because both ask the database whether the caller is still what was cached.
func (s *Server) operationStages(op operation) []stage {
	stages := []stage{recordRoute(op)}
	if op.auth != byTicket && op.live == notLive { // a stream lasts as long as someone looks at it
		stages = append(stages, deadline)
	}
	if op.auth != noAuth {
		stages = append(stages,
			authenticate(s.auth, op),
			retryOutdated(s.auth),
			authorize(s.auth, op),
			limitMisses(s.limits.misses),
		)
	}
	if op.live != notLive {
		stages = append(stages, checkLive(s.auth.origin, op.live))
	}
	stages = append(stages, validate(op))
	if op.auth == byTicket {
		stages = append(stages, matchTicket(s.auth))
	}
	return stages
}
