//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// rolloutTimeout bounds a rollout over the few tenants there are.
const rolloutTimeout = 4 * time.Minute

// The operator is told of an image that does not exist, and then of one that does. The waves fit into a test; the first
// deadline is as short as it is because nothing can be late for it: no pod can start from that image at all.
func wavesHaltOnABadImageAndResume(t *testing.T, fleet []tenancy) {
	where, canary, others := fleet[0].site, fleet[0], fleet[1:]
	canary.patch("tenant/"+canary.name, `{"metadata":{"labels":{"frontdesk.dev/canary":"true"}}}`)
	before, undisturbed := containersOf(fleet), containersOf(others)
	stops := map[string]func() (int64, error){}
	for _, tenant := range others {
		stops[tenant.name] = keepAsking(t, tenant.api())
	}

	where.reconfigure(t, "rollout.paused=false", "rollout.canary=1", "rollout.batches={100%}", "rollout.soak=3s",
		"rollout.deadline=10s", "server.image.tag=missing")
	for _, tenant := range fleet {
		tenant.awaitProgressing(v1alpha1.ReasonRolloutHalted)
	}
	for _, tenant := range others {
		tenant.awaitReady()
		if asked, failed := stops[tenant.name](); failed != nil || asked < 10 {
			t.Errorf("%s: %d requests, first failure: %v", tenant.name, asked, failed)
		}
	}
	if diff := cmp.Diff(undisturbed, containersOf(others)); diff != "" {
		t.Errorf("a halted rollout touched others than the canary (-before +after):\n%s", diff)
	}

	// The mend reaches the canary first, and then everybody. Now the pods need time to come back.
	where.reconfigure(t, "rollout.deadline=2m", "server.image.tag=", "server.image.pullPolicy=Never")
	where.awaitRollout(t, corev1.PullNever, fleet)
	for _, tenant := range fleet {
		tenant.awaitReady()
	}
	after := containersOf(fleet)
	for uid := range before {
		if _, still := after[uid]; still {
			t.Errorf("pod %s was not rolled", uid)
		}
	}
}

// awaitProgressing waits until the tenant's Progressing condition has a reason.
func (s tenancy) awaitProgressing(reason v1alpha1.ConditionReason) {
	s.t.Helper()
	eventually(s.t, rolloutTimeout, func() error {
		c := meta.FindStatusCondition(s.get().Status.Conditions, string(v1alpha1.ConditionProgressing))
		if c == nil || c.Reason != string(reason) {
			return fmt.Errorf("%s: Progressing is %+v", s.name, c)
		}
		return nil
	})
}

// awaitRollout waits until the rollout has finished, and all pods of the fleet pull as is wanted.
func (s *site) awaitRollout(t *testing.T, pullPolicy corev1.PullPolicy, fleet []tenancy) {
	t.Helper()
	eventually(t, rolloutTimeout, func() error {
		var config corev1.ConfigMap
		if err := s.kubectl.Get(t.Context(), walkthrough.OperatorNamespace, "configmap/frontdesk-rollout", &config); err != nil {
			return err
		}
		var state struct {
			FinishedAt *time.Time `json:"finishedAt"`
		}
		if err := json.Unmarshal([]byte(config.Data["state.json"]), &state); err != nil {
			return fmt.Errorf("the state cannot be read: %w: %s", err, config.Data["state.json"])
		}
		if state.FinishedAt == nil {
			return fmt.Errorf("not finished: %s", config.Data["state.json"])
		}
		for _, tenant := range fleet {
			if pods := tenant.pods(); len(pods) != 1 || pods[0].Spec.Containers[0].ImagePullPolicy != pullPolicy {
				return fmt.Errorf("%s has not been rolled", tenant.name)
			}
		}
		return nil
	})
}
