package supervisor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/cgroup"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Patience on the way down. Nothing that takes longer is worth waiting for: no
// data of a local cluster needs an orderly end.
const (
	componentPatience = 3 * time.Second
	podPatience       = 5 * time.Second
	groupPatience     = 5 * time.Second
)

// stop ends pods first, while nothing can start them again, then the
// components in reverse order, then whatever is left.
func (s *Supervisor) stop() error {
	begin := time.Now()
	s.log.Info("Stopping")
	if s.record.Nodes == state.NodesReal {
		s.stopComponents(config.Kubelet)
		s.stopPods()
	}
	names := config.Names(s.record.Nodes)
	slices.Reverse(names)
	// etcd last: the API server says goodbye through it.
	var others []string
	for _, n := range names {
		if n != config.Etcd && n != config.Kubelet {
			others = append(others, n)
		}
	}
	s.stopComponents(others...)
	s.stopComponents(config.Etcd)
	defer func() { s.log.Info("Stopped", "after", time.Since(begin).Round(time.Millisecond)) }()
	if !s.record.Isolated {
		return nil
	}
	return s.emptyNamespace()
}

func (s *Supervisor) stopComponents(names ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), componentPatience)
	defer cancel()
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() { s.group.Stop(ctx, name) })
	}
	wg.Wait()
}

// stopPods asks every container's processes to end.
func (s *Supervisor) stopPods() {
	ctx, cancel := context.WithTimeout(context.Background(), podPatience)
	defer cancel()
	asked := false
	err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		pids, err := cgroup.Processes(s.record.ID, "kubepods")
		if err != nil {
			return false, err
		}
		if !asked {
			for _, pid := range pids {
				_ = unix.Kill(pid, unix.SIGTERM) // ESRCH: it ended meanwhile
			}
			asked = true
		}
		return len(pids) == 0, nil
	})
	if err != nil {
		s.log.Warn("Not all pods ended in time", "error", err)
	}
}

// emptyNamespace kills what is left in the PID namespace, shims for instance,
// and removes the control group.
func (s *Supervisor) emptyNamespace() error {
	// From here, -1 means every process of the namespace but this one and its
	// first, the init.
	if err := unix.Kill(-1, unix.SIGKILL); err != nil && err != unix.ESRCH {
		return fmt.Errorf("end the remaining processes: %w", err)
	}
	if err := cgroup.Leave(os.Getpid(), 1); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), groupPatience)
	defer cancel()
	return cgroup.Remove(ctx, s.record.ID)
}
