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

// newRouter returns the handler that finds the operation of a request, runs its stages and calls its handler. Only this
// file imports echo: support for echo v4 stops at the end of 2026, and replacing it must not touch the handlers.
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
	for id, live := range h.live() {
		if op, ok := c.operations[id]; ok {
			serve := func(c echo.Context) error { return live(c.Response(), c.Request()) }
			e.Add(op.method, echoPath(op.path), serve, through[id]...)
		}
	}
	return e, checkRoutes(c, e.Routes())
}

// pass makes echo's middleware of stages. The handler gets the request that the last stage passed on, because stages
// add to its context.
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

// setPathValues stores the path parameters in the request, so that stages need not know echo. A value that cannot be
// unescaped stays as it is, and validation refuses it.
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

// checkRoutes returns an error unless the router serves exactly the contract. An operation without a route would break
// the contract, and a route without an operation would have no permission check.
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

// routingFault turns an error of echo's router or binder into a fault. Any other error stays as it is.
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

// echoPath writes a path of the contract in echo's form: {id} becomes :id.
func echoPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// clientIP returns a function that finds the address of a request's client. By default echo trusts X-Forwarded-For from
// everyone, and from private networks even with a list of proxies. Then a client could choose its address and escape
// the rate limits. So only the networks in trusted count.
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
