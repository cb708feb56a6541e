package http

import (
	"net/http"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// handlers implements the interface that is generated from the contract, one method for each operation. A method
// converts the request, calls one use case, and converts its result. The methods of each resource are in
// handlers_<resource>.go.
//
// A method may return a response and an error together. The generated code ignores the response then, so that handlers
// need no branch for the error.
type handlers struct {
	config  Config
	auth    *authenticator
	limits  *limits
	exports *exports
}

var _ api.StrictServerInterface = handlers{}

func newHandlers(c Config, auth *authenticator, limits *limits) handlers {
	return handlers{config: c, auth: auth, limits: limits, exports: &exports{running: map[org.ID]int{}}}
}

// plain returns the handlers of operations whose responses are not JSON, by operation id. internal/api/oapi.yaml
// excludes the same ids from the generated code. They get the same stages as all other operations.
func (h handlers) plain() map[string]http.Handler {
	return map[string]http.Handler{
		"streamSession": h.config.Stream,
		"getKeys":       serveKeys(h.config.Tokens),
		"getSpec":       serveSpec(h.config.Spec),
	}
}
