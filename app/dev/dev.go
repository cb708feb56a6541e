package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/adapters/apt"
	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/app/needs"
	"github.com/streamspace-dev/streamspace/app/server"
)

// Output is where dev says what it does.
type Output struct {
	Progress io.Writer
	Log      *slog.Logger
	AgentLog io.Writer // the agent's is that of a program of its own
}

// dev is one start of the installation.
type dev struct {
	Config
	Output

	files files
	// alone is set where the kernel gives sessions no namespaces: only an installation with one organisation may run them
	// then.
	alone error
}

// files are where dev keeps what it keeps.
type files struct{ cluster, agent, passwords, signingKey, credential, password string }

// Run runs the installation until ctx is done, and then stops everything it started. It can be started again with its
// data.
func Run(ctx context.Context, c Config, out Output) error {
	d := &dev{Config: c, Output: out, files: files{
		cluster: filepath.Join(c.Data, "postgres"), agent: filepath.Join(c.Data, "agent"),
		passwords: filepath.Join(c.Data, "passwords"), signingKey: filepath.Join(c.Data, "signing.pem"),
		credential: filepath.Join(c.Data, "agent.credential"), password: filepath.Join(c.Data, "password"),
	}}
	began := time.Now()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.say("Starting the database …")
	database, err := d.database(ctx)
	if err != nil {
		return err
	}
	return thenStop(ctx, database.stop, func() error { return d.serve(ctx, database, began) })
}

// thenStop runs serve and then stop, also after a panic, and returns what went wrong in either.
func thenStop(ctx context.Context, stop func(context.Context) error, serve func() error) (err error) {
	defer func() { err = errors.Join(err, stop(ctx)) }()
	return serve()
}

// prepare makes the machine and the folder ready.
func (d *dev) prepare(ctx context.Context) error {
	wanted := needs.Sessions()
	if d.Server.DatabaseURL == "" {
		wanted = append(wanted, needs.Database()...)
	}
	if err := apt.Ensure(ctx, d.Progress, wanted); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Data, 0o711); err != nil { // others pass through: PostgreSQL's user, and the sessions'
		return fmt.Errorf("make the data folder: %w", err)
	}
	if d.alone = process.Confinable(ctx); d.alone != nil {
		d.say("This kernel gives sessions no namespaces (%v).\n"+
			"They run without, and there is one organisation: acme.", d.alone)
	}
	d.Server.SigningKey = d.files.signingKey
	if err := jwt.WriteNewKey(d.files.signingKey); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// serve runs the control plane and the agent on a database that runs.
func (d *dev) serve(ctx context.Context, database *database, began time.Time) error {
	d.Server.DatabaseURL, d.Server.DatabasePasswords = database.url, database.passwords
	d.say("Looking after the demo organisations …")
	logins, err := d.demo(ctx)
	if err != nil {
		return fmt.Errorf("make the demo organisations: %w", err)
	}
	d.say("Starting the control plane and the agent …")
	s, err := server.New(ctx, d.Server, d.Log)
	if err != nil {
		return err
	}
	g, running := errgroup.WithContext(ctx)
	// The agent ends first: its sessions' ends are then no surprise to the control plane.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	g.Go(func() error { return s.Run(serving) })
	g.Go(func() error {
		defer stopServing()
		return d.superviseAgent(running, reachable(s.Addr()))
	})
	g.Go(func() error { return database.watch(running) })
	g.Go(func() error {
		if awaitAgent(running, s) {
			d.welcome(logins, time.Since(began))
		}
		return nil
	})
	err = g.Wait()
	d.say("Stopping.")
	return err
}

// awaitAgent returns once the agent has connected, and tells whether to go on: it says of itself what keeps it from
// connecting, and everything else can be tried without it.
func awaitAgent(ctx context.Context, s *server.Server) bool {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for enough := time.After(agentPatience); s.Agents() == 0; {
		select {
		case <-ctx.Done():
			return false
		case <-enough:
			return true
		case <-look.C:
		}
	}
	return true
}

// agentPatience is how long the welcome waits for the agent, which takes 0.1 s on an idle machine.
const agentPatience = 10 * time.Second

func (d *dev) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.Progress, format+"\n", args...)
}
