package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
)

const policyManifest = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: hours}
spec:
  hours: [{days: [Mon, Tue, Wed, Thu, Fri], spans: [{from: "09:00", to: "17:00"}]}]
---
`

// tenantManifest is a sound Tenant with more lines in its spec.
func tenantManifest(more string) string {
	return `
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: bright}
spec:
  displayName: Bright Smile
  bookingPolicyRef: {name: hours}
  resources: [{id: desk, kind: Staff, name: The desk}]
  services: [{id: visit, name: Visit, duration: 30m, requires: [{anyOf: [desk]}]}]
` + more
}

const inLondon = "  timeZone: Europe/London\n"

func exposedAt(host string) string {
	return "  exposure: {host: " + host + ", ingress: {className: nginx}}\n"
}

const onPostgres = inLondon + "  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}\n"

// situations are states of a tenant, and what is said of them.
var situations = []struct {
	name string
	// arrange puts the tenant into its state.
	arrange func(w *world)
	ready   bool
	// says are the parts that matter most; the golden file has the rest.
	says []string
}{
	{"missing-secret", func(w *world) {
		w.apply(policyManifest + tenantManifest(onPostgres))
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonSecretsMissing)
	}, false, []string{"kubectl create secret generic db", "--from-literal=url="}},
	{"missing-key", func(w *world) {
		w.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: do-not-show-this}\n---\n" + policyManifest + tenantManifest(onPostgres))
		w.awaitCondition("bright", v1alpha1.ConditionSecretsReady, v1alpha1.ReasonSecretKeyMissing)
	}, false, []string{"it has password", "kubectl patch"}},
	{"missing-policy", func(w *world) {
		w.apply(tenantManifest(inLondon))
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonConfigurationInvalid)
	}, false, []string{"Create the BookingPolicy hours"}},
	{"refused-spec", func(w *world) {
		w.apply(policyManifest + tenantManifest("  timeZone: Europe/Atlantis\n"))
		w.awaitCondition("bright", v1alpha1.ConditionConfigurationValid, v1alpha1.ReasonUnknownTimeZone)
	}, false, []string{"spec.timeZone", "kubectl edit"}},
	{"crash-loop", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon))
		w.runPod("bright", "7c9d-abcde", "10.99.0.1", crashStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonPodsUnavailable)
		// The pods' state and the claim's binding are heard of in any order.
		w.awaitMessage("bright", v1alpha1.ConditionDatabaseReady, "no server has said yet")
	}, false, []string{"disk I/O error", "logs bright --previous"}},
	{"name-conflict", func(w *world) {
		w.apply("apiVersion: v1\nkind: Service\nmetadata: {name: frontdesk-bright}\nspec: {ports: [{port: 80}]}\n---\n" + policyManifest + tenantManifest(inLondon))
		w.awaitCondition("bright", v1alpha1.ConditionDegraded, v1alpha1.ReasonNameConflict)
		w.deployment("bright")
		w.bindClaim("bright")
		w.awaitCondition("bright", v1alpha1.ConditionWorkloadAvailable, v1alpha1.ReasonPodsUnavailable)
		w.awaitMessage("bright", v1alpha1.ConditionDatabaseReady, "no server has said yet")
	}, false, []string{"Rename or delete the Service frontdesk-bright"}},
	{"unschedulable", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon))
		w.runPod("bright", "7c9d-abcde", "", unschedulableStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonPodsUnavailable)
		w.awaitMessage("bright", v1alpha1.ConditionDatabaseReady, "no server has said yet")
	}, false, []string{"No node takes pod", "Insufficient memory"}},
	{"fighting", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon))
		w.runPod("bright", "7c9d-abcde", "10.99.0.3", readyStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
		w.meddle("frontdesk-bright")
		w.awaitCondition("bright", v1alpha1.ConditionDegraded, v1alpha1.ReasonFightingAnotherController)
	}, false, []string{"Have the Service frontdesk-bright left alone by rival-operator", "--show-managed-fields"}},
	{"host-not-allowed", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon+exposedAt("bright.elsewhere.example")))
		w.runPod("bright", "7c9d-abcde", "10.99.0.4", readyStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonHostNotAllowed)
	}, false, []string{"Choose a host that the platform allows"}},
	{"host-taken", func(w *world) {
		manifest := tenantManifest(inLondon + exposedAt("bright.book.example"))
		w.apply(policyManifest + strings.Replace(manifest, "name: bright}", "name: first}", 1))
		w.awaitCondition("first", v1alpha1.ConditionRouteAccepted, v1alpha1.ReasonRouteAccepted)
		w.apply(manifest)
		w.runPod("bright", "7c9d-abcde", "10.99.0.5", readyStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonHostTaken)
	}, false, []string{"Choose another host"}},
	{"database-server-not-allowed", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon+"  database: {engine: Postgres, postgres: {server: shared}}\n"))
		w.awaitCondition("bright", v1alpha1.ConditionDatabaseReady, v1alpha1.ReasonDatabaseServerNotAllowed)
	}, false, []string{"open to this namespace", "kubectl edit tenant bright"}},
	{"suspended", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon+"  runState: Suspended\n"))
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonSuspended)
	}, true, []string{"kubectl frontdesk resume bright"}},
	{"healthy", func(w *world) {
		w.apply(policyManifest + tenantManifest(inLondon))
		w.runPod("bright", "7c9d-abcde", "10.99.0.2", readyStatus)
		w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	}, true, []string{"every ready pod serves revision"}},
}

func TestStatusSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, test := range situations {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.arrange(w)
			w.awaitPolicies()
			got := w.awaitGolden("status/"+test.name+".txt", "status", "bright")
			if want := map[bool]int{true: 0, false: 1}[test.ready]; got.code != want {
				t.Errorf("the exit code is %d, want %d; %s", got.code, want, got.err)
			}
			for _, part := range test.says {
				if !strings.Contains(got.out, part) {
					t.Errorf("it does not say %q", part)
				}
			}
			if strings.Contains(got.out, "do-not-show-this") {
				t.Error("it shows the value of a Secret")
			}
		})
	}
}

// To have a rollout halt takes two operators and a release that fails; here the status is what the operator would write.
func TestStatusOfATenantThatFailedInAHaltedRollout(t *testing.T) {
	t.Parallel()
	w := newQuietWorld(t)
	w.apply(policyManifest + tenantManifest(inLondon))
	tenant := w.tenant("bright")
	const failed = "0 of 1 pods are ready: pod frontdesk-bright-7c9d-abcde: CrashLoopBackOff: back-off 1m20s restarting failed container"
	tenant.Status = v1alpha1.TenantStatus{ObservedGeneration: tenant.Generation}
	for _, c := range []metav1.Condition{
		{Type: string(v1alpha1.ConditionReady), Status: metav1.ConditionFalse, Reason: string(v1alpha1.ReasonPodsUnavailable), Message: failed},
		{Type: string(v1alpha1.ConditionDegraded), Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonPodsUnavailable), Message: failed},
		{Type: string(v1alpha1.ConditionProgressing), Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonRolloutHalted), Message: "the update to release 1.3.0 failed here: " + failed +
			"; the rollout is halted: give the platform another server image, or resume it, and this tenant comes first"},
	} {
		c.ObservedGeneration = tenant.Generation
		meta.SetStatusCondition(&tenant.Status.Conditions, c)
	}
	if err := w.cluster.Client.Status().Update(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	got := w.awaitGolden("status/halted-rollout.txt", "status", "bright")
	if got.code != 1 || !strings.Contains(got.out, "helm rollback") || !strings.Contains(got.out, fleet.ResumeAnnotation+"=") || !strings.Contains(got.out, "configmap "+fleet.StateName) {
		t.Errorf("code %d; it does not say how to go on:\n%s", got.code, got.out)
	}
}

func TestStatusForPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenantManifest(inLondon))
	w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonConfigurationInvalid)
	got := w.run("status", "bright", "-o", "json")
	var answer struct {
		Ready     bool   `json:"ready"`
		Reason    string `json:"reason"`
		NextSteps []struct {
			Do       string   `json:"do"`
			Commands []string `json:"commands"`
		} `json:"nextSteps"`
	}
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	if got.code != 1 || answer.Ready || answer.Reason != "ConfigurationInvalid" || len(answer.NextSteps) != 1 || len(answer.NextSteps[0].Commands) == 0 {
		t.Errorf("code %d, %+v; want an unready tenant with one step", got.code, answer)
	}
}

func TestStatusListsTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.run("status"); got.code != 0 || !strings.Contains(got.err, "no tenant in namespace") {
		t.Errorf("an empty namespace: %+v", got)
	}
	w.apply(tenantManifest(inLondon))
	w.apply(policyManifest + strings.Replace(tenantManifest(inLondon+"  runState: Suspended\n"), "name: bright}", "name: asleep}", 1))
	w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonRollingOut)
	w.awaitCondition("asleep", v1alpha1.ConditionReady, v1alpha1.ReasonSuspended)
	got := w.awaitGolden("status/list.txt", "status")
	if got.code != 1 {
		t.Errorf("the exit code is %d, want 1 while one is not ready; %s", got.code, got.err)
	}
}

func TestStatusOfAnUnknownTenantNamesThoseThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenantManifest(inLondon))
	got := w.run("status", "brigth")
	if got.code != 2 || !strings.Contains(got.err, `there is no Tenant "brigth"`) || !strings.Contains(got.err, "there are: bright") {
		t.Errorf("%+v", got)
	}
}
