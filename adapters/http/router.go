package http

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
)

// newRouter finds the operation of a request, sends the request through its stages and calls its handler. Nothing
// outside this file knows echo.
func newRouter(c *contract, h handlers, stagesOf func(operation) []stage) (http.Handler, error) {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { Problem(c.Response(), c.Request(), routingFault(err)) }

	through := map[string][]echo.MiddlewareFunc{}
	for id, op := range c.operations {
		through[id] = []echo.MiddlewareFunc{pass(stagesOf(op))}
	}
	api.RegisterHandlersWithOptions(e, api.NewStrictHandler(h, nil),
		api.RegisterHandlersOptions{OperationMiddlewares: through})
	for id, plain := range h.plain() {
		if op, ok := c.operations[id]; ok {
			e.Add(op.method, echoPath(op.path), echo.WrapHandler(plain), through[id]...)
		}
	}
	return e, checkRoutes(c, e.Routes())
}

// pass sends a request through stages. The handler gets the request of the last of them.
func pass(stages []stage) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			setPathValues(c)
			through := chain(func(r *http.Request) error {
				c.SetRequest(r)
				return next(c)
			}, stages...)
			return through(c.Request())
		}
	}
}

// setPathValues gives the request the parts of its path that the contract names. A part that cannot be unescaped stays
// as it is: no parameter has a form that it could match.
func setPathValues(c echo.Context) {
	values := c.ParamValues()
	for i, name := range c.ParamNames() {
		value := values[i]
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		c.Request().SetPathValue(name, value)
	}
}

// checkRoutes refuses a router that does not serve exactly the contract: an operation without a route would break a
// promise, a route without an operation would have no permission.
func checkRoutes(c *contract, routes []*echo.Route) error {
	var errs []error
	routed := map[string]bool{}
	for _, r := range routes {
		routed[r.Method+" "+r.Path] = true
	}
	for id, op := range c.operations {
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

// clientIP returns the address of the client that sent a request. echo would believe every X-Forwarded-For if nothing
// were set.
func clientIP(trusted []netip.Prefix) func(*http.Request) string {
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
