//go:build e2e

package e2e

import (
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// install puts the product of this tree into the site, over a release that is there, with these values of the chart.
func (s *site) install(t *testing.T, values ...string) {
	t.Helper()
	s.load(t, suite.image)
	chart := filepath.Join(suite.root, "charts", "frontdesk")
	if err := s.demo.InstallChart(t.Context(), chart, suite.image.Reference, values...); err != nil {
		t.Fatal(err)
	}
}

// offerOptionalAPIs gives the site some of the APIs that tenants use where a cluster has them, and nothing that acts on them.
func (s *site) offerOptionalAPIs(t *testing.T) {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatalf("find the module of the Gateway API: %v", err)
	}
	for _, definition := range []string{
		filepath.Join(strings.TrimSpace(string(module)), "config", "crd", "standard", "gateway.networking.k8s.io_httproutes.yaml"),
		filepath.Join(suite.root, "controllers", "testdata", "monitoring-api", "monitoring.coreos.com_podmonitors.yaml"),
	} {
		if _, err := s.kubectl.Run(t.Context(), "create", "-f", definition); err != nil {
			t.Fatal(err)
		}
	}
}

// reconfigure changes values of the chart and keeps the others.
func (s *site) reconfigure(t *testing.T, values ...string) {
	t.Helper()
	if err := s.demo.Reconfigure(t.Context(), values...); err != nil {
		t.Fatal(err)
	}
}

// newFleet makes plain tenants, each in a namespace of its own, that can be asked for minutes on end.
func (s *site) newFleet(t *testing.T, names ...string) []tenancy {
	t.Helper()
	var fleet []tenancy
	for _, name := range names {
		tenant := s.newTenancy(t, name)
		tenant.apply(strings.Replace(plainTenant, "name: plain", "name: "+name, 1) + busy)
		fleet = append(fleet, tenant)
	}
	for _, tenant := range fleet {
		tenant.awaitReady()
	}
	return fleet
}

// part runs a part of a test, on tenants that outlive it, and ends the test if it fails: the next part builds on it.
func part(t *testing.T, name string, fleet []tenancy, do func(t *testing.T, fleet []tenancy)) {
	t.Helper()
	own := slices.Clone(fleet)
	passed := t.Run(name, func(t *testing.T) {
		for i := range own {
			own[i].t = t
		}
		do(t, own)
	})
	if !passed {
		t.FailNow()
	}
}
