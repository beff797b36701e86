package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/cgroup"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// hostLock serialises what clusters do to the host. An abstract socket serves
// as the lock: it leaves no file and ends with its holder.
func hostLock() (release func(), err error) {
	const name = "@frontdesk.dev/local-cluster"
	deadline := time.Now().Add(30 * time.Second)
	for {
		l, err := net.Listen("unix", name)
		if err == nil {
			return func() { _ = l.Close() }, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return nil, fmt.Errorf("wait for another cluster to start: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Signal sends a signal to the cluster's first process, if it still runs. A
// process that took over the id since is left alone.
func Signal(rec state.Record, sig syscall.Signal) error {
	if !runs(rec) {
		return nil
	}
	if err := unix.Kill(rec.PID, sig); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal the supervisor (process %d): %w", rec.PID, err)
	}
	return nil
}

// Stop ends a running cluster: first politely, then, when ctx ends, by force.
// It returns when no process of it is left.
func Stop(ctx context.Context, dir state.Dir, rec state.Record) error {
	if err := Signal(rec, unix.SIGTERM); err != nil {
		return err
	}
	lock, err := dir.WaitLock(ctx, state.LockAlive)
	if errors.Is(err, state.ErrLocked) {
		if err := Signal(rec, unix.SIGKILL); err != nil {
			return err
		}
		final, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		lock, err = dir.WaitLock(final, state.LockAlive)
	}
	if err != nil {
		return fmt.Errorf("stop the supervisor: %w", err)
	}
	lock.Release()
	return waitGone(rec)
}

// waitGone waits until the first process has ended altogether: its files, and
// so the lock, are closed a moment before the kernel has killed the rest.
func waitGone(rec state.Record) error {
	deadline := time.Now().Add(10 * time.Second)
	for runs(rec) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the supervisor (process %d) does not end", rec.PID)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// sweepPatience bounds the wait for processes that were killed to be gone.
const sweepPatience = 10 * time.Second

// Sweep takes away what a cluster left on the host outside its state
// directory, which is little: the kernel removed the rest.
func Sweep(ctx context.Context, id string) error {
	if ok, _ := Supported(); !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	return errors.Join(netplan.Disconnect(id), cgroup.Remove(ctx, id))
}

// SweepStale sweeps after clusters, of this or any other state directory, that
// were killed together with whoever watched them.
func SweepStale(ctx context.Context) error {
	if ok, _ := Supported(); !ok {
		return nil
	}
	release, err := hostLock()
	if err != nil {
		return err
	}
	defer release()
	ids, err := cgroup.Stale()
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := Sweep(ctx, id); err != nil {
			return fmt.Errorf("sweep after the dead cluster %s: %w", id, err)
		}
	}
	return nil
}

// runs says whether the cluster's first process is there and not a zombie.
func runs(rec state.Record) bool {
	if rec.PID == 0 {
		return false
	}
	fields, err := processStat(rec.PID)
	return err == nil && fields[0] != "Z" && fields[19] == strconv.FormatUint(rec.StartTicks, 10)
}

// startTicks returns the start time of a process in clock ticks since boot.
func startTicks(pid int) (uint64, error) {
	fields, err := processStat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// processStat returns the fields of proc_pid_stat(5) from the third, the
// state, on; the start time is at index 19.
func processStat(pid int) ([]string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, fmt.Errorf("look up process %d: %w", pid, err)
	}
	// The second field is the command in parentheses and may hold anything.
	_, rest, ok := strings.Cut(string(raw[strings.LastIndexByte(string(raw), ')'):]), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return nil, fmt.Errorf("look up process %d: unexpected format", pid)
	}
	return fields, nil
}
