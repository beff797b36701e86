//go:build e2e

package e2e

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// In a cluster of its own the chart of this tree comes over that of the previous release, with tenants under it:
// definitions are new, no pod is touched while the rollout is paused, and servers of the previous release take up what the
// new operator writes.
func TestUpgradeFromThePreviousRelease(t *testing.T) {
	t.Parallel()
	image := previousRelease.image(t)
	where := newSite(t, "e2e-upgrade")
	where.load(t, image)
	charts, err := filepath.Glob(filepath.Join(suite.root, "test", "upgrade", "testdata", "frontdesk-*.tgz"))
	if err != nil || len(charts) != 1 {
		t.Fatalf("found the charts %v, want that of the previous release (%v)", charts, err)
	}
	if err := where.demo.InstallChart(t.Context(), charts[0], image.Reference); err != nil {
		t.Fatal(err)
	}
	fleet := where.newFleet(t, "first", "second", "third")
	first := fleet[0]
	before := containersOf(fleet)
	stop := keepAsking(t, first.api())
	where.load(t, suite.image)
	values, err := suite.database.serve(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(suite.root, "charts", "frontdesk")
	if err := where.demo.InstallChart(t.Context(), chart, suite.image.Reference, append(values, "rollout.paused=true")...); err != nil {
		t.Fatal(err)
	}

	for _, tenant := range fleet {
		tenant.awaitProgressing(v1alpha1.ReasonRolloutPaused)
		tenant.awaitReady()
		// The previous definition has no such field: the API server would have dropped it.
		if tenant.get().Status.Template == nil {
			t.Errorf("%s has no status.template after the upgrade", tenant.name)
		}
	}
	first.patch("bookingpolicy/always", `{"spec":{"slots":{"interval":"20m"}}}`)
	for _, server := range first.servers() {
		day := time.Now().AddDate(0, 0, 2).Truncate(24 * time.Hour)
		if err := server.awaitStart(t.Context(), day, 20, time.Now().Add(reachTime)); err != nil {
			t.Errorf("the previous release's server does not take the new operator's configuration: %v", err)
		}
	}
	first.awaitReady()
	if version := first.get().Status.Version; version != previousRelease.version {
		t.Errorf("the server is of release %q, want %s", version, previousRelease.version)
	}
	if asked, failed := stop(); failed != nil || asked < 10 {
		t.Errorf("%d requests meanwhile, first failure: %v", asked, failed)
	}
	if diff := cmp.Diff(before, containersOf(fleet)); diff != "" {
		t.Errorf("the upgrade touched pods (-before +after):\n%s", diff)
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

func containersOf(fleet []tenancy) map[types.UID]facts {
	all := map[types.UID]facts{}
	for _, tenant := range fleet {
		maps.Copy(all, tenant.containers())
	}
	return all
}
