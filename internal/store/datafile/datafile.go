package datafile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Nobody but the server's user may read the data.
const (
	FolderMode = 0o700
	FileMode   = 0o600
)

// lockPoll is how often a lock that another holds is tried again.
const lockPoll = 20 * time.Millisecond

// PrepareFolder makes the folder of a data file, checks that files can be made in it, and returns the file's absolute
// path. An error names the folder, the user and what to do.
func PrepareFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the data file: %w", err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, FolderMode); err != nil {
		return "", NotWritable(folder, err)
	}
	// A file that is there already may be writable where the ones beside it are not.
	probe, err := os.CreateTemp(folder, ".writable-*")
	if err != nil {
		return "", NotWritable(folder, err)
	}
	return path, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// NotWritable says what to do about a folder that takes no files.
func NotWritable(folder string, err error) error {
	return fmt.Errorf("the database folder %s cannot be written by user %d: give that user the folder, or name another path: %w",
		folder, os.Getuid(), err)
}

// Lock takes an exclusive lock on a file, creating it when needed, and waits for it until ctx ends. The kernel lets go
// of it when the process ends, however that happens. The file stays: removing it would let two servers lock two different
// files.
func Lock(ctx context.Context, path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, FileMode) //nolint:gosec // configuration names the file
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-ticker.C:
		}
	}
}
