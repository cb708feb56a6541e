package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/recovery"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Faults of rules that only the database enforces.
var (
	errQuotaExceeded = fault.New(fault.Conflict, "quota_exceeded", "The quota is used up.")
	errWithoutLimit  = fault.New(fault.Conflict, "template_without_limit",
		"There is a quota of memory, CPU, processes or disk, and this template states none.")
	errOwnerNotAllowed = fault.New(fault.Conflict, "owner_not_allowed", "The session's owner may not have sessions.")
	errLastOwner       = fault.New(fault.Conflict, "last_owner", "An organisation keeps at least one owner.")
	errNoNamespace     = fault.New(fault.Conflict, "no_namespace",
		"Your organisation cannot run desktops yet. Ask the operator to give it a namespace.")
	errAway = fault.New(fault.Unavailable, "unavailable", "The server cannot answer at the moment.").
		RetryIn(time.Second)
)

// faultsByCode maps the SQLSTATEs that the database raises on purpose (class SS, docs/adr/0004-further-sqlstates.md),
// those of an overloaded database, and those of one that only reads. away finds the other outages. Every other SQLSTATE
// is internal. That includes 42501, a refusal by a policy: permissions are checked before, so that it means a bug.
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
	"SS013": setup.ErrDone,
	"SS014": setup.ErrCode,
	"SS015": identity.ErrUserNotFound,
	"SS020": invitations.ErrTooMany,
	"SS021": invitations.ErrInvalid,
	"SS022": invitations.ErrOtherAddress,
	"SS023": recovery.ErrLink,
	"SS024": keys.ErrTooMany,
	"SS016": sessions.ErrOwnerIsMember,
	"SS030": sessions.ErrNoRoom,
	"SS040": templates.ErrNotRequested,
	"SS041": templates.ErrPublicNameTaken,
	"SS042": templates.ErrTooMany,
	"SS043": errWithoutLimit,
	"55P03": fault.ErrBusy, // lock_not_available: lock_timeout
	"53300": fault.ErrBusy, // too_many_connections
	"57014": fault.ErrBusy, // query_canceled: statement_timeout
	// The server only reads, after a failover: connections to the new primary replace these (residue.go).
	"25006": errAway, // read_only_sql_transaction
	"25001": errAway, // active_sql_transaction: rls.enter may not make the transaction one that writes
}

// stateOf returns the SQLSTATE of err, or "" if it is not an error of the database.
func stateOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// retryable reports whether running the transaction again can succeed: 40001 serialization_failure, 40P01
// deadlock_detected, or a statement to prepare again.
func retryable(err error) bool {
	state := stateOf(err)
	return state == "40001" || state == "40P01" || outdated(err)
}

// outdated reports whether a prepared statement was refused, before it ran, because a migration has changed the type of
// its result. pgx has forgotten it by then and prepares it again at the next use.
func outdated(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}

// away reports whether err means that the database cannot be reached, or has closed the connection: it is starting,
// stopping, has crashed or is behind a broken network.
func away(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller has gone, or waited long enough
	}
	_, unconnected := errors.AsType[*pgconn.ConnectError](err)
	_, broken := errors.AsType[net.Error](err)
	return unconnected || broken || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed)
}

// translate turns an error of the database into the fault that it stands for. An error that carries a fault already
// stays as it is, so that translate may be called twice. Any other error stays internal, with its SQLSTATE for the log.
func translate(err error) error {
	if _, done := errors.AsType[*fault.Fault](err); done || err == nil {
		return err
	}
	if away(err) {
		return errAway.Because(err)
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	if pg.Code == "57014" && errors.Is(err, context.Canceled) {
		return err // the caller has gone: this is not an overload
	}
	f, known := faultsByCode[pg.Code]
	switch {
	case !known:
		return fmt.Errorf("SQLSTATE %s: %w", pg.Code, unprepared(err))
	case pg.Code == "SS005":
		return exceeded(f, pg)
	case pg.Code == "SS043":
		return withoutLimit(f, pg)
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

// exceeded adds which quota is used up, and its limit. The trigger sends them as JSON in the error's detail.
func exceeded(f *fault.Fault, pg *pgconn.PgError) error {
	var of struct {
		Kind   string `json:"kind"`
		Holder string `json:"holder"`
		Limit  int64  `json:"limit"`
		Used   int64  `json:"used"`
		Asked  int64  `json:"asked"` // zero for sessions, which come one by one
	}
	if err := json.Unmarshal([]byte(pg.Detail), &of); err != nil {
		return fmt.Errorf("read which quota is used up: %w", errors.Join(err, pg))
	}
	said := f.Saying("The quota of %s is used up: %d for each %s.", of.Kind, of.Limit, of.Holder)
	said.Details = map[string]any{"kind": of.Kind, "holder": of.Holder, "limit": of.Limit}
	if of.Asked > 0 {
		said = f.Saying("The quota of %s of each %s is %d, of which %d is in use. This session needs %d.",
			of.Kind, of.Holder, of.Limit, of.Used, of.Asked)
		said.Details = map[string]any{
			"kind": of.Kind, "holder": of.Holder, "limit": of.Limit, "used": of.Used, "asked": of.Asked,
		}
	}
	return said.Because(pg)
}

// withoutLimit names the field of the template that states nothing. The trigger sends what there is a quota of.
func withoutLimit(f *fault.Fault, pg *pgconn.PgError) error {
	var of struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal([]byte(pg.Detail), &of); err != nil {
		return fmt.Errorf("read what the template does not state: %w", errors.Join(err, pg))
	}
	field := "spec." + of.Kind
	return f.Saying("There is a quota of %s, and this template states no %s.", of.Kind, field).
		With("kind", of.Kind).With("field", field).Because(pg)
}

// contextError adds the context's error to that of a cancelled statement. The server knows only that it was asked to
// cancel, so that its error alone would look like a statement_timeout.
func contextError(ctx context.Context, err error) error {
	if ctx.Err() != nil && stateOf(err) == "57014" {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// orNotFound returns the given fault for a query without rows, and translates any other error.
func orNotFound(err error, missing *fault.Fault) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return translate(err)
}

// ofConstraint returns the fault of the constraint that a statement violated. faults maps the names of the constraints
// that the input can violate. A violation of any other constraint is a bug and stays internal.
func ofConstraint(err error, faults map[string]*fault.Fault) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && faults[pg.ConstraintName] != nil {
		return faults[pg.ConstraintName].Because(err)
	}
	return translate(err)
}
