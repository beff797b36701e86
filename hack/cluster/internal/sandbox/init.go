package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Where an isolated cluster sees its directories: short paths, the same in
// every cluster, whatever the host calls them.
const (
	insideState = "/run/frontdesk/state"
	insideBin   = "/run/frontdesk/bin"
)

// ErrNoBootstrap means that whoever started this process died before it could
// say what to do.
var ErrNoBootstrap = errors.New("no instructions on standard input: this command is started by `cluster up` only")

// Receive reads the instructions from standard input.
func Receive(in io.Reader) (Bootstrap, error) {
	var b Bootstrap
	raw, err := io.ReadAll(in)
	if err != nil {
		return b, fmt.Errorf("read instructions: %w", err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return b, ErrNoBootstrap
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("read instructions: %w", err)
	}
	return b, nil
}

// Dir returns the state directory and the directory of programs as the
// supervisor sees them.
func (b Bootstrap) Dir() (dir state.Dir, binDir string) {
	if b.Record.Isolated {
		return insideState, insideBin
	}
	return state.Dir(b.StateDir), b.Record.BinDir
}

// KeepInheritedFiles keeps the lock and the lifeline from being passed on to
// components, which would hold them open beyond the supervisor's end.
func KeepInheritedFiles() {
	unix.CloseOnExec(lockFD)
	unix.CloseOnExec(lifelineFD)
}

// LifelineFile returns the supervisor's lifeline, or nil.
func (b Bootstrap) LifelineFile() *os.File {
	if !b.Lifeline {
		return nil
	}
	return os.NewFile(lifelineFD, "lifeline")
}

// Init is the first process of an isolated cluster. It returns the exit code.
func Init() (int, error) {
	boot, err := Receive(os.Stdin)
	if err != nil {
		return 1, err
	}
	if err := prepareMounts(boot.StateDir, boot.Record.BinDir); err != nil {
		return 1, fmt.Errorf("prepare mounts: %w", err)
	}
	child, err := startSupervisor(boot)
	if err != nil {
		return 1, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	go func() {
		for s := range signals {
			_ = unix.Kill(child, s.(syscall.Signal))
		}
	}()
	return reap(child)
}

// startSupervisor starts the supervisor with the same instructions and the
// same open files.
func startSupervisor(boot Bootstrap) (pid int, err error) {
	in, feed, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	if err := json.NewEncoder(feed).Encode(boot); err != nil { // far less than a pipe holds
		return 0, fmt.Errorf("instruct the supervisor: %w", err)
	}
	_ = feed.Close()
	files := []uintptr{in.Fd(), 1, 2, lockFD}
	if boot.Lifeline {
		files = append(files, lifelineFD)
	}
	pid, err = syscall.ForkExec("/proc/self/exe", []string{"cluster", SuperviseCommand, boot.StateDir}, &syscall.ProcAttr{
		Dir: "/", Env: environment(insideBin, boot.Record.Nodes), Files: files,
	})
	if err != nil {
		return 0, fmt.Errorf("start the supervisor: %w", err)
	}
	_ = in.Close()
	if boot.Lifeline {
		_ = unix.Close(lifelineFD)
	}
	return pid, nil
}

// reap collects every process that ends until the supervisor does: orphans of
// the whole PID namespace, such as containerd's shims, come to its first process.
func reap(supervisor int) (int, error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 1, fmt.Errorf("wait for the supervisor: %w", err)
		case pid == supervisor && status.Signaled():
			return 1, fmt.Errorf("the supervisor was ended by %v", status.Signal())
		case pid == supervisor:
			return status.ExitStatus(), nil
		}
	}
}

// prepareMounts gives the cluster a /proc of its own, empty directories where
// components insist on writing to the system, and the short paths.
func prepareMounts(stateDir, binDir string) error {
	// Nothing mounted from here on shows on the host, and the other way round.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// Opened first: they may lie in one of the directories that are covered next.
	binds := []struct {
		target string
		source *os.File
	}{{target: insideState}, {target: insideBin}}
	for i, path := range []string{stateDir, binDir} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		binds[i].source = f
	}
	for _, dir := range []string{"/run", "/var/lib", "/var/log"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("cover %s: %w", dir, err)
		}
	}
	for _, b := range binds {
		if err := os.MkdirAll(b.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", b.source.Fd()), b.target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("bind %s to %s: %w", filepath.Clean(b.source.Name()), b.target, err)
		}
	}
	return nil
}
