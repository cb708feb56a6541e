package http

import (
	"net/http"
	"time"
)

const (
	// cookieName begins with __Host-. Browsers accept such a cookie only from this host itself, over TLS or loopback and
	// for all paths. So another subdomain cannot set it.
	cookieName = "__Host-session"
	// cookieLength is the length of a secret.Secret: 32 bytes in base64url.
	cookieLength = 43
)

// sessionCookie returns a Set-Cookie header. A duration of zero clears the cookie. Scripts of the page cannot read it
// (HttpOnly), and no other site's page sends it (SameSite=Strict).
func sessionCookie(value string, lasts time.Duration) string {
	c := http.Cookie{ //nolint:gosec // it asks for the three attributes that are set
		Name: cookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: seconds(lasts),
	}
	if lasts == 0 {
		c.MaxAge = -1
	}
	return c.String()
}
