package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// noVersion is a resourceVersion that nothing stored has: etcd begins at 1 and counts each write.
const noVersion = "1"

// mayTouch is the guard before every forced apply.
func (a *Applier) mayTouch(owner client.Object, intent Intent, observed client.Object) error {
	gvk, name := intent.GroupVersionKind, intent.Name
	controller := metav1.GetControllerOf(observed)
	switch {
	case controller == nil && intent.Adopt != nil && intent.Adopt(observed),
		controller != nil && controller.UID == owner.GetUID():
		if observed.GetDeletionTimestamp() != nil {
			return &GoingError{Kind: gvk, Name: name}
		}
		return nil
	case controller == nil:
		return &ConflictError{Kind: gvk, Name: name}
	case isFormerSelf(controller, owner, a.Client):
		return &GoingError{Kind: gvk, Name: name}
	default:
		return &ConflictError{Kind: gvk, Name: name, Controller: controller.Kind + " " + controller.Name}
	}
}

// isFormerSelf recognises what the garbage collector has yet to remove: objects of an owner of the
// same kind and name with another UID.
func isFormerSelf(controller *metav1.OwnerReference, owner client.Object, c client.Client) bool {
	gvk, err := c.GroupVersionKindFor(owner)
	return err == nil && controller.Kind == gvk.Kind && controller.APIVersion == gvk.GroupVersion().String() &&
		controller.Name == owner.GetName()
}

// write applies, and returns the metadata of the object as it is afterwards.
func (a *Applier) write(ctx context.Context, intent Intent, observed client.Object, hash string) (*metav1.PartialObjectMetadata, error) {
	object := intent.Object()
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[IntentAnnotation] = hash
	object.SetAnnotations(annotations)
	if observed != nil {
		// Fails if the object was replaced by another of the same name since we looked.
		object.SetUID(observed.GetUID())
	} else {
		// Makes the object, and fails if there is one: no object has this version, and one that does not exist has
		// none that could differ. To look first would cost a request for each new object, and lose races.
		object.SetResourceVersion(noVersion)
	}
	applied, err := a.applyYielding(ctx, object, intent)
	if err != nil {
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
			return nil, &RefusedError{Kind: intent.GroupVersionKind, Name: intent.Name, Err: err}
		}
		return nil, fmt.Errorf("apply %s %s: %w", intent.Kind, intent.Name, err)
	}
	return a.removeAdditions(ctx, intent, applied)
}

// applyYielding applies by force, but gives way where others have set fields that yield. It is not seen when somebody
// sets one between the request that was refused and the last one: an autoscaler's number is ours again then, until it
// looks the next time and sets it anew. To close that gap would cost a look at each object that others meddle with.
func (a *Applier) applyYielding(ctx context.Context, object *unstructured.Unstructured, intent Intent) (*metav1.PartialObjectMetadata, error) {
	if len(intent.Yields) == 0 {
		return a.send(ctx, object, client.ForceOwnership)
	}
	if intent.RenderedFrom != "" {
		unchanged := object.DeepCopy()
		unchanged.SetResourceVersion(intent.RenderedFrom)
		if applied, err := a.send(ctx, unchanged, client.ForceOwnership); !apierrors.IsConflict(err) {
			return applied, err
		}
	}
	applied, err := a.send(ctx, object)
	var contested []string
	if status := apierrors.APIStatus(nil); errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Type == metav1.CauseTypeFieldManagerConflict {
				contested = append(contested, cause.Field)
			}
		}
	}
	if len(contested) == 0 {
		return applied, err
	}
	for _, path := range intent.Yields {
		if slices.Contains(contested, path.String()) {
			unstructured.RemoveNestedField(object.Object, path...)
		}
	}
	return a.send(ctx, object, client.ForceOwnership)
}

// String is the path as the API server writes it in a conflict.
func (p Path) String() string { return "." + strings.Join(p, ".") }

// send makes one apply. The answer is metadata alone: what is in the object is known, and to have all of it written
// and read again would be for nothing.
func (a *Applier) send(ctx context.Context, object *unstructured.Unstructured, options ...client.PatchOption) (*metav1.PartialObjectMetadata, error) {
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	applied := metadataOf(object.GroupVersionKind())
	applied.Namespace, applied.Name = object.GetNamespace(), object.GetName()
	err = a.Client.Patch(ctx, applied, client.RawPatch(types.ApplyPatchType, body), append(options, client.FieldOwner(FieldOwner))...)
	return applied, err
}

// removeAdditions takes out what others have added to a field that must be ours alone, and returns the metadata of the
// result.
func (a *Applier) removeAdditions(ctx context.Context, intent Intent, applied *metav1.PartialObjectMetadata) (*metav1.PartialObjectMetadata, error) {
	gvk := intent.GroupVersionKind
	field, exact := exactFields[gvk.GroupKind()]
	if !exact || !slices.ContainsFunc(applied.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool {
		return e.Subresource == "" && (e.Manager != FieldOwner || e.Operation != metav1.ManagedFieldsOperationApply) &&
			ownsExactField(e, gvk.GroupKind())
	}) {
		return applied, nil
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(gvk)
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(applied), live); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", gvk.Kind, applied.Name, err)
	}
	want, _, _ := unstructured.NestedMap(intent.Object().Object, field)
	have, _, _ := unstructured.NestedMap(live.Object, field)
	patch := additions(want, have)
	if len(patch) == 0 {
		return applied, nil
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": applied.UID}, field: patch})
	if err != nil {
		return nil, fmt.Errorf("render the repair of %s: %w", applied.Name, err)
	}
	if err := a.Client.Patch(ctx, applied, client.RawPatch(types.MergePatchType, body), client.FieldOwner(FieldOwner)); err != nil {
		return nil, fmt.Errorf("remove foreign fields from %s %s: %w", gvk.Kind, applied.Name, err)
	}
	return applied, nil
}

// additions is the JSON merge patch that takes have back to want, for entries of a map that only
// others put there and lists that others lengthened. What the API server fills in by itself is no
// list and has no owner, so scalars are left alone unless want has a map at their place.
func additions(want, have map[string]any) map[string]any {
	patch := map[string]any{}
	for name, value := range have {
		wanted, ours := want[name]
		switch value := value.(type) {
		case []any:
			if list, ok := wanted.([]any); ok && len(list) != len(value) {
				patch[name] = list
			}
		case map[string]any:
			if inner, ok := wanted.(map[string]any); ok {
				if changes := additions(inner, value); len(changes) > 0 {
					patch[name] = changes
				}
			}
		case string:
			if !ours && onlyStrings(want) {
				patch[name] = nil
			}
		}
	}
	return patch
}

// onlyStrings tells a map of entries (data, a selector) from a struct, whose other fields have
// defaults.
func onlyStrings(entries map[string]any) bool {
	for _, value := range entries {
		if _, ok := value.(string); !ok {
			return false
		}
	}
	return len(entries) > 0
}

// Prune deletes recorded objects that are neither wanted nor kept and that the owner controls.
// It returns the items that are still there.
func (a *Applier) Prune(ctx context.Context, owner client.Object, recorded, wanted []Item) ([]Item, error) {
	var left []Item
	for _, item := range recorded {
		if slices.ContainsFunc(wanted, func(w Item) bool { return w.GroupKind() == item.GroupKind() && w.Name == item.Name }) {
			continue
		}
		observed, err := a.Observe(ctx, item.GroupVersionKind, client.ObjectKey{Namespace: owner.GetNamespace(), Name: item.Name})
		if err != nil {
			return append(left, item), err
		}
		if observed == nil || !metav1.IsControlledBy(observed, owner) {
			a.Forget(owner.GetNamespace(), []Item{item})
			continue
		}
		left = append(left, item)
		if observed.GetDeletionTimestamp() != nil {
			continue
		}
		uid := observed.GetUID()
		err = a.Client.Delete(ctx, observed, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return left, fmt.Errorf("delete %s %s: %w", item.Kind, item.Name, err)
		}
	}
	return left, nil
}
