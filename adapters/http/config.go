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

	"github.com/streamspace-dev/streamspace/modules/access"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/hosts"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/modules/recovery"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/settings"
	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/modules/usage"
)

// operationTimeout bounds an operation, from authentication to the response. A login may wait 3 s for its password
// check and 3 s for a connection, and each statement has a shorter timeout of its own. Streams have no time limit.
const operationTimeout = 15 * time.Second

// Config has everything that a server needs. New refuses a Config that lacks a field, except those that say otherwise.
type Config struct {
	// PublicURL is the URL that browsers use, such as https://desktops.example. Only pages of its origin may send requests
	// that change something.
	PublicURL string
	// TrustedProxies are the networks of proxies whose X-Forwarded-For header is trusted. Empty: the client is the peer of
	// the connection. A network too many lets clients choose the address that rate limits count.
	TrustedProxies []netip.Prefix
	// Spec is the text of docs/openapi.yaml. The server validates requests with it and serves it.
	Spec []byte
	// Page is the web console: index.html, and under assets/ files whose names change with their content.
	Page fs.FS

	Tokens    Tokens
	Identity  *identity.Service
	Access    *access.Service
	Setup     *setup.Service
	Members   *members.Service
	Keys      *keys.Service
	Settings  *settings.Service
	Quotas    *quotas.Service
	Usage     *usage.Service
	Hosts     *hosts.Service
	Audit     *audit.Service
	Templates *templates.Service
	Sessions  *sessions.Service
	// Invitations and Recovery send mail. A request for a new password is answered before anything is done for it.
	Invitations *invitations.Service
	Recovery    *recovery.Service

	// Stream handles an authorized request for a session's stream. The scope is in the request's context, and the
	// session's id is the path value "session_id". The ticket has been redeemed.
	Stream http.Handler
	// Events serves an organisation's live streams.
	Events Feed
	// Logs serves the output of sessions.
	Logs LogFeed
	// Agents handles every request below /agent/v1/, and authenticates agents itself. Nil: these paths respond 404.
	Agents http.Handler
	// Observer is told of every response. Nil: responses are only logged.
	Observer Observer
	Log      *slog.Logger

	// Unlimited turns off every rate limit, for tests that send many requests. No setting of the program sets it.
	Unlimited bool
}

// Tokens makes and verifies access tokens. Its methods must be safe for concurrent use.
type Tokens interface {
	// Mint makes a token for a sign-in and returns how long the token is valid.
	Mint(s identity.SignIn) (token string, lasts time.Duration, err error)
	// Verify returns the sign-in that a token was made for, with the token's own expiry as EndsAt. For an invalid or
	// expired token it returns an Unauthenticated fault.
	Verify(token string) (identity.SignIn, error)
	// JWKS is the set of public keys (RFC 7517) by which others can verify the tokens.
	JWKS() []byte
	// KeysVersion counts the changes of the keys. What Verify said before a change may no longer be true.
	KeysVersion() uint64
}

// Observer is told of every response, for metrics.
type Observer interface {
	// Responded gets the route as a pattern of the contract, such as /api/v1/sessions/{session_id}. It is never the path
	// that a client sent: a metric with ids as labels would grow without bound.
	Responded(route, method string, status int, took time.Duration)
}

// optionalFields are the fields of Config that may be nil.
var optionalFields = []string{"TrustedProxies", "Agents", "Observer"}

// missing returns an error for each required field that is nil. It uses reflection, so that a new field is required
// without a further line here.
func (c Config) missing() error {
	var errs []error
	for field, value := range reflect.ValueOf(c).Fields() {
		switch value.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice:
			if value.IsNil() && !slices.Contains(optionalFields, field.Name) {
				errs = append(errs, fmt.Errorf("the HTTP server has no %s", field.Name))
			}
		default: // other kinds cannot be nil
		}
	}
	return errors.Join(errs...)
}

// originOf is the origin (RFC 6454) of a URL as browsers write it: in lower case, without the scheme's default port. It
// is compared as a string with the Origin header.
func originOf(public string) (string, error) {
	u, err := url.Parse(public)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		// Without the URL: it can contain a password.
		return "", errors.New("the public URL is not http(s)://host[:port]")
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host, nil
}
