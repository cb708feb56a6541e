package http

import (
	"net/http"
	"time"
)

const (
	// cookieName begins with __Host-: browsers take such a cookie only from this host itself, over TLS or loopback, for
	// all of its paths.
	cookieName = "__Host-session"
	// cookieLength is that of a secret.Secret: 32 bytes in base64url.
	cookieLength = 43
)

// sessionCookie is a Set-Cookie header. One that lasts no time clears the cookie.
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
