package optional

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// Options say what to look for.
type Options struct {
	Kinds []Kind
	// CacheOptions are those of one kind's cache: selectors, namespaces, what to keep. What is needed to reach
	// the API server is filled in.
	CacheOptions func(Kind) cache.Options
	// Once looks only when the operator starts, with the right that everybody has, instead of watching the
	// definitions, which takes a cluster-wide one.
	Once bool
}

// APIs knows what is served. Make it with New and add it to the manager before the controllers that use it.
type APIs struct {
	options   Options
	manager   ctrl.Manager
	metadata  metadata.Interface
	discovery discovery.DiscoveryInterfaceWithContext
	// settled is closed when every kind has been looked at once.
	settled chan struct{}

	mu      sync.Mutex
	running map[schema.GroupKind]*running
	// uncertain are kinds of which the last look did not tell whether they are served.
	uncertain   map[schema.GroupKind]bool
	subscribers []subscriber
}

// running is the cache of a kind that is served.
type running struct {
	kind  Kind
	cache cache.Cache
	// ctx ends when the kind is not served any more.
	ctx  context.Context
	stop context.CancelFunc
}

// New returns an APIs that sees no kind until the manager starts it.
func New(manager ctrl.Manager, options Options) (*APIs, error) {
	a := &APIs{options: options, manager: manager, settled: make(chan struct{}), running: map[schema.GroupKind]*running{}, uncertain: map[schema.GroupKind]bool{}}
	var err error
	if a.metadata, err = metadata.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient()); err != nil {
		return nil, fmt.Errorf("make a client for definitions: %w", err)
	}
	client, err := discovery.NewDiscoveryClientForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make a client for discovery: %w", err)
	}
	a.discovery = client
	return a, nil
}

// Absent returns what cannot be used now, and of that what is unknown: it may be served, and there may be objects of it.
// Both are the caller's.
func (a *APIs) Absent() (absent, unknown Absent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	absent, unknown = Absent{}, Absent{}
	for _, kind := range a.options.Kinds {
		if a.running[kind.GroupKind()] == nil {
			absent[kind.GroupKind()] = true
			if a.uncertain[kind.GroupKind()] {
				unknown[kind.GroupKind()] = true
			}
		}
	}
	return absent, unknown
}

// NeedLeaderElection is false: a standby has these caches warm, too.
func (a *APIs) NeedLeaderElection() bool { return false }

// Start follows the definitions until ctx ends. It makes APIs a manager.Runnable.
func (a *APIs) Start(ctx context.Context) error {
	var followers, first sync.WaitGroup
	for _, kind := range a.options.Kinds {
		first.Add(1)
		followers.Go(func() { a.follow(ctx, kind, sync.OnceFunc(first.Done)) })
	}
	first.Wait()
	close(a.settled)
	followers.Wait()
	return nil
}

// up starts the cache of a kind and returns when it is filled.
func (a *APIs) up(ctx context.Context, kind Kind) error {
	ctx, stop := context.WithCancel(ctx)
	r := &running{kind: kind, ctx: ctx, stop: stop}
	if err := a.fill(ctx, r); err != nil {
		stop()
		return fmt.Errorf("watch %s: %w", kind.Definition(), err)
	}
	a.mu.Lock()
	a.running[kind.GroupKind()] = r
	for _, s := range a.subscribers {
		s.attach(r)
	}
	subscribers := a.subscribers
	a.mu.Unlock()
	wake(ctx, subscribers)
	return nil
}

func (a *APIs) fill(ctx context.Context, r *running) error {
	options := a.options.CacheOptions(r.kind)
	options.HTTPClient, options.Scheme, options.Mapper = a.manager.GetHTTPClient(), a.manager.GetScheme(), a.manager.GetRESTMapper()
	var err error
	if r.cache, err = cache.New(a.manager.GetConfig(), options); err != nil {
		return err
	}
	if _, err := r.cache.GetInformer(ctx, r.kind.Object(), cache.BlockUntilSynced(false)); err != nil {
		return err
	}
	go func() {
		if err := r.cache.Start(ctx); err != nil {
			a.manager.GetLogger().Error(err, "The cache of an optional kind ended", "definition", r.kind.Definition())
		}
	}()
	patience, cancel := context.WithTimeout(ctx, fillTimeout)
	defer cancel()
	if !r.cache.WaitForCacheSync(patience) {
		return errNotFilled
	}
	return nil
}

// down drops the cache of a kind, if there is one. A kind that is uncertain may come back, and its objects may be there.
func (a *APIs) down(ctx context.Context, kind Kind, uncertain bool) {
	a.mu.Lock()
	r, was := a.running[kind.GroupKind()], a.uncertain[kind.GroupKind()]
	delete(a.running, kind.GroupKind())
	a.uncertain[kind.GroupKind()] = uncertain
	subscribers := a.subscribers
	a.mu.Unlock()
	if r != nil {
		r.stop()
	}
	if r != nil || (was && !uncertain) {
		wake(ctx, subscribers)
	}
}

// doubt notes that a look at a kind has failed. What is in use stays so.
func (a *APIs) doubt(kind Kind) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.uncertain[kind.GroupKind()] = true
}

// cacheOf returns the cache of a kind, and whether the kind is an optional one at all.
func (a *APIs) cacheOf(kind schema.GroupKind) (found *running, optional bool) {
	for _, known := range a.options.Kinds {
		if known.GroupKind() == kind {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.running[kind], true
		}
	}
	return nil, false
}
