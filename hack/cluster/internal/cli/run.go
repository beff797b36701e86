package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Running is the line that `run` prints when the cluster is ready.
type Running struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	// HostAddress is where pods reach servers on this host.
	HostAddress string      `json:"hostAddress,omitempty"`
	Nodes       state.Nodes `json:"nodes"`
	Version     string      `json:"version"`
}

func runCommand(o *options) *cobra.Command {
	var s shape
	var keepLogs bool
	c := &cobra.Command{
		Use: "run", Args: cobra.NoArgs,
		Short: "Run a new cluster for as long as this command runs; for tests",
		Long: `Run a new cluster for as long as this command runs.

When the cluster is ready, one line of JSON on standard output says how to reach
it. It goes down on Ctrl-C, on SIGTERM, and, when standard input is a pipe, at
the end of that: a test that holds the other end of the pipe cannot leave a
cluster behind, even when it is killed.`,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s, keepLogs) },
	}
	addShapeFlags(c, &s)
	c.Flags().BoolVar(&keepLogs, "keep-logs", false, "leave the directory logs/ in place")
	return c
}

func (o *options) run(ctx context.Context, s shape, keepLogs bool) error {
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
	if alive, err := dir.Alive(); err != nil || alive {
		return errors.Join(err, fmt.Errorf("a cluster runs in %s: `cluster down` first, or pass another --state", dir))
	}
	if err := errors.Join(stopCluster(ctx, dir), removeState(dir, false)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cancelAtEndOfInput(cancel)
	return o.runUntilDone(ctx, dir, nodes, s.count, keepLogs)
}

func (o *options) runUntilDone(ctx context.Context, dir state.Dir, nodes state.Nodes, count int, keepLogs bool) error {
	far, lifeline, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = lifeline.Close() }()
	cmd, err := o.startCluster(ctx, dir, nodes, count, far)
	_ = far.Close()
	if err != nil {
		return err
	}
	ended, watch := make(chan struct{}), make(chan error, 1)
	go func() { watch <- cmd.Wait(); close(ended) }()
	err = o.awaitReady(ctx, dir, watch)
	if err == nil {
		err = o.announce(dir)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case <-ended:
			err = fmt.Errorf("the cluster ended by itself:\n%s", tail(dir.Path("logs", "supervisor.log"), 10))
		}
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	_ = lifeline.Close()
	endSupervisor(cmd, ended)
	keepLogs = keepLogs || err != nil
	sweep, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return errors.Join(err, sandbox.Sweep(sweep, dir.ID()), removeState(dir, keepLogs))
}

func (o *options) announce(dir state.Dir) error {
	rec, err := dir.ReadRecord()
	if err != nil {
		return err
	}
	return json.NewEncoder(o.out).Encode(Running{
		Kubeconfig: dir.Kubeconfig(), Server: config.APIURL(rec), HostAddress: rec.HostAddress, Nodes: rec.Nodes, Version: rec.Version,
	})
}

// endSupervisor waits for the supervisor, whose lifeline has been cut, and
// kills it when it takes too long.
func endSupervisor(cmd *exec.Cmd, ended <-chan struct{}) {
	select {
	case <-ended:
	case <-time.After(stopPatience):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// cancelAtEndOfInput watches standard input if it is a pipe. Other inputs, such
// as a terminal or nothing, say nothing about who started this command.
func cancelAtEndOfInput(cancel func()) {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
}
