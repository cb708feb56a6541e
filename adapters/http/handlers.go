package http

import (
	"net/http"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
)

// handlers turn requests into calls and results into responses. The file handlers_<resource>.go has the methods of each
// resource, which find its service in config. The caller's scope is in the context.
type handlers struct {
	config Config
	auth   *authenticator
	limits *limits
}

var _ api.StrictServerInterface = handlers{}

func newHandlers(c Config, auth *authenticator, limits *limits) handlers {
	return handlers{config: c, auth: auth, limits: limits}
}

// plain are the handlers of operations whose answers are no JSON of the contract, by operation id.
func (h handlers) plain() map[string]http.Handler {
	return map[string]http.Handler{
		"streamSession": h.config.Stream,
		"getKeys":       serveKeys(h.config.Tokens),
		"getSpec":       serveSpec(h.config.Spec),
	}
}
