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

// Probe is one attempt to cross from an organisation into another, with its outcome.
type Probe struct {
	Role    string `json:"role"`
	Caller  string `json:"caller"` // "the member", "before entering"
	Table   string `json:"table"`  // empty when the attempt is on a function
	Attempt string `json:"attempt"`
	Outcome string `json:"outcome"`
	// By is what stopped the attempt: a privilege, a policy, a key, a function, or "no rows".
	By   string `json:"by"`
	Held bool   `json:"held"` // whether the organisations stayed separate
}

// String is the probe in one line.
func (p Probe) String() string {
	as := "as " + p.Caller
	if p.Caller == beforeEntering {
		as = p.Caller
	}
	return fmt.Sprintf("%s %s tried to %s %s: %s", p.Role, as, p.Attempt, p.Table, p.Outcome)
}

// errNotRun says why the probes cannot run.
type errNotRun struct{ why string }

func (e errNotRun) Error() string { return e.why }

// tryLive creates two organisations with the functions that production uses. As each role and each member of the first
// it tries to reach rows of the second. Everything is in one transaction that is rolled back: no other connection sees
// it.
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
			Attempt: "find a row in", Outcome: "there is no row to try for: add one to the probe files"})
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

// prepareToTry checks that the user may act as every role, and sets timeouts for the attempts.
func prepareToTry(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "set local lock_timeout = '2s'; set local statement_timeout = '30s'; "+
		"set local search_path = pg_catalog, pg_temp"); err != nil {
		return err
	}
	var recovering, super bool
	var missing []string
	needed := slices.DeleteFunc(db.Roles(), func(role string) bool { return role == "streamspace_migrator" })
	err := tx.QueryRow(ctx, `select pg_is_in_recovery(), usesuper, array(select r from unnest($1::text[]) r
		where to_regrole(r) is null or not pg_has_role(session_user, to_regrole(r),
			case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end))
		from pg_user where usename = session_user`, needed).Scan(&recovering, &super, &missing)
	switch {
	case err != nil:
		return fmt.Errorf("read which roles the user may act as: %w", err)
	case recovering:
		return errNotRun{"this server is a standby, and the attempts must write before they roll back: audit the primary"}
	case len(missing) > 0:
		return join(ctx, tx, missing)
	case !super:
		return nil
	}
	_, err = tx.Exec(ctx, "set local lc_messages = 'C'") // for probe.Try; only a superuser may set it
	return err
}

// join makes the audit's user a member of the roles until the transaction is rolled back. The administrator of a server
// without a superuser may do that.
func join(ctx context.Context, tx pgx.Tx, roles []string) error {
	for _, role := range roles {
		if _, err := tx.Exec(ctx, "grant "+pgx.Identifier{role}.Sanitize()+" to current_user"); err != nil {
			return errNotRun{fmt.Sprintf("the user of the audit may not act as %v (%v): run it as a superuser, or as the "+
				"administrator that made the roles", roles, err)}
		}
	}
	return nil
}

// probe describes the outcome of an attempt for the report.
func (c crossing) probe(s *probe.Script, o probe.Outcome) Probe {
	p := Probe{Role: s.Role(c.caller.name), Caller: c.caller.label, Table: c.table, Attempt: c.does, Held: o.Held}
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
	default: // our own values are new, so the duplicate is in their row
		p.Outcome += ": it reveals a row of the other organisation"
	}
	return p
}

// let describes an attempt that was not refused, by the number of rows that it saw or changed.
func (c crossing) let(rows string) string {
	switch {
	case c.kind == reads:
		return rows + " rows"
	case c.kind == crosses:
		return "was not refused"
	case rows == "0":
		return "their rows are unchanged"
	default:
		return "their rows were changed"
	}
}

// layer names what refused the attempt.
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
