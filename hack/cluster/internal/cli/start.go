package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/images"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/tools"
)

// shape is what the user may choose about a cluster.
type shape struct {
	nodes string // auto, real or simulated
	count int
}

// choose settles the sort of nodes and says why.
func (o *options) choose(s shape) (state.Nodes, error) {
	isolated, why := sandbox.Supported()
	switch state.Nodes(s.nodes) {
	case state.NodesReal:
		if !isolated {
			return "", fmt.Errorf("a real node needs root: %s; use --nodes=simulated, or sudo", why)
		}
		return state.NodesReal, nil
	case state.NodesSimulated:
		return state.NodesSimulated, nil
	case "auto":
		if isolated {
			return state.NodesReal, nil
		}
		o.say("Simulated nodes (kwok), since a real one needs root: %s. Pods become Running but nothing runs in them.", why)
		return state.NodesSimulated, nil
	}
	return "", fmt.Errorf("--nodes=%s: want auto, real or simulated", s.nodes)
}

// ensureTools builds what the cluster runs.
func (o *options) ensureTools(ctx context.Context, nodes state.Nodes) error {
	wanted := []string{"control-plane", "kwok"}
	if nodes == state.NodesReal {
		wanted = []string{"control-plane", "node"}
		if err := tools.EnsureSystem(ctx, o.progress); err != nil {
			return err
		}
	}
	selected, err := tools.Select(wanted...)
	if err != nil {
		return err
	}
	builder := tools.Builder{Root: o.root, BinDir: o.binDir, Progress: o.progress}
	if err := builder.Ensure(ctx, selected); err != nil {
		return err
	}
	if nodes == state.NodesReal {
		return images.Ensure(o.binDir)
	}
	return nil
}

// newRecord starts from the record of a cluster that was here before, so that
// it keeps its address, or from nothing.
func (o *options) newRecord(dir state.Dir, nodes state.Nodes, count int) (state.Record, error) {
	rec, err := dir.ReadRecord()
	if err != nil && !errors.Is(err, state.ErrNoCluster) {
		return rec, err
	}
	if err == nil && rec.Nodes != nodes {
		return rec, fmt.Errorf("%s holds a cluster with %s nodes: `cluster down` first", dir, rec.Nodes)
	}
	if nodes == state.NodesReal {
		count = 1
	}
	rec.ID, rec.Nodes, rec.NodeCount, rec.BinDir = dir.ID(), nodes, count, o.binDir
	rec.Isolated, _ = sandbox.Supported()
	apiserver, err := tools.Select("kube-apiserver")
	if err != nil {
		return rec, err
	}
	if rec.Version, err = apiserver[0].Version(o.root); err != nil {
		return rec, err
	}
	rec.Ports = state.Ports{API: 6443, Etcd: 2379, EtcdPeer: 2380, ControllerManager: 10257, Scheduler: 10259, Kwok: 10247}
	if !rec.Isolated {
		rec.NodeAddress = "127.0.0.1"
		ports, err := netplan.FreePorts(6)
		if err != nil {
			return rec, err
		}
		rec.Ports = state.Ports{
			API: ports[0], Etcd: ports[1], EtcdPeer: ports[2], ControllerManager: ports[3], Scheduler: ports[4], Kwok: ports[5],
		}
	}
	return rec, nil
}

// startCluster starts the supervisor of a cluster that does not run. The
// caller holds the command lock and has built the tools.
func (o *options) startCluster(ctx context.Context, dir state.Dir, nodes state.Nodes, count int, lifeline *os.File) (*exec.Cmd, error) {
	// What is left of an earlier run would slow this one down: the kubelet asks
	// containerd about every container that still has a control group.
	if err := errors.Join(stopCluster(ctx, dir), sandbox.SweepStale(ctx)); err != nil {
		return nil, err
	}
	rec, err := o.newRecord(dir, nodes, count)
	if err != nil {
		return nil, err
	}
	if err := dir.Make(); err != nil {
		return nil, err
	}
	lock, err := dir.TryLock(state.LockAlive)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	return sandbox.Start(dir, &rec, lock, lifeline)
}

// awaitReady reports progress until the cluster is ready. When it cannot
// become so, the error carries the end of the supervisor's log.
func (o *options) awaitReady(ctx context.Context, dir state.Dir, ended <-chan error) error {
	begin, said := time.Now(), ""
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		response, err := control.Call(ctx, dir, control.Request{Op: control.OpStatus}, nil)
		switch {
		case err != nil && !errors.Is(err, control.ErrNotRunning) && ctx.Err() == nil:
			return err
		case err != nil:
		case response.Status.Ready:
			return nil
		case response.Status.Failed:
			return fmt.Errorf("the cluster did not start: %s\nSee the logs in %s", response.Status.Message, dir.Logs())
		case response.Status.Message != said:
			said = response.Status.Message
			o.say("%5.1fs  %s", time.Since(begin).Seconds(), said)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return fmt.Errorf("the supervisor ended (%v):\n%s", err, tail(dir.Path("logs", "supervisor.log"), 10)) //nolint:errorlint // may be nil
		case <-tick.C:
		}
	}
}

// restoreForwards opens again what was forwarded before a repair.
func (o *options) restoreForwards(ctx context.Context, dir state.Dir) error {
	raw, err := os.ReadFile(dir.Forwards())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []forward.Forward
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("read %s: %w", dir.Forwards(), err)
	}
	for _, f := range list {
		if _, err := openForward(ctx, dir, f.Target, f.Address); err != nil {
			o.say("Cannot forward %s to %s again: %v", f.Address, f.Target, err)
		}
	}
	return nil
}

func tail(path string, lines int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
