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

// retrying says how often a migration asks for a lock.
type retrying struct {
	tries int
	pause time.Duration // between two
}

const (
	// lockPatience is how long a migration waits for a lock, in PostgreSQL's words. Each statement that comes after it has
	// to wait behind it, and the roles that serve give up after two seconds (db/roles.sql): one second leaves them one.
	lockPatience = "1s"
	// lockTries and lockPause bound a migration that meets a dump: six minutes. In five seconds of every six no one waits
	// behind its lock.
	lockTries = 60
	lockPause = 5 * time.Second
	// watchEvery is how often a waiting migration is looked at. It has to be well under lockPatience.
	watchEvery = 100 * time.Millisecond
)

// LockError says for which lock a migration waited in vain, and who holds it.
type LockError struct {
	Tries   int
	Lock    string   // "ACCESS EXCLUSIVE on app.sessions"
	Holders []string // "pid 4711 (streamspace_backup, pg_dump)"
	err     error
}

// Error names the lock as far as it was seen.
func (e *LockError) Error() string {
	lock, holders := e.Lock, strings.Join(e.Holders, ", ")
	if lock == "" {
		lock = "a lock"
	}
	if holders == "" {
		holders = "a transaction that has ended since"
	}
	return fmt.Sprintf("waited %d times %s for %s, held by %s: end what holds it, or migrate again later (%v)",
		e.Tries, lockPatience, lock, holders, e.err)
}

// Unwrap is PostgreSQL's own error.
func (e *LockError) Unwrap() error { return e.err }

// persist runs a step until it gets the locks that it needs. Between two tries it asks for none.
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

// watcher looks from a connection of its own at what the migration waits for. Once the wait has failed, PostgreSQL has
// forgotten it.
type watcher struct {
	mu   sync.Mutex
	pids []uint32 // of the connections that migrate
	seen LockError
}

// connected takes note of a connection that migrates.
func (w *watcher) connected(_ context.Context, conn *pgx.Conn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pids = append(w.pids, conn.PgConn().PID())
	return nil
}

func (w *watcher) last() LockError {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// watch looks until ctx is done. What it cannot see, the error leaves out.
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

// waiting is each lock that one of the connections waits for, with each of those in its way.
const waiting = `select l.mode, coalesce(n.nspname || '.' || c.relname, 'a ' || l.locktype),
	format('pid %s (%s)', b.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')))
	from pg_locks l
	cross join lateral unnest(pg_blocking_pids(l.pid)) b (pid)
	left join pg_stat_activity a on a.pid = b.pid
	left join pg_class c on c.oid = l.relation
	left join pg_namespace n on n.oid = c.relnamespace
	where l.pid = any ($1::int[]) and not l.granted
	order by 1, 2, 3`

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

// inner finds where a word begins inside another.
var inner = regexp.MustCompile(`([a-z])([A-Z])`)

// words writes a lock's mode as the documentation of PostgreSQL does: AccessExclusiveLock is ACCESS EXCLUSIVE.
func words(mode string) string {
	return strings.ToUpper(inner.ReplaceAllString(strings.TrimSuffix(mode, "Lock"), "$1 $2"))
}
