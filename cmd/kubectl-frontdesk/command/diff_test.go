package command_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// diff asks what applying a manifest would change.
func (w *world) diff(manifest string) outcome {
	w.t.Helper()
	return runProgram(w.t.Context(), manifest, "diff", "-f", "-", "--kubeconfig", w.kubeconfig, "-n", w.namespace)
}

func TestDiff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// As a user would, so that kubectl's note of what was applied is there.
	applied := policyManifest + tenantManifest(inLondon+"  contact: {email: owner@bright.example}\n")
	if _, err := w.cluster.Kubectl(t.Context(), applied, "apply", "-n", w.namespace, "-f", "-"); err != nil {
		t.Fatal(err)
	}
	w.runPod("bright", "7c9d-abcde", "10.99.1.1", readyStatus)
	w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	before := w.tenant("bright")

	for _, test := range []struct {
		name, manifest string
		code           int
		says, saysNot  []string
	}{
		{"nothing", applied, 0, nil, []string{"#"}},
		{"configuration", strings.Replace(applied, "Bright Smile", "Brighter Smile", 1), 1,
			[]string{"-  displayName: Bright Smile", "+  displayName: Brighter Smile", "+++ applied/" + w.namespace + "/Secret/frontdesk-bright-config", "+      displayName: Brighter Smile", "no pod is restarted"},
			[]string{"$2a$"}},
		{"policy alone", strings.Replace(policyManifest, "17:00", "18:00", 1), 1,
			[]string{"BookingPolicy/hours", "Secret/frontdesk-bright-config", "no pod is restarted"}, nil},
		{"field taken out", policyManifest + tenantManifest(inLondon), 1, []string{"-  contact:", "no pod is restarted"}, nil},
		{"pod template", applied + "  server: {pod: {labels: {team: north}}}\n", 1, []string{"Deployment/frontdesk-bright", "its pods are restarted"}, nil},
		{"not valid", strings.Replace(applied, "Europe/London", "Europe/Atlantis", 1), 1,
			[]string{"not valid: spec.timeZone", "the last good configuration keeps serving"}, nil},
		{"new tenant", strings.Replace(applied, "name: bright}", "name: second}", 1), 1,
			[]string{"+++ applied/" + w.namespace + "/Deployment/frontdesk-second", "+      displayName: Bright Smile"}, []string{"its pods are restarted"}},
		{"refused by the API server", applied + "  server: {replicas: 2}\n", 2, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.diff(test.manifest)
			if got.code != test.code {
				t.Errorf("the exit code is %d, want %d: %s", got.code, test.code, got.err)
			}
			for _, part := range test.says {
				if !strings.Contains(got.out, part) {
					t.Errorf("it does not say %q", part)
				}
			}
			for _, part := range test.saysNot {
				if strings.Contains(got.out, part) {
					t.Errorf("it says %q", part)
				}
			}
			if t.Failed() {
				t.Logf("%s\n%s", got.out, got.err)
			}
		})
	}
	// The operator may still have had something to say: the status is not compared.
	after := w.tenant("bright")
	if after.Generation != before.Generation || !maps.Equal(after.Annotations, before.Annotations) {
		t.Error("to ask for a difference has changed the Tenant")
	}
}

func TestDiffPutsRefusalsAtTheirLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.diff(policyManifest + tenantManifest(inLondon+"  server: {replicas: 2}\n"))
	if got.code != 2 || !strings.Contains(got.err, "-:18: Tenant/bright: spec.server:") {
		t.Errorf("code %d: %s", got.code, got.err)
	}
}
