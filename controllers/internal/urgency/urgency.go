package urgency

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Level is a priority in a controller's queue; the highest comes first. What a person edits has none of these and
// comes with 0, before all of them.
type Level int

// The levels.
const (
	// News is what became of objects: of pods and Deployments, of what the operator owns, of a rollout, and of an edit
	// after the pass that acted upon it. They share a level so that none of them starves: edits make news, too, and a
	// rollout must come to its end while there are any.
	News Level = -10
	// Idle is what has only to be looked at some time, as everything when the operator starts.
	Idle Level = handler.LowPriority
)

// gather is how long news of one object are gathered. It is below what a person notices, and above the time
// between the first and the last event of most changes.
const gather = 100 * time.Millisecond

// Queue is what sources put requests into.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Add queues requests at a level; News are gathered. The queue must be a controller's.
func Add(queue Queue, level Level, requests ...reconcile.Request) {
	priority := int(level)
	options := priorityqueue.AddOpts{Priority: &priority}
	if level == News {
		options.After = gather
	}
	queue.(priorityqueue.PriorityQueue[reconcile.Request]).AddWithOpts(options, requests...)
}

// AsNews makes what a handler queues news. What was there before the operator started stays Idle.
func AsNews(inner handler.EventHandler) handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q Queue) {
			if e.IsInInitialList {
				inner.Create(ctx, e, q)
				return
			}
			inner.Create(ctx, e, news{q})
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q Queue) { inner.Update(ctx, e, news{q}) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q Queue) { inner.Delete(ctx, e, news{q}) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q Queue) {
			inner.Generic(ctx, e, news{q})
		},
	}
}

// news is a queue all of whose requests are news. It is no priority queue, so that handlers do not
// set levels of their own.
type news struct{ Queue }

func (n news) Add(request reconcile.Request) { Add(n.Queue, News, request) }
