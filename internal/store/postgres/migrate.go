package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock that servers starting at once queue for ("frontdsk" in ASCII, as a number).
const migrationLock int64 = 0x66726f6e7464736b

// lockPoll is how often a server looks whether another one has finished its migration. It polls because a waiting
// statement holds a snapshot, and an index that is built concurrently waits for all snapshots.
const lockPoll = 50 * time.Millisecond

// Migrate brings the database at url to the newest schema. Any number of servers may call it at the same
// time; one does the work and the rest wait. It returns the number of the newest migration applied, which is
// higher than this program knows when a newer server has been here.
func Migrate(ctx context.Context, url string) (version int64, err error) {
	config, err := migrationConfig(url)
	if err != nil {
		return 0, err
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	// The usual start has nothing to do and should not queue for a lock to learn that.
	version, err = appliedVersion(ctx, db)
	if err != nil {
		return 0, wrap("read the schema version", err)
	}
	if version > 0 {
		pending, err := provider.HasPending(ctx)
		if err != nil || !pending {
			return version, wrap("compare the schema", err)
		}
	}
	unlock, err := lockMigration(ctx, db)
	if err != nil {
		return 0, wrap("wait for another server's migration", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := provider.Up(ctx); err != nil {
		return 0, wrap("migrate", err)
	}
	version, err = appliedVersion(ctx, db)
	return version, wrap("read the schema version", err)
}

// migrationConfig has no time limits: a migration may take long.
func migrationConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, badURL()
	}
	setDefaults(config)
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		delete(config.RuntimeParams, limit)
	}
	return config, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithVerbose(false),
		// Migrations of work that went on side by side are numbered apart, and may be released in either order.
		goose.WithAllowOutofOrder(true))
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return provider, nil
}

const appliedVersionSQL = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

// appliedVersion is 0 on an empty database.
func appliedVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	err = db.QueryRowContext(ctx, appliedVersionSQL).Scan(&version)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == stateUndefinedTable {
		return 0, nil
	}
	return version, err
}

// lockMigration holds the lock on a connection of its own; Postgres lets go of it when that connection ends.
func lockMigration(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		var got bool
		err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, migrationLock).Scan(&got)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		if got {
			return func() error {
				_, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock)
				return errors.Join(err, conn.Close())
			}, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), conn.Close())
		case <-ticker.C:
		}
	}
}
