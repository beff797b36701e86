package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// Reconciler carries out rollouts. All exported fields are required.
type Reconciler struct {
	Client client.Client
	Events recorder.EventRecorder
	Fleet  *Fleet
	// Namespace is the operator's own.
	Namespace string
	Plan      rollout.Plan
	Target    rollout.Target
	Now       func() time.Time

	// complete: every tenant that there was has reported once. New ones do so by themselves.
	complete bool
	store    store
	// damage is what was last said of a state that cannot be read; empty while it can.
	damage string
}

// +kubebuilder:rbac:groups=core,namespace=frontdesk-system,resources=configmaps,verbs=create
// +kubebuilder:rbac:groups=core,namespace=frontdesk-system,resources=configmaps,resourceNames=frontdesk-rollout,verbs=list;update;watch
// +kubebuilder:rbac:groups=events.k8s.io,namespace=frontdesk-system,resources=events,verbs=create;patch

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	request := reconcile.Request{NamespacedName: client.ObjectKey{Namespace: r.Namespace, Name: StateName}}
	r.store = store{client: r.Client, key: request.NamespacedName}
	options.MaxConcurrentReconciles = 1
	err := ctrl.NewControllerManagedBy(manager).
		Named("rollout").
		WithOptions(options).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
			if client.ObjectKeyFromObject(object) != request.NamespacedName {
				return nil
			}
			return []reconcile.Request{request}
		})).
		WatchesRawSource(r.Fleet.reports(request)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the rollout controller: %w", err)
	}
	return nil
}

// Reconcile makes one decision about the whole fleet.
func (r *Reconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	before, resume, err := r.store.read(ctx)
	if damaged, found := errors.AsType[*damagedError](err); found {
		return reconcile.Result{}, r.stop(damaged)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	r.damage = ""
	tenants, err := r.gather(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	now := r.Now()
	next, again := rollout.Decide(rollout.Input{
		Now: now, Plan: r.Plan, Target: r.Target, Fleet: tenants, Complete: r.complete, Resume: resume,
	}, before)
	stored, err := r.store.write(ctx, next)
	if err != nil {
		return reconcile.Result{}, err
	}
	r.Fleet.publish(next, r.Plan.Paused)
	r.announce(logr.FromContextOrDiscard(ctx), stored, before, next)
	metrics.Rollout(rollout.Count(now, tenants, next), next.Wave.Number, next.Halted != nil, r.Plan.Paused)
	if again.IsZero() {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{RequeueAfter: max(settle, again.Sub(now))}, nil
}

// stop says in all places that nobody is rolled, once, and waits for somebody to mend the state: its watch tells.
func (r *Reconciler) stop(damaged *damagedError) error {
	metrics.RolloutUnreadable()
	r.Fleet.stop(damaged.Error())
	if damaged.Error() == r.damage {
		return nil
	}
	r.damage = damaged.Error()
	r.Events.Eventf(damaged.state, nil, corev1.EventTypeWarning, "RolloutStateUnreadable", "Rollout", "%s", conditions.Note(r.damage))
	return reconcile.TerminalError(damaged)
}

// gather takes what the tenants have reported, and finds out once whether that is all of them.
func (r *Reconciler) gather(ctx context.Context) ([]rollout.Tenant, error) {
	tenants, known := r.Fleet.snapshot()
	if r.complete {
		return tenants, nil
	}
	var all v1alpha1.TenantList
	if err := r.Client.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	for i := range all.Items {
		if all.Items[i].DeletionTimestamp == nil && !known(client.ObjectKeyFromObject(&all.Items[i])) {
			return tenants, nil
		}
	}
	r.complete = true
	return tenants, nil
}

// announce records what has happened to the rollout on the object that holds its state.
func (r *Reconciler) announce(log logr.Logger, state *corev1.ConfigMap, before, next rollout.State) {
	for _, n := range rollout.Transitions(before, next) {
		log.Info(n.Message, "reason", n.Reason)
		kind := corev1.EventTypeNormal
		if n.Warning {
			kind = corev1.EventTypeWarning
		}
		if state != nil {
			r.Events.Eventf(state, nil, kind, n.Reason, "Rollout", "%s", n.Message)
		}
	}
}
