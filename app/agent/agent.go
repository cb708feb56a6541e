package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/modules/logs"
	"github.com/streamspace-dev/streamspace/modules/reconciler"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// leaveTimeout is how long an agent that is stopped may take to end its sessions and report that. Killing a desktop
// takes milliseconds, and so does a report.
const leaveTimeout = 5 * time.Second

// Run runs the agent until ctx is done, or a newer process of the same agent has taken over, on another host. When ctx
// is done, its sessions run on for a while, and the next agent takes them over. Where they may not, it reports their
// ends.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	id, key, err := readCredential(c.Credential)
	if err != nil {
		return err
	}
	config := tunnel.ClientConfig{
		URL: c.ControlURL, Agent: id, Secret: key, Unconfined: c.Unconfined, Slots: c.Slots,
		RawStreams: c.RawStreams, Version: version(), Log: log,
	}
	counted := contacts{file: filepath.Join(c.Data, "contacts"), agent: id, log: log}
	config.Contacts, config.Counted = counted.last(), counted.store
	if c.ControlCA != "" {
		config.Authorities = func() (*x509.CertPool, error) { return certs.Authorities(c.ControlCA) }
	}
	examined := make(chan struct{})
	go func() { // beside the start, which open desktops wait for
		defer close(examined)
		logLacks(examine(ctx, c), log)
	}()
	defer func() { <-examined }()
	desktops := c.runtime()
	desktops.Log = log
	runs, err := process.New(desktops)
	if err != nil {
		return err
	}
	config.UnenforcedLimits = runs.Unheld()
	logUnenforced(config.UnenforcedLimits, log)
	client, err := tunnel.NewClient(config)
	if err != nil {
		return errors.Join(err, runs.Leave())
	}
	output := logs.NewStore()
	defer output.Close() // after the sessions, which write to it
	recorded := logs.Recorder{Runtime: runs, Store: output}
	p := program{client: client, output: output, log: log, endsSessions: c.Outlive == 0}
	p.sessions = reconciler.New(recorded, client, client.Epoch, log)
	err = p.serve(ctx)
	if ctx.Err() != nil {
		return errors.Join(err, runs.Leave())
	}
	return errors.Join(err, runs.Close())
}

// program is a running agent.
type program struct {
	client   *tunnel.Client
	sessions *reconciler.Reconciler
	output   *logs.Store
	log      *slog.Logger
	// endsSessions says that sessions end with the agent.
	endsSessions bool
}

// handler handles the control plane's requests.
type handler struct {
	*reconciler.Reconciler
	*logs.Store
}

// serve keeps the connection until sessions that end with the agent have ended, and that is reported.
func (p program) serve(ctx context.Context) error {
	g, running := errgroup.WithContext(ctx)
	connected, disconnect := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return p.client.Run(connected, handler{p.sessions, p.output}) })
	g.Go(func() error {
		defer disconnect()
		err := p.sessions.Run(running)
		if !p.endsSessions || ctx.Err() == nil { // the next process reports, or the newer one that has taken over
			return err
		}
		leaving, cancel := context.WithTimeout(connected, leaveTimeout)
		defer cancel()
		if err := p.sessions.Leave(leaving); err != nil {
			p.log.Warn("not all ends were reported", "error", err)
		}
		return err
	})
	return g.Wait()
}

// logUnenforced logs the limits of sessions that the control plane is told of as not enforced.
func logUnenforced(limits []string, log *slog.Logger) {
	if len(limits) > 0 {
		log.Warn("the kernel of this host does not enforce these limits of sessions: a watchdog ends those that exceed "+
			"their memory or disk", "unenforced_limits", limits)
	}
}

// version is what the Go toolchain wrote into the program. It is cut, because a control plane refuses a longer one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Version[:min(len(info.Main.Version), link.MaxVersion)]
}
