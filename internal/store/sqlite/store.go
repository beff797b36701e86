package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/datafile"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// readers bounds the connections that read beside the writer.
const readers = 4

// Options says where the database is.
type Options struct {
	// Path is the database file. Its folder is created when it does not exist.
	Path string
	// Logger receives what the store does by itself; nil means slog.Default().
	Logger *slog.Logger
	// Housekept is told of each removal of what is past its time; nil tells nobody.
	Housekept housekeeping.Report
}

// Store is a booking.Store in one SQLite database.
type Store struct {
	// write and read are one and the same for a database in memory.
	write, read *sql.DB
	memory      *memory // nil for a file
	keeping     *housekeeping.Loop
	keys        watchers
}

var _ booking.Store = (*Store)(nil)

// Open creates the file when needed, migrates it and opens it.
func Open(ctx context.Context, options Options) (*Store, error) {
	path, err := prepareFile(options.Path)
	if err != nil {
		return nil, err
	}
	write, err := open(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, write, path); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := open(path, "_query_only=1", readers)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	s := &Store{write: write, read: read}
	s.keeping = housekeeping.Start(ctx, s.removePast, housekeeping.Options{Logger: options.Logger, Report: options.Housekept})
	return s, nil
}

// prepareFile makes the folder and an empty file, so that both have the right mode from the start: SQLite gives
// its side files the mode of the database.
func prepareFile(path string) (string, error) {
	if path == "" {
		return "", errors.New("no database file is named: set the path of the SQLite file")
	}
	path, err := datafile.PrepareFolder(path)
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, datafile.FileMode) //nolint:gosec // configuration names the file
	if err != nil {
		return "", datafile.NotWritable(filepath.Dir(path), err)
	}
	return path, file.Close()
}

func open(path, option string, connections int) (*sql.DB, error) {
	name := (&url.URL{Scheme: "file", Path: path}).String() + "?_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&" + option
	db, err := connect(name)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Now implements booking.Store.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now int64
	err := s.read.QueryRowContext(ctx, `SELECT `+clock).Scan(&now)
	return fromMicros(now), wrap("read the clock", err)
}

// SchemaVersion implements booking.Store.
func (s *Store) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version)
	return version, wrap("read the schema version", err)
}

// Ping implements booking.Store.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Now(ctx)
	return err
}

// Usage counts the connections that there may be, that are in use and that are idle.
func (s *Store) Usage() (maximum, active, idle int) {
	if s.memory != nil {
		return s.memory.usage()
	}
	write, read := s.write.Stats(), s.read.Stats()
	return write.MaxOpenConnections + read.MaxOpenConnections, write.InUse + read.InUse, write.Idle + read.Idle
}

// Close implements booking.Store.
func (s *Store) Close() error {
	s.keeping.Stop()
	if s.memory != nil {
		return s.memory.close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// removePast deletes up to limit idempotency keys of bookings that are past their day, as many of people, and what as
// many holds still occupy that lapsed so long ago.
func (s *Store) removePast(ctx context.Context, limit int) (int, error) {
	claims, err := s.removeExpiredClaims(ctx, limit)
	if err != nil {
		return claims, err
	}
	lapsed, err := s.removeLapsed(ctx, limit)
	if err != nil {
		return claims + lapsed, err
	}
	removed, err := s.remove(ctx, `
		DELETE FROM idempotency_keys WHERE (principal, route, key) IN (
			SELECT principal, route, key FROM idempotency_keys WHERE created_at <= `+clock+` - ? LIMIT ?)`,
		keyLifetime.Microseconds(), limit)
	return claims + lapsed + removed, err
}

// remove runs a statement that deletes expired idempotency keys, and counts them.
func (s *Store) remove(ctx context.Context, statement string, args ...any) (count int, err error) {
	err = s.change(ctx, "remove expired idempotency keys", func(tx *sql.Tx) error {
		count, err = execCounting(ctx, tx, statement, args...)
		return err
	})
	return count, err
}

// execCounting runs a statement and says how many rows it changed.
func execCounting(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	count, err := result.RowsAffected()
	return int(count), err
}
