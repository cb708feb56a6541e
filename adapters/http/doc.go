// Package http is the REST API of the control plane, and everything else that a client reaches at the same address:
// the web console, the streams of desktops and the connections of agents. app/server makes one Server with New and
// gives it to net/http. It also passes Problem to adapters/ws, so that a stream reports errors in the same form.
//
// # What happens to a request
//
// The file server.go lists every step in order. A step may respond and end the request.
//
//  1. Middleware (middleware.go) handles every request: it gives the request an id and a log line, turns a panic into
//     a 500, passes agents (/agent/v1/) and the console (all paths outside /api/ and /.well-known/) to their own
//     handlers, sets security headers, limits bodies to 64 KiB, and refuses requests that another site's page makes a
//     browser send.
//  2. The router (router.go) finds the operation of docs/openapi.yaml. It is the only file that imports echo.
//  3. Stages (stages.go) handle requests to an operation: deadline, authentication, permission, limit on unknown ids,
//     validation against the contract. Validation comes after the permission check, so that a caller without
//     permission learns nothing about the form of a request.
//  4. A handler (handlers_<resource>.go) calls a use case of a module and converts its result. Handlers import neither
//     echo nor a database. The caller's org.Scope is in the context.
//
// # Guarantees
//
//   - Only auth.go makes an org.Scope, from a verified credential and from nothing else that the client sent.
//   - Every operation names its permission in the contract, and every operation of the contract has a route. New
//     returns an error otherwise, so that a mistake shows when the server starts and not when a client finds it.
//   - An error that carries no fault.Fault becomes a 500 without details. Its text is logged and never sent.
//   - Every error is a problem document (RFC 9457) with a stable code (docs/errors.md). One that can be retried has a
//     Retry-After header and says in its detail how many seconds to wait.
//   - No header, query or path that a client sent is logged: each of them can contain a secret.
//
// # Caches
//
// A verified token and a resolved cookie are cached by their hash until they expire (cache.go). A cached sign-in or
// role may be outdated. That is safe because each transaction checks the credential's row again (rls.enter): the
// database refuses an outdated caller, and the stage retryOutdated then resolves a cookie again, once.
//
// # Limits
//
// An operation has 15 seconds, from authentication to its response; a stream has no time limit. Rate limits are in
// limiter.go. They count by network (an IPv4 address or an IPv6 /64), by email address or by member, in the memory of
// this process: they start anew when it starts, and two processes count separately.
package http
