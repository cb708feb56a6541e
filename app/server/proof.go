package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/adapters/prometheus"
	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// proveEvery is how often the catalogue is looked at while the server runs. One look takes about 0.1 s.
	proveEvery = 5 * time.Minute
	// provePatience bounds one look.
	provePatience = 30 * time.Second
)

// proof looks at the database's catalogue: a server does not start on one that no longer keeps organisations apart, and
// tells of one that changes under it.
type proof struct {
	accepted policy.Accepted
	db       *postgres.DB
	metrics  *prometheus.Metrics
	log      *slog.Logger
}

func newProof(file string, db *postgres.DB, m *prometheus.Metrics, log *slog.Logger) (*proof, error) {
	accepted, err := policy.ReadAccepted(file)
	return &proof{accepted: accepted, db: db, metrics: m, log: log}, err
}

// look returns what is not as it must be and nobody answers for.
func (p *proof) look(ctx context.Context) ([]policy.Violation, error) {
	ctx, cancel := context.WithTimeout(ctx, provePatience)
	defer cancel()
	found, err := p.db.Violations(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the database's catalogue: %w", err)
	}
	found = policy.Except(found, p.accepted)
	p.metrics.Violations(len(found))
	return found, nil
}

// start refuses a catalogue that is not as it must be, and lists all that is wrong.
func (p *proof) start(ctx context.Context) error {
	found, err := p.look(ctx)
	if err != nil || len(found) == 0 {
		return err
	}
	all := []error{fmt.Errorf("the database's catalogue is not as it was reviewed (%d):", len(found))}
	for _, v := range found {
		all = append(all, errors.New("  "+v.String()))
	}
	return errors.Join(all...)
}

// run looks again and again until ctx is done.
func (p *proof) run(ctx context.Context) error {
	return periodic.Task{Name: "look at the database's catalogue", Every: proveEvery, Once: p.tell, Log: p.log}.Run(ctx)
}

// tell looks once and logs what is not as it must be.
func (p *proof) tell(ctx context.Context) error {
	found, err := p.look(ctx)
	for _, v := range found {
		p.log.ErrorContext(ctx, "the database's catalogue breaks a rule",
			"rule", v.Rule, "object", v.Object, "detail", v.Detail)
	}
	return err
}
