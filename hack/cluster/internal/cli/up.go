package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Patience of commands.
const (
	lockPatience   = 2 * time.Minute
	stopPatience   = 30 * time.Second
	repairPatience = 20 * time.Second
)

func addShapeFlags(c *cobra.Command, s *shape) {
	c.Flags().StringVar(&s.nodes, "nodes", "auto", "real (needs root), simulated (kwok), or auto")
	c.Flags().IntVar(&s.count, "count", 1, "number of simulated nodes")
}

func upCommand(o *options) *cobra.Command {
	var s shape
	c := &cobra.Command{
		Use: "up", Short: "Start the cluster and wait until it is ready; does nothing when it is", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.up(c.Context(), s) },
	}
	addShapeFlags(c, &s)
	return c
}

func (o *options) up(ctx context.Context, s shape) error {
	dir, err := o.dir()
	if err != nil {
		return err
	}
	nodes, err := o.choose(s)
	if err != nil {
		return err
	}
	if err := o.ensureTools(ctx, nodes); err != nil {
		return err
	}
	if err := os.MkdirAll(string(dir), 0o755); err != nil {
		return fmt.Errorf("create state directory: %w", err)
	}
	release, err := lockCommand(ctx, dir)
	if err != nil {
		return err
	}
	defer release()
	healthy, err := o.healthyOrStopped(ctx, dir)
	if err != nil {
		return err
	}
	if healthy {
		if rec, err := dir.ReadRecord(); err != nil || (s.nodes != "auto" && rec.Nodes != nodes) {
			return errors.Join(err, fmt.Errorf("a cluster with %s nodes runs in %s: `cluster down` first, or pass another --state", rec.Nodes, dir))
		}
		o.say("The cluster is up already.")
		return o.describe(dir)
	}
	begin := time.Now()
	cmd, err := o.startCluster(ctx, dir, nodes, s.count, nil)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := o.awaitReady(ctx, dir, ended); err != nil {
		return errors.Join(err, stopCluster(context.WithoutCancel(ctx), dir))
	}
	if err := o.restoreForwards(ctx, dir); err != nil {
		return err
	}
	// Once more: a cluster that was being killed while this one started is
	// dead by now.
	if err := sandbox.SweepStale(ctx); err != nil {
		return err
	}
	o.say("Ready after %.1fs.", time.Since(begin).Seconds())
	return o.describe(dir)
}

// healthyOrStopped returns true for a cluster that runs well, and makes sure
// that any other does not run at all. A cluster that is only slow is given time.
func (o *options) healthyOrStopped(ctx context.Context, dir state.Dir) (bool, error) {
	deadline := time.Now().Add(repairPatience)
	for {
		alive, err := dir.Alive()
		if err != nil || !alive {
			return false, err
		}
		response, err := control.Call(ctx, dir, control.Request{Op: control.OpStatus}, nil)
		if err == nil && response.Status.Ready {
			return true, nil
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if time.Now().After(deadline) {
			why := fmt.Sprint(err)
			if err == nil {
				why = response.Status.Message
			}
			o.say("The cluster is not well (%s); starting it anew with its data.", why)
			return false, stopCluster(ctx, dir)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// describe prints what to do with a cluster that is up.
func (o *options) describe(dir state.Dir) error {
	rec, err := dir.ReadRecord()
	if err != nil {
		return err
	}
	o.print("Kubernetes %s, %s, at %s", rec.Version, nodesLabel(rec), config.APIURL(rec))
	if rec.HostAddress != "" {
		o.print("Pods reach servers on this host at %s", rec.HostAddress)
	}
	o.print("  export KUBECONFIG=%s PATH=%s:$PATH", dir.Kubeconfig(), o.binDir)
	return nil
}

func nodesLabel(r state.Record) string {
	if r.Nodes == state.NodesReal {
		return "one real node"
	}
	return fmt.Sprintf("%d simulated node(s)", r.NodeCount)
}

func lockCommand(ctx context.Context, dir state.Dir) (release func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	lock, err := dir.WaitLock(waiting, state.LockCommand)
	if err != nil {
		return nil, fmt.Errorf("another command works on this cluster: %w", err)
	}
	return lock.Release, nil
}

// stopCluster ends a cluster if it runs, and sweeps after it either way.
func stopCluster(ctx context.Context, dir state.Dir) error {
	rec, err := dir.ReadRecord()
	if errors.Is(err, state.ErrNoCluster) {
		return nil
	}
	if err != nil {
		return err
	}
	polite, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	if err := sandbox.Stop(polite, dir, rec); err != nil {
		return err
	}
	return sandbox.Sweep(ctx, rec.ID)
}
