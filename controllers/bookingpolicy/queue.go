package bookingpolicy

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

func enqueue(q queue, requests []reconcile.Request) {
	for _, request := range requests {
		q.Add(request)
	}
}
