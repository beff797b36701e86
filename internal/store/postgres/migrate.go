package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock that servers starting at once queue for ("frontdsk" in ASCII, as a number).
const migrationLock int64 = 0x66726f6e7464736b

// Waiting for another server's migration is given up after lockPolls polls, lockPeriod seconds apart.
const (
	lockPeriod = 1
	lockPolls  = 300
)

// Migrate brings the database at url to the newest schema. Any number of servers may call it at the same
// time; one does the work and the rest wait. It returns the number of the newest migration applied.
func Migrate(ctx context.Context, url string) (int64, error) {
	config, err := connConfig(url)
	if err != nil {
		return 0, err
	}
	// A migration may take long and may wait long for the lock.
	delete(config.RuntimeParams, "statement_timeout")
	delete(config.RuntimeParams, "lock_timeout")
	delete(config.RuntimeParams, "idle_in_transaction_session_timeout")
	return migrate(ctx, config)
}

func migrate(ctx context.Context, config *pgx.ConnConfig) (version int64, err error) {
	db := stdlib.OpenDB(*config)
	defer closeDB(db, &err)
	if err := db.PingContext(ctx); err != nil {
		return 0, wrap("connect", err)
	}
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	// Up looks first without the lock, so the usual start, with nothing to do, does not queue.
	if _, err := provider.Up(ctx); err != nil {
		return 0, wrap("migrate", err)
	}
	if version, _, err = provider.GetVersions(ctx); err != nil {
		return 0, wrap("read schema version", err)
	}
	return version, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(lockPeriod, lockPolls))
	if err != nil {
		return nil, fmt.Errorf("prepare migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker), goose.WithVerbose(false))
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return provider, nil
}

func closeDB(db *sql.DB, err *error) {
	if closeErr := db.Close(); closeErr != nil && *err == nil {
		*err = wrap("close", closeErr)
	}
}
