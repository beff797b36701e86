package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/addons"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/images"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/proc"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/sandbox"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// startTimeout bounds a whole start; on a busy machine it takes a minute.
const startTimeout = 5 * time.Minute

// poll is how often a starting component is looked at.
const poll = 50 * time.Millisecond

// start brings everything up and returns when the cluster is ready.
func (s *Supervisor) start(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, startTimeout)
	defer cancel()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.startControlPlane(gctx) })
	if s.record.Nodes == state.NodesReal {
		g.Go(func() error { return s.startRuntime(gctx) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	go s.runProvisioner(parent)
	if err := s.startNodes(ctx); err != nil {
		return err
	}
	s.finishStart(nil)
	s.log.Info("Ready", "after", time.Since(s.since).Round(time.Millisecond))
	return nil
}

// prepare sets up the network and writes credentials and configuration.
func (s *Supervisor) prepare(ctx context.Context) error {
	if s.record.Isolated {
		link, err := sandbox.LinkOf(s.record)
		if err != nil {
			return err
		}
		if err := netplan.ConfigureInside(ctx, link); err != nil {
			return err
		}
	}
	if err := writeCredentials(s.in); err != nil {
		return err
	}
	files, err := config.Files(s.in)
	if err != nil {
		return err
	}
	if err := config.Write(s.dir, files); err != nil {
		return err
	}
	return s.connect()
}

func (s *Supervisor) startControlPlane(ctx context.Context) error {
	s.say("starting etcd and the API server")
	for _, name := range []string{config.Etcd, config.APIServer} {
		if err := s.run(name); err != nil {
			return err
		}
	}
	if err := s.waitFor(ctx, config.APIServer, s.apiReady); err != nil {
		return err
	}
	s.say("starting controllers")
	for _, name := range []string{config.ControllerManager, config.Scheduler} {
		if err := s.run(name); err != nil {
			return err
		}
	}
	return addons.ApplyStorage(ctx, s.dynamic)
}

// startRuntime starts containerd and gives it the cluster's own images.
func (s *Supervisor) startRuntime(ctx context.Context) error {
	if err := s.run(config.Containerd); err != nil {
		return err
	}
	err := s.waitFor(ctx, config.Containerd, func(context.Context) error {
		conn, err := net.Dial("unix", config.RuntimeSocket)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return err
	}
	for _, archive := range images.Archives(s.in.BinDir) {
		if _, err := s.importImage(ctx, archive, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *Supervisor) startNodes(ctx context.Context) error {
	if s.record.Nodes == state.NodesSimulated {
		s.say("starting simulated nodes")
		if err := addons.ApplyNodes(ctx, s.dynamic, s.record.NodeCount); err != nil {
			return err
		}
		if err := s.run(config.Kwok); err != nil {
			return err
		}
		return addons.WaitNodes(ctx, s.client, s.record.NodeCount, time.Time{})
	}
	s.say("starting the node")
	for _, name := range []string{config.Kubelet, config.KubeProxy} {
		if err := s.run(name); err != nil {
			return err
		}
	}
	if err := addons.ApplyDNS(ctx, s.dynamic); err != nil {
		return err
	}
	if err := addons.WaitNodes(ctx, s.client, 1, s.since); err != nil {
		return err
	}
	s.say("waiting for CoreDNS")
	return addons.WaitDNS(ctx)
}

func (s *Supervisor) run(name string) error {
	return s.group.Start(config.Component(s.in, name))
}

// waitFor polls until ready returns nil, and gives up early when the component
// has failed for good.
func (s *Supervisor) waitFor(ctx context.Context, name string, ready func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, poll, true, func(ctx context.Context) (bool, error) {
		for _, status := range s.group.Status() {
			if status.Name == name && status.State == proc.Failed {
				return false, fmt.Errorf("it keeps ending: %s; see its log", status.LastExit)
			}
		}
		last = ready(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", name, errors.Join(err, last))
	}
	return nil
}

func (s *Supervisor) apiReady(ctx context.Context) error {
	return s.client.Discovery().RESTClient().Get().AbsPath("/readyz").Timeout(2 * time.Second).Do(ctx).Error()
}

func lookRunc() (string, error) {
	path, err := exec.LookPath("runc")
	if err != nil {
		return "", fmt.Errorf("runc is not installed: %w", err)
	}
	return path, nil
}
