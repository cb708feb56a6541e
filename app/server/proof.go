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
	// checkEvery is how often a running server checks the catalogue. One check takes about 0.1 s.
	checkEvery = 5 * time.Minute
	// checkTimeout bounds one check.
	checkTimeout = 30 * time.Second
)

// proof checks the database's catalogue. A server does not start when the catalogue no longer keeps organisations
// apart, and logs an error when the catalogue changes while it runs.
type proof struct {
	accepted policy.Accepted
	db       *postgres.DB
	metrics  *prometheus.Metrics
	log      *slog.Logger
}

// newProof reads the file of accepted findings. An empty name means that none is accepted.
func newProof(file string, db *postgres.DB, m *prometheus.Metrics, log *slog.Logger) (*proof, error) {
	accepted, err := policy.ReadAccepted(file)
	return &proof{accepted: accepted, db: db, metrics: m, log: log}, err
}

// check returns the findings that no operator has accepted.
func (p *proof) check(ctx context.Context) ([]policy.Violation, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := p.db.Violations(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the database's catalogue: %w", err)
	}
	found = policy.Except(found, p.accepted)
	p.metrics.Violations(len(found))
	return found, nil
}

// start fails when there are findings, and its error lists all of them.
func (p *proof) start(ctx context.Context) error {
	found, err := p.check(ctx)
	if err != nil || len(found) == 0 {
		return err
	}
	all := []error{fmt.Errorf("the database's catalogue differs from the reviewed one (%d findings):", len(found))}
	for _, v := range found {
		all = append(all, errors.New("  "+v.String()))
	}
	return errors.Join(all...)
}

// run checks the catalogue at intervals until ctx is done.
func (p *proof) run(ctx context.Context) error {
	return periodic.Task{Name: "check the database's catalogue", Every: checkEvery, Once: p.report, Log: p.log}.Run(ctx)
}

// report checks once and logs each finding.
func (p *proof) report(ctx context.Context) error {
	found, err := p.check(ctx)
	for _, v := range found {
		p.log.ErrorContext(ctx, "the database's catalogue breaks a rule",
			"rule", v.Rule, "object", v.Object, "detail", v.Detail)
	}
	return err
}
