package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ForgetPassword implements api.StrictServerInterface. Both limits count whether or not the address is known, so that
// neither tells. They are not those of signing in by address: asking for links must not lock a user out.
func (h handlers) ForgetPassword(
	ctx context.Context, r api.ForgetPasswordRequestObject,
) (api.ForgetPasswordResponseObject, error) {
	if wait := h.limits.loginsByAddress.allow(networkOf(ctx)); wait > 0 {
		return nil, errTooManyLogins.RetryIn(wait)
	}
	if wait := h.limits.mails.allow(identity.NormalEmail(r.Body.Email)); wait > 0 {
		return nil, errTooManyMails.RetryIn(wait)
	}
	return api.ForgetPassword204Response{}, h.config.Recovery.Forget(ctx, r.Body.Email)
}

// ResetPassword implements api.StrictServerInterface. It counts as a sign-in of its network, because it hashes a
// password, which costs 20 ms of CPU, before it knows whether the link is valid.
func (h handlers) ResetPassword(
	ctx context.Context, r api.ResetPasswordRequestObject,
) (api.ResetPasswordResponseObject, error) {
	if wait := h.limits.loginsByAddress.allow(networkOf(ctx)); wait > 0 {
		return nil, errTooManyLogins.RetryIn(wait)
	}
	err := h.config.Recovery.Reset(ctx, secret.Of(r.Body.Secret), r.Body.Password)
	return api.ResetPassword204Response{}, err
}
