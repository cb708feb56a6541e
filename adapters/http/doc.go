// Package http is the REST API of the control plane, and everything else that a client reaches at the same address:
// the web console, the streams of desktops and the connections of agents. app/server makes one Server with New and
// serves it with net/http. app/server also gives Problem to adapters/ws, so that a stream reports errors in the same
// form.
//
// # What happens to a request
//
// Two functions of server.go list every step in order: stages and operationStages. A step may respond and end the
// request.
//
//  1. Middleware handles every request (middleware.go). It gives the request an id and a log line, and turns a panic
//     into a 500. Requests below /agent/v1/ end here: adapters/tunnel handles them. All others get security headers, a
//     limit of 64 KiB for the body, and a check that no page of another site made the browser send them. Then requests
//     outside /api/ and /.well-known/ end here: they get the console's files (static.go) or a 404.
//  2. The router finds the operation of docs/openapi.yaml (router.go). It is the only file that imports echo. An
//     unknown path is a 404, another method a 405.
//  3. Stages handle requests to an operation (stages.go), in this order: deadline, authentication, retry with an
//     outdated credential, permission, limit on unknown ids, validation against the contract. For a stream, the last
//     stage compares the ticket with the path. Validation comes after the permission check, so that a caller without
//     permission learns nothing about the form of a request. Public operations have only the deadline and validation.
//  4. A handler calls a use case of a module and converts its result (handlers_<resource>.go). Handlers import neither
//     echo nor a database. The caller's org.Scope is in the context. The router sends an error with Problem.
//
// A request for a stream brings a ticket, and no token or cookie counts for it (websocket.go). A ticket works once, so
// that the origin and the WebSocket handshake are checked before it is redeemed. A ticket for another session than the
// one in the path is used up all the same.
//
// # Guarantees
//
//   - Only auth.go makes an org.Scope, from a verified credential and from nothing else that the client sent.
//   - Every operation names its permission in the contract, and every operation of the contract has a route. New
//     returns an error otherwise, so that a mistake shows when the server starts and not when a client finds it.
//   - An error that carries no fault.Fault becomes a 500 without details. Its text is logged and never sent.
//   - Every error is a problem document (RFC 9457) with a stable code (docs/errors.md). One that can be retried has a
//     Retry-After header and says in its detail how many seconds to wait.
//   - No header, query or path that a client sent is logged: each of them can contain a secret. Logs and metrics name
//     the operation's path in the contract, "/" or "/assets/" for the console, "/agent/v1/" for agents, and "none" for
//     unknown paths.
//
// # Concurrent changes
//
// A response that shows one resource has an ETag with its version (etag.go, ports/version). A change may name the
// version that it expects in If-Match; the module compares it in the transaction of the change, with the row locked. To
// give a resource this: a Version method, entityTag in the handler of the read, the parameter IfMatch and the response
// 412 in the description of the change, and expected in its handler.
//
// # Caches
//
// A verified token and a resolved cookie are cached by their hash until they expire (cache.go). A change of the signing
// keys empties the cache of tokens at once. A cached sign-in or role may be outdated. That is safe because each
// transaction checks the credential's row again (rls.enter) and refuses an outdated caller. The stage retryOutdated
// then handles the refusal, once for each request. For a cookie it reads the current role from the database and runs
// the stages after it again. For a token it responds 401, because the role is in the token: the client has to refresh
// it.
//
// # Limits
//
// An operation has 15 seconds, from authentication to its response. A stream has 15 seconds to redeem its ticket, and
// no time limit after that. Rate limits are in limiter.go. They count by network (an IPv4 address or an IPv6 /64), by
// email address or by member, in the memory of this process: they start anew when it starts, and two processes count
// separately. A request above a limit is a 429.
//
//   - Sign-ins: every attempt counts, by network and by email address.
//   - Setting up and accepting an invitation count as sign-ins, and so do, by network alone, asking for a new password
//     and setting it.
//   - Mails: every request for a link to a new password counts, by email address, and every invitation, by organisation
//     and email address.
//   - Invalid cookies, refresh tokens and secrets of invitations: failures count, by network. A network without
//     attempts left is still served with tokens and with cookies that are in the cache.
//   - Invalid credentials of agents: failures count, by network. A network without attempts left can open no connection
//     of an agent, not even with a valid credential; open connections go on.
//   - Unknown ids: failures count (fault.Fault.Miss), by member. A member without attempts left is refused in every
//     operation that needs a sign-in, also for ids that exist.
//
// # To add an operation
//
// Describe it in docs/openapi.yaml with an x-permission, and run `make generate`. The package compiles again when
// handlers has the new method. A new permission needs a row in permissions.go, or New returns an error. A new module
// needs a field of Config, which app/server/wire.go fills. An operation whose response is not JSON is excluded in
// internal/api/oapi.yaml and gets its handler in handlers.plain instead. docs/adding-a-resource.md shows all of it by
// an example, from the table to the tests.
package http
