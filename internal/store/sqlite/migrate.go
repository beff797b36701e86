package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/frontdesk-dev/frontdesk/internal/store/datafile"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the newest schema, behind a lock on a file beside it: the migration tool's own steps
// are separate transactions, and two servers must not take turns at them.
func migrate(ctx context.Context, db *sql.DB, path string) (err error) {
	unlock, err := datafile.Lock(ctx, path+".migrating")
	if err != nil {
		return fmt.Errorf("wait for another server's migration: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	provider, err := migrator(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return wrap("migrate", err)
	}
	return nil
}

// migrator knows the embedded migrations.
func migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithVerbose(false),
		// Migrations of work that went on side by side are numbered apart, and may be released in either order.
		goose.WithAllowOutofOrder(true))
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return provider, nil
}
