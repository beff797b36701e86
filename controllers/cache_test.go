package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// service is the metadata of one that the operator applied, with the fields that it owns.
func service(owned string) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "corner", Name: "frontdesk-shop", UID: "u", ResourceVersion: "1",
		Labels: map[string]string{tenant.ManagedByLabel: tenant.ManagedBy, tenant.TenantLabel: "shop"},
		ManagedFields: []metav1.ManagedFieldsEntry{{
			Manager: apply.FieldOwner, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsV1: metav1.NewFieldsV1(owned),
		}},
	}}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Service"))
	return object
}

func cachedMetadata(t *testing.T, object *metav1.PartialObjectMetadata) *metav1.PartialObjectMetadata {
	t.Helper()
	cached, err := newTransforms().of(object, object.GroupVersionKind().GroupKind())(object)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := cached.(*metav1.PartialObjectMetadata)
	if !ok {
		t.Fatalf("the cache holds a %T", cached)
	}
	return got
}

// What people add is dropped, and wakes nobody. That they take a field from us must show.
func TestOnlyEditsOfOurFieldsShowInTheCache(t *testing.T) {
	t.Parallel()
	const ours, taken = `{"f:metadata":{"f:labels":{}},"f:spec":{"f:type":{}}}`, `{"f:metadata":{"f:labels":{}}}`
	before := cachedMetadata(t, service(ours))
	decorated := service(ours)
	decorated.Labels["team"], decorated.Annotations = "a", map[string]string{"note": "mine"}
	if diff := cmp.Diff(before, cachedMetadata(t, decorated)); diff != "" {
		t.Errorf("a label and an annotation of others show in the cache:\n%s", diff)
	}
	if edited := cachedMetadata(t, service(taken)); cmp.Equal(before.Annotations, edited.Annotations) {
		t.Errorf("a field that was taken from us does not show: %v", edited.Annotations)
	}
}

// Of the Secrets of others only the controller says anything: whether one of our name is CloudNativePG's.
func TestSecretsOfOthersCostTheirName(t *testing.T) {
	t.Parallel()
	controls := true
	controller := metav1.OwnerReference{Kind: "Cluster", Name: "fd-shop-db", UID: "c", Controller: &controls}
	secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "corner", Name: "theirs", UID: "s", ResourceVersion: "1", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"a": "b"},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Other", Name: "o", UID: "o"}, controller},
	}}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	want := &metav1.PartialObjectMetadata{TypeMeta: secret.TypeMeta, ObjectMeta: metav1.ObjectMeta{
		Namespace: "corner", Name: "theirs", UID: "s", ResourceVersion: "1", OwnerReferences: []metav1.OwnerReference{controller},
	}}
	if diff := cmp.Diff(want, cachedMetadata(t, secret)); diff != "" {
		t.Errorf("a Secret that is not ours is kept as (-want +got):\n%s", diff)
	}
}
