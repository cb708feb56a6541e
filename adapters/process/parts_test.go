package process

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// part is a part of a start. do is measured, undo is not.
type part struct{ do, undo func() error }

// BenchmarkStartParts measures what each part of a start costs. BenchmarkStart measures all of it.
func BenchmarkStartParts(b *testing.B) {
	for _, p := range []struct {
		name       string
		unconfined bool
		of         func(*testing.B, *Runtime, *session) part
	}{
		{"user id", false, userPart},
		{"folder", false, folderPart},
		{"home", false, homePart},
		{"control group", false, groupPart},
		{"supervisor", true, supervisorPart},
		{"filter", false, filterPart},
		{"keyrings", false, keyringsPart},
		{"sandbox", false, sandboxPart},
		{"privileges", false, privilegesPart},
		{"display", true, displayPart},
	} {
		b.Run(p.name, func(b *testing.B) {
			dir := b.TempDir()
			if err := errors.Join(os.Chmod(dir, 0o711), os.Chmod(filepath.Dir(dir), 0o711)); err != nil {
				b.Fatal(err)
			}
			r, err := New(Config{Dir: dir, Unconfined: p.unconfined})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			one := p.of(b, r, aSession(b, r))
			for b.Loop() {
				err := one.do()
				b.StopTimer()
				if err := errors.Join(err, one.undo()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// aSession is a session with a user, of which nothing else exists.
func aSession(b *testing.B, r *Runtime) *session {
	b.Helper()
	id := uuid.New()
	s := &session{folder: r.store.folder(id), status: runtime.Status{Session: id}, limits: r.cfg.Limits}
	var err error
	if s.uid, err = r.uids.claim(id); err != nil {
		b.Fatal(err)
	}
	return s
}

// folderOf makes its folder.
func folderOf(b *testing.B, s *session) {
	b.Helper()
	if err := s.folder.make(s.uid); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.folder.remove() })
}

func nothing() error { return nil }

// userPart finds a user that has no process and no keys.
func userPart(_ *testing.B, r *Runtime, _ *session) part {
	var uid int
	return part{
		do:   func() (err error) { uid, err = r.uids.claim(uuid.New()); return err },
		undo: func() error { r.uids.release(uid); return nil },
	}
}

func folderPart(_ *testing.B, _ *Runtime, s *session) part {
	return part{do: func() error { return s.folder.make(s.uid) }, undo: s.folder.remove}
}

// homePart makes the file system of a home. The supervisor mounts it.
func homePart(b *testing.B, _ *Runtime, s *session) part {
	folderOf(b, s)
	return part{
		do:   func() error { return s.folder.makeImage(b.Context(), 1<<30, s.uid) },
		undo: func() error { return os.Remove(s.folder.image()) },
	}
}

func groupPart(_ *testing.B, r *Runtime, s *session) part {
	var g *group
	return part{
		do: func() (err error) {
			g, err = r.groups.of(s.status.Session, Limits{Memory: 1 << 30, CPU: 1000, Processes: 1000})
			return err
		},
		undo: func() error { return g.remove() },
	}
}

// supervisorPart starts a program without a sandbox, in a control group.
func supervisorPart(b *testing.B, r *Runtime, s *session) part {
	folderOf(b, s)
	var p *supervised
	return part{
		do: func() error {
			display, err := s.folder.listen()
			if err == nil {
				s.group, err = r.groups.of(s.status.Session, r.cfg.Limits)
			}
			if err != nil {
				return err
			}
			c := command{args: []string{"sleep", "600"}, dir: "/", mine: ownedBy(s.uid, s.folder)}
			p, err = r.starter.supervise(r.order(s, c), passed{display, r.uids.file(s.uid)}, &output{})
			return err
		},
		undo: func() error {
			p.kill()
			<-p.gone
			return errors.Join(s.group.remove(), os.Remove(s.folder.socket()))
		},
	}
}

// filterPart is done by each supervisor.
func filterPart(*testing.B, *Runtime, *session) part {
	return part{do: func() error { _, err := compile(false); return err }, undo: nothing}
}

// keyringsPart is done for a user id, and by a supervisor.
func keyringsPart(_ *testing.B, _ *Runtime, s *session) part {
	return part{do: func() error { return clearKeyrings(s.uid) }, undo: nothing}
}

// sandboxPart runs a program that ends at once in a sandbox, with the filter and without privileges.
func sandboxPart(b *testing.B, r *Runtime, s *session) part {
	return part{
		do:   func() error { return runIn(b.Context(), sandbox(s.uid, r.flat), s.uid, "true") },
		undo: nothing,
	}
}

// privilegesPart is the part of sandboxPart that is no sandbox.
func privilegesPart(b *testing.B, _ *Runtime, s *session) part {
	return part{
		do: func() error {
			args := append(drop(s.uid, s.limits), "true")
			return exec.CommandContext(b.Context(), args[0], args[1:]...).Run()
		},
		undo: nothing,
	}
}

// displayPart starts a desktop without a supervisor and without a sandbox, and waits for its greeting.
func displayPart(b *testing.B, r *Runtime, s *session) part {
	folderOf(b, s)
	var p *processes
	return part{
		do: func() error {
			var err error
			if s.display, err = s.freeDisplay(); err != nil {
				return err
			}
			display, err := s.folder.listen()
			if err != nil {
				return err
			}
			if p, err = r.starter.start(r.command(s, runtime.Spec{}), display, io.Discard); err != nil {
				return err
			}
			return greet(b.Context(), s.folder)
		},
		undo: func() error {
			p.kill()
			<-p.gone
			return errors.Join(removeSocket(socketOf(s.display)), os.Remove(s.folder.socket()))
		},
	}
}
