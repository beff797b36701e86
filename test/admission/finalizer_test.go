package admission

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestTenantHasItsFinalizerFromBirth(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	born := func(t *testing.T, finalizers []any) *unstructured.Unstructured {
		object := a.tenantWithSecrets()
		if finalizers != nil {
			setAt(t, object, finalizers, "metadata", "finalizers")
		}
		if err := a.cluster.Client.Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Fatal(err)
		}
		return object
	}
	untouched := born(t, []any{finalizer})
	for name, test := range map[string]struct {
		sent []any
		want []string
	}{
		"no list":         {nil, []string{finalizer}},
		"an empty list":   {[]any{}, []string{finalizer}},
		"another":         {[]any{"example.com/backup"}, []string{"example.com/backup", finalizer}},
		"ours":            {[]any{finalizer}, []string{finalizer}},
		"ours and others": {[]any{"example.com/backup", finalizer, "example.com/billing"}, []string{"example.com/backup", finalizer, "example.com/billing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := born(t, test.sent)
			if diff := cmp.Diff(test.want, object.GetFinalizers()); diff != "" {
				t.Errorf("finalizers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(untouched.Object["spec"], object.Object["spec"]); diff != "" {
				t.Errorf("the policy changed the spec (-without +with):\n%s", diff)
			}
		})
	}
}

// What the policy adds belongs to nobody, so whoever applies a manifest without finalizers does not take it away.
func TestApplyingATenantAgainLeavesItsFinalizer(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	user := a.as(author)
	apply := func(name string) *unstructured.Unstructured {
		object := parse(t, shop(""))
		object.SetNamespace(a.namespace)
		if err := unstructured.SetNestedField(object.Object, name, "spec", "displayName"); err != nil {
			t.Fatal(err)
		}
		a.accepted(func() error {
			return user.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"))
		})
		if diff := cmp.Diff([]string{finalizer}, object.GetFinalizers()); diff != "" {
			t.Errorf("finalizers of %s (-want +got):\n%s", name, diff)
		}
		return object
	}
	first, second := apply("Corner Shop"), apply("Other Shop")
	if first.GetUID() != second.GetUID() || first.GetGeneration() == second.GetGeneration() {
		t.Errorf("the second time changed nothing: generation %d, then %d", first.GetGeneration(), second.GetGeneration())
	}
}

// The policy is about births only: the operator can let a Tenant go, and so can somebody who must.
func TestFinalizerCanBeTakenAway(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	user := a.as(author)
	without := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))

	living := a.apply(shop(""))
	a.accepted(func() error { return user.Patch(t.Context(), living.DeepCopy(), without, client.DryRunAll) })
	if err := user.Patch(t.Context(), living, without); err != nil || len(living.GetFinalizers()) > 0 {
		t.Fatalf("the finalizers are %q (%v)", living.GetFinalizers(), err)
	}
	if err := user.Delete(t.Context(), living); err != nil {
		t.Fatal(err)
	}

	leaving := a.apply(shop(""))
	if err := user.Delete(t.Context(), leaving); err != nil {
		t.Fatal(err)
	}
	if err := user.Get(t.Context(), client.ObjectKeyFromObject(leaving), leaving); err != nil || leaving.GetDeletionTimestamp() == nil {
		t.Fatalf("it did not wait for its finalizer: %v", err)
	}
	if err := user.Patch(t.Context(), leaving, without); err != nil {
		t.Fatal(err)
	}
	if err := user.Get(t.Context(), client.ObjectKeyFromObject(leaving), leaving); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}
