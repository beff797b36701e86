//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// heldCluster is a local cluster that lives as long as this process holds its end of a pipe.
type heldCluster struct {
	walkthrough.Cluster
	stateDir string
	// hostAddress is where pods reach servers on this machine.
	hostAddress string

	lifeline io.Closer
	ended    chan error
}

// clusterTimeout bounds start and stop. Tools are built before the tests start.
const clusterTimeout = 3 * time.Minute

// holdCluster starts a cluster with a state folder of this name.
func holdCluster(root, name string) (*heldCluster, error) {
	c := &heldCluster{stateDir: filepath.Join(root, ".local", name), ended: make(chan error, 1)}
	var err error
	if c.Cluster, err = walkthrough.NewCluster("local", root, c.stateDir, ""); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(root, ".local", "bin", "cluster"), "run", "--state", c.stateDir)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	if c.lifeline, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	announced := make(chan error, 1)
	go func() {
		announced <- c.readAnnouncement(stdout)
		_, _ = io.Copy(io.Discard, stdout)
		c.ended <- cmd.Wait()
	}()
	select {
	case err = <-announced:
	case <-time.After(clusterTimeout):
		err = errors.New("the cluster did not become ready")
	}
	if err != nil {
		return nil, errors.Join(err, c.release())
	}
	return c, nil
}

// readAnnouncement reads the line that `cluster run` prints when the cluster is ready.
func (c *heldCluster) readAnnouncement(stdout io.Reader) error {
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("`cluster run` ended before the cluster was ready: %w", err)
	}
	var running struct {
		HostAddress string `json:"hostAddress"`
		Nodes       string `json:"nodes"`
	}
	if err := json.Unmarshal(line, &running); err != nil {
		return fmt.Errorf("read %q: %w", line, err)
	}
	if running.Nodes != "real" {
		return fmt.Errorf("the nodes of this cluster are %q; these tests need a real one", running.Nodes)
	}
	c.hostAddress = running.HostAddress
	return nil
}

// Up has nothing to do: the cluster is up as long as it is held.
func (c *heldCluster) Up(context.Context, io.Writer) error { return nil }

// release lets go of the pipe, as our death would, and waits for the cluster's end.
func (c *heldCluster) release() error {
	if err := c.lifeline.Close(); err != nil {
		return err
	}
	select {
	case err := <-c.ended:
		return err
	case <-time.After(clusterTimeout):
		return errors.New("the cluster did not go down")
	}
}
