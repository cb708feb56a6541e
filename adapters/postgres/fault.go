package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Faults of rules that only the database keeps.
var (
	errQuotaExceeded   = fault.New(fault.Exhausted, "quota_exceeded", "The quota is used up.")
	errOwnerNotAllowed = fault.New(fault.Conflict, "owner_not_allowed", "The session's owner may not have sessions.")
	errLastOwner       = fault.New(fault.Conflict, "last_owner", "An organisation keeps at least one owner.")
	errNoNamespace     = fault.New(fault.Conflict, "no_namespace",
		"Your organisation cannot run desktops yet. Ask the operator to give it a namespace.")
)

// faultsByCode has the codes that the database raises on purpose, and those that say that it is overloaded. Every other
// code is internal: permissions are checked before, so that a refusal by a policy means that our code was wrong.
var faultsByCode = map[string]*fault.Fault{
	"SS001": identity.ErrSignedOut,
	"SS002": identity.ErrStaleToken,
	"SS004": agents.ErrStale,
	"SS005": errQuotaExceeded,
	"SS006": sessions.ErrEnded,
	"SS007": errOwnerNotAllowed,
	"SS008": errLastOwner,
	"SS010": agents.ErrUnknown,
	"SS011": errNoNamespace,
	"SS012": agents.ErrUnconfined,
	"55P03": fault.ErrBusy, // lock_not_available: lock_timeout
	"53300": fault.ErrBusy, // too_many_connections
	"57014": fault.ErrBusy, // query_canceled: statement_timeout
}

// stateOf is the SQLSTATE that err carries, or "".
func stateOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// lostRace tells whether running the transaction again may succeed: 40001 serialization_failure, 40P01
// deadlock_detected.
func lostRace(err error) bool {
	state := stateOf(err)
	return state == "40001" || state == "40P01"
}

// translate turns what the database said into the modules' words. An error that already is in them, and one that has no
// meaning there, stays as it is.
func translate(err error) error {
	if _, done := errors.AsType[*fault.Fault](err); done || err == nil {
		return err
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	if pg.Code == "57014" && errors.Is(err, context.Canceled) {
		return err // the caller went away, which is not the database's fault
	}
	f, known := faultsByCode[pg.Code]
	switch {
	case !known:
		return fmt.Errorf("SQLSTATE %s: %w", pg.Code, unprepared(err))
	case pg.Code == "SS005":
		return exceeded(f, pg)
	default:
		return f.Because(err)
	}
}

// unprepared says how to go through a pooler that works by transaction and does not know prepared statements: a
// statement was prepared on another of its connections (26000), or has the name of another client's (42P05).
func unprepared(err error) error {
	switch stateOf(err) {
	case "26000", "42P05":
		return fmt.Errorf("%w: a pooler without prepared statements stands before the database: append "+
			"default_query_exec_mode=exec to the parameters of STREAMSPACE_DATABASE_URL", err)
	default:
		return err
	}
}

// exceeded says which quota is used up, and its limit.
func exceeded(f *fault.Fault, pg *pgconn.PgError) error {
	var of struct {
		Kind   string `json:"kind"`
		Holder string `json:"holder"`
		Limit  int64  `json:"limit"`
	}
	if err := json.Unmarshal([]byte(pg.Detail), &of); err != nil {
		return fmt.Errorf("read which quota is used up: %w", errors.Join(err, pg))
	}
	said := f.Saying("The quota of %s is used up: %d for each %s.", of.Kind, of.Limit, of.Holder)
	said.Details = map[string]any{"kind": of.Kind, "holder": of.Holder, "limit": of.Limit}
	return said.Because(pg)
}

// contextError adds to the error of a cancelled statement that its caller had gone, if that is why. The server knows
// only that it was asked to cancel.
func contextError(ctx context.Context, err error) error {
	if ctx.Err() != nil && stateOf(err) == "57014" {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// orNotFound turns "no rows" into the fault of what was looked for.
func orNotFound(err error, missing *fault.Fault) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return translate(err)
}

// ofConstraint returns the fault of the constraint that a statement violated. faults has those that its input can
// violate, by the constraint's name.
func ofConstraint(err error, faults map[string]*fault.Fault) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && faults[pg.ConstraintName] != nil {
		return faults[pg.ConstraintName].Because(err)
	}
	return translate(err)
}
