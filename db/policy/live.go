package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/policy/probe"
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

// tryLive makes two organisations by the functions that production makes them with, and tries as each role and member
// of one to reach the other's rows. All of it is one transaction that is rolled back: no one else ever sees the two.
func tryLive(ctx context.Context, conn Beginner) (made []Probe, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to try: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	if err := prepareToTry(ctx, tx); err != nil {
		return nil, err
	}
	script, err := probe.ForAudit()
	if err != nil {
		return nil, err
	}
	if err := script.FillWithin(ctx, tx); err != nil {
		return nil, fmt.Errorf("make two organisations to try: %w", err)
	}
	all, empty, err := crossings(ctx, tx, script)
	if err != nil {
		return nil, err
	}
	for _, table := range empty {
		made = append(made, Probe{Role: "streamspace_backup", Caller: "itself", Table: table,
			Attempt: "find a row to try for", Outcome: "none was made: the audit must learn to make one"})
	}
	attempts := make([]probe.Attempt, len(all))
	for i, c := range all {
		attempts[i] = c.Attempt
	}
	outcomes, err := probe.Try(ctx, tx, attempts)
	if err != nil {
		return nil, fmt.Errorf("try to cross: %w", err)
	}
	for i, c := range all {
		made = append(made, c.probe(script, outcomes[i]))
	}
	return made, nil
}

// prepareToTry finds out whether the caller may take the roles, and bounds what the attempts may wait for.
func prepareToTry(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "set local lock_timeout = '2s'; set local statement_timeout = '30s'; "+
		"set local search_path = pg_catalog, pg_temp"); err != nil {
		return err
	}
	var recovering, super bool
	var missing []string
	needed := slices.DeleteFunc(db.Roles(), func(role string) bool { return role == "streamspace_migrator" })
	err := tx.QueryRow(ctx, `select pg_is_in_recovery(), usesuper, array(select r from unnest($1::text[]) r
		where to_regrole(r) is null or not pg_has_role(session_user, to_regrole(r), 'member'))
		from pg_user where usename = session_user`, needed).Scan(&recovering, &super, &missing)
	switch {
	case err != nil:
		return fmt.Errorf("ask which roles may be taken: %w", err)
	case recovering:
		return errNotRun{"this server is a standby, where nothing can be written, even to be rolled back"}
	case len(missing) > 0:
		return errNotRun{fmt.Sprintf("whoever runs the audit may not take the roles %v: run it as a superuser", missing)}
	case !super:
		return nil
	}
	_, err = tx.Exec(ctx, "set local lc_messages = 'C'") // what refused is read from the message; only a superuser may
	return err
}

// probe tells in the report's words what came of an attempt.
func (c crossing) probe(s *probe.Script, o probe.Outcome) Probe {
	p := Probe{Role: s.Role(c.caller.name), Caller: c.caller.told, Table: c.table, Attempt: c.does, Held: o.Held}
	state, by, _ := strings.Cut(o.Got, " ")
	switch {
	case state == "ok":
		p.Outcome = c.let(by)
		if o.Held {
			p.By = "no rows"
		}
		return p
	case !o.Held && state != "23505":
		p.Outcome = "inconclusive: " + state + " " + o.Message
		return p
	}
	p.By = layer(state, by)
	p.Outcome = "refused: " + state + " " + o.Message
	switch {
	case state != "23505":
	case o.Held:
		p.Outcome += ", a pinned exception of R10"
	default: // ours are never in the way: what is taken is theirs
		p.Outcome += ": it tells of a row of theirs"
	}
	return p
}

// let tells of an attempt that was not refused, by how many rows it saw or changed.
func (c crossing) let(rows string) string {
	switch {
	case c.kind == reads:
		return rows + " rows"
	case c.kind == crosses:
		return "was not refused"
	case rows == "0":
		return "their rows are as they were"
	default:
		return "their rows are changed"
	}
}

// layer names what refused.
func layer(state, by string) string {
	switch {
	case state == "42501" && by == "policy":
		return "a policy"
	case state == "42501" && by != "scope":
		return "a privilege"
	case state == "23503":
		return "a foreign key"
	case state == "23505":
		return "a unique index"
	default:
		return "a function"
	}
}
