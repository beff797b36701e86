package jsonfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/datafile"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// MaxSize is the largest file, in bytes, unless Options say otherwise: about 60,000 people or 25,000 bookings.
const MaxSize = 32 << 20

// lockTimeout is how long Open waits for another store to let go of the file: one that is being closed does at once.
const lockTimeout = 5 * time.Second

// Options says where the file is.
type Options struct {
	// Path is the file. It and its folder are created when they do not exist.
	Path string
	// MaxSize bounds the file in bytes; 0 means the constant of that name.
	MaxSize int
	// Logger receives what the store does by itself; nil means slog.Default().
	Logger *slog.Logger
	// Housekept is told of each removal of what is past its time; nil tells nobody.
	Housekept housekeeping.Report

	// step hears of each step of a write, and fails it; nil but in tests.
	step func(step) error
}

// Store is a booking.Store in one JSON file.
type Store struct {
	*sqlite.Store
	close func() error
}

var _ booking.Store = (*Store)(nil)

// Open creates the file when there is none, and opens it. A file that is damaged, foreign or of a newer version is left
// alone: ErrDamaged, ErrForeign, ErrNewer. One that another store has open is booking.ErrUnavailable.
func Open(ctx context.Context, options Options) (*Store, error) {
	if options.Path == "" {
		return nil, errors.New("no data file is named: set the path of the JSON file")
	}
	path, err := datafile.PrepareFolder(options.Path)
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, step: options.step}
	maxSize := cmp.Or(options.MaxSize, MaxSize)
	database, err := sqlite.OpenMemory(ctx, sqlite.MemoryOptions{
		Load: f.load,
		Save: func(_ context.Context, content *sqlite.Content) error {
			text, err := encode(content)
			if err != nil {
				return err
			}
			if len(text) > maxSize {
				return fmt.Errorf("%w: %s would grow to %d bytes, above its limit of %d: remove what is not needed, or keep the data with engine SQLite",
					booking.ErrStorageFull, path, len(text), maxSize)
			}
			return f.replace(text)
		},
		Logger: options.Logger, Housekept: options.Housekept,
	})
	if err != nil {
		return nil, errors.Join(explain(path, err), unlock())
	}
	return &Store{Store: database, close: sync.OnceValue(func() error { return errors.Join(database.Close(), unlock()) })}, nil
}

// lock keeps other stores, of this process or another, away from the file.
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	limited, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	unlock, err = datafile.Lock(limited, path+".lock")
	switch {
	case err == nil:
		return unlock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w: %s is in use by another server: stop that one, or name another path", booking.ErrUnavailable, path)
	default:
		return nil, datafile.NotWritable(filepath.Dir(path), err)
	}
}

// explain says of content that the database has refused what that means for the file.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, sqlite.ErrNewerContent):
		return newer(path, err)
	case errors.Is(err, sqlite.ErrContent):
		return damaged(path, err)
	}
	return err
}

// Close implements booking.Store.
func (s *Store) Close() error { return s.close() }
