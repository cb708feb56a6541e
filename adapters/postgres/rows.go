package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// sendAll sends statements in one round trip and returns the rows of the last.
func sendAll(ctx context.Context, conn *pgx.Conn, all []statement) (pgx.Rows, error) {
	var b pgx.Batch
	for _, s := range all {
		b.Queue(s.sql, s.args...)
	}
	results := conn.SendBatch(ctx, &b)
	for range len(all) - 1 {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // it repeats the error
			return nil, contextError(ctx, err)
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, contextError(ctx, err)
	}
	return &batchRows{Rows: rows, ctx: ctx, results: results}, nil
}

// watchedRows say, when they fail, whether it was because the caller has gone.
type watchedRows struct {
	pgx.Rows
	ctx context.Context
}

// Err is what went wrong, once the rows are closed.
func (r watchedRows) Err() error { return contextError(r.ctx, r.Rows.Err()) }

func watch(ctx context.Context) func(pgx.Rows, error) (pgx.Rows, error) {
	return func(rows pgx.Rows, err error) (pgx.Rows, error) {
		return watchedRows{rows, ctx}, contextError(ctx, err)
	}
}

// batchRows are the last rows of a batch: the batch ends with them.
type batchRows struct {
	pgx.Rows
	ctx     context.Context
	results pgx.BatchResults
	release func() // nil: nothing but the batch
	closed  bool
	err     error
}

// Close ends the batch; a failure shows in Err.
func (r *batchRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = contextError(r.ctx, errors.Join(r.Rows.Err(), r.results.Close()))
	if r.release != nil {
		r.release()
	}
}

// Next closes the rows after the last one.
func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Err is what went wrong, once the rows are closed.
func (r *batchRows) Err() error {
	if r.closed {
		return r.err
	}
	return contextError(r.ctx, r.Rows.Err())
}

// oneRow reads the first of some rows, as pgx does for QueryRow.
type oneRow struct {
	rows pgx.Rows
	err  error
}

// Scan returns pgx.ErrNoRows when there is none.
func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return fmt.Errorf("read a row: %w", err)
	}
	r.rows.Close()
	return r.rows.Err()
}

// nullable is an id that may be missing; the zero UUID is.
func nullable(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
