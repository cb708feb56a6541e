package http

import (
	"context"
	"errors"
	"net/http"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// handle answers a request to an operation, or returns why it does not.
type handle = func(*http.Request) error

// stage is one step of a request to an operation, between the router and the handler.
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

// deadline ends an operation that takes too long.
func deadline(next handle) handle {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
		defer cancel()
		return next(r.WithContext(ctx))
	}
}

// authenticate finds out who asks.
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

// retryOutdated passes the stages below it once more when the database refused the caller's credential, because their
// sign-in has changed since it was cached. A browser then goes on with its present role; a token carries its role, so
// that its holder has to refresh it.
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

// isOutdated tells whether the database refused a credential that had been valid.
func isOutdated(err error) bool {
	return errors.Is(err, identity.ErrSignedOut) || errors.Is(err, identity.ErrStaleToken)
}

// authorize refuses a caller whose role does not include the operation's permission. The role can be a cached one, so
// that before it refuses anyone the database is asked whether it is still theirs.
func authorize(auth *authenticator, op operation) stage {
	return func(next handle) handle {
		return func(r *http.Request) error {
			who := callerOf(r.Context())
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

// limitMisses limits how often a member may ask for ids that do not exist or are not theirs, before the handler looks.
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

// matchTicket refuses a ticket for another session than the one in the path.
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
