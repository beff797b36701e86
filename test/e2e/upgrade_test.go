//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// A cluster of its own sees one upgrade after the other, with tenants under them. Each touches the operator, and with it
// every tenant there is.
func TestUpgrades(t *testing.T) {
	t.Parallel()
	where := newSite(t, "e2e-upgrade")
	names := []string{"canary", "second", "third"}
	var fleet []tenancy
	part(t, "from the previous release", nil, func(t *testing.T, _ []tenancy) {
		where.installPreviousRelease(t)
		fleet = where.newFleet(t, names...)
		upgradeFromThePreviousRelease(t, fleet)
	})
	if fleet == nil { // skipped: see withoutHistory
		where.install(t)
		fleet = where.newFleet(t, names...)
	}
	part(t, "of the servers while paused", fleet, pausedRolloutRollsNobody)
	part(t, "to a bad image and on to a good one", fleet, wavesHaltOnABadImageAndResume)
	part(t, "of the operator alone", fleet, operatorAloneRollsNobody)
}

func (s *site) installPreviousRelease(t *testing.T) {
	t.Helper()
	image := previousRelease.image(t)
	s.load(t, image)
	charts, err := filepath.Glob(filepath.Join(suite.root, "test", "upgrade", "testdata", "frontdesk-*.tgz"))
	if err != nil || len(charts) != 1 {
		t.Fatalf("found the charts %v, want that of the previous release (%v)", charts, err)
	}
	if err := s.demo.InstallChart(t.Context(), charts[0], image.Reference); err != nil {
		t.Fatal(err)
	}
}

// The chart of this tree comes over that of the previous release, and the servers stay of theirs: definitions are new, every
// tenant is taken up and none is rolled, though nothing holds back a rollout, and servers of the previous release take up what
// the new operator writes.
func upgradeFromThePreviousRelease(t *testing.T, fleet []tenancy) {
	where, first := fleet[0].site, fleet[0]
	before := containersOf(fleet)
	stop := keepAsking(t, first.api())
	values, err := suite.database.serve(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	where.install(t, append(values, "server.image.tag="+previousRelease.version, "server.version="+previousRelease.version)...)

	for _, tenant := range fleet {
		// The previous definition has no such field, and the previous operator does not write it.
		eventually(t, readyTimeout, func() error {
			if tenant.get().Status.Template == nil {
				return fmt.Errorf("%s has no status.template: the new operator has not looked at it", tenant.name)
			}
			return nil
		})
		tenant.awaitReady()
		tenant.awaitProgressing(v1alpha1.ReasonAsExpected)
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

// Now the servers are to be of this tree as well, and the rollout is paused. How they are pulled changes too, for in a clone
// without history they are of this tree already.
func pausedRolloutRollsNobody(t *testing.T, fleet []tenancy) {
	before := containersOf(fleet)
	fleet[0].reconfigure(t, "rollout.paused=true", "server.image.tag=", "server.image.pullPolicy=Always", "server.version=")
	for _, tenant := range fleet {
		tenant.awaitProgressing(v1alpha1.ReasonRolloutPaused)
		tenant.awaitReady()
	}
	if diff := cmp.Diff(before, containersOf(fleet)); diff != "" {
		t.Errorf("a paused rollout touched pods (-before +after):\n%s", diff)
	}
}

// An operator with other settings, but the same image and template for tenants, takes every tenant up and rolls none.
func operatorAloneRollsNobody(t *testing.T, fleet []tenancy) {
	where := fleet[0].site
	former, before := where.leader(t), containersOf(fleet)
	stop := keepAsking(t, fleet[0].api())
	where.reconfigure(t, "podAnnotations.example=another-operator", "logging.level=debug")
	where.awaitOtherLeader(t, former)
	for _, tenant := range fleet {
		revision := tenant.get().Status.Revision.Served
		tenant.patch("bookingpolicy/always", `{"spec":{"slots":{"interval":"15m"}}}`)
		tenant.awaitOtherRevision(revision)
	}
	if asked, failed := stop(); failed != nil || asked < 10 {
		t.Errorf("%d requests meanwhile, first failure: %v", asked, failed)
	}
	if diff := cmp.Diff(before, containersOf(fleet)); diff != "" {
		t.Errorf("other containers run (-before +after):\n%s", diff)
	}
}
