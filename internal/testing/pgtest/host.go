package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// findBinaries returns the folder of initdb and postgres: the one in PATH, else the newest where Debian puts them.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// PATH may hold a link to one program; its siblings are where the link points.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("the programs initdb and postgres are not installed: run make deps")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) })
	return filepath.Dir(newest), nil
}

// majorVersion of /usr/lib/postgresql/15/bin/initdb is 15.
func majorVersion(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// unprivileged is whom the server runs as when the tests run as root; nil otherwise.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("postgres refuses to run as root, and there is neither a user postgres nor nobody to run it as")
}

// folderPattern names the servers' folders in the temporary folder. A short path matters: a Unix socket's has at most 107 bytes.
const folderPattern = "frontdesk-pg-*"

// lockName is the file in a server's folder that its test binary keeps locked for as long as it lives.
const lockName = "in-use"

// makeFolder makes a folder that the server's user owns, and removes those that dead test binaries left.
func makeFolder(owner *syscall.Credential) (folder string, lock *os.File, err error) {
	removeAbandoned()
	if folder, err = os.MkdirTemp("", folderPattern); err != nil {
		return "", nil, err
	}
	if lock, err = os.Create(filepath.Join(folder, lockName)); err != nil {
		return "", nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return "", nil, errors.Join(err, lock.Close())
	}
	if owner != nil {
		err = os.Chown(folder, int(owner.Uid), int(owner.Gid))
	}
	return folder, lock, err
}

// removeAbandoned is a courtesy to the disk: what cannot be removed is left to the next run.
func removeAbandoned() {
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), folderPattern))
	if err != nil {
		return
	}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // perhaps made a moment ago and not locked yet
		}
		lock, err := os.Open(filepath.Join(folder, lockName))
		if err != nil {
			continue // not ours to read
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(folder)
		}
		_ = lock.Close()
	}
}

func (s *Server) removeFolder() error {
	return errors.Join(os.RemoveAll(s.folder), s.lock.Close())
}
