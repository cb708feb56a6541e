package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// listening is the configuration of the connection that listens.
func (c Config) listening() Config {
	if c.ListenURL != "" {
		c.URL = c.ListenURL
	}
	return c
}

// Listen opens a connection outside the pools, as the role of background work, on which the caller can wait for
// notifications. The caller must close it. Its role is checked as those of the pools are.
func (d *DB) Listen(ctx context.Context) (*pgx.Conn, error) {
	config, err := poolConfig(d.config.listening(), roleSystem)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.RuntimeParams["application_name"] = "streamspace listen"
	// A wait that is given up must leave the connection as it is, and has no statement that could be cancelled.
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
	}
	conn, err := connectAlone(ctx, config, roleSystem)
	if err != nil {
		return nil, err
	}
	if err := checkPosture(ctx, conn, roleSystem); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}
