package bookingpolicy

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
)

// Reconciler keeps the status of BookingPolicies.
type Reconciler struct {
	Client client.Client
	Status *status.Keeper
	Events recorder.EventRecorder
	// Clock tells the time; nil means the machine's.
	Clock func() time.Time
}

// +kubebuilder:rbac:groups=frontdesk.dev,resources=bookingpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=bookingpolicies/status,verbs=patch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants,verbs=get;list;watch

// Reconcile brings one policy's status up to date.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	policy := &v1alpha1.BookingPolicy{}
	if err := r.Status.Get(ctx, request.NamespacedName, policy); err != nil || policy.DeletionTimestamp != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var tenants v1alpha1.TenantList
	if err := r.Client.List(ctx, &tenants, client.InNamespace(policy.Namespace), client.MatchingFields{index.TenantsByPolicy: policy.Name}); err != nil {
		return reconcile.Result{}, fmt.Errorf("list tenants: %w", err)
	}
	before := policy.DeepCopy()
	now := time.Now()
	if r.Clock != nil {
		now = r.Clock()
	}
	policy.Status = statusOf(policy, tenants.Items, now)
	metrics.Reconciled("bookingpolicy", meta.FindStatusCondition(policy.Status.Conditions, string(v1alpha1.ConditionAccepted)).Reason)
	written, err := r.Status.Patch(ctx, policy, before)
	if err != nil {
		return reconcile.Result{}, err
	}
	if written {
		r.announce(policy, before)
	}
	return reconcile.Result{RequeueAfter: untilOpening(policy.Status, now)}, nil
}

func (r *Reconciler) announce(policy, before *v1alpha1.BookingPolicy) {
	for _, c := range conditions.Changed(before.Status.Conditions, policy.Status.Conditions) {
		if c.Type != string(v1alpha1.ConditionAccepted) {
			continue
		}
		kind := corev1.EventTypeNormal
		if c.Status != "True" {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(policy, nil, kind, c.Reason, "Reconcile", "%s is %s: %s", c.Type, c.Status, conditions.Note(c.Message))
	}
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(manager).
		Named("bookingpolicy").
		WithOptions(options).
		For(&v1alpha1.BookingPolicy{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Tenant{}, tenantHandler()).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the bookingpolicy controller: %w", err)
	}
	return nil
}

// tenantHandler wakes the policies that a tenant names, and those that it named before its edit.
func tenantHandler() handler.EventHandler {
	names := func(objects ...client.Object) []reconcile.Request {
		var requests []reconcile.Request
		seen := map[string]bool{}
		for _, object := range objects {
			tenant, ok := object.(*v1alpha1.Tenant)
			if !ok {
				continue
			}
			for _, name := range tenant.BookingPolicyNames() {
				if !seen[name] {
					seen[name] = true
					requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: tenant.Namespace, Name: name}})
				}
			}
		}
		return requests
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			if e.IsInInitialList {
				enqueueIdle(q, names(e.Object))
				return
			}
			enqueue(q, names(e.Object))
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { enqueue(q, names(e.Object)) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			before, wasTenant := e.ObjectOld.(*v1alpha1.Tenant)
			after, isTenant := e.ObjectNew.(*v1alpha1.Tenant)
			if wasTenant && isTenant && !sameUse(before, after) {
				enqueue(q, names(e.ObjectOld, e.ObjectNew))
			}
		},
	}
}
