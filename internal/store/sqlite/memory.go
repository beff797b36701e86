package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// ErrDiverged is for a Save that cannot say whether it has kept the content. Memory and what is kept may then differ, so
// the store closes itself: everything is booking.ErrUnavailable from then on.
var ErrDiverged = errors.New("what is kept may differ from what is in memory")

// MemoryOptions say where the content of a database in memory comes from and goes to.
type MemoryOptions struct {
	// Load returns what Save kept last; nil without an error when nothing was ever kept.
	Load func() (*Content, error)
	// Save keeps all of the content. It is called with every change before that takes effect, one call at a time, and
	// its error undoes the change, see ErrDiverged. The context is never cancelled.
	Save func(ctx context.Context, content *Content) error
	// Logger receives what the store does by itself; nil means slog.Default().
	Logger *slog.Logger
	// Housekept is told of each removal of what is past its time; nil tells nobody.
	Housekept housekeeping.Report
}

// OpenMemory opens a database in memory with the content that Load returns, migrated to the newest schema. Content that
// does not fit the schema, or breaks its rules, is ErrContent; content of migrations that this program does not have is
// ErrNewerContent.
func OpenMemory(ctx context.Context, options MemoryOptions) (*Store, error) {
	content, err := options.Load()
	if err != nil {
		return nil, err
	}
	m, err := newMemory(ctx, options.Save)
	if err != nil {
		return nil, err
	}
	if err := m.fill(ctx, content); err != nil {
		return nil, errors.Join(err, m.close())
	}
	s := &Store{write: m.db, read: m.db, memory: m}
	s.keeping = housekeeping.Start(ctx, s.removePast, housekeeping.Options{Logger: options.Logger, Report: options.Housekept})
	return s, nil
}

// memory is a database in memory. One connection does all the work, so that whoever reads waits for the change that is
// being kept, and nobody sees what may yet be undone.
type memory struct {
	db *sql.DB
	// anchor is a connection that is never used: the database lives as long as there is one.
	anchor *sql.Conn
	save   func(context.Context, *Content) error
}

func newMemory(ctx context.Context, save func(context.Context, *Content) error) (*memory, error) {
	db, err := connect("file:/frontdesk-" + uuid.NewString() + "?vfs=memdb&_foreign_keys=1&_txlock=immediate")
	if err != nil {
		return nil, wrap("open the database", err)
	}
	const anchorAndWorker = 2
	db.SetMaxOpenConns(anchorAndWorker)
	db.SetMaxIdleConns(anchorAndWorker)
	anchor, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(wrap("open the database", err), db.Close())
	}
	return &memory{db: db, anchor: anchor, save: save}, nil
}

// fill brings the empty database to where the content was, puts the content in, and goes on to the newest schema. It
// keeps what that comes to, if it differs.
func (m *memory) fill(ctx context.Context, content *Content) error {
	provider, err := migrator(m.db)
	if err != nil {
		return err
	}
	if content != nil {
		if err := restore(ctx, m.db, provider, content); err != nil {
			return err
		}
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return wrap("migrate", err)
	}
	if len(applied) == 0 {
		return nil
	}
	return wrap("keep the migrated content", m.inTransaction(ctx, func(tx *sql.Tx) error { return m.keep(ctx, tx) }))
}

// change runs fn in a transaction and commits it when its outcome is kept. The caller's leaving ends the wait for the
// connection and fn's statements, but neither the keeping nor the commit.
func (m *memory) change(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return m.inTransaction(ctx, func(tx *sql.Tx) error {
		before, err := changes(ctx, tx)
		if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		after, err := changes(ctx, tx)
		if err != nil || after == before {
			return err
		}
		return m.keep(context.WithoutCancel(ctx), tx)
	})
}

func (m *memory) inTransaction(ctx context.Context, fn func(tx *sql.Tx) error) error {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	if err = fn(tx); err != nil {
		err = undo(tx, err)
	} else if err = tx.Commit(); err != nil {
		err = errors.Join(ErrDiverged, err) // it is kept, and not here
	}
	err = errors.Join(err, conn.Close())
	if errors.Is(err, ErrDiverged) {
		return errors.Join(booking.ErrUnavailable, err, m.close())
	}
	return err
}

// keep saves what the transaction has made of the content.
func (m *memory) keep(ctx context.Context, tx *sql.Tx) error {
	content, err := dump(ctx, tx)
	if err != nil {
		return err
	}
	return m.save(ctx, content)
}

// changes counts the rows that the connection has ever changed.
func changes(ctx context.Context, tx *sql.Tx) (count int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&count)
	return count, err
}

// usage leaves out the anchor.
func (m *memory) usage() (maximum, active, idle int) {
	stats := m.db.Stats()
	return stats.MaxOpenConnections - 1, stats.InUse - 1, stats.Idle
}

func (m *memory) close() error {
	err := m.anchor.Close()
	if errors.Is(err, sql.ErrConnDone) { // closed before, because of ErrDiverged
		err = nil
	}
	return errors.Join(err, m.db.Close())
}
