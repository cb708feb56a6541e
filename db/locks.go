package db

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// retrying says how many times a migration tries to get its locks.
type retrying struct {
	tries int
	pause time.Duration // between two tries
}

const (
	// lockPatience is how long a migration waits for a lock, in PostgreSQL's syntax. Later statements queue behind the
	// waiting migration, and the roles that serve time out after two seconds (db/roles.sql): one second leaves them
	// one.
	lockPatience = "1s"
	// lockTries and lockPause bound a migration that meets a dump: six minutes. In five seconds of every six no one
	// waits behind its lock.
	lockTries = 60
	lockPause = 5 * time.Second
	// watchEvery is how often the locks of a waiting migration are read. It must be much shorter than lockPatience.
	watchEvery = 100 * time.Millisecond
)

// LockError says which lock a migration could not get, and who holds it.
type LockError struct {
	Tries   int
	Lock    string   // "ACCESS EXCLUSIVE on app.sessions"
	Holders []string // "pid 4711 (streamspace_backup, pg_dump)"
	err     error
}

// Error names the lock and its holders, if they were seen.
func (e *LockError) Error() string {
	lock, holders := e.Lock, strings.Join(e.Holders, ", ")
	if lock == "" {
		lock = "a lock"
	}
	if holders == "" {
		holders = "a transaction that has since ended"
	}
	return fmt.Sprintf("waited %d times %s for %s, held by %s: end the holder, or run the migration again later (%v)",
		e.Tries, lockPatience, lock, holders, e.err)
}

// Unwrap returns PostgreSQL's error.
func (e *LockError) Unwrap() error { return e.err }

// persist repeats a step until it gets its locks. Between two tries it waits for none: other statements can run.
func (r retrying) persist(ctx context.Context, w *watcher, step func() error) error {
	for try := 1; ; try++ {
		err := step()
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "55P03" { // lock_not_available
			return err
		}
		if try >= r.tries {
			seen := w.last()
			seen.Tries, seen.err = try, err
			return &seen
		}
		select {
		case <-time.After(r.pause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// watcher reads, on a connection of its own, which lock the migration waits for. It must do so during the wait:
// PostgreSQL does not keep this information after a lock timeout.
type watcher struct {
	mu   sync.Mutex
	pids []uint32 // of the connections that migrate
	seen LockError
}

// connected remembers a connection that migrates.
func (w *watcher) connected(_ context.Context, conn *pgx.Conn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pids = append(w.pids, conn.PgConn().PID())
	return nil
}

// last returns the last lock that was seen, with its holders. It is zero if none was seen.
func (w *watcher) last() LockError {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// watch reads the locks until ctx is done. It ignores errors: the LockError is less detailed then.
func (w *watcher) watch(ctx context.Context, conn *pgx.Conn) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx, conn)
		}
	}
}

// waiting lists each lock that one of the connections waits for, with each connection that blocks it.
const waiting = `select l.mode, coalesce(n.nspname || '.' || c.relname, 'a ' || l.locktype),
	format('pid %s (%s)', b.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')))
	from pg_locks l
	cross join lateral unnest(pg_blocking_pids(l.pid)) b (pid)
	left join pg_stat_activity a on a.pid = b.pid
	left join pg_class c on c.oid = l.relation
	left join pg_namespace n on n.oid = c.relnamespace
	where l.pid = any ($1::int[]) and not l.granted
	order by 1, 2, 3`

// look reads the locks once. A result without a waiting connection does not replace the last one: the holder's name is
// needed after the wait.
func (w *watcher) look(ctx context.Context, conn *pgx.Conn) {
	w.mu.Lock()
	pids := append([]uint32{}, w.pids...)
	w.mu.Unlock()
	rows, err := conn.Query(ctx, waiting, pids)
	if err != nil {
		return
	}
	var now LockError
	var mode, on, holder string
	_, err = pgx.ForEachRow(rows, []any{&mode, &on, &holder}, func() error {
		now.Lock = words(mode) + " on " + on
		now.Holders = append(now.Holders, holder)
		return nil
	})
	if err != nil || now.Lock == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = now
}

// inner matches the start of a word inside a CamelCase name.
var inner = regexp.MustCompile(`([a-z])([A-Z])`)

// words writes a lock mode as in PostgreSQL's documentation: AccessExclusiveLock becomes ACCESS EXCLUSIVE.
func words(mode string) string {
	return strings.ToUpper(inner.ReplaceAllString(strings.TrimSuffix(mode, "Lock"), "$1 $2"))
}
