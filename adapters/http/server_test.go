package http

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAServerDoesNotStartWithAWrongContract(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func([]byte) []byte
		want []string
	}{
		"operations without a permission": {
			func(b []byte) []byte {
				b = bytes.Replace(b, []byte("      x-permission: session.create\n"), nil, 1)
				return bytes.Replace(b, []byte("      x-permission: self.read\n"), nil, 1)
			},
			[]string{"operation createSession (POST /api/v1/sessions)", "operation getMe (GET /api/v1/me)"},
		},
		"an unknown permission": {
			func(b []byte) []byte { return bytes.Replace(b, []byte("template.read"), []byte("template.burn"), 1) },
			[]string{`x-permission "template.burn"`},
		},
		"public by its security alone": {
			func(b []byte) []byte {
				return bytes.Replace(b, []byte("x-permission: public"), []byte("x-permission: self.read"), 1)
			},
			[]string{"its security contradicts"},
		},
		"public by its permission alone": {
			func(b []byte) []byte {
				return bytes.Replace(b, []byte("x-permission: self.read"), []byte("x-permission: public"), 1)
			},
			[]string{"operation getMe", "its security contradicts"},
		},
		"an operation that is not served": {
			func(b []byte) []byte { return bytes.Replace(b, []byte("/api/v1/me:"), []byte("/api/v1/us:"), 1) },
			[]string{"operation getMe (GET /api/v1/us) is not served", "GET /api/v1/me is served but is no operation"},
		},
		"no contract": {func([]byte) []byte { return []byte("{") }, []string{"read the API's description"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			config := f.config()
			config.Spec = c.edit(config.Spec)
			_, err := New(config)
			if err == nil {
				t.Fatal("New: no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New = %v\nwant %q in it", err, want)
				}
			}
		})
	}
}

func TestAServerSaysAllThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Config{PublicURL: "streamspace.test"})
	for _, want := range []string{"Tokens", "Identity", "Sessions", "Templates", "Page", "Stream", "Log", "public URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v\nwant %q in it", err, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{
		"https://StreamSpace.test/":    "https://streamspace.test",
		"https://streamspace.test:443": "https://streamspace.test",
		"http://127.0.0.1:8080":        "http://127.0.0.1:8080",
		"http://[::1]:80":              "http://[::1]",
		"ftp://streamspace.test":       "",
		"streamspace.test":             "",
		"https://u:p@streamspace.test": "",
	} {
		if got, err := originOf(public); got != want || (err == nil) != (want != "") {
			t.Errorf("originOf(%q) = %q, %v; want %q", public, got, err, want)
		}
	}
}

func TestNobodyPassesWithoutACredential(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	walked := 0
	for _, op := range f.contract.operations {
		if op.auth == noAuth {
			continue
		}
		walked++
		path := strings.NewReplacer("{session_id}", f.addSession(f.acme).String(), "{template_id}", "x").Replace(op.path)
		code := "credentials_missing"
		if op.auth == byTicket {
			code = "ticket_invalid"
		}
		w := f.do(ask{method: op.method, path: path, body: "junk"})
		wantProblem(t, w, http.StatusUnauthorized, code)
		if got := w.Header().Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("%s: WWW-Authenticate = %q", op.id, got)
		}
	}
	if walked < 9 {
		t.Errorf("only %d operations were walked", walked)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{
		"/api", "/api/", "/api/v1/nothing", "/api/v2/me", "/.well-known/other", "/nothing", "/assets", "/assets/",
		"/assets/other.js", "/..%2f", "//", "/api/v1/me/",
	} {
		wantProblem(t, f.member(http.MethodGet, path, ""), http.StatusNotFound, "no_route")
	}
	wantProblem(t, f.member(http.MethodPost, "/api/v1/nothing", "{}"), http.StatusNotFound, "no_route")
}

func TestAMethodThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, allowed := range map[string]string{"/api/v1/me": "GET", "/api/v1/sessions": "POST", "/": "HEAD",
		"/assets/main-1.js": "GET"} {
		w := f.member(http.MethodPut, path, "{}")
		wantProblem(t, w, http.StatusMethodNotAllowed, "method_not_allowed")
		if got := w.Header().Get("Allow"); !strings.Contains(got, allowed) {
			t.Errorf("%s: Allow = %q", path, got)
		}
	}
}

func TestThePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, cached := range map[string]string{
		"/": "no-cache", "/setup": "no-cache", "/invitation": "no-cache", "/forgotten": "no-cache",
		"/new-password":     "no-cache",
		"/api/docs":         "no-cache",
		"/assets/main-1.js": "public, max-age=31536000, immutable"} {
		w := f.do(ask{method: http.MethodGet, path: path})
		wantStatus(t, w, http.StatusOK)
		want := map[string]string{
			"Cache-Control": cached, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Strict-Transport-Security": "max-age=31536000",
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
				"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		}
		got := map[string]string{}
		for name := range want {
			got[name] = w.Header().Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// A browser that was told to use HTTPS for localhost would refuse every other program there.
func TestHTTPSIsOnlyRequiredWhereThePublicURLHasIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) { c.PublicURL = "http://localhost:8080" })
	for _, path := range []string{"/", "/api/v1/openapi.yaml"} {
		w := f.do(ask{method: http.MethodGet, path: path})
		if got := w.Header().Get("Strict-Transport-Security"); w.Code != http.StatusOK || got != "" {
			t.Errorf("%s: %d, Strict-Transport-Security = %q", path, w.Code, got)
		}
	}
}

func TestKeysAndTheContractAreServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.do(ask{method: http.MethodGet, path: "/.well-known/jwks.json"})
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), f.tokens.JWKS()) ||
		w.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("keys: %d %s %v", w.Code, w.Body, w.Header())
	}
	w = f.do(ask{method: http.MethodGet, path: "/api/v1/openapi.yaml"})
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), contractBytes(t)) ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("contract: %d %v", w.Code, w.Header())
	}
}

func TestAgentsAreMountedOutsideTheSite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body := strings.Repeat("x", maxBody+1)
	w := f.do(ask{method: http.MethodPost, path: "/agent/v1/x", body: body,
		header: map[string]string{"Sec-Fetch-Site": "cross-site"}})
	if w.Code != http.StatusOK || w.Body.Len() != len(body) {
		t.Errorf("got %d and %d bytes", w.Code, w.Body.Len())
	}
	if line := f.log.lines()[0]; !strings.Contains(line, `"route":"/agent/v1/"`) {
		t.Errorf("log: %s", line)
	}
	f = newFixture(t, func(c *Config) { c.Agents = nil })
	wantProblem(t, f.do(ask{method: http.MethodGet, path: "/agent/v1/x"}), http.StatusNotFound, "no_route")
}

func TestWhomARequestComesFrom(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for name, c := range map[string]struct {
		trusted            []netip.Prefix
		peer, header, want string
	}{
		"nobody is trusted":       {nil, "192.0.2.1:1", "203.0.113.9", "192.0.2.1"},
		"nor loopback then":       {nil, "127.0.0.1:1", "203.0.113.9", "127.0.0.1"},
		"nor a private network":   {nil, "10.1.2.3:1", "203.0.113.9", "10.1.2.3"},
		"a proxy is":              {proxies, "192.0.2.1:1", "203.0.113.9", "203.0.113.9"},
		"what came before it not": {proxies, "192.0.2.1:1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		"another peer is not":     {proxies, "198.51.100.7:1", "203.0.113.9", "198.51.100.7"},
		"loopback is not":         {proxies, "127.0.0.1:1", "203.0.113.9", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			r.Header.Set("X-Forwarded-For", c.header)
			if got := clientIP(c.trusted)(r); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// brokenFiles panics, and aborts, when it is opened.
type brokenFiles struct{ with any }

func (b brokenFiles) Open(string) (fs.File, error) { panic(b.with) }

func TestAPanicCostsOneRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) { c.Page = brokenFiles{"a secret detail"} })
	w := f.do(ask{method: http.MethodGet, path: "/"})
	wantProblem(t, w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the answer tells the cause: %s", w.Body)
	}
	if line := f.log.lines()[0]; !strings.Contains(line, "a secret detail") || !strings.Contains(line, `"level":"ERROR"`) {
		t.Errorf("the log does not: %s", line)
	}
}

func TestAnAbortStaysOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) { c.Page = brokenFiles{http.ErrAbortHandler} })
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	f.do(ask{method: http.MethodGet, path: "/"})
}
