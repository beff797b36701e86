package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is held through an open file: it ends when the last process that
// inherited the file ends, whatever ended it.
type Lock struct{ file *os.File }

// ErrLocked means that someone else holds the lock.
var ErrLocked = errors.New("locked by another process")

// TryLock takes the named lock in the directory or returns [ErrLocked].
func (d Dir) TryLock(name string) (*Lock, error) {
	f, err := os.OpenFile(d.Path(name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", d.Path(name), err)
	}
	return &Lock{file: f}, nil
}

// WaitLock takes the named lock, waiting until ctx ends.
func (d Dir) WaitLock(ctx context.Context, name string) (*Lock, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		l, err := d.TryLock(name)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lock %s: %w", d.Path(name), err)
		case <-tick.C:
		}
	}
}

// File is the open file that carries the lock, to be handed to a child.
func (l *Lock) File() *os.File { return l.file }

// Release gives up this process's hold.
func (l *Lock) Release() { _ = l.file.Close() }

// Names of the locks in a state directory.
const (
	// LockAlive is held by a running cluster's processes.
	LockAlive = "alive.lock"
	// LockCommand is held by a command that changes the cluster.
	LockCommand = "command.lock"
)

// Alive says whether the cluster's supervisor runs.
func (d Dir) Alive() (bool, error) {
	if _, err := os.Stat(d.Path(LockAlive)); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	l, err := d.TryLock(LockAlive)
	if errors.Is(err, ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	l.Release()
	return false, nil
}
