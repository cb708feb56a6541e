// Package http is the REST API: who asks, whether they may, what they ask for, and how the answer is told. It also
// mounts what else is reached at the same address: the page, the desktops' streams and the agents' connections.
package http

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
)

// Config is what a server is made of.
type Config struct {
	// PublicURL is where browsers find the installation. Its origin is the only one whose pages may act here.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For is believed. None: the peer of the connection is the client.
	TrustedProxies []netip.Prefix
	// Spec is docs/openapi.yaml.
	Spec []byte
	// Page is the web console: index.html, and under assets/ files whose names change with their content.
	Page fs.FS

	Tokens    Tokens
	Identity  *identity.Service
	Templates *templates.Service
	Sessions  *sessions.Service

	// Stream answers an admitted request for a session's stream. The scope is in the request's context, the session's id
	// is its path value "session_id".
	Stream http.Handler
	// Agents answers whatever is below /agent/v1/. Nil: nothing does.
	Agents http.Handler
	// Observer is told of every answer. Nil: nobody is.
	Observer Observer
	Log      *slog.Logger

	// Unlimited lifts every rate, for a test that does nothing but ask. No setting reaches it.
	Unlimited bool
}

// Server answers everything that is asked at the installation's address.
type Server struct {
	config        Config
	contract      *contract
	auth          *authenticator
	misses        *limiter[member]
	unknownAgents *limiter[string]           // by the network that agents come from whose credentials are none
	clientIP      func(*http.Request) string // whom a request comes from
	site          http.Handler               // all but the agents' part
}

// New makes a server, or says everything that is wrong with its configuration and its contract.
func New(c Config) (*Server, error) {
	origin, originErr := originOf(c.PublicURL)
	contract, contractErr := readContract(c.Spec)
	if err := errors.Join(c.missing(), originErr, contractErr); err != nil {
		return nil, err
	}
	s := &Server{
		config: c, contract: contract, auth: newAuthenticator(c, origin),
		misses:        newLimiter[member](c.rate(missesEvery), missesBurst),
		unknownAgents: newLimiter[string](c.rate(unknownAgentsEvery), unknownAgentsBurst),
		clientIP:      clientIP(c.TrustedProxies),
	}
	router, err := s.router()
	if err != nil {
		return nil, err
	}
	protected, err := sameOrigin(origin, mounted(noStore(router), website{c.Page}))
	if err != nil {
		return nil, err
	}
	s.site = securityHeaders(limitBody(protected))
	return s, nil
}

// missing lists the parts that were left out.
func (c Config) missing() error {
	var errs []error
	for name, absent := range map[string]bool{
		"Page": c.Page == nil, "Tokens": c.Tokens == nil, "Identity": c.Identity == nil, "Templates": c.Templates == nil,
		"Sessions": c.Sessions == nil, "Stream": c.Stream == nil, "Log": c.Log == nil,
	} {
		if absent {
			errs = append(errs, fmt.Errorf("the HTTP server has no %s", name))
		}
	}
	return errors.Join(errs...)
}

// originOf is the origin (RFC 6454) of a URL, as browsers write it.
func originOf(public string) (string, error) {
	u, err := url.Parse(public)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("the public URL %q is not http(s)://host[:port]", public)
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host, nil
}

// router is the only place that knows echo: it finds the operation of a request, and nothing else is left to it.
func (s *Server) router() (http.Handler, error) {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { Problem(c.Response(), c.Request(), routingFault(err)) }

	guards := map[string][]echo.MiddlewareFunc{}
	for id, op := range s.contract.operations {
		guards[id] = []echo.MiddlewareFunc{s.guard(op)}
	}
	strict := api.NewStrictHandler(newHandlers(s.config, s.auth), []api.StrictMiddlewareFunc{s.again})
	api.RegisterHandlersWithOptions(e, strict, api.RegisterHandlersOptions{OperationMiddlewares: guards})
	for id, h := range map[string]http.Handler{
		"streamSession": s.config.Stream,
		"getKeys":       keys(s.config.Tokens),
		"getSpec":       spec(s.config.Spec),
	} {
		if op, ok := s.contract.operations[id]; ok {
			e.Add(op.method, echoPath(op.path), echo.WrapHandler(h), guards[id]...)
		}
	}
	return e, s.checkRoutes(e.Routes())
}

// checkRoutes refuses a router that does not serve exactly the contract: an operation without a route would break a
// promise, a route without an operation would have no permission.
func (s *Server) checkRoutes(routes []*echo.Route) error {
	var errs []error
	routed := map[string]bool{}
	for _, r := range routes {
		routed[r.Method+" "+r.Path] = true
	}
	for id, op := range s.contract.operations {
		name := op.method + " " + echoPath(op.path)
		if !routed[name] {
			errs = append(errs, fmt.Errorf("operation %s (%s) is not served", id, name))
		}
		delete(routed, name)
	}
	for name := range routed {
		errs = append(errs, fmt.Errorf("%s is served but is no operation of the contract", name))
	}
	return errors.Join(errs...)
}

// guard admits requests to an operation, and counts what a member asked for that is not there.
func (s *Server) guard(op operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, done, err := s.admit(c.Request(), op, pathValues(c))
			defer done()
			if err != nil {
				return err
			}
			c.SetRequest(r)
			err = next(c)
			s.countMiss(r.Context(), err)
			return err
		}
	}
}

// again runs an operation once more for a browser whose sign-in has changed since its cookie was looked up.
func (s *Server) again(next api.StrictHandlerFunc, _ string) api.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		if !isOutdated(err) {
			return response, err
		}
		r, err := s.readmit(c.Request(), admittedOf(c.Request().Context()), err)
		if err != nil {
			return nil, err
		}
		c.SetRequest(r)
		return next(c, request)
	}
}

// routingFault says in our words what echo's router or its binder refused.
func routingFault(err error) error {
	refused, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case http.StatusNotFound:
		return errNoRoute
	case http.StatusMethodNotAllowed:
		return errMethod
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return errUnreadable.Because(err)
	default:
		return err
	}
}

// echoPath writes a path of the contract as echo wants it: {id} is :id.
func echoPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// pathValues are the parts of the path that the contract names. A part that cannot be unescaped stays as it is: no
// parameter has a form that it could match.
func pathValues(c echo.Context) map[string]string {
	values := map[string]string{}
	for i, name := range c.ParamNames() {
		values[name] = c.ParamValues()[i]
		if plain, err := url.PathUnescape(values[name]); err == nil {
			values[name] = plain
		}
	}
	return values
}

// clientIP tells whom a request comes from. echo would believe X-Forwarded-For of anybody if nothing were set.
func clientIP(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
