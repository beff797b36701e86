package jsonfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/datafile"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// The errors of files that are not opened. They are left as they are.
var (
	// ErrDamaged: the file cannot be read as what it claims to be.
	ErrDamaged = errors.New("data file is damaged")
	// ErrForeign: the file is not one of this package.
	ErrForeign = errors.New("not a data file of Frontdesk")
	// ErrNewer: the file was written by a newer version of this program.
	ErrNewer = errors.New("data file of a newer version")
)

func damaged(path string, cause error) error {
	return fmt.Errorf("%w: %s: restore it from a copy, or move it away to start empty: %w", ErrDamaged, path, cause)
}

func newer(path string, cause error) error {
	return fmt.Errorf("%w: %s: run the version that wrote it, or name another path: %w", ErrNewer, path, cause)
}

func foreign(path, why string) error {
	return fmt.Errorf("%w: %s %s: name another path, or move the file away to start empty", ErrForeign, path, why)
}

// step is a moment of a write at which something may go wrong.
type step string

const (
	stepCreated step = "created"
	stepWritten step = "written"
	stepSynced  step = "synced"
	stepRenamed step = "renamed"
	stepKept    step = "kept"
)

// file is read once and replaced many times.
type file struct {
	path string
	step func(step) error
}

// temporary is what the next content is written to. Nobody else writes here while the lock is held.
func (f *file) temporary() string { return f.path + ".tmp" }

// load reads the file; nil when there is none. What a crash has left beside it goes.
func (f *file) load() (*sqlite.Content, error) {
	if err := os.Remove(f.temporary()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("clean up after an earlier run: %w", err)
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the data file: %w", err)
	}
	return decode(f.path, text)
}

// replace puts another content into the file's place, durably. An error from before the renaming leaves the file as it
// was; a later one is sqlite.ErrDiverged.
func (f *file) replace(text []byte) error {
	if err := f.prepare(text); err != nil {
		// What is left is overwritten by the next write, or removed by the next load.
		return fmt.Errorf("%w: write the data file: %w", booking.ErrUnavailable, errors.Join(err, os.Remove(f.temporary())))
	}
	if err := f.exchange(); err != nil {
		return fmt.Errorf("%w: put the new data file in place: %w", sqlite.ErrDiverged, err)
	}
	return nil
}

// prepare writes and syncs the temporary file.
func (f *file) prepare(text []byte) (err error) {
	next, err := os.OpenFile(f.temporary(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, datafile.FileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, next.Close()) }()
	if err := f.reach(stepCreated); err != nil {
		return err
	}
	if _, err := next.Write(text); err != nil {
		return err
	}
	if err := f.reach(stepWritten); err != nil {
		return err
	}
	if err := next.Sync(); err != nil {
		return err
	}
	return f.reach(stepSynced)
}

// exchange renames the temporary file and makes that durable.
func (f *file) exchange() error {
	if err := os.Rename(f.temporary(), f.path); err != nil {
		return err
	}
	if err := f.reach(stepRenamed); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return err
	}
	return f.reach(stepKept)
}

func (f *file) reach(s step) error {
	if f.step == nil {
		return nil
	}
	return f.step(s)
}
