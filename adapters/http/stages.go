package http

import (
	"context"
	"errors"
	"net/http"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// handle handles a request to an operation. An error that it returns is sent to the client by the router.
type handle = func(*http.Request) error

// stage is one step in the handling of a request to an operation, between the router and the handler. It may change the
// request, return an error instead of calling next, or look at the error that next returned.
type stage = func(next handle) handle

// recordRoute notes for the log and the metrics which operation a request is for.
func recordRoute(op operation) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			recordOf(r.Context()).route = op.path
			return next(r)
		}
	}
}

// deadline ends an operation after operationTimeout. It cancels the context, which ends the running query.
func deadline(next handle) handle {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
		defer cancel()
		return next(r.WithContext(ctx))
	}
}

// authenticate identifies the caller and puts the caller's scope into the context.
func authenticate(auth *authenticator, op operation) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			who, err := auth.identify(r, op.auth)
			if err != nil {
				return err
			}
			return next(withCaller(r, who))
		}
	}
}

// retryOutdated runs the stages after it once more if the database refused the caller's credential, because the sign-in
// has changed since it was cached. A cookie is resolved again and continues with the current role. A token contains its
// role, so that its caller gets the refusal (401) and has to refresh it. Running the stages again is safe: the refused
// transaction changed nothing. A second refusal is sent.
func retryOutdated(auth *authenticator) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			err := next(r)
			if !isOutdated(err) {
				return err
			}
			who, err := auth.renew(r.Context(), callerOf(r.Context()), err)
			if err != nil {
				return err
			}
			return next(withCaller(r, who))
		}
	}
}

// isOutdated reports whether the database refused a credential that was valid before.
func isOutdated(err error) bool {
	return errors.Is(err, identity.ErrSignedOut) || errors.Is(err, identity.ErrStaleToken)
}

// authorize refuses an API key without the scope, and a caller whose role does not include the operation's permission.
// A cached role may be outdated, so before a refusal it asks the database: a member who has just become an admin must
// not be refused. If the role has changed, it returns that error, and retryOutdated continues with the current role.
// The opposite case needs no question: if the cached role allows more than the current one, the transaction itself
// refuses it.
func authorize(auth *authenticator, op operation) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			who := callerOf(r.Context())
			if err := checkScopes(who.scopes, op.permission); err != nil {
				return err
			}
			refused := checkPermission(who.scope.Role(), op.permission)
			if refused == nil {
				return next(r)
			}
			if !who.fresh {
				if err := auth.confirm(r.Context(), who); isOutdated(err) {
					return err
				}
			}
			return refused
		}
	}
}

// limitMisses limits a member's requests for unknown ids. It counts a request only after it has failed: a member who
// opens their own sessions is never limited. A member without attempts left is refused in every operation, also with
// ids that exist, because this stage cannot tell them apart. See fault.Fault.Miss.
func limitMisses(limit *limiter[member]) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			who := memberOf(callerOf(r.Context()).scope)
			if wait := limit.retryAfter(who); wait > 0 {
				return errTooManyMisses.RetryIn(wait)
			}
			err := next(r)
			if fault.Of(err).Miss {
				limit.count(who)
			}
			return err
		}
	}
}

// validate refuses a request that does not have the contract's form.
func validate(op operation) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			if err := validateRequest(r, op); err != nil {
				return err
			}
			return next(r)
		}
	}
}

// matchTicket is the last stage of a stream. It refuses a ticket for another session than the one in the path. By then
// authentication has used the ticket up. So the holder of one ticket can ask about one session, and no more.
func matchTicket(auth *authenticator) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			if err := auth.checkSession(r); err != nil {
				return err
			}
			return next(r)
		}
	}
}
