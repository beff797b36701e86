package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/schema"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }

const sound = `
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: bright}
spec:
  displayName: Bright Smile
  timeZone: Europe/London
  bookingPolicyRef: {name: hours}
  resources: [{id: desk, kind: Staff, name: The desk}]
  services: [{id: visit, name: Visit, duration: 30m, requires: [{anyOf: [desk]}]}]
`

const policy = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: hours}
spec:
  hours: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]
`

// What is refused offline is what the API server refuses, field by field and word by word.
func TestChecksLikeAnAPIServer(t *testing.T) {
	t.Parallel()
	schemas, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	for _, test := range []struct {
		name, manifest string
		refused        bool
	}{
		{"sound tenant", sound, false},
		{"sound policy", policy, false},
		{"wrong duration", strings.Replace(sound, "30m", "30 minutes", 1), true},
		{"service names no resource", strings.Replace(sound, "[desk]}]", "[nobody]}]", 1), true},
		{"replicas on SQLite", sound + "  server: {replicas: 2}\n", true},
		{"an address that is none", sound + "  alerts: {emails: [nobody]}\n", true},
		{"missing field", strings.Replace(sound, "  timeZone: Europe/London\n", "", 1), true},
		{"wrong type", strings.Replace(sound, "displayName: Bright Smile", "displayName: 7", 1), true},
		{"not in the enum", sound + "  runState: Paused\n", true},
		{"twice the same id", strings.Replace(sound, "name: The desk}", "name: The desk}, {id: desk, kind: Room, name: Other}", 1), true},
		{"name with a dot", strings.Replace(sound, "{name: bright}", "{name: bright.smile}", 1), true},
		{"name in capitals", strings.Replace(policy, "{name: hours}", "{name: Hours}", 1), true},
		{"hour that is none", strings.Replace(policy, "09:00", "25:00", 1), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			object := parse(t, test.manifest)
			object.SetNamespace(namespace)
			want := causes(t, cluster.Client.Create(t.Context(), object.DeepCopy(), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)))
			schemas.Complete(object)
			var got []string
			for _, fault := range schemas.Check(t.Context(), object) {
				got = append(got, fault.Field+": "+fault.ErrorBody())
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("an API server says otherwise (-API server +offline):\n%s", diff)
			}
			if (len(got) > 0) != test.refused {
				t.Errorf("refused: %v, want %v: %v", len(got) > 0, test.refused, got)
			}
		})
	}
}

// Unknown fields are refused in another form by the API server, so they have a test of their own.
func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	schemas, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	object := parse(t, strings.Replace(sound, "duration: 30m", "duration: 30m, durration: 1h", 1))
	object.SetNamespace("default")
	schemas.Complete(object)
	faults := schemas.Check(t.Context(), object)
	if len(faults) != 1 || faults[0].Field != "spec.services[0].durration" || !strings.Contains(faults[0].ErrorBody(), `no field "durration"`) {
		t.Errorf("got %v, want the one field that there is not", faults)
	}
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(encoded, &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

// causes are what an API server says of each field, without the remark that it has asked no rule.
func causes(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		t.Fatalf("want a refusal with causes, got: %v", err)
	}
	var all []string
	for _, cause := range status.Status().Details.Causes {
		if !strings.Contains(cause.Message, "some validation rules were not checked") {
			all = append(all, cause.Field+": "+cause.Message)
		}
	}
	slices.Sort(all)
	return all
}
