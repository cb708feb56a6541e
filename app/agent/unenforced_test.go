package agent

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// TestMain plays the supervisor, which each runtime starts from this program.
func TestMain(m *testing.M) {
	if process.IsSupervisor() {
		if err := process.Supervise(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// control is a control plane that lets every agent in.
type control struct {
	link.Control // no other method is called

	hellos chan link.Hello
}

func (c control) Connect(_ context.Context, h link.Hello) (link.Agent, error) {
	select {
	case c.hellos <- h:
	default: // it was told before
	}
	return link.Agent{ID: h.Agent, Epoch: 1}, nil
}

func (control) Placements(context.Context, link.Agent, uuid.UUID) ([]link.Desired, error) {
	return nil, nil
}

// TestTheAgentTellsUnenforcedLimits starts an agent. Both ends know what its runtime does not hold.
func TestTheAgentTellsUnenforcedLimits(t *testing.T) {
	t.Parallel()
	c := control{hellos: make(chan link.Hello, 1)}
	quiet := slog.New(slog.DiscardHandler)
	server := tunnel.NewServer(tunnel.ServerConfig{Control: c, Log: quiet})
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	dir := t.TempDir()
	credential := filepath.Join(dir, "credential")
	if err := os.WriteFile(credential, []byte(uuid.NewString()+".secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var out bytes.Buffer
	config := Config{ControlURL: listening.URL, Credential: credential, Data: filepath.Join(dir, "data"), Slots: 1}
	go func() { ended <- Run(ctx, config, slog.New(slog.NewTextHandler(&out, nil))) }()
	var told link.Hello
	select {
	case told = <-c.hellos:
	case err := <-ended:
		t.Fatalf("the agent ended: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	runs, err := process.New(process.Config{Dir: filepath.Join(dir, "other")})
	if err != nil {
		t.Fatal(err)
	}
	defer runs.Close()
	want := runs.Unheld()
	if told.UnenforcedLimits == nil || !slices.Equal(told.UnenforcedLimits, want) {
		t.Errorf("it told %q, want %q", told.UnenforcedLimits, want)
	}
	if logged := strings.Contains(out.String(), "unenforced_limits="); logged != (len(want) > 0) {
		t.Errorf("with %q its log is\n%s", want, out.String())
	}
}

func TestUnenforcedLimitsAreLogged(t *testing.T) {
	t.Parallel()
	for limits, lines := range map[string]int{"": 0, "cpu": 1, "cpu memory": 1} {
		var out bytes.Buffer
		logUnenforced(strings.Fields(limits), slog.New(slog.NewTextHandler(&out, nil)))
		if strings.Count(out.String(), "\n") != lines || !strings.Contains(out.String(), limits) {
			t.Errorf("%q is logged as %q", limits, out.String())
		}
	}
}
