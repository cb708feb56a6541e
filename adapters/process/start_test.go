package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// TestFailedStartSaysWhy starts something else than a desktop, which ends before any display answers, or never does.
func TestFailedStartSaysWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script, code, says string
	}{
		"no display":     {"echo no keyboard >&2; exit 81", "display_ended", "no keyboard"},
		"no command":     {"exit 82", "command_not_found", ""},
		"killed":         {"kill -KILL $$", errKilled.Code, ""},
		"never answers":  {"exec sleep 600", "slow", ""},
		"another server": {"exec cat <&3", errKilled.Code, "cat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := New(Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			s := &session{folder: r.store.folder(uuid.New())}
			if err := s.folder.make(0); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.folder.remove() }()
			display, err := s.folder.listen()
			if err != nil {
				t.Fatal(err)
			}
			if s.processes, err = r.starter.start(command{args: []string{"sh", "-c", test.script}}, display); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, fault.New(fault.Unavailable, "slow", "slow"))
			defer cancel()
			err = s.awaitDisplay(ctx)
			failed, ok := errors.AsType[*runtime.StartError](err)
			if !ok || fault.Of(err).Code != test.code || !strings.Contains(failed.Output, test.says) {
				t.Errorf("it failed with %v, want the code %s and %q", err, test.code, test.says)
			}
			s.processes.kill()
			<-s.processes.gone
		})
	}
}

func TestGeometry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		width, height int
		want          string // empty: it is refused
	}{
		{0, 0, "1280x800"}, {1920, 1080, "1920x1080"}, {runtime.MaxSide, 1, "8192x1"}, {runtime.MaxSide + 1, 1, ""},
		{1, -1, ""},
	} {
		got, err := geometry(runtime.Spec{Width: test.width, Height: test.height})
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%d by %d is %q (%v), want %q", test.width, test.height, got, err, test.want)
		}
	}
}

// TestRemovesWhatIsShut removes folders to which a session took away its own rights, as it can when it has no user of
// its own.
func TestRemovesWhatIsShut(t *testing.T) {
	t.Parallel()
	f := folder{path: filepath.Join(t.TempDir(), "session"), mode: 0o700}
	if err := f.make(0); err != nil {
		t.Fatal(err)
	}
	shut := filepath.Join(f.home(), "shut")
	if err := os.MkdirAll(filepath.Join(shut, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
}

// TestMissingProgram takes every program away. It is not parallel: the path is the whole process's.
func TestMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := New(Config{Dir: t.TempDir()})
	const want = "Xvnc, openbox, xterm, bwrap, setpriv, prlimit not found on PATH: apt-get install --yes " +
		"tigervnc-standalone-server openbox xterm bubblewrap util-linux"
	if err == nil || err.Error() != want {
		t.Errorf("without any program it is %v, want %s", err, want)
	}
}
