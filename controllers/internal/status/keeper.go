package status

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Keeper keeps the status of objects of one kind. It is safe for concurrent use.
type Keeper struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads past the cache.
	Live client.Reader

	mu sync.Mutex
	// written are the resourceVersions of the last writes that the cache may not show yet.
	written map[types.NamespacedName]string
}

// Get reads the object, live when the cache is older than the last Patch. The error is the client's.
func (k *Keeper) Get(ctx context.Context, key client.ObjectKey, object client.Object) error {
	err := k.Client.Get(ctx, key, object)
	if err == nil && k.behind(key, object.GetResourceVersion()) {
		// A live answer is decoded into what is there, and leaves the fields that it does not name.
		reflect.ValueOf(object).Elem().SetZero()
		err = k.Live.Get(ctx, key, object)
	}
	if apierrors.IsNotFound(err) {
		k.forget(key)
	}
	return err
}

// Patch writes what is different in object's status from before's, and says whether it wrote anything.
// An object that is gone needs no status: that is no error. Another one of its name is not that object, and is left alone.
func (k *Keeper) Patch(ctx context.Context, object, before client.Object) (bool, error) {
	if equality.Semantic.DeepEqual(object, before) {
		return false, nil // most passes end here, and it is cheaper than a patch that turns out to be empty
	}
	data, err := patchOf(object, before)
	if err != nil || data == nil {
		return false, err
	}
	key, uid := client.ObjectKeyFromObject(object), object.GetUID()
	if err := k.Client.Status().Patch(ctx, object, client.RawPatch(types.JSONPatchType, data)); err != nil {
		if apierrors.IsNotFound(err) || (apierrors.IsInvalid(err) && k.gone(ctx, key, uid, object)) {
			k.forget(key)
			return false, nil
		}
		return false, fmt.Errorf("write status: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.written == nil {
		k.written = map[types.NamespacedName]string{}
	}
	k.written[key] = object.GetResourceVersion()
	return true, nil
}

// operation is one of a JSON patch, RFC 6902.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// patchOf makes a JSON patch that brings a status from before's to object's, if the object has still the same UID; nil when there
// is no difference. A UID in a merge patch is no such condition: the API server overwrites it, as all metadata in a patch of a status.
func patchOf(object, before client.Object) ([]byte, error) {
	is, err := fieldsOf(object)
	if err != nil {
		return nil, err
	}
	was, err := fieldsOf(before)
	if err != nil {
		return nil, err
	}
	var changes []operation
	if len(was) == 0 && len(is) > 0 {
		changes = []operation{{"add", "/status", is}}
		was = is
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if !bytes.Equal(is[name], was[name]) {
			changes = append(changes, operation{"add", "/status/" + name, is[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, found := is[name]; !found {
			changes = append(changes, operation{Op: "remove", Path: "/status/" + name})
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(append([]operation{{"test", "/metadata/uid", object.GetUID()}}, changes...))
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	return data, nil
}

// fieldsOf are the fields of an object's status. Their names are those of Go types, and need no escaping in a path.
func fieldsOf(object client.Object) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(object)
	var whole struct {
		Status map[string]json.RawMessage `json:"status"`
	}
	if err == nil {
		err = json.Unmarshal(data, &whole)
	}
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	return whole.Status, nil
}

// gone says that the object with this UID does not exist any more. A patch is also invalid when the status breaks its schema.
func (k *Keeper) gone(ctx context.Context, key client.ObjectKey, uid types.UID, like client.Object) bool {
	found, ok := like.DeepCopyObject().(client.Object)
	if !ok {
		return false
	}
	reflect.ValueOf(found).Elem().SetZero()
	err := k.Live.Get(ctx, key, found)
	return apierrors.IsNotFound(err) || (err == nil && found.GetUID() != uid)
}

// behind says that what the cache shows is older than the last write.
func (k *Keeper) behind(key types.NamespacedName, shown string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	written, found := k.written[key]
	if !found {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(shown, written)
	if err == nil && order < 0 {
		return true
	}
	delete(k.written, key)
	return false
}

func (k *Keeper) forget(key types.NamespacedName) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.written, key)
}
