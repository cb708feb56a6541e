package http

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
)

// operationTimeout bounds an operation, from its authentication to its answer. It is longer than a login may wait for
// its turn, and every statement has a shorter timeout of its own. Streams have none.
const operationTimeout = 15 * time.Second

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

	// Stream answers an authorized request for a session's stream. The scope is in the request's context, the session's
	// id is its path value "session_id".
	Stream http.Handler
	// Agents answers every request below /agent/v1/. Nil: there is nothing below it.
	Agents http.Handler
	// Observer is told of every answer. Nil: answers are only logged.
	Observer Observer
	Log      *slog.Logger

	// Unlimited lifts every rate limit, for a test that sends many requests. No setting reaches it.
	Unlimited bool
}

// Tokens makes and verifies access tokens.
type Tokens interface {
	// Mint makes a token for a sign-in and tells how long it lasts.
	Mint(s identity.SignIn) (token string, lasts time.Duration, err error)
	// Verify returns whom a token was made for, and as EndsAt when it ends, or an Unauthenticated fault.
	Verify(token string) (identity.SignIn, error)
	// JWKS is the set of public keys (RFC 7517) by which others can verify the tokens.
	JWKS() []byte
}

// Observer is told of every answer, for metrics. The route is a pattern, never an address that a client sent.
type Observer interface {
	Answered(route, method string, status int, took time.Duration)
}

// optionalFields are the fields of Config that may be left out.
var optionalFields = []string{"TrustedProxies", "Agents", "Observer"}

// missing lists the fields that were left out. It walks the struct, so that a new service is checked without a line of
// its own here.
func (c Config) missing() error {
	var errs []error
	for field, value := range reflect.ValueOf(c).Fields() {
		switch value.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice:
			if value.IsNil() && !slices.Contains(optionalFields, field.Name) {
				errs = append(errs, fmt.Errorf("the HTTP server has no %s", field.Name))
			}
		default: // a value is always there
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
