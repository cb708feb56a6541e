package postgres

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

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
//
// It also closes the connections that are older than the last outage: each would fail one more request.
type residue struct {
	log *slog.Logger
	// lost is when a connection last turned out to be broken, or its server not to write: Unix time in nanoseconds.
	lost atomic.Int64
}

// The keys of what a connection's own data holds.
const (
	// leftKey is the key of the mark of what may have been left.
	leftKey = "streamspace: may have left something"
	// bornKey is the key of the time at which the connection was made.
	bornKey = "streamspace: connected at"
)

// connected notes that a connection was made.
func (r *residue) connected(conn *pgx.Conn) {
	conn.PgConn().CustomData()[bornKey] = time.Now().UnixNano()
}

// TraceQueryStart implements pgx.QueryTracer.
func (*residue) TraceQueryStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	// Of several statements in one text only the last tag is seen, and not even that when it fails.
	if len(d.Args) == 0 && strings.Contains(strings.TrimRight(d.SQL, "; \n"), ";") {
		conn.PgConn().CustomData()[leftKey] = "several statements"
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (r *residue) TraceQueryEnd(_ context.Context, conn *pgx.Conn, d pgx.TraceQueryEndData) {
	r.mark(conn, d.CommandTag, d.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (*residue) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (r *residue) TraceBatchQuery(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	r.mark(conn, d.CommandTag, d.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (r *residue) TraceBatchEnd(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchEndData) {
	r.mark(conn, pgconn.CommandTag{}, d.Err)
}

// mark notes what may have been left. SS003 means that the connection carried an organisation before one was entered,
// so that every later entry on it would fail.
func (r *residue) mark(conn *pgx.Conn, tag pgconn.CommandTag, err error) {
	command, _, _ := strings.Cut(tag.String(), " ")
	switch {
	case command != "" && !slices.Contains(transient, command):
		conn.PgConn().CustomData()[leftKey] = command
	case stateOf(err) == "SS003":
		conn.PgConn().CustomData()[leftKey] = "an organisation"
	case away(err) || faultsByCode[stateOf(err)] == errAway:
		r.lost.Store(time.Now().UnixNano())
	}
}

// prepare reports whether the pool may give the connection to a request. If not, the pool closes it and takes another.
// Why not after the release? The pool does that in a goroutine for each release.
func (r *residue) prepare(ctx context.Context, conn *pgx.Conn) (bool, error) {
	if born, _ := conn.PgConn().CustomData()[bornKey].(int64); born <= r.lost.Load() {
		return false, nil
	}
	left, found := conn.PgConn().CustomData()[leftKey]
	if found && r.log != nil {
		r.log.WarnContext(ctx, "a database connection was closed, because a statement may have left something on it",
			"left", left)
	}
	return !found, nil
}
