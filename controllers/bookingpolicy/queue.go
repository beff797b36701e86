package bookingpolicy

import (
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

type queue = urgency.Queue

// enqueue gathers what comes of tenants: fifty that are made at once change the number of users once.
func enqueue(q queue, requests []reconcile.Request) { urgency.Add(q, urgency.News, requests...) }

// enqueueIdle is for the tenants that there are when the operator starts.
func enqueueIdle(q queue, requests []reconcile.Request) { urgency.Add(q, urgency.Idle, requests...) }
