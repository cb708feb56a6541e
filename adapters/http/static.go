package http

import (
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

// pageCSP is the page's Content-Security-Policy (level 3). The page may load from and connect to this origin only.
// 'self' includes WebSockets of the same origin. noVNC draws with data: images. Inline scripts and styles do not run.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// reference is the path of the page that shows the API's description.
const reference = "/api/docs"

// servePage serves the web console at every path outside the API, and the page of the API's description at reference.
// It does not use http.ServeMux, which cleans paths and redirects: a path with // or .. must respond 404 like every
// other unknown path.
func servePage(files fs.FS) middleware {
	page := website{files}
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			of := func(folder string) bool { return strings.HasPrefix(r.URL.Path, folder) }
			if r.URL.Path != reference && (of("/api/") || of("/.well-known/")) {
				api.ServeHTTP(w, r)
				return
			}
			page.ServeHTTP(w, r)
		})
	}
}

// website serves the web console.
type website struct{ files fs.FS }

// assets is the folder of files whose names contain a hash of their content, so that browsers may cache them for a
// year.
const assets = "assets/"

// pages are the paths at which the one page shows something to people who are not signed in.
var pages = []string{"", "setup", "invitation", "forgotten", "new-password"}

// ServeHTTP implements http.Handler. The console is one page, index.html, at / and the paths of pages. Every other path
// but reference is a file or 404.
func (p website) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, route := strings.TrimPrefix(r.URL.Path, "/"), "/"
	switch {
	case slices.Contains(pages, name):
		name = "index.html"
	case r.URL.Path == reference:
		name, route = "reference.html", reference
	}
	info, err := fs.Stat(p.files, name)
	if err != nil || info.IsDir() {
		Problem(w, r, errNoRoute)
		return
	}
	cached := "no-cache" // a browser asks each time, so that it gets the new page after an upgrade
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

// serveKeys serves the public keys of the access tokens. Clients may cache them for five minutes.
func serveKeys(t Tokens) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(t.JWKS())
	})
}

// serveSpec serves the contract, docs/openapi.yaml.
func serveSpec(b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(b)
	})
}
