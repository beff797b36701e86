package optional

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

// Source wakes a controller: by handler for each object of an optional kind that appears, changes or goes,
// and with everything that all lists when a kind begins or ceases to be served.
func (a *APIs) Source(handler handler.EventHandler, all func(context.Context) []reconcile.Request, predicates ...predicate.Predicate) source.SyncingSource {
	return &events{apis: a, subscriber: subscriber{handler: handler, all: all, predicates: predicates}}
}

type events struct {
	apis *APIs
	subscriber
}

type subscriber struct {
	handler    handler.EventHandler
	all        func(context.Context) []reconcile.Request
	predicates []predicate.Predicate
	queue      urgency.Queue
}

func (e *events) String() string { return "optional APIs" }

// Start registers the controller's queue.
func (e *events) Start(_ context.Context, queue urgency.Queue) error {
	e.queue = queue
	e.apis.mu.Lock()
	defer e.apis.mu.Unlock()
	e.apis.subscribers = append(e.apis.subscribers, e.subscriber)
	for _, r := range e.apis.running {
		e.attach(r)
	}
	return nil
}

// WaitForSync returns when it is known what is served: a controller that began before could take for
// unwanted what is only unknown.
func (e *events) WaitForSync(ctx context.Context) error { return e.apis.WaitForSync(ctx) }

// WaitForSync returns when it is known which kinds are served, and the caches of those are filled.
func (a *APIs) WaitForSync(ctx context.Context) error {
	select {
	case <-a.settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attach has the events of a kind's cache handled for as long as the kind is served. The cache is filled, so
// that there is nothing to wait for and nothing that could fail later.
func (s subscriber) attach(r *running) {
	_ = source.Kind(r.cache, r.kind.Object(), s.handler, s.predicates...).Start(r.ctx, s.queue) // fails only without its arguments
}

// wake queues everything, behind what users do.
func wake(ctx context.Context, subscribers []subscriber) {
	for _, s := range subscribers {
		urgency.Add(s.queue, urgency.Idle, s.all(ctx)...)
	}
}
