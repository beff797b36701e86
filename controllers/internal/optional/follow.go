package optional

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/metadata/metadatainformer"
	toolscache "k8s.io/client-go/tools/cache"
)

const (
	// fillTimeout bounds how long a new cache may take to hold every object of its kind.
	fillTimeout = 30 * time.Second
	// listTimeout bounds how long is waited for the definitions before the operator goes on without them.
	listTimeout = 5 * time.Second
	// retryAtMost is the longest wait before a look that has failed is repeated.
	retryAtMost = 30 * time.Second
	// establishing is after how many looks, about 6 s, a definition that is there is not expected to be served any more
	// before it changes. It usually takes some 50 ms.
	establishing = 8
)

// existence is what is known of a definition.
type existence int

const (
	absent existence = iota
	present
	// unknown: the definitions are not watched, or cannot be listed yet.
	unknown
)

var (
	errNotListed = fmt.Errorf("the definition could not be listed within %s: may the operator list and watch customresourcedefinitions?", listTimeout)
	errNotServed = errors.New("the definition is there, but the API server does not serve this version of the kind")
	errNotFilled = fmt.Errorf("the objects could not be listed within %s: may the operator list them?", fillTimeout)

	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// attempts says how long to wait between looks: ever longer, and for as long as it takes.
func attempts() wait.Backoff {
	return wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Steps: 2 * establishing, Cap: retryAtMost}
}

// follow keeps the cache of a kind as its definition says, until ctx ends. It calls settled after the first
// look.
func (a *APIs) follow(ctx context.Context, kind Kind, settled func()) {
	defer settled()
	look, changed := a.watch(ctx, kind)
	backoff := attempts()
	for tries := 1; ; tries++ {
		err := a.settle(ctx, kind, look())
		settled()
		var again <-chan time.Time
		if err != nil && (tries < establishing || !errors.Is(err, errNotServed)) {
			again = time.After(backoff.Step())
		}
		if err != nil && tries == establishing {
			a.manager.GetLogger().Error(err, "Could not begin to use an optional kind; whether it is served counts as unknown, and what depends on it is kept",
				"definition", kind.Definition(), "version", kind.Version, "triedAgain", again != nil)
		}
		select {
		case <-ctx.Done():
			a.down(ctx, kind, true)
			return
		case <-changed:
			backoff, tries = attempts(), 0
		case <-again:
		}
	}
}

// settle compares what is served with what is used. After an error it is not known whether the kind is served.
func (a *APIs) settle(ctx context.Context, kind Kind, definition existence) error {
	if definition == absent {
		a.down(ctx, kind, false)
		return nil
	}
	served, err := a.serves(ctx, kind)
	if err != nil {
		a.doubt(kind)
		return err
	}
	if !served {
		a.down(ctx, kind, definition == present)
		if definition == unknown {
			return nil
		}
		return errNotServed
	}
	if r, _ := a.cacheOf(kind.GroupKind()); r != nil {
		return nil
	}
	a.doubt(kind) // until its cache is filled
	a.manager.GetLogger().Info("Begin to use an optional kind", "definition", kind.Definition(), "version", kind.Version)
	return a.up(ctx, kind)
}

// serves asks the API server itself: between the definition and the kind there is a moment.
func (a *APIs) serves(ctx context.Context, kind Kind) (bool, error) {
	resources, err := a.discovery.ServerResourcesForGroupVersionWithContext(ctx, kind.GroupVersion().String())
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up %s: %w", kind.GroupVersion(), err)
	}
	for _, resource := range resources.APIResources {
		if resource.Name == kind.Plural {
			return true, nil
		}
	}
	return false, nil
}

// watch watches the one definition. It returns when it is known whether there is one, or when that cannot be found out for
// now. A definition that is being deleted takes no more objects and counts as gone.
func (a *APIs) watch(ctx context.Context, kind Kind) (look func() existence, changed <-chan struct{}) {
	if a.options.Once {
		return func() existence { return unknown }, nil
	}
	informer := metadatainformer.NewFilteredMetadataInformer(a.metadata, definitions, metav1.NamespaceNone, 0, toolscache.Indexers{},
		func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", kind.Definition()).String()
		}).Informer()
	signal := make(chan struct{}, 1)
	notify := func() {
		select {
		case signal <- struct{}{}:
		default: // one signal is enough for any number of changes
		}
	}
	log := a.manager.GetLogger().WithValues("definition", kind.Definition())
	if err := informer.SetTransform(trim); err != nil {
		log.Error(err, "Could not trim the watch of a definition")
	}
	if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	}); err != nil {
		log.Error(err, "Could not watch a definition; the kind counts as not served")
	}
	go informer.RunWithContext(ctx)
	a.awaitList(ctx, informer, log, notify)
	return func() existence {
		if !informer.HasSynced() {
			return unknown
		}
		object, found, err := informer.GetStore().GetByKey(kind.Definition())
		definition, ok := object.(*metav1.PartialObjectMetadata)
		if err == nil && found && ok && definition.DeletionTimestamp == nil {
			return present
		}
		return absent
	}, signal
}

// awaitList waits for the informer, but not for ever: the operator goes on with what the API server serves now, as it does
// when it may not watch definitions at all. The informer keeps trying, and listed is called when it has succeeded.
func (a *APIs) awaitList(ctx context.Context, informer toolscache.SharedIndexInformer, log logr.Logger, listed func()) {
	patience, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	if toolscache.WaitForCacheSync(patience.Done(), informer.HasSynced) || ctx.Err() != nil {
		return
	}
	log.Error(errNotListed, "Could not list a definition; a kind that is installed or removed from now on is noticed only when it can be")
	go func() {
		if toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			log.Info("The definition can be listed now")
			listed()
		}
	}()
}

// trim keeps the name and whether it is being deleted.
func trim(in any) (any, error) {
	definition, ok := in.(*metav1.PartialObjectMetadata)
	if !ok {
		return in, nil
	}
	kept := &metav1.PartialObjectMetadata{TypeMeta: definition.TypeMeta}
	kept.Name, kept.UID, kept.ResourceVersion = definition.Name, definition.UID, definition.ResourceVersion
	kept.DeletionTimestamp = definition.DeletionTimestamp
	return kept, nil
}
