//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// rolloutTimeout bounds a rollout over the few tenants there are.
const rolloutTimeout = 4 * time.Minute

// quickWaves are waves that fit into a test. The pods of SQLite tenants need some seconds to come back.
var quickWaves = []string{"rollout.canary=1", "rollout.batches={100%}", "rollout.soak=3s", "rollout.deadline=1m"}

// The operator is replaced by one with other settings, then told of an image that does not exist, and then of
// one that does. Not parallel: the tenants of all other tests would take part.
func TestWavesHaltOnABadImageAndResume(t *testing.T) {
	fleet := suite.newFleet(t, "canary", "second", "third")
	canary, others := fleet[0], fleet[1:]
	canary.patch("tenant/"+canary.name, `{"metadata":{"labels":{"frontdesk.dev/canary":"true"}}}`)
	before := podsOf(t, fleet)

	stops := map[string]func() (int64, error){}
	for _, tenant := range fleet {
		stops[tenant.name] = keepAsking(t, tenant.api())
	}
	answered := func(tenant tenancy) {
		t.Helper()
		if asked, failed := stops[tenant.name](); failed != nil || asked < 10 {
			t.Errorf("%s: %d requests, first failure: %v", tenant.name, asked, failed)
		}
	}
	reconfigure(t, append(quickWaves, "podAnnotations.example=another-operator", "logging.level=debug")...)
	for _, tenant := range fleet {
		tenant.awaitReady()
	}
	sameContainers(t, "an upgrade of the operator alone", before, podsOf(t, fleet))
	answered(canary)

	reconfigure(t, "server.image.tag=missing")
	for _, tenant := range fleet {
		tenant.awaitProgressing(v1alpha1.ReasonRolloutHalted)
	}
	sameContainers(t, "a halted rollout", podsAmong(before, others), podsOf(t, others))
	for _, tenant := range others {
		tenant.awaitReady()
		answered(tenant)
	}

	// The mend reaches the canary first, and then everybody.
	reconfigure(t, "server.image.tag=", "server.image.pullPolicy=Never")
	awaitRollout(t, "Never", fleet)
	for _, tenant := range fleet {
		tenant.awaitReady()
	}
	for name, pod := range podsOf(t, fleet) {
		if pod.UID == before[name].UID {
			t.Errorf("%s was not rolled", name)
		}
	}
	// The tenants of other tests find what they expect, and no rollout under way.
	reconfigure(t, "server.image.pullPolicy=", "rollout.canary=100%", "rollout.soak=0s")
	awaitRollout(t, "IfNotPresent", fleet)
}

func reconfigure(t *testing.T, values ...string) {
	t.Helper()
	if err := suite.demo.Reconfigure(t.Context(), values...); err != nil {
		t.Fatal(err)
	}
}

// podFacts are what tells the only pod of a tenant, and its container, from others.
type podFacts struct {
	UID types.UID
	facts
}

func podsOf(t *testing.T, fleet []tenancy) map[string]podFacts {
	t.Helper()
	pods := map[string]podFacts{}
	for _, tenant := range fleet {
		containers := tenant.containers()
		if len(containers) != 1 {
			t.Fatalf("%s has %d pods, want 1", tenant.name, len(containers))
		}
		for uid, container := range containers {
			pods[tenant.name] = podFacts{uid, container}
		}
	}
	return pods
}

func podsAmong(pods map[string]podFacts, fleet []tenancy) map[string]podFacts {
	among := map[string]podFacts{}
	for _, tenant := range fleet {
		among[tenant.name] = pods[tenant.name]
	}
	return among
}

func sameContainers(t *testing.T, after string, want, got map[string]podFacts) {
	t.Helper()
	for name, facts := range want {
		if got[name] != facts {
			t.Errorf("after %s %s runs %+v instead of %+v", after, name, got[name], facts)
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
func awaitRollout(t *testing.T, pullPolicy corev1.PullPolicy, fleet []tenancy) {
	t.Helper()
	eventually(t, rolloutTimeout, func() error {
		var config corev1.ConfigMap
		if err := suite.kubectl.Get(t.Context(), walkthrough.OperatorNamespace, "configmap/frontdesk-rollout", &config); err != nil {
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
			var pods corev1.PodList
			if err := tenant.kubectl.Get(t.Context(), tenant.namespace, "pods", &pods); err != nil {
				return err
			}
			if len(pods.Items) != 1 || pods.Items[0].Spec.Containers[0].ImagePullPolicy != pullPolicy {
				return fmt.Errorf("%s has not been rolled", tenant.name)
			}
		}
		return nil
	})
}
