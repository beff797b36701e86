package changes

import (
	"fmt"
	"reflect"

	"github.com/aymanbagabas/go-udiff"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Change is an object before and after. Before is nil for one that would be made, After for one that
// would be deleted.
type Change struct {
	Before, After *unstructured.Unstructured
}

// object is whichever there is.
func (c Change) object() *unstructured.Unstructured {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

// Diff is the change as text; empty when there is none.
func (c Change) Diff() (string, error) {
	before, after := essence(c.Before), essence(c.After)
	hideValues(before, after)
	old, err := text(before)
	if err != nil {
		return "", err
	}
	wanted, err := text(after)
	if err != nil {
		return "", err
	}
	object := c.object()
	name := fmt.Sprintf("%s/%s/%s", object.GetNamespace(), object.GetKind(), object.GetName())
	return udiff.Unified("live/"+name, "applied/"+name, old, wanted), nil
}

// Restarts says whether the change replaces pods that run.
func (c Change) Restarts() bool {
	if c.Before == nil || c.After == nil || c.After.GetKind() != "Deployment" {
		return false
	}
	replicas, _, _ := unstructured.NestedInt64(c.After.Object, "spec", "replicas")
	running, _, _ := unstructured.NestedInt64(c.Before.Object, "spec", "replicas")
	before, _, _ := unstructured.NestedMap(c.Before.Object, "spec", "template")
	after, _, _ := unstructured.NestedMap(c.After.Object, "spec", "template")
	return replicas > 0 && running > 0 && !reflect.DeepEqual(before, after)
}

// essence is a copy without what the API server and the operator keep for themselves.
func essence(object *unstructured.Unstructured) *unstructured.Unstructured {
	if object == nil {
		return nil
	}
	shown := object.DeepCopy()
	delete(shown.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(shown.Object, "metadata", field)
	}
	annotations := shown.GetAnnotations()
	for _, own := range []string{corev1.LastAppliedConfigAnnotation, tenant.IntentAnnotation, "deployment.kubernetes.io/revision"} {
		delete(annotations, own)
	}
	if len(annotations) == 0 {
		annotations = nil
	}
	shown.SetAnnotations(annotations)
	return shown
}

func text(object *unstructured.Unstructured) (string, error) {
	if object == nil {
		return "", nil
	}
	written, err := yaml.Marshal(object.Object)
	if err != nil {
		return "", fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return string(written), nil
}

// hideValues puts marks in the place of the values of a Secret, which tell only whether they differ. The
// configuration document, which holds no secret, is shown.
func hideValues(before, after *unstructured.Unstructured) {
	old, wanted := values(before), values(after)
	for key, value := range old {
		shown := "***"
		if other, both := wanted[key]; both && other != value {
			shown = "*** (before)"
		}
		old[key] = shownValue(key, value, shown)
	}
	for key, value := range wanted {
		shown := "***"
		if other, both := old[key]; both && other == "*** (before)" {
			shown = "*** (after)"
		}
		wanted[key] = shownValue(key, value, shown)
	}
}

func values(object *unstructured.Unstructured) map[string]any {
	if object == nil || object.GetKind() != "Secret" || object.GroupVersionKind().Group != "" {
		return nil
	}
	data, _ := object.Object["data"].(map[string]any)
	return data
}

func shownValue(key string, value any, hidden string) string {
	if key == tenantconfig.DocumentKey {
		return redact.Document(value)
	}
	return hidden
}
