package fleet

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

func TestWhatCannotBeReadIsNotHealthy(t *testing.T) {
	t.Parallel()
	name := types.NamespacedName{Namespace: "corner", Name: "shop"}
	f := New()
	f.Report(name, rollout.Tenant{Health: rollout.Healthy, Since: time.Unix(1, 0), Volunteer: true}, time.Unix(2, 0))
	f.Unreadable(name)
	tenants, known := f.snapshot()
	if len(tenants) != 1 || tenants[0].Health != rollout.Unknown || !tenants[0].Volunteer || !known(name) {
		t.Errorf("it counts as %+v", tenants)
	}
}

func TestHealthOfWhichNobodyKnowsSinceWhenIsTimed(t *testing.T) {
	t.Parallel()
	name := types.NamespacedName{Namespace: "corner", Name: "shop"}
	f := New()
	for _, step := range []struct {
		at     int64
		report rollout.Tenant
		want   int64
	}{
		{10, rollout.Tenant{Health: rollout.Healthy}, 10},
		{20, rollout.Tenant{Health: rollout.Healthy}, 10},
		{30, rollout.Tenant{Health: rollout.Unhealthy}, 30},
		{40, rollout.Tenant{Health: rollout.Healthy}, 40},
		{50, rollout.Tenant{Health: rollout.Healthy, Since: time.Unix(45, 0)}, 45},
		{60, rollout.Tenant{Health: rollout.Healthy}, 45},
	} {
		f.Report(name, step.report, time.Unix(step.at, 0))
		if tenants, _ := f.snapshot(); !tenants[0].Since.Equal(time.Unix(step.want, 0)) {
			t.Errorf("at %d it counts as %v since %s, want %d", step.at, tenants[0].Health, tenants[0].Since, step.want)
		}
	}
}
