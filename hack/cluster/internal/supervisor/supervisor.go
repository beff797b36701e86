package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/proc"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/provision"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Supervisor runs one cluster.
type Supervisor struct {
	in     config.Input
	record state.Record
	dir    state.Dir
	log    *slog.Logger
	group  *proc.Group
	since  time.Time

	// Set once credentials exist.
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	forwards *forward.Set

	mu      sync.Mutex
	step    string // what is being done, or why starting failed
	started bool
	failed  bool
}

// Main is the supervisor's process: it runs the cluster until a signal, or the
// end of its lifeline, tells it to stop.
func Main() error {
	sandbox.KeepInheritedFiles()
	boot, err := sandbox.Receive(os.Stdin)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	ctx, cancel := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	defer cancel()
	if lifeline := boot.LifelineFile(); lifeline != nil {
		go func() {
			_, _ = io.Copy(io.Discard, lifeline)
			log.Info("The process that wanted this cluster is gone")
			cancel()
		}()
	}
	s, err := newSupervisor(boot, log)
	if err != nil {
		return err
	}
	if err := control.Serve(ctx, s.dir, log, s.handle); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil && ctx.Err() == nil {
		log.Error("Start failed", "error", err)
		s.finishStart(err)
	}
	<-ctx.Done()
	return s.stop()
}

func newSupervisor(boot sandbox.Bootstrap, log *slog.Logger) (*Supervisor, error) {
	dir, binDir := boot.Dir()
	in := config.Input{Dir: dir, BinDir: binDir, Record: boot.Record}
	if boot.Record.Nodes == state.NodesReal {
		var err error
		if in.RuncPath, err = lookRunc(); err != nil {
			return nil, err
		}
		if in.Snapshotter, err = snapshotter(dir.Containerd()); err != nil {
			return nil, err
		}
	}
	return &Supervisor{
		in: in, record: boot.Record, dir: dir, log: log, since: time.Now(),
		group: proc.NewGroup(dir.Logs(), log), step: "preparing",
	}, nil
}

// connect makes the clients, with the administrator's credentials.
func (s *Supervisor) connect() error {
	cfg, err := clientcmd.BuildConfigFromFlags("", s.dir.Kubeconfig())
	if err != nil {
		return fmt.Errorf("client configuration: %w", err)
	}
	cfg.QPS = -1 // the server decides
	return s.connectWith(cfg)
}

func (s *Supervisor) connectWith(cfg *rest.Config) error {
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	dyn, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.dynamic, s.forwards = client, dyn, forward.NewSet(client, s.log)
	return nil
}

func (s *Supervisor) say(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step = step
	s.log.Info("Step", "doing", step)
}

func (s *Supervisor) finishStart(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started, s.failed, s.step = true, err != nil, "ready"
	if err != nil {
		s.step = err.Error()
	}
}

func (s *Supervisor) runProvisioner(ctx context.Context) {
	provision.New(s.client, s.dir.Volumes(), s.log).Run(ctx)
}

// snapshotter picks what containerd can use on the file system at path: an
// overlay cannot lie on an overlay, which is what the root of most containers is.
func snapshotter(path string) (string, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return "", fmt.Errorf("file system of the state directory: %w", err)
	}
	if fs.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native", nil
	}
	return "overlayfs", nil
}

// errNotStarted answers requests that come before there is an API server.
var errNotStarted = errors.New("the cluster is still starting: wait for `cluster status` to say that it is ready")
