package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// Output has the places that dev writes to.
type Output struct {
	Progress io.Writer
	Log      *slog.Logger
	AgentLog io.Writer // output of the agent, which is a separate process
}

// dev is one run of the installation.
type dev struct {
	Config
	Output

	files files
	// unconfined is why the kernel gives sessions no namespaces; nil: it does. Sessions can then see each other, so that
	// there must be only one organisation, and dev makes only the first.
	unconfined error
}

// files has the paths of dev's data.
type files struct{ cluster, agent, passwords, signingKeys, credential, password string }

// Run runs the installation until ctx is done, and then stops everything that it started. The data stays, and the next
// Run continues with it.
func Run(ctx context.Context, c Config, out Output) error {
	d := &dev{Config: c, Output: out, files: files{
		cluster: filepath.Join(c.Data, "postgres"), agent: filepath.Join(c.Data, "agent"),
		passwords: filepath.Join(c.Data, "passwords"), signingKeys: filepath.Join(c.Data, "keys"),
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

// thenStop runs serve and then stop, also after a panic, and returns the errors of both. A PostgreSQL that is left
// running would keep the next start from using the data.
func thenStop(ctx context.Context, stop func(context.Context) error, serve func() error) (err error) {
	defer func() { err = errors.Join(err, stop(ctx)) }()
	return serve()
}

// prepare installs missing programs, and makes the data folder and the signing key.
func (d *dev) prepare(ctx context.Context) error {
	wanted := needs.Sessions()
	if d.Server.DatabaseURL == "" {
		wanted = append(wanted, needs.Database()...)
	}
	if err := apt.Ensure(ctx, d.Progress, wanted); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Data, 0o711); err != nil { // 0711: PostgreSQL's user and the sessions' users must pass through
		return fmt.Errorf("make the data folder: %w", err)
	}
	if d.unconfined = process.Confinable(ctx); d.unconfined != nil {
		d.say("This kernel does not provide namespaces for sessions (%v).\n"+
			"Sessions run without them. So there is only one organisation: acme.", d.unconfined)
	}
	d.Server.SigningKeys = d.files.signingKeys
	return jwt.EnsureKeys(d.files.signingKeys)
}

// serve runs the control plane and the agent until ctx is done or one of them fails.
func (d *dev) serve(ctx context.Context, database *database, began time.Time) error {
	d.Server.DatabaseURL, d.Server.DatabasePasswords = database.url, database.passwords
	d.say("Preparing the demo organisations …")
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
	// The agent stops first, while the control plane can still receive its reports. Otherwise the next start would show
	// sessions as running whose desktops are gone.
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

// awaitAgent waits until the agent has connected, at most agentTimeout. It returns false only if ctx is done. After the
// timeout dev continues: the agent logs its own problem, and everything but desktops works without it.
func awaitAgent(ctx context.Context, s *server.Server) bool {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for enough := time.After(agentTimeout); s.Agents() == 0; {
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

// agentTimeout is how long the welcome text waits for the agent, which takes 0.1 s on an idle machine.
const agentTimeout = 10 * time.Second

func (d *dev) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.Progress, format+"\n", args...)
}
