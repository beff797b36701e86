package status

import (
	"context"
	"fmt"
	"reflect"
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
// An object that is gone needs no status: that is no error.
func (k *Keeper) Patch(ctx context.Context, object, before client.Object) (bool, error) {
	if equality.Semantic.DeepEqual(object, before) {
		return false, nil // most passes end here, and it is cheaper than a patch that turns out to be empty
	}
	data, err := client.MergeFrom(before).Data(object)
	if err != nil {
		return false, fmt.Errorf("compare status: %w", err)
	}
	if string(data) == "{}" {
		return false, nil
	}
	key := client.ObjectKeyFromObject(object)
	if err := k.Client.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, data)); apierrors.IsNotFound(err) {
		k.forget(key)
		return false, nil
	} else if err != nil {
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
