package tunnel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// strict is the longest silence that the proxies allow, and idle how long a desktop has nothing to say here.
const (
	strict = 15 * time.Second
	idle   = strict + 3*time.Second
)

// A desktop on which nothing happens stays connected through a proxy that closes what is idle, and so does its agent.
// Seen to fail with longer intervals.
func TestProxiesThatCloseWhatIsIdle(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, backend string) string{
		"nginx": nginx, "haproxy": haproxy, "a proxy for WebSockets alone": websocketsOnly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			id, key := r.control.enrol()
			client, err := NewClient(ClientConfig{
				URL: "http://" + start(t, strings.TrimPrefix(r.http.URL, "http://")), Agent: id, Secret: key, Log: quiet(),
			})
			if err != nil {
				t.Fatal(err)
			}
			a := r.start(t, client, newHost())
			conn, err := r.server.Open(t.Context(), id, uuid.New())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			display := receive(t, "the display", a.displays)
			exchange(t, conn, display, "before")
			select { // the stream ends, or the time passes
			case <-a.connected:
				t.Fatal("the control connection was cut")
			case <-time.After(idle):
			}
			exchange(t, conn, display, "to the display")
			exchange(t, display, conn, strings.Repeat("from the display", 100_000))
			if err := r.server.Put(t.Context(), id, link.Desired{Session: uuid.New()}); err != nil {
				t.Errorf("the control connection: %v", err)
			}
		})
	}
}

// A raw stream is the operator's choice, and does not pass a proxy that knows WebSockets alone.
func TestRawStreamsAreAChoice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for through, passes := range map[string]bool{r.http.URL: true, "http://" + websocketsOnly(t, r.http.URL[7:]): false} {
		id, key := r.control.enrol()
		client, err := NewClient(ClientConfig{URL: through, Agent: id, Secret: key, RawStreams: true, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		a := r.start(t, client, newHost())
		wait := time.Second
		if passes {
			wait = patience
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		conn, err := r.server.Open(ctx, id, uuid.New())
		if (err == nil) != passes {
			t.Errorf("through %s: %v", through, err)
		}
		if err == nil {
			display := receive(t, "the display", a.displays)
			exchange(t, conn, display, "to the display")
			exchange(t, display, conn, "from the display")
			_ = conn.Close()
		}
	}
}

func nginx(t *testing.T, backend string) string {
	return proxy(t, "nginx", []string{"-c", "FILE", "-p", "FOLDER/", "-e", "stderr"}, `
daemon off; master_process off; pid FOLDER/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
  server {
    listen ADDRESS;
    location / {
      proxy_pass http://BACKEND; proxy_http_version 1.1;
      proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
      proxy_read_timeout SECONDSs; proxy_send_timeout SECONDSs; send_timeout SECONDSs;
    }
  }
}`, backend)
}

func haproxy(t *testing.T, backend string) string {
	return proxy(t, "haproxy", []string{"-db", "-f", "FILE"}, `
defaults
  mode http
  timeout connect 5s
  timeout client SECONDSs
  timeout server SECONDSs
  timeout tunnel SECONDSs
frontend in
  bind ADDRESS
  default_backend out
backend out
  server control BACKEND
`, backend)
}

// proxy runs a program with a configuration, and returns the address on which it listens.
func proxy(t *testing.T, name string, args []string, configuration, backend string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		program = "/usr/sbin/" + name // where Debian's package puts it
	}
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%s is not installed: make deps installs it", name)
	}
	folder, address := t.TempDir(), freeAddress(t)
	file := filepath.Join(folder, "configuration")
	values := strings.NewReplacer("FILE", file, "FOLDER", folder, "ADDRESS", address, "BACKEND", backend,
		"SECONDS", fmt.Sprint(int(strict.Seconds())))
	if err := os.WriteFile(file, []byte(values.Replace(configuration)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = values.Replace(args[i])
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var said strings.Builder
	cmd.Stderr, cmd.WaitDelay = &said, patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s says:\n%s", name, said.String())
		}
	})
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen: %v", name, err)
		}
	}
}

// websocketsOnly refuses every upgrade that is not a WebSocket.
func websocketsOnly(t *testing.T, backend string) string {
	t.Helper()
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	forward.ErrorLog = nil
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !upgradesTo(r, "websocket") {
			http.Error(w, "only WebSockets pass here", http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// freeAddress is one that no one listens on, below the ports that the kernel gives to connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.N(12767)))
		if err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
}
