package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Item identifies an applied object and the state it was left in.
type Item struct {
	schema.GroupVersionKind
	Name   string
	UID    types.UID
	Digest string
	// Observed says that the cache shows this very state; false right after a write.
	Observed bool
	// Written is the resourceVersion that this pass gave the object; empty when it wrote nothing.
	Written string
}

func (i Item) key(namespace string) objectKey {
	return objectKey{i.GroupKind(), types.NamespacedName{Namespace: namespace, Name: i.Name}}
}

type objectKey struct {
	kind schema.GroupKind
	name types.NamespacedName
}

// Path leads to a field by its name and those of the fields around it, the outermost first.
type Path []string

// Applier applies intents. It is safe for concurrent use, for different owners at once.
type Applier struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads past the cache. It is asked for what must be there and the cache does not show: the cache may lag
	// behind, and holds only objects with our labels.
	Live client.Reader
	// Typed kinds are cached whole; of all others the cache holds metadata only.
	Typed map[schema.GroupKind]func() client.Object
	// Count is told of each outcome, for metrics; it may be nil.
	Count func(kind schema.GroupKind, outcome Outcome)

	mu     sync.Mutex
	known  map[objectKey]memory
	fights map[objectKey]*fight
}

// Outcome is what came of one intent.
type Outcome string

// The outcomes.
const (
	Applied Outcome = "applied"
	Skipped Outcome = "skipped"
	Failed  Outcome = "failed"
)

// memory is what the last apply left behind.
type memory struct {
	uid    types.UID
	digest string
	hash   string
	// seen is the resourceVersion that the cache showed when we applied. While it still shows
	// that one, it has not caught up with our own write.
	seen string
}

// Apply makes each intent true and returns an item for each that is in place. recorded are the items
// of the last pass, from the owner's status. The error joins what went wrong with each.
func (a *Applier) Apply(ctx context.Context, owner client.Object, recorded []Item, intents ...Intent) ([]Item, error) {
	var items []Item
	var failures []error
	for _, intent := range intents {
		item, outcome, err := a.one(ctx, owner, recorded, intent)
		if a.Count != nil {
			a.Count(intent.GroupKind(), outcome)
		}
		if err != nil {
			failures = append(failures, err)
			if intent.Essential {
				break
			}
			continue
		}
		items = append(items, item)
	}
	return items, errors.Join(failures...)
}

func (a *Applier) one(ctx context.Context, owner client.Object, recorded []Item, intent Intent) (Item, Outcome, error) {
	gvk := intent.GroupVersionKind
	item := Item{GroupVersionKind: gvk, Name: intent.Name}
	key := item.key(owner.GetNamespace())
	hash := intent.Hash()
	observed, err := a.look(ctx, intent, a.made(key, recorded), key.name)
	if err != nil {
		return item, Failed, err
	}
	last, outcome, err := a.bring(ctx, owner, recorded, intent, observed, hash)
	if observed == nil && !intent.Fresh && apierrors.IsConflict(err) {
		// There is one that the cache does not show. Whose it is decides.
		if observed, err = a.Observe(ctx, gvk, key.name); err != nil {
			return item, Failed, err
		}
		return a.bring(ctx, owner, recorded, intent, observed, hash)
	}
	return last, outcome, err
}

// look returns what is there of an intent, or nil. An object that was made before is asked for itself where the cache shows
// none. Of one that is not to be there nothing is looked at: it must not be replaced, and to make it then fails.
func (a *Applier) look(ctx context.Context, intent Intent, made bool, name types.NamespacedName) (client.Object, error) {
	switch {
	case intent.Fresh:
		return nil, nil
	case made:
		return a.Observe(ctx, intent.GroupVersionKind, name)
	default:
		return a.Shown(ctx, intent.GroupVersionKind, name)
	}
}

// bring makes what was observed, nil for nothing, as it should be.
func (a *Applier) bring(ctx context.Context, owner client.Object, recorded []Item, intent Intent, observed client.Object, hash string) (Item, Outcome, error) {
	gvk := intent.GroupVersionKind
	item := Item{GroupVersionKind: gvk, Name: intent.Name}
	key := item.key(owner.GetNamespace())
	if observed != nil {
		if err := a.mayTouch(owner, intent, observed); err != nil {
			return item, Failed, err
		}
		if last, same, shown := a.unchanged(observed, key, hash, recorded); same {
			item.UID, item.Digest, item.Observed = last.uid, last.digest, shown
			return item, Skipped, nil
		}
	}
	repair := a.isRepair(observed, key, hash)
	if repair {
		if err := a.mayRepair(ctx, gvk, key); err != nil {
			return item, Failed, err
		}
	}
	applied, err := a.write(ctx, intent, observed, hash)
	if err != nil {
		return item, Failed, err
	}
	if repair {
		a.noteRepair(key)
	}
	item.UID, item.Digest, item.Written = applied.GetUID(), Digest(applied, gvk.GroupKind()), applied.GetResourceVersion()
	last := memory{uid: item.UID, digest: item.Digest, hash: hash}
	if observed != nil && observed.GetResourceVersion() != applied.GetResourceVersion() {
		last.seen = observed.GetResourceVersion()
	}
	a.remember(key, last)
	// An apply that changed nothing leaves nothing to wait for.
	item.Observed = observed != nil && last.seen == ""
	return item, Applied, nil
}

// unchanged reports what we left of the object, whether it is still so, and whether the cache shows it already.
func (a *Applier) unchanged(observed client.Object, key objectKey, hash string, recorded []Item) (last memory, same, shown bool) {
	a.mu.Lock()
	last, known := a.known[key]
	a.mu.Unlock()
	if !known {
		for _, item := range recorded {
			if item.GroupKind() == key.kind && item.Name == key.name.Name {
				last = memory{uid: item.UID, digest: item.Digest, hash: observed.GetAnnotations()[IntentAnnotation]}
			}
		}
	}
	if last.uid != observed.GetUID() || last.hash != hash {
		return last, false, false
	}
	if last.seen != "" && last.seen == observed.GetResourceVersion() {
		return last, true, false // the cache shows what we have acted upon already
	}
	shown = observed.GetAnnotations()[IntentAnnotation] == hash && last.digest != "" && last.digest == observedDigest(observed, key.kind)
	return last, shown, shown
}

// isRepair says that the very same intent has been applied before, by this process. Before our own last write
// has come back through the cache nothing can be said.
func (a *Applier) isRepair(observed client.Object, key objectKey, hash string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, known := a.known[key]
	return known && last.hash == hash && (observed == nil || observed.GetUID() == last.uid)
}

// made reports whether an object was applied before, by this process or by one before it.
func (a *Applier) made(key objectKey, recorded []Item) bool {
	a.mu.Lock()
	_, known := a.known[key]
	a.mu.Unlock()
	return known || slices.ContainsFunc(recorded, func(item Item) bool {
		return item.GroupKind() == key.kind && item.Name == key.name.Name
	})
}

func (a *Applier) remember(key objectKey, last memory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[objectKey]memory{}
	}
	a.known[key] = last
}

// Forget drops what is remembered of an owner's objects once they are gone.
func (a *Applier) Forget(namespace string, items []Item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, item := range items {
		delete(a.known, item.key(namespace))
		delete(a.fights, item.key(namespace))
	}
}

// Observe returns the object, or its metadata, or nil when there is none. It asks the API server for what the cache
// does not show.
func (a *Applier) Observe(ctx context.Context, gvk schema.GroupVersionKind, key client.ObjectKey) (client.Object, error) {
	if object, err := a.Shown(ctx, gvk, key); object != nil || err != nil {
		return object, err
	}
	live := metadataOf(gvk)
	switch err := a.Live.Get(ctx, key, live); {
	case err == nil:
		return live, nil
	case apierrors.IsNotFound(err):
		return nil, nil
	default:
		return nil, fmt.Errorf("read %s %s: %w", gvk.Kind, key.Name, err)
	}
}

// Shown returns what the cache shows of the object, or nil.
func (a *Applier) Shown(ctx context.Context, gvk schema.GroupVersionKind, key client.ObjectKey) (client.Object, error) {
	var object client.Object
	if typed, found := a.Typed[gvk.GroupKind()]; found {
		object = typed()
	} else {
		object = metadataOf(gvk)
	}
	err := a.Client.Get(ctx, key, object)
	if err == nil {
		return object, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read %s %s: %w", gvk.Kind, key.Name, err)
	}
	return nil, nil
}

// Controlled returns those of the candidates, by kind and name, that the cache shows and that the owner controls.
func (a *Applier) Controlled(ctx context.Context, owner client.Object, candidates []Item) ([]Item, error) {
	var items []Item
	for _, item := range candidates {
		object, err := a.Shown(ctx, item.GroupVersionKind, item.key(owner.GetNamespace()).name)
		if err != nil {
			return nil, err
		}
		if object != nil && metav1.IsControlledBy(object, owner) {
			item.UID = object.GetUID()
			items = append(items, item)
		}
	}
	return items, nil
}

func metadataOf(gvk schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(gvk)
	return object
}
