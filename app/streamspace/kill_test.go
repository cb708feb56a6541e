package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/db/cluster"
)

// TestKilledComponents kills each component at three moments of a session's life, and starts it again. It logs how long
// it takes from the restart until the API says what is true. docs/performance.md has the figures.
func TestKilledComponents(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	for _, component := range []string{"control plane", "database", "agent"} {
		for _, moment := range []string{"start", "running", "terminate"} {
			t.Logf("%s killed at %s: %.1f s", component, moment, k.at(component, moment).Seconds())
		}
	}
}

// killing is an installation with what kills and starts its components.
type killing struct {
	*installation
	cluster *cluster.Cluster
	config  cluster.Config
	bearer  string
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	folder, err := os.MkdirTemp("", "streamspace-killed-") // where other users can reach it
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{config: cluster.Config{Passwords: true, Dir: filepath.Join(folder, "cluster")}}
	t.Cleanup(func() {
		if err := k.cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(folder)
	})
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if k.cluster, err = cluster.Start(t.Context(), k.config); err != nil {
		t.Fatal(err)
	}
	k.installation = installOn(t, k.cluster, false)
	for _, chapter := range []string{"install", "prepare", "audit", "keys", "tls", "serve", "ready"} {
		k.follow(chapter)
	}
	k.trust()
	owner := k.setUp(strings.TrimSpace(k.follow("setup")))
	for _, chapter := range []string{"owner", "template", "heads", "packages", "agent"} {
		k.follow(chapter)
	}
	k.bearer = k.signIn(owner)
	k.desktop(k.bearer)
	return k
}

// at kills a component at a moment, and returns the time from its restart until the API tells the truth.
func (k *killing) at(component, moment string) time.Duration {
	k.Helper()
	var made struct{ ID, State string }
	launch := map[string]string{"template": "terminal"}
	k.until("a session is made", func() bool {
		return k.try(http.MethodPost, "/api/v1/sessions", launch, &made) == http.StatusCreated
	})
	at := "/api/v1/sessions/" + made.ID
	if moment != "start" {
		k.until("the session runs", func() bool { return k.opens(at) })
	}
	if moment == "terminate" && k.try(http.MethodDelete, at, nil, nil) != http.StatusAccepted {
		k.Fatal("the session does not end")
	}
	began := k.restart(component)
	k.until("the API tells the truth", func() bool {
		if k.try(http.MethodGet, at, nil, &made) != http.StatusOK {
			return false
		}
		final := made.State == "terminated" || made.State == "failed"
		return final || moment != "terminate" && k.opens(at)
	})
	took := time.Since(began)
	ended := made.State == "terminated" || made.State == "failed"
	if ended && moment != "terminate" {
		k.Errorf("%s killed at %s: the session is %s", component, moment, made.State)
	}
	k.try(http.MethodDelete, at, nil, nil)
	k.until("the session ends", func() bool {
		status := k.try(http.MethodGet, at, nil, &made)
		return status == http.StatusOK && (made.State == "terminated" || made.State == "failed")
	})
	return took
}

// restart kills a component and starts it again, at once. It returns when it was started.
func (k *killing) restart(component string) time.Time {
	k.Helper()
	if component == "database" {
		line, _, _ := strings.Cut(k.file("data/postmaster.pid"), "\n")
		pid, err := strconv.Atoi(line)
		if err != nil {
			k.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			k.Fatal(err)
		}
		<-k.cluster.Done()
		_ = k.cluster.Stop(k.Context()) // which lets go of the folder
		began := time.Now()
		if k.cluster, err = cluster.Start(k.Context(), k.config); err != nil {
			k.Fatal(err)
		}
		k.open()
		k.Logf("PostgreSQL itself took %.1f s to recover", time.Since(began).Seconds())
		return began
	}
	unit := map[string]string{"control plane": "streamspace-serve", "agent": "streamspace-agent"}[component]
	k.kills[unit]()
	began := time.Now()
	k.running[unit] = k.startUnit(unit)
	return began
}

func (k *killing) file(name string) string {
	b, err := os.ReadFile(filepath.Join(k.config.Dir, name))
	if err != nil {
		k.Fatal(err)
	}
	return string(b)
}

// try sends a request, and returns 0 when there is no answer.
func (k *killing) try(method, path string, body, out any) int {
	ctx, cancel := context.WithTimeout(k.Context(), 2*time.Second)
	defer cancel()
	var sent bytes.Buffer
	if body != nil {
		_ = json.NewEncoder(&sent).Encode(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, k.url+path, &sent)
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+k.bearer)
	response, err := k.client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if out != nil && response.StatusCode < http.StatusMultipleChoices {
		if err := json.NewDecoder(response.Body).Decode(out); err != nil {
			return 0
		}
	}
	return response.StatusCode
}

// opens reports whether the session's desktop can be opened now.
func (k *killing) opens(at string) bool {
	var pass struct{ Ticket string }
	if k.try(http.MethodPost, at+"/tickets", nil, &pass) != http.StatusCreated {
		return false
	}
	ctx, cancel := context.WithTimeout(k.Context(), 2*time.Second)
	defer cancel()
	socket, err := openDesktop(ctx, k.client, k.url, at, pass.Ticket)
	if err != nil {
		return false
	}
	defer socket.CloseNow()
	_, _, err = socket.Read(ctx)
	return err == nil
}
