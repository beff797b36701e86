package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/cgroup"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Hidden commands of the program, started by this package only.
const (
	// InitCommand is the first process of an isolated cluster.
	InitCommand = "internal-init"
	// SuperviseCommand is the supervisor.
	SuperviseCommand = "internal-supervise"
)

// Numbers of the open files that the supervisor inherits.
const (
	lockFD     = 3
	lifelineFD = 4
)

// Bootstrap is what the init and the supervisor are told, as JSON on their
// standard input. They start work when that input ends, and not before: by then
// the link and the control group are there.
type Bootstrap struct {
	// StateDir and BinDir are where the host has them.
	StateDir string `json:"stateDir"`
	// Record is the cluster's record so far.
	Record state.Record `json:"record"`
	// Lifeline says that the supervisor has a lifeline.
	Lifeline bool `json:"lifeline"`
}

// Supported says whether this process may start isolated clusters, and if not,
// why.
func Supported() (bool, string) {
	if os.Geteuid() != 0 {
		return false, "not running as root"
	}
	return true, ""
}

// Start starts the cluster's first process and records it. The lock passes on
// to that process; the lifeline, if any, is the read end of a pipe.
func Start(dir state.Dir, rec *state.Record, lock *state.Lock, lifeline *os.File) (*exec.Cmd, error) {
	log, err := os.Create(dir.Path("logs", "supervisor.log"))
	if err != nil {
		return nil, fmt.Errorf("open the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	stdin, feed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = stdin.Close() }()
	defer func() { _ = feed.Close() }()

	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"cluster", SuperviseCommand, string(dir)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if rec.Isolated {
		cmd.Args[1] = InitCommand
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC
	}
	cmd.Dir = "/"
	cmd.Env = environment(rec.BinDir, rec.Nodes)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, log, log
	cmd.ExtraFiles = []*os.File{lock.File()}
	if lifeline != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, lifeline)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	if err := attach(dir, rec, cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	boot := Bootstrap{StateDir: string(dir), Record: *rec, Lifeline: lifeline != nil}
	if err := json.NewEncoder(feed).Encode(boot); err != nil {
		return nil, errors.Join(fmt.Errorf("instruct the supervisor: %w", err), cmd.Process.Kill(), cmd.Wait())
	}
	return cmd, nil
}

// attach chooses the link and connects it, makes the control group, and writes
// the record. Clusters that start at the same moment take turns.
func attach(dir state.Dir, rec *state.Record, pid int) error {
	rec.PID = pid
	ticks, err := startTicks(pid)
	if err != nil {
		return err
	}
	rec.StartTicks = ticks
	if !rec.Isolated {
		return dir.WriteRecord(*rec)
	}
	release, err := hostLock()
	if err != nil {
		return err
	}
	defer release()
	if err := netplan.Disconnect(rec.ID); err != nil {
		return err
	}
	link, err := chooseLink(*rec)
	if err != nil {
		return err
	}
	if err := netplan.Connect(rec.ID, link, pid); err != nil {
		return err
	}
	if err := cgroup.Create(rec.ID, pid); err != nil {
		return err
	}
	rec.HostAddress, rec.NodeAddress, rec.PrefixLength = link.Host.String(), link.Node.String(), link.Bits
	return dir.WriteRecord(*rec)
}

// chooseLink keeps the network that the cluster had, if it is still free.
func chooseLink(rec state.Record) (netplan.Link, error) {
	taken, err := netplan.Taken()
	if err != nil {
		return netplan.Link{}, err
	}
	if old, err := LinkOf(rec); err == nil && old.Free(taken) {
		return old, nil
	}
	return netplan.ChooseLink(rec.ID, taken)
}

// LinkOf returns the link in a record.
func LinkOf(rec state.Record) (netplan.Link, error) {
	host, err := netip.ParseAddr(rec.HostAddress)
	if err != nil {
		return netplan.Link{}, fmt.Errorf("host address: %w", err)
	}
	node, err := netip.ParseAddr(rec.NodeAddress)
	if err != nil {
		return netplan.Link{}, fmt.Errorf("node address: %w", err)
	}
	return netplan.Link{Host: host, Node: node, Bits: rec.PrefixLength}, nil
}

// environment is what components see: nothing of the caller's, so that a proxy
// or a locale set there changes nothing here.
func environment(binDir string, nodes state.Nodes) []string {
	all := []string{
		"PATH=" + binDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/",
		"LANG=C.UTF-8",
	}
	if nodes == state.NodesSimulated {
		// Thousands of pods on two processors: the control plane is what such a cluster is short of, and memory is not.
		all = append(all, "GOGC=400")
	}
	return all
}
