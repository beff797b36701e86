package situation

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// statePresent is the state of an object that has none of its own.
const statePresent = "there"

// readObjects looks at each object of the inventory. Secrets are asked for by their metadata only.
func (s *Situation) readObjects(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant) error {
	for _, item := range t.Status.Inventory {
		found := Object{Group: item.Group, Kind: item.Kind, Name: item.Name, Verdict: Fine, State: statePresent}
		object := holder(item)
		err := reader.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: item.Name}, object)
		switch {
		case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
			found.Verdict, found.State = Wrong, "gone: the operator makes it again"
		case apierrors.IsForbidden(err):
			found.Verdict, found.State = Unknown, "you may not read it"
		case err != nil:
			return fmt.Errorf("read %s %s: %w", item.Kind, item.Name, err)
		case item.UID != "" && object.GetUID() != item.UID:
			found.Verdict, found.State = Wrong, "another object of this name has taken its place"
		case object.GetDeletionTimestamp() != nil:
			found.Verdict, found.State = Pending, "being deleted"
		default:
			found.Verdict, found.State = objectState(object)
		}
		s.Objects = append(s.Objects, found)
	}
	return nil
}

// holder is what an object is read into: of a Secret only the metadata.
func holder(item v1alpha1.InventoryItem) client.Object {
	kind := schema.GroupVersionKind{Group: item.Group, Version: item.Version, Kind: item.Kind}
	if kind.Group == "" && kind.Kind == "Secret" {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(kind)
		return object
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// objectState says how an object is by its own status, for the kinds that have one.
func objectState(read client.Object) (Verdict, string) {
	object, whole := read.(*unstructured.Unstructured)
	if !whole {
		return Fine, statePresent
	}
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(object.Object, fields...)
		return n
	}
	switch object.GetKind() {
	case "Deployment":
		wanted, ready := number("spec", "replicas"), number("status", "readyReplicas")
		updated := number("status", "updatedReplicas")
		state := fmt.Sprintf("%d of %d pods ready", ready, wanted)
		switch {
		case wanted == 0:
			return AtRest, "scaled to zero"
		case updated < wanted:
			return Pending, fmt.Sprintf("%s, %d of them new", state, updated)
		case ready < wanted:
			return Wrong, state
		}
		return Fine, state
	case "PersistentVolumeClaim":
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		if phase == "Bound" {
			return Fine, "bound to a volume"
		}
		return Pending, "not bound to a volume yet"
	case "HorizontalPodAutoscaler":
		return Fine, fmt.Sprintf("%d pods wanted of %d to %d", number("status", "desiredReplicas"), number("spec", "minReplicas"), number("spec", "maxReplicas"))
	}
	return Fine, statePresent
}
