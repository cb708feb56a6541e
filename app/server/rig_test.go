package server

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/identity"
)

// password is everybody's.
const password = "correct horse battery staple"

// The package's tests share a database and a control plane that serves on loopback, as production does.
var (
	database *dbtest.Database
	running  *rig
)

func TestMain(m *testing.M) {
	os.Exit(dbtest.Main(m, func(d *dbtest.Database) {
		database = d
		var err error
		if running, err = start(context.Background(), d, false); err != nil {
			panic(err)
		}
	}))
}

// rig is a control plane that serves, and what is needed to be its client.
type rig struct {
	*Server
	url, ops string
	hash     string        // of the password
	agents   *pgxpool.Pool // the role by which agents report, for tests that report in their stead
	client   *http.Client
	key      ed25519.PrivateKey // signs the tokens
	log      *logbook
	ended    chan error // what running it came to
}

// start runs a control plane until ctx is done; that of the package's tests goes with the process. An unlimited one
// keeps no rates of logins and misses.
func start(ctx context.Context, d *dbtest.Database, unlimited bool) (*rig, error) {
	folder, err := os.MkdirTemp("", "streamspace-server-")
	if err != nil {
		return nil, err
	}
	key := filepath.Join(folder, "signing.pem")
	if err := jwt.WriteNewKey(key); err != nil {
		return nil, err
	}
	c, err := ReadConfig([]string{
		"STREAMSPACE_LISTEN=127.0.0.1:0", "STREAMSPACE_OPS_LISTEN=127.0.0.1:0", "STREAMSPACE_PUBLIC_URL=http://localhost",
		"STREAMSPACE_DATABASE_URL=" + d.URL(), "STREAMSPACE_SIGNING_KEY=" + key,
	})
	if err != nil {
		return nil, err
	}
	c.unlimited = unlimited
	r := &rig{log: &logbook{}, ended: make(chan error, 1)}
	s, err := New(ctx, c, slog.New(slog.NewJSONHandler(r.log, nil)))
	if err != nil {
		return nil, err
	}
	if r.key, err = jwt.LoadKey(key); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	r.Server, r.url, r.ops = s, "http://"+s.Addr().String(), "http://"+s.ops.Addr().String()
	if r.hash, err = identity.NewPasswords(1).Hash(ctx, password); err != nil {
		return nil, err
	}
	r.client = &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 128, MaxConnsPerHost: 128},
	}
	reports, err := pgxpool.ParseConfig(d.DSN("streamspace_agent"))
	if err != nil {
		return nil, err
	}
	if r.agents, err = pgxpool.NewWithConfig(ctx, reports); err != nil {
		return nil, err
	}
	go func() { r.ended <- s.Run(ctx) }()
	return r, nil
}

// org makes an organisation whose members can log in.
func (r *rig) org(t testing.TB, s dbtest.Spec) *dbtest.Org {
	t.Helper()
	s.PasswordHash = r.hash
	return database.NewOrg(t, s)
}

// bearer is a member's access token, refreshed from the sign-in that the database was given.
func (r *rig) bearer(t testing.TB, p dbtest.Person) string {
	t.Helper()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	shown := map[string]string{"refresh_token": p.Secret.Reveal()}
	status := r.call(t, http.MethodPost, "/api/v1/auth/refresh", "", shown, &tokens)
	if status != http.StatusOK {
		t.Fatalf("refresh: %d", status)
	}
	return tokens.AccessToken
}

// call sends a request and decodes the answer into out, which may be nil.
func (r *rig) call(t testing.TB, method, path, bearer string, body, out any) int {
	t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, r.url+path, sent)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s answered %d %q: %v", method, path, response.StatusCode, answer, err)
		}
	}
	return response.StatusCode
}
