//go:build e2e

package e2e

import (
	"io"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// site is a cluster of this run's, and what runs in it.
type site struct {
	cluster *heldCluster
	demo    *walkthrough.Demo
	kubectl walkthrough.Kubectl
	// postgres is the host:port at which pods here reach the database server of the run.
	postgres string
}

// openSite starts a cluster; progress goes to out.
func openSite(root, name string, out io.Writer) (*site, error) {
	cluster, err := holdCluster(root, name)
	if err != nil {
		return nil, err
	}
	demo := walkthrough.NewDemo(root, cluster, out)
	return &site{cluster: cluster, demo: demo, kubectl: demo.Kubectl}, nil
}

// newSite opens a site for one test, which may do to it what would disturb others.
func newSite(t *testing.T, name string) *site {
	t.Helper()
	s, err := openSite(suite.root, name, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.cluster.release(); err != nil {
			t.Errorf("take the cluster down: %v", err)
		}
	})
	return s
}

// load gives an image to the node.
func (s *site) load(t *testing.T, image walkthrough.Image) {
	t.Helper()
	if _, err := s.cluster.Load(t.Context(), image); err != nil {
		t.Fatal(err)
	}
}
