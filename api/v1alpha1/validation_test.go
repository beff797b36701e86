package v1alpha1_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }

// wholeObject is what the API server writes in place of a path for a rule about the object itself.
const wholeObject = "<nil>"

// accepted is an object, or an edit of one, that the API server must take.
type accepted struct {
	name string
	base string
	// before, when set, is created first; the object with both sets of edits is then an update of it.
	before []edit
	edits  []edit
	// update says that there is an object before, even without edits.
	update bool
}

// refused is one that it must not take.
type refused struct {
	accepted
	// field that the error names, and a part of what it says.
	field, message string
}

// submit sends the object as kubectl would with strict validation, and returns the API server's answer.
func submit(t *testing.T, cluster *kubetest.Cluster, namespace, name string, a accepted) error {
	t.Helper()
	object := base(t, a.base, append(slices.Clone(a.before), a.edits...)...)
	if object.GetName() == base(t, a.base).GetName() {
		object.SetName(name)
	}
	object.SetNamespace(namespace)
	if !a.update {
		return cluster.Client.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	}
	old := base(t, a.base, a.before...)
	old.SetName(name)
	old.SetNamespace(namespace)
	if err := cluster.Client.Create(t.Context(), old, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		t.Fatalf("the object before the update was refused: %v", err)
	}
	object.SetResourceVersion(old.GetResourceVersion())
	return cluster.Client.Update(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// causes returns what an answer says of each field.
func causes(t *testing.T, err error) []metav1.StatusCause {
	t.Helper()
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		t.Fatalf("want a refusal with causes, got: %v", err)
	}
	return status.Status().Details.Causes
}

func TestAcceptedObjects(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	for i, a := range slices.Concat(acceptedTenants(), acceptedPolicies(), acceptedCampaigns()) {
		t.Run(a.base+"/"+a.name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, cluster, namespace, fmt.Sprintf("accepted-%d", i), a); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// TestRefusedObjects runs every refusing case and then demands that together they set off every rule and
// every pattern of the schema, so that none can be added without a case.
func TestRefusedObjects(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	demanded := constraints(t)
	var mutex sync.Mutex
	violated := map[constraint]bool{}
	t.Run("cases", func(t *testing.T) {
		for i, r := range slices.Concat(refusedTenants(), refusedPolicies(), refusedCampaigns()) {
			t.Run(r.base+"/"+r.name, func(t *testing.T) {
				t.Parallel()
				err := submit(t, cluster, namespace, fmt.Sprintf("refused-%d", i), r.accepted)
				if err == nil {
					t.Fatalf("accepted, want %s: %s", r.field, r.message)
				}
				said := causes(t, err)
				if !slices.ContainsFunc(said, func(c metav1.StatusCause) bool {
					return c.Field == r.field && strings.Contains(c.Message, r.message)
				}) {
					t.Errorf("want %s: %s\n got %v", r.field, r.message, err)
				}
				if strings.Contains(err.Error(), "evaluating rule") {
					t.Errorf("a rule broke down instead of answering: %v", err)
				}
				kind := base(t, r.base).GetKind()
				mutex.Lock()
				defer mutex.Unlock()
				for _, c := range demanded {
					if c.kind == kind && slices.ContainsFunc(said, c.causes) {
						violated[c] = true
					}
				}
			})
		}
	})
	for _, c := range demanded {
		if !violated[c] {
			t.Errorf("no refusing case for %s %s: %s", c.kind, c.field, c.message)
		}
	}
}

// causes says whether an answer's cause comes from this constraint.
func (c constraint) causes(cause metav1.StatusCause) bool {
	return strings.TrimPrefix(anyIndex(cause.Field), wholeObject) == c.field && strings.Contains(cause.Message, c.message)
}

// TestAcceptedObjectsUseEveryConstraint demands that for each rule and pattern something was accepted that
// has the field, so that no rule refuses everything.
func TestAcceptedObjectsUseEveryConstraint(t *testing.T) {
	t.Parallel()
	present := map[string]bool{}
	for _, name := range []string{"tenant", "tenant-sqlite", "tenant-cloudnativepg", "tenant-server", "policy", "campaign"} {
		object := base(t, name)
		collect(object.Object, object.GetKind()+" ", present)
	}
	for _, c := range constraints(t) {
		if !present[c.kind+" "+c.field] && c.field != "" {
			t.Errorf("no accepted object has %s %s", c.kind, c.field)
		}
	}
}

// collect notes the path of every field, with [] for any index.
func collect(value any, path string, into map[string]bool) {
	into[path] = true
	switch value := value.(type) {
	case map[string]any:
		separator := "."
		if strings.HasSuffix(path, " ") {
			separator = ""
		}
		for name, child := range value {
			collect(child, path+separator+name, into)
		}
	case []any:
		for _, child := range value {
			collect(child, path+"[]", into)
		}
	}
}

func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	for _, e := range unknownFields() {
		err := submit(t, cluster, namespace, "unknown", create(e.path, "tenant", e))
		want := fmt.Sprintf("unknown field %q", e.path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDefaultsAreVisible(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	for _, tc := range []struct {
		base  string
		edits []edit
		want  map[string]any
	}{
		{"tenant-sqlite", []edit{unset("spec.database")}, map[string]any{
			"spec.database.engine": "SQLite", "spec.locale": "en", "spec.runState": "Running", "spec.deletionPolicy": "Retain",
			"spec.resources[0].capacity": int64(1), "spec.services[0].groupSize": int64(1),
		}},
		{"tenant-sqlite", []edit{set("spec.database.sqlite", map[string]any{})}, map[string]any{"spec.database.sqlite.size": "1Gi"}},
		{"policy", []edit{set("spec", yamlValue(`{hours: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]}`))}, map[string]any{
			"spec.slots.interval": "15m", "spec.slots.anchor": "SpanStart", "spec.notice.minimum": "0s", "spec.notice.maximumDays": int64(60),
			"spec.buffers.before": "0s", "spec.buffers.after": "0s", "spec.holds.ttl": "5m", "spec.cancellation.until": "0s",
			"spec.rescheduling.until": "0s", "spec.rescheduling.times": int64(3), "spec.confirmation": "Automatic",
		}},
		{"campaign", []edit{unset("spec.run"), unset("spec.pace"), unset("spec.stopOn"), unset("spec.runState")}, map[string]any{
			"spec.run": int64(1), "spec.pace.concurrentCalls": int64(1), "spec.pace.spacing": "15s", "spec.runState": "Running",
			"spec.stopOn[1]": "OptedOut",
		}},
	} {
		object := base(t, tc.base, tc.edits...)
		object.SetNamespace(namespace)
		if err := cluster.Client.Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Fatalf("%s: %v", tc.base, err)
		}
		for path, want := range tc.want {
			if got := lookUp(object, path); got != want {
				t.Errorf("%s: %s is %v, want %v", tc.base, path, got, want)
			}
		}
	}
}

func lookUp(object *unstructured.Unstructured, path string) any {
	values := map[string]any{}
	var flatten func(value any, path string)
	flatten = func(value any, path string) {
		values[strings.TrimPrefix(path, ".")] = value
		switch value := value.(type) {
		case map[string]any:
			for name, child := range value {
				flatten(child, path+"."+name)
			}
		case []any:
			for i, child := range value {
				flatten(child, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	}
	flatten(object.Object, "")
	return values[path]
}
