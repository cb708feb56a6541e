package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Probe is one attempt to cross from an organisation into another, and what came of it.
type Probe struct {
	Role    string `json:"role"`
	Caller  string `json:"caller"` // "a member", "nobody yet"
	Table   string `json:"table"`  // empty where the attempt is on a function
	Attempt string `json:"attempt"`
	Outcome string `json:"outcome"`
	// By is what kept it apart: a privilege, a policy, a key, a function, or that there were no rows.
	By   string `json:"by"`
	Held bool   `json:"held"` // whether the other organisation was kept apart
}

// String is the probe in one line.
func (p Probe) String() string {
	return fmt.Sprintf("%s as %s tried to %s %s: %s", p.Role, p.Caller, p.Attempt, p.Table, p.Outcome)
}

// errNotRun is why the probes cannot be made.
type errNotRun struct{ why string }

func (e errNotRun) Error() string { return e.why }

// errDone ends the transaction of the probes, which never commits.
var errDone = errors.New("the probes are done")

// entering are the roles that enter an organisation; outside are those that never do.
var (
	entering = []string{"streamspace_app", "streamspace_agent", "streamspace_system"}
	outside  = []string{"streamspace_login", "streamspace_operator", "streamspace_auditor"}
)

// probe makes two organisations by the functions that production makes them with, and tries as each role and member
// of one to reach the other's rows. All of it is one transaction that is rolled back: nobody else ever sees the two.
func probe(ctx context.Context, conn Beginner) ([]Probe, error) {
	var made []Probe
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		t := trial{tx: tx, live: time.Now().Add(lifetime)}
		if err := t.mayPlay(ctx); err != nil {
			return err
		}
		if err := t.arrange(ctx); err != nil {
			return fmt.Errorf("make two organisations to try: %w", err)
		}
		if err := t.run(ctx); err != nil {
			return fmt.Errorf("try to cross: %w", err)
		}
		made = t.probes
		return errDone
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return made, err
}

// lifetime is how long the sign-ins of the two organisations would last. They are gone in seconds.
const lifetime = time.Hour

// trial is the transaction with what was arranged in it.
type trial struct {
	tx     pgx.Tx
	live   time.Time
	ours   side // the organisation that the callers belong to
	theirs side // the one that they try to reach
	tables []target
	probes []Probe
}

// mayPlay finds out whether whoever runs the audit may take the roles, and bounds what the probes may wait for.
func (t *trial) mayPlay(ctx context.Context) error {
	if _, err := t.tx.Exec(ctx, "set local lock_timeout = '2s'; set local statement_timeout = '5s'; "+
		"set local search_path = pg_catalog, pg_temp"); err != nil {
		return err
	}
	var recovering bool
	var missing []string
	err := t.tx.QueryRow(ctx, `select pg_is_in_recovery(), array(select r from unnest($1::text[]) r
		where to_regrole(r) is null or not pg_has_role(session_user, to_regrole(r), 'member'))`,
		append(append([]string{"streamspace_backup"}, entering...), outside...)).Scan(&recovering, &missing)
	switch {
	case err != nil:
		return fmt.Errorf("ask which roles may be taken: %w", err)
	case recovering:
		return errNotRun{"this server is a standby, where nothing can be written, even to be rolled back"}
	case len(missing) > 0:
		return errNotRun{fmt.Sprintf("whoever runs the audit may not take the roles %v: run it as a superuser", missing)}
	default:
		return nil
	}
}

// caller is a role with what it has entered.
type caller struct {
	role, name string
	enter      string // the statement that enters; empty means nothing was entered
}

// run makes every attempt of every caller, each in a savepoint.
func (t *trial) run(ctx context.Context) error {
	for _, c := range t.callers() {
		err := t.inside(ctx, c, func() error {
			for _, table := range t.tables {
				attempts := t.attempts(c, table)
				for _, a := range attempts {
					if err := t.try(ctx, c, table, a); err != nil {
						return err
					}
				}
			}
			for _, a := range t.entries(c) {
				if err := t.try(ctx, c, target{}, a); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("as %s, %s: %w", c.role, c.name, err)
		}
	}
	return nil
}

func (t *trial) callers() []caller {
	all := []caller{
		{"streamspace_agent", "the agent", t.ours.enterReport(t.ours.session)},
		{"streamspace_system", "a service", t.ours.enterService()},
	}
	for _, m := range t.ours.members {
		all = append(all, caller{"streamspace_app", "the " + m.role, t.ours.enter(m, m.role)})
	}
	for _, role := range append(append([]string{}, entering...), outside...) {
		all = append(all, caller{role: role, name: "nobody yet"})
	}
	return all
}

// inside runs a function after a caller has entered, and undoes both.
func (t *trial) inside(ctx context.Context, c caller, fn func() error) error {
	statement := fmt.Sprintf("savepoint caller; set local role %s; %s", c.role, c.enter)
	if _, err := t.tx.Exec(ctx, statement); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	if err := fn(); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, "rollback to savepoint caller; release savepoint caller")
	return err
}

// try makes one attempt in a savepoint, looks at the other organisation's rows when it was not refused, and undoes
// it.
func (t *trial) try(ctx context.Context, c caller, table target, a attempt) error {
	if _, err := t.tx.Exec(ctx, "savepoint attempt"); err != nil {
		return err
	}
	result, err := t.outcome(ctx, table, a)
	if err != nil {
		return fmt.Errorf("%s %s: %w", a.what, table.name, err)
	}
	t.probes = append(t.probes, Probe{Role: c.role, Caller: c.name, Table: table.name, Attempt: a.what,
		Outcome: result.text, By: result.by, Held: result.held})
	_, err = t.tx.Exec(ctx, "rollback to savepoint attempt; release savepoint attempt")
	return err
}
