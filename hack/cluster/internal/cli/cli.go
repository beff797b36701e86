package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/supervisor"
)

// Exit codes, for scripts.
const (
	exitOK         = 0
	exitFailure    = 1
	exitNotReady   = 2
	exitNotRunning = 3
)

// exitError carries an exit code other than 1.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

// options are the flags of every command.
type options struct {
	root, stateDir, binDir string

	out, progress io.Writer
}

// Main runs the program and returns its exit code.
func Main(args []string) int {
	// The state directory follows, for people who look at the list of processes.
	if len(args) == 2 {
		switch args[0] {
		case sandbox.InitCommand:
			code, err := sandbox.Init()
			return report(code, err)
		case sandbox.SuperviseCommand:
			return report(exitFailure, supervisor.Main())
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	command := newCommand(&options{out: os.Stdout, progress: os.Stderr})
	command.SetArgs(args)
	err := command.ExecuteContext(ctx)
	code := exitFailure
	var coded exitError
	switch {
	case errors.As(err, &coded):
		code = coded.code
	case errors.Is(err, control.ErrNotRunning), errors.Is(err, state.ErrNoCluster):
		code = exitNotRunning
	}
	return report(code, err)
}

func report(code int, err error) int {
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintln(os.Stderr, "Error:", err)
	return code
}

func newCommand(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "cluster",
		Short: "Run a real one-node Kubernetes on this machine, built from Go modules",
		Long: `Run a real one-node Kubernetes on this machine, built from Go modules.

As root on Linux: etcd, the control plane, a kubelet, containerd and CoreDNS, in
namespaces of their own. Without root: the same control plane with simulated
nodes (kwok).`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return o.resolve() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.root, "root", "", "the repository (default: found upwards from the working directory)")
	flags.StringVar(&o.stateDir, "state", "", "where this cluster keeps everything (default <root>/.local/cluster)")
	flags.StringVar(&o.binDir, "bin", "", "where the tools are (default <root>/.local/bin)")
	root.AddCommand(
		toolsCommand(o), upCommand(o), downCommand(o), statusCommand(o), loadCommand(o),
		kubeconfigCommand(o), runCommand(o), forwardCommand(o),
	)
	return root
}

// resolve makes paths absolute and fills in the defaults.
func (o *options) resolve() error {
	if o.root == "" {
		found, err := findRoot()
		if err != nil {
			return err
		}
		o.root = found
	}
	for path, byDefault := range map[*string]string{
		&o.root: "", &o.stateDir: filepath.Join(o.root, ".local", "cluster"), &o.binDir: filepath.Join(o.root, ".local", "bin"),
	} {
		if *path == "" {
			*path = byDefault
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	return nil
}

// findRoot looks upwards for the repository.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "hack", "tools", "kubernetes", "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the repository: change into it or pass --root")
		}
		dir = parent
	}
}

func (o *options) dir() (state.Dir, error) { return state.Open(o.stateDir) }

func (o *options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.progress, format+"\n", args...)
}

func (o *options) print(format string, args ...any) {
	_, _ = fmt.Fprintf(o.out, format+"\n", args...)
}
