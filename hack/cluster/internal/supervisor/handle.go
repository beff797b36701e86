package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/addons"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// errSimulated answers requests that need real pods.
var errSimulated = errors.New("the nodes of this cluster are simulated and run no containers; as root, `cluster down` and `cluster up` give a real node")

func (s *Supervisor) handle(ctx context.Context, r control.Request, file *os.File) control.Response {
	if file != nil {
		defer func() { _ = file.Close() }()
	}
	var response control.Response
	var err error
	switch r.Op {
	case control.OpStatus:
		status := s.status(ctx)
		response.Status = &status
	case control.OpLoad:
		response.Output, err = s.load(ctx, file)
	case control.OpForward:
		err = s.forward(r, file)
	case control.OpUnlink:
		err = s.unlink(r)
	default:
		err = fmt.Errorf("unknown operation %q: the running cluster is of another version; `cluster down` and `cluster up`", r.Op)
	}
	if err != nil {
		response.Error = err.Error()
	}
	return response
}

func (s *Supervisor) status(ctx context.Context) control.Status {
	s.mu.Lock()
	status := control.Status{Starting: !s.started, Failed: s.failed, Message: s.step, Since: s.since}
	forwards := s.forwards
	s.mu.Unlock()
	status.Components = s.group.Status()
	if forwards != nil {
		status.Forwards = forwards.List()
	}
	if status.Starting || status.Failed {
		return status
	}
	if err := s.healthy(ctx); err != nil {
		status.Message = err.Error()
		return status
	}
	status.Ready = true
	return status
}

// healthy looks at everything anew.
func (s *Supervisor) healthy(ctx context.Context) error {
	if err := s.group.Healthy(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.apiReady(ctx); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	ready, err := addons.ReadyNodes(ctx, s.client, time.Time{})
	if err != nil {
		return err
	}
	if ready < s.record.NodeCount {
		return fmt.Errorf("%d of %d nodes are Ready", ready, s.record.NodeCount)
	}
	return nil
}

func (s *Supervisor) load(ctx context.Context, file *os.File) (string, error) {
	if s.record.Nodes != state.NodesReal {
		return "", errSimulated
	}
	if file == nil {
		return "", errors.New("no image archive came with the request")
	}
	out, err := s.importImage(ctx, "-", file)
	if err != nil {
		return "", err
	}
	return strings.Join(savedImages(out), "\n"), nil
}

// savedImages picks the names of images out of what ctr prints, which is a
// line with the word "saved" for each, among progress and warnings.
func savedImages(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[1] == "saved" {
			names = append(names, fields[0])
		}
	}
	return names
}

// importImage gives an archive to containerd: the one at path, or, when that is
// "-", the open file.
func (s *Supervisor) importImage(ctx context.Context, path string, file *os.File) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.in.BinDir, "ctr"),
		"--address", config.RuntimeSocket, "--namespace", "k8s.io",
		"images", "import", "--snapshotter", s.in.Snapshotter, path)
	if file != nil {
		cmd.Stdin = file
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("import image: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}

func (s *Supervisor) forward(r control.Request, file *os.File) error {
	s.mu.Lock()
	started, forwards := s.started && !s.failed, s.forwards
	s.mu.Unlock()
	switch {
	case !started:
		return errNotStarted
	case s.record.Nodes != state.NodesReal:
		return errSimulated
	case file == nil || r.Target == nil:
		return errors.New("no listener or no target came with the request")
	}
	listener, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("take over the listener: %w", err)
	}
	forwards.Add(listener, *r.Target)
	return s.saveForwards(forwards)
}

func (s *Supervisor) unlink(r control.Request) error {
	s.mu.Lock()
	forwards := s.forwards
	s.mu.Unlock()
	if forwards == nil || !forwards.Remove(r.Address) {
		return fmt.Errorf("nothing is forwarded at %s; `cluster status` lists what is", r.Address)
	}
	return s.saveForwards(forwards)
}

func (s *Supervisor) saveForwards(forwards *forward.Set) error {
	raw, err := json.Marshal(forwards.List())
	if err != nil {
		return fmt.Errorf("remember forwards: %w", err)
	}
	if err := state.WriteFile(s.dir.Forwards(), raw, 0o644); err != nil {
		return fmt.Errorf("remember forwards: %w", err)
	}
	return nil
}
