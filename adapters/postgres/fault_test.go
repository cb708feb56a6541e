package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// answers are what each SQLSTATE becomes: the whole table, so that a line that is added or lost is seen.
var answers = map[string]struct {
	kind fault.Kind
	code string
}{
	"SS001": {fault.Unauthenticated, "signed_out"},
	"SS002": {fault.Unauthenticated, "stale_token"},
	"SS004": {fault.Conflict, "stale_agent"},
	"SS005": {fault.Conflict, "quota_exceeded"},
	"SS006": {fault.Conflict, "session_ended"},
	"SS007": {fault.Conflict, "owner_not_allowed"},
	"SS008": {fault.Conflict, "last_owner"},
	"SS010": {fault.Unauthenticated, "agent_unknown"},
	"SS011": {fault.Conflict, "no_namespace"},
	"SS012": {fault.Forbidden, "agent_unconfined"},
	"SS013": {fault.Conflict, "already_set_up"},
	"SS014": {fault.Forbidden, "setup_code_invalid"},
	"SS015": {fault.NotFound, "user_not_found"},
	"SS020": {fault.Conflict, "too_many_invitations"},
	"SS021": {fault.Forbidden, "invitation_invalid"},
	"SS022": {fault.Forbidden, "invitation_for_another_address"},
	"SS024": {fault.Conflict, "too_many_keys"},
	"SS023": {fault.Forbidden, "reset_link_invalid"},
	"SS016": {fault.Conflict, "owner_is_member"},
	"SS030": {fault.Unavailable, "no_room"},
	"SS040": {fault.Conflict, "publication_not_requested"},
	"SS041": {fault.Conflict, "public_template_name_taken"},
	"SS042": {fault.Conflict, "too_many_templates"},
	"SS043": {fault.Conflict, "template_without_limit"},
	"55P03": {fault.Unavailable, "busy"},
	"53300": {fault.Unavailable, "busy"},
	"57014": {fault.Unavailable, "busy"},
	"25006": {fault.Unavailable, "unavailable"},
	"25001": {fault.Unavailable, "unavailable"},
}

func TestWhatTheDatabaseSaysHasAMeaning(t *testing.T) {
	t.Parallel()
	if len(faultsByCode) != len(answers) {
		t.Errorf("%d codes, %d answers", len(faultsByCode), len(answers))
	}
	for state, want := range answers {
		said := &pgconn.PgError{Code: state, Message: "row (1, secret)",
			Detail: `{"kind": "sessions", "holder": "org", "limit": 10}`}
		err := translate(fmt.Errorf("insert: %w", said))
		f := fault.Of(err)
		if f.Kind != want.kind || f.Code != want.code {
			t.Errorf("%s: %s, wanted %+v", state, f.Error(), want)
		}
		if !errors.Is(err, said) {
			t.Errorf("%s: what the database said is lost to the log", state)
		}
		if (f.Kind == fault.Unavailable) != (f.RetryAfter > 0) {
			t.Errorf("%s: come again after %v", state, f.RetryAfter)
		}
		if again := translate(err); !same(again, err) {
			t.Errorf("%s: translated twice it is %v", state, again)
		}
	}
}

// An outage is no bug of ours, whichever way it shows.
func TestAnOutageIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"it is stopped":            &pgconn.PgError{Code: "57P01"},
		"another process crashed":  &pgconn.PgError{Code: "57P02"},
		"it is starting":           &pgconn.PgError{Code: "57P03"},
		"the connection failed":    &pgconn.PgError{Code: "08006"},
		"it cannot be reached":     &pgconn.ConnectError{},
		"the connection ended":     io.ErrUnexpectedEOF,
		"the connection was reset": &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"the connection is closed": pgconn.ErrConnClosed,
	} {
		f := fault.Of(translate(fmt.Errorf("insert: %w", err)))
		if f.Kind != fault.Unavailable || f.Code != "unavailable" || f.RetryAfter != time.Second || !errors.Is(f, err) {
			t.Errorf("%s: %v", name, f)
		}
	}
	for _, gone := range []error{context.Canceled, context.DeadlineExceeded} {
		err := fmt.Errorf("insert: %w: %w", gone, io.ErrUnexpectedEOF)
		if !same(translate(err), err) {
			t.Errorf("%v: %v", gone, translate(err))
		}
	}
}

// A refusal by a policy means that our code was wrong, and so does whatever else nobody has thought of.
func TestAnUnknownStateStaysInternal(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"SS003", "SS009", "SS999", "42501", "0A000", "23505", "40001", "40P01", "XX000", ""} {
		err := translate(&pgconn.PgError{Code: state, Message: "secret"})
		if f := fault.Of(err); f.Kind != fault.Internal || f.Message != fault.Of(errors.New("x")).Message {
			t.Errorf("%s: %v", state, f)
		}
		if lost := state == "40001" || state == "40P01"; retryable(err) != lost {
			t.Errorf("%s: run again: %t", state, !lost)
		}
	}
	plain := errors.New("x")
	if !same(translate(plain), plain) || translate(nil) != nil {
		t.Error("what the database did not say was translated")
	}
}

func TestAUsedUpQuotaSaysWhichAndHowMuch(t *testing.T) {
	t.Parallel()
	f := fault.Of(translate(&pgconn.PgError{Code: "SS005", Detail: `{"kind": "sessions", "holder": "user", "limit": 3}`}))
	if diff := cmp.Diff(map[string]any{"kind": "sessions", "holder": "user", "limit": int64(3)}, f.Details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	if f.RetryAfter != 0 {
		t.Error("a quota does not come back by waiting")
	}
	if f := fault.Of(translate(&pgconn.PgError{Code: "SS005", Detail: "not JSON"})); f.Kind != fault.Internal {
		t.Errorf("a detail that cannot be read: %v", f)
	}
}

// 57014 is a statement that took too long, unless its caller has gone.
func TestACallerWhoHasGoneIsNotTheDatabasesFault(t *testing.T) {
	t.Parallel()
	cancelled := &pgconn.PgError{Code: "57014"}
	left, leave := context.WithCancel(t.Context())
	leave()
	err := translate(contextError(left, cancelled))
	if !errors.Is(err, context.Canceled) || fault.IsKind(err, fault.Unavailable) {
		t.Errorf("gone: %v", err)
	}
	err = translate(contextError(t.Context(), cancelled))
	if fault.Of(err).Code != "busy" || errors.Is(err, context.Canceled) {
		t.Errorf("still there: %v", err)
	}
	if other := contextError(left, &pgconn.PgError{Code: "SS006"}); errors.Is(other, context.Canceled) {
		t.Errorf("another failure of a caller who has gone: %v", other)
	}
}

func TestNoRowsIsWhatWasLookedFor(t *testing.T) {
	t.Parallel()
	missing := sessions.ErrNotFound
	if err := orNotFound(fmt.Errorf("read: %w", pgx.ErrNoRows), missing); !same(err, missing) {
		t.Errorf("no rows: %v", err)
	}
	if err := orNotFound(&pgconn.PgError{Code: "SS001"}, missing); fault.Of(err).Code != "signed_out" {
		t.Errorf("a refusal: %v", err)
	}
	if err := orNotFound(nil, missing); err != nil {
		t.Errorf("a row: %v", err)
	}
}

// same tells whether two errors are one value, not whether one is somewhere in the other.
func same(a, b error) bool { return a == b } //nolint:errorlint // that is the question here
