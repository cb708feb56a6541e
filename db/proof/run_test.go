package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// patience is how long one mutant may take. It usually takes a hundredth of this.
const patience = time.Minute

// Result is the result of one mutant.
type Result struct {
	Mutant
	// Impossible is the server's message when it refused to make the mutant, because rows violate a unique key: with
	// rows of two organisations in a table, a key without org_id cannot be made.
	Impossible string
	// Kills are what the checkers noticed, by their name.
	Kills map[string]string
	// Took is how long each looked.
	Took map[string]time.Duration
}

// Killed reports whether a checker noticed the mutant.
func (r Result) Killed(by string) bool { _, ok := r.Kills[by]; return ok }

// Run makes each mutant in a transaction of its own on one of the databases, and has every checker look at it. The
// databases have the same contents, and nothing else uses their servers, because roles and their settings are mutated
// as well.
func Run(ctx context.Context, databases []*pgx.Conn, mutants []Mutant, checkers []Checker) (*Report, error) {
	began := time.Now()
	if err := control(ctx, databases, checkers); err != nil {
		return nil, err
	}
	results := make([]Result, len(mutants))
	var next counter
	group, running := errgroup.WithContext(ctx)
	for _, conn := range databases {
		group.Go(func() error {
			for i := next.take(); i < len(mutants); i = next.take() {
				r, err := once(running, conn, mutants[i], checkers)
				if err != nil {
					return err
				}
				results[i] = r
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	// What time alone changes would have been taken for a mutant's work.
	if err := control(ctx, databases, checkers); err != nil {
		return nil, err
	}
	return &Report{Results: results, Took: time.Since(began), Databases: len(databases)}, nil
}

// control runs the checkers without a mutant: none of them may notice anything.
func control(ctx context.Context, databases []*pgx.Conn, checkers []Checker) error {
	for _, conn := range databases {
		r, err := once(ctx, conn, Mutant{Kind: "none", SQL: "select"}, checkers)
		if err != nil {
			return err
		}
		for by, why := range r.Kills {
			return fmt.Errorf("%s finds something wrong where nothing is: %s", by, why)
		}
	}
	return nil
}

// counter hands out mutants.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n - 1
}

func once(ctx context.Context, conn *pgx.Conn, m Mutant, checkers []Checker) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := Result{Mutant: m, Kills: map[string]string{}, Took: map[string]time.Duration{}}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return r, fmt.Errorf("begin %s: %w", m.ID(), err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, m.SQL); err != nil {
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23505" {
			r.Impossible = pg.Message
			return r, nil
		}
		return r, fmt.Errorf("make %s: %s: %w", m.ID(), m.SQL, err)
	}
	// Plans are made anew where a table changes under them, but not where a role does.
	if strings.HasPrefix(m.Kind, "role-") {
		if _, err := tx.Exec(ctx, "discard plans"); err != nil {
			return r, fmt.Errorf("discard plans: %w", err)
		}
	}
	for _, c := range checkers {
		began := time.Now()
		killed, why, err := c.Check(ctx, tx, m)
		if err != nil {
			return r, fmt.Errorf("%s of %s: %w", c.Name(), m.ID(), err)
		}
		r.Took[c.Name()] = time.Since(began)
		if killed {
			r.Kills[c.Name()] = why
		}
	}
	return r, nil
}
