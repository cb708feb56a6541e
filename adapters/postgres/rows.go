package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// sendAll sends statements in one round trip and returns the rows of the last one. If an earlier statement fails, it
// returns that error; PostgreSQL skips the statements after it.
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

// sendAlone sends statements as a transaction of their own. A prepared statement that is outdated has not run, so that
// all can be sent again. Closing the rows releases the connection.
func sendAlone(ctx context.Context, conn *pgx.Conn, all []statement, release func()) (pgx.Rows, error) {
	rows, err := sendAll(ctx, conn, all)
	if outdated(err) {
		rows, err = sendAll(ctx, conn, all)
	}
	if err != nil {
		release()
		return nil, err
	}
	rows.(*batchRows).release = release
	return rows, nil
}

// watchedRows are rows whose error says if the caller has gone. PostgreSQL's error for a cancelled statement is the
// same for a caller who has gone and for statement_timeout.
type watchedRows struct {
	pgx.Rows
	ctx context.Context
}

// Err returns the error, once the rows are closed.
func (r watchedRows) Err() error { return contextError(r.ctx, r.Rows.Err()) }

// watch wraps the result of a Query so that its errors pass contextError.
func watch(ctx context.Context) func(pgx.Rows, error) (pgx.Rows, error) {
	return func(rows pgx.Rows, err error) (pgx.Rows, error) {
		return watchedRows{rows, ctx}, contextError(ctx, err)
	}
}

// batchRows are the rows of the last statement of a batch. Closing them ends the batch and releases the connection.
type batchRows struct {
	pgx.Rows
	ctx     context.Context
	results pgx.BatchResults
	release func() // releases the connection; nil: a transaction still uses it
	closed  bool
	err     error
}

// Close ends the batch. Its error is returned by Err. It can be repeated.
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

// Next closes the rows after the last one, so that code that reads all rows need not.
func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Err returns the error, once the rows are closed.
func (r *batchRows) Err() error {
	if r.closed {
		return r.err
	}
	return contextError(r.ctx, r.Rows.Err())
}

// oneRow is the pgx.Row of a query: its first row.
type oneRow struct {
	rows pgx.Rows
	err  error
}

// Scan reads the row and closes the rows. It returns pgx.ErrNoRows if the query had none.
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

// optional is a text that is null when it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// nullable turns the zero UUID into SQL's null.
func nullable(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
