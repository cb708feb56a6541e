package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/modules/reconciler"
)

// Run runs the agent until ctx is done, or a newer process of the same agent has taken over. Its sessions end with
// it.
func Run(ctx context.Context, c Config, log *slog.Logger) (err error) {
	id, key, err := readCredential(c.Credential)
	if err != nil {
		return err
	}
	config := tunnel.ClientConfig{
		URL: c.ControlURL, Agent: id, Secret: key, Unconfined: c.Unconfined, Slots: c.Slots, Log: log,
	}
	if c.ControlCA != "" {
		config.Authorities = func() (*x509.CertPool, error) { return certs.Authorities(c.ControlCA) }
	}
	client, err := tunnel.NewClient(config)
	if err != nil {
		return err
	}
	runs, err := process.New(process.Config{Dir: c.Data, Unconfined: c.Unconfined, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runs.Close()) }()
	sessions := reconciler.New(runs, client, client.Epoch, log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return client.Run(ctx, sessions) })
	g.Go(func() error { return sessions.Run(ctx) })
	return g.Wait()
}
