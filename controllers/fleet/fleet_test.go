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
	f.Report(name, rollout.Tenant{Health: rollout.Healthy, Since: time.Unix(1, 0), Volunteer: true})
	f.Unreadable(name)
	tenants, known := f.snapshot()
	if len(tenants) != 1 || tenants[0].Health != rollout.Unknown || !tenants[0].Volunteer || !known(name) {
		t.Errorf("it counts as %+v", tenants)
	}
}
