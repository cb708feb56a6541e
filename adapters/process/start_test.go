package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
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
			patience := startTimeout
			if test.code == "slow" {
				patience = time.Second
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fault.New(fault.Unavailable, "slow", "slow"))
			defer cancel()
			err := started(ctx, t, func(*session) command { return command{args: []string{"sh", "-c", test.script}} })
			failed, ok := errors.AsType[*runtime.StartError](err)
			if !ok || fault.Of(err).Code != test.code || !strings.Contains(failed.Output, test.says) {
				t.Errorf("it failed with %v, want the code %s and %q", err, test.code, test.says)
			}
		})
	}
}

// TestDisplaySaysWhy starts a display that cannot listen, because a folder is in the way. Xvnc with -inetd says nothing
// about it.
func TestDisplaySaysWhy(t *testing.T) {
	t.Parallel()
	number := 20000 + os.Getpid()%10000 // above those of sessions
	taken := socketOf(number)
	if err := errors.Join(checkSockets(), os.MkdirAll(taken, 0o700)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(taken) }()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	err := started(ctx, t, func(s *session) command {
		c := command{args: []string{"sh", s.folder.script(), "800x600", ":" + strconv.Itoa(number), "1", "xterm"}}
		c.env, c.mine = environment(s.folder.home(), s.folder.xauthority()), ownedBy(0, s.folder)
		return c
	})
	failed, ok := errors.AsType[*runtime.StartError](err)
	const why = "Cannot establish any listening sockets"
	if !ok || fault.Of(err).Code != "display_ended" || !strings.Contains(failed.Output, why) {
		t.Errorf("it failed with %v, which does not say why", err)
	}
}

func TestGeometry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		width, height, scale int
		want                 string // empty: it is refused
	}{
		{0, 0, 0, "1280x800"}, {1920, 1080, 1, "1920x1080"}, {runtime.MaxSide, 1, 0, "8192x1"},
		{runtime.MaxSide + 1, 1, 0, ""}, {1, -1, 0, ""}, {0, 0, 2, "2560x1600"}, {5000, 400, 2, "8192x800"},
		{100, 100, 99, "300x300"}, {0, 0, -1, "1280x800"},
	} {
		got, err := geometry(runtime.Spec{Width: test.width, Height: test.height, Scale: test.scale})
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%+v is %q (%v)", test, got, err)
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

// started runs a command as a session's, waits until its display responds, and ends it. The error is why it does not.
func started(ctx context.Context, t *testing.T, of func(*session) command) error {
	t.Helper()
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
	o := r.order(s, of(s))
	if s.processes, err = r.starter.supervise(o, passed{display: display}, &output{}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		s.processes.kill()
		<-s.processes.gone
	}()
	return s.awaitDisplay(ctx)
}
