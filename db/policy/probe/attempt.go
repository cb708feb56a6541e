// Package probe tries things on a database as its roles would, and compares what becomes of them with what must. Its
// attempts are either read from the probe files (db/proof/probes) or derived from a catalogue. The database's tests,
// the mutation test and the audit that ships use this one engine.
package probe

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Refused is the outcome of an attempt that the database refuses: by a privilege, a policy, a foreign key or a function
// of ours.
const Refused = "refused"

// Attempt is one thing that a caller tries.
type Attempt struct {
	// Want is what must become of it: "ok N" for N rows, an SQLSTATE that may be followed by who refused ("42501
	// policy") or by the name of a constraint, or Refused. Alternatives are separated by " or ".
	Want string `json:"want"`
	// Steps are its statements. The outcome is that of the last one.
	Steps []string `json:"steps"`
	// Checks is how many of the last steps only look at what the attempt has done. When the step before them is
	// refused, that is the outcome.
	Checks int `json:"checks,omitempty"`
}

// String is the statement that the attempt is about.
func (a Attempt) String() string { return a.Steps[len(a.Steps)-1-a.Checks] }

// Encoded is an attempt in the form in which the server is sent it.
type Encoded string

// Encode prepares an attempt for the server.
func (a Attempt) Encode() Encoded {
	sent, _ := json.Marshal(a) // strings and a number: nothing that JSON has no word for
	return Encoded(sent)
}

// Outcome is what became of an attempt.
type Outcome struct {
	Got     string `json:"got"`     // in the words of Attempt.Want
	Message string `json:"message"` // the server's, where it refused
	Held    bool   `json:"held"`    // whether it is what the attempt wants
}

// try has the server make attempts, so that thousands of them are one round trip.
//
//go:embed try.sql
var try string

// The SQLSTATEs by which the block of code says what it found. What it has done is undone by that, as it is undone
// after each attempt.
const (
	firstDifference = "MU001"
	allOutcomes     = "MU002"
)

// Difference makes attempts until one does not end as it must, and returns what is different, or nothing. It leaves
// the transaction as it was.
func Difference(ctx context.Context, tx pgx.Tx, attempts []Encoded) (string, error) {
	pg, err := send(ctx, tx, attempts, "false")
	if err != nil || pg == nil || pg.Code == allOutcomes {
		return "", err
	}
	return pg.Message + ": " + pg.Detail, nil
}

// Try makes all attempts and returns what became of each. It leaves the transaction as it was.
func Try(ctx context.Context, tx pgx.Tx, attempts []Attempt) ([]Outcome, error) {
	list := make([]Encoded, len(attempts))
	for i, a := range attempts {
		list[i] = a.Encode()
	}
	pg, err := send(ctx, tx, list, "true")
	if err != nil || pg == nil {
		return nil, err
	}
	var outcomes []Outcome
	if err := json.Unmarshal([]byte(pg.Detail), &outcomes); err != nil {
		return nil, fmt.Errorf("read the outcomes of %d attempts: %w", len(attempts), err)
	}
	if len(outcomes) != len(attempts) {
		return nil, fmt.Errorf("%d attempts have %d outcomes", len(attempts), len(outcomes))
	}
	return outcomes, nil
}

// send runs the block and returns the error by which it says what it found; nil for no attempts.
func send(ctx context.Context, tx pgx.Tx, attempts []Encoded, all string) (*pgconn.PgError, error) {
	if len(attempts) == 0 {
		return nil, nil
	}
	inner, err := tx.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin the attempts: %w", err)
	}
	var list strings.Builder
	for i, a := range attempts {
		if i > 0 {
			list.WriteString(", ")
		}
		list.WriteString(string(a))
	}
	_, said := inner.Exec(ctx, strings.NewReplacer("{attempts}", "["+list.String()+"]", "{all}", all).Replace(try))
	if err := inner.Rollback(ctx); err != nil {
		return nil, fmt.Errorf("undo the attempts: %w", err)
	}
	pg, ok := errors.AsType[*pgconn.PgError](said)
	if !ok || pg.Code != firstDifference && pg.Code != allOutcomes {
		return nil, fmt.Errorf("make %d attempts: %w", len(attempts), said)
	}
	return pg, nil
}
