package http

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// maxBody bounds what a request may carry, in bytes. The largest body of the contract has less than 2 KiB.
const maxBody = 64 << 10

// pageCSP is what the page may do (CSP level 3): load what this installation serves, talk to this installation, and
// nothing else. 'self' covers the WebSockets of the same origin. noVNC draws with data: images.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// defaultCSP is that of everything else: nothing but data, which no page may show as its own.
const defaultCSP = "default-src 'none'; frame-ancestors 'none'"

// securityHeaders sets the headers that keep browsers from being helpful.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", defaultCSP)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// limitBody refuses bodies that are too large: at once where the length is told, else when so much was read.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			Problem(w, r, errTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what another site's page makes a browser send; programs that are no browsers are let through.
func sameOrigin(origin string, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("trust the origin of the public URL: %w", err)
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Problem(w, r, errCrossOrigin)
	}))
	return protection.Handler(next), nil
}

// mounted tells the API's addresses from the page's. No path is cleaned or redirected, as http.ServeMux would: the
// router and the page know their own, and nothing else is there.
func mounted(router, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/.well-known/") {
			router.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// noStore keeps answers out of every cache, unless a handler says otherwise.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// keys serves the public keys of the access tokens.
func keys(t Tokens) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(t.JWKS())
	})
}

// spec serves the contract.
func spec(b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(b)
	})
}

// website serves the web console.
type website struct{ files fs.FS }

// assets is where the build puts files whose names change with their content.
const assets = "assets/"

// ServeHTTP implements http.Handler. There is one page: every other path is a file or nothing.
func (p website) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, route := strings.TrimPrefix(r.URL.Path, "/"), "/"
	if name == "" {
		name = "index.html"
	}
	info, err := fs.Stat(p.files, name)
	if err != nil || info.IsDir() {
		Problem(w, r, errNoRoute)
		return
	}
	cached := "no-cache"
	if strings.HasPrefix(name, assets) {
		cached, route = "public, max-age=31536000, immutable", "/"+assets
	}
	recordOf(r.Context()).route = route
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		Problem(w, r, errMethod)
		return
	}
	w.Header().Set("Cache-Control", cached)
	w.Header().Set("Content-Security-Policy", pageCSP)
	http.ServeFileFS(w, r, p.files, name)
}
