//go:build e2e

package e2e

import (
	"io"

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
