// Package http is the REST API: who asks, whether they may, what they ask for, and how the answer is told. It also
// mounts what else is reached at the same address: the page, the desktops' streams and the agents' connections.
//
// A request passes the stages that server.go lists, from top to bottom. Their code is in middleware.go and stages.go,
// each resource's handlers in a handlers_<resource>.go, and router.go alone knows echo.
package http

import (
	"errors"
	"fmt"
	"net/http"
)

// Server answers every request to the installation's address.
type Server struct {
	config   Config
	contract *contract
	auth     *authenticator
	limits   *limits
	handler  http.Handler
}

// New makes a server, or says everything that is wrong with its configuration and its contract.
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

// stages are what every request passes, in this order. The router comes next: it finds the operation.
func (s *Server) stages(sameOrigin *http.CrossOriginProtection) []middleware {
	return []middleware{
		logRequests(s.config.Log, s.config.Observer, clientIP(s.config.TrustedProxies)),
		recoverPanics,
		serveAgents(s.config.Agents, s.limits.unknownAgents), // /agent/v1/ ends here
		securityHeaders,
		limitBody,
		refuseCrossOrigin(sameOrigin),
		servePage(s.config.Page), // everything outside the API ends here
		noStore,
	}
}

// operationStages are what a request to an operation passes after the router, in this order, so that a caller learns
// about the form of a request only if they may send it. The operation's handler comes next.
func (s *Server) operationStages(op operation) []stage {
	stages := []stage{recordRoute(op)}
	if op.auth != byTicket { // a stream lasts as long as its desktop is looked at
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
	stages = append(stages, validate(op))
	if op.auth == byTicket {
		stages = append(stages, matchTicket(s.auth))
	}
	return stages
}
