package postgres

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// transient are the commands whose effect ends with their transaction, by the first word of the command tag. They are
// all that this package sends. Any other (SET, PREPARE, DEALLOCATE, LISTEN, DO, …) may change what the next request on
// the connection does, and must have come from elsewhere.
var transient = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK"}

// residue closes each connection on which a statement may have left something, instead of giving it to the next
// request. It reads the command tags that the server sends anyway. Why not DISCARD ALL at each release? It takes a
// round trip, and forgets the prepared statements with which a request takes half the time.
type residue struct{ log *slog.Logger }

// leftKey is the key of the mark in a connection's own data.
const leftKey = "streamspace: may have left something"

// TraceQueryStart implements pgx.QueryTracer.
func (residue) TraceQueryStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	// Of several statements in one text only the last tag is seen, and not even that when it fails.
	if len(d.Args) == 0 && strings.Contains(strings.TrimRight(d.SQL, "; \n"), ";") {
		conn.PgConn().CustomData()[leftKey] = "several statements"
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (residue) TraceQueryEnd(_ context.Context, conn *pgx.Conn, d pgx.TraceQueryEndData) {
	mark(conn, d.CommandTag, d.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (residue) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (residue) TraceBatchQuery(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	mark(conn, d.CommandTag, d.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (residue) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// mark notes what may have been left. SS003 means that the connection carried an organisation before one was entered,
// so that every later entry on it would fail.
func mark(conn *pgx.Conn, tag pgconn.CommandTag, err error) {
	command, _, _ := strings.Cut(tag.String(), " ")
	switch {
	case command != "" && !slices.Contains(transient, command):
		conn.PgConn().CustomData()[leftKey] = command
	case stateOf(err) == "SS003":
		conn.PgConn().CustomData()[leftKey] = "an organisation"
	}
}

// prepare reports whether the pool may give the connection to a request. If not, the pool closes it and takes another.
// Why not after the release? The pool does that in a goroutine for each release.
func (r residue) prepare(ctx context.Context, conn *pgx.Conn) (bool, error) {
	left, found := conn.PgConn().CustomData()[leftKey]
	if found && r.log != nil {
		r.log.WarnContext(ctx, "a database connection was closed, because a statement may have left something on it",
			"left", left)
	}
	return !found, nil
}
