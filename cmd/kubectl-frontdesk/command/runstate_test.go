package command_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(policyManifest + tenantManifest(inLondon))
	w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonRollingOut)

	if got := w.run("suspend", "bright", "--wait", "--timeout", patience.String()); got.code != 0 || got.out != "tenant bright is suspended\n" {
		t.Fatalf("suspend: %+v", got)
	}
	if state := w.tenant("bright").Spec.RunState; state != v1alpha1.RunStateSuspended {
		t.Errorf("runState is %s", state)
	}
	if got := w.run("suspend", "bright", "--wait"); got.code != 0 {
		t.Errorf("suspended again: %+v", got)
	}

	// No node runs here, so that it cannot become ready in time.
	got := w.run("resume", "bright", "--wait", "--timeout", "1s")
	if got.code != 3 || !strings.Contains(got.err, "timed out after 1s") || !strings.Contains(got.err, "kubectl frontdesk status bright") {
		t.Errorf("resume that cannot succeed: %+v", got)
	}
	if state := w.tenant("bright").Spec.RunState; state != v1alpha1.RunStateRunning {
		t.Errorf("runState is %s", state)
	}
}

func (w *world) tenant(name string) *v1alpha1.Tenant {
	w.t.Helper()
	t := &v1alpha1.Tenant{}
	if err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, t); err != nil {
		w.t.Fatal(err)
	}
	return t
}
