package tenant

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

// SetupWithManager registers the controller and everything that wakes it.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	changed := builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})
	edited := builder.WithPredicates(metadataChanged())
	owned := urgency.AsNews(handler.EnqueueRequestForOwner(manager.GetScheme(), manager.GetRESTMapper(), &v1alpha1.Tenant{}, handler.OnlyControllerOwner()))
	labelled := urgency.AsNews(handler.EnqueueRequestsFromMapFunc(tenantOfLabel))
	err := ctrl.NewControllerManagedBy(manager).
		Named("tenant").
		WithOptions(options).
		For(&v1alpha1.Tenant{}, builder.WithPredicates(wakesTenant())).
		Watches(&appsv1.Deployment{}, owned, builder.WithPredicates(deploymentMatters())).
		WatchesMetadata(&corev1.Service{}, owned, edited).
		WatchesMetadata(&corev1.ServiceAccount{}, owned, edited).
		WatchesMetadata(&policyv1.PodDisruptionBudget{}, owned, edited).
		WatchesMetadata(&networkingv1.Ingress{}, owned, edited).
		WatchesMetadata(&networkingv1.NetworkPolicy{}, owned, edited).
		WatchesMetadata(&autoscalingv2.HorizontalPodAutoscaler{}, owned, edited).
		WatchesMetadata(&corev1.Secret{}, owned, changed).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfSecret), changed).
		Watches(&corev1.PersistentVolumeClaim{}, labelled, changed).
		Watches(&batchv1.Job{}, owned, changed).
		Watches(&corev1.Pod{}, labelled, builder.WithPredicates(podMatters())).
		Watches(&coordinationv1.Lease{}, urgency.AsNews(handler.EnqueueRequestsFromMapFunc(r.tenantsOfClaim)), changed).
		Watches(&v1alpha1.BookingPolicy{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfPolicy), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(r.APIs.Source(labelled, r.allTenants, predicate.ResourceVersionChangedPredicate{})).
		WatchesRawSource(r.Prober.Source()).
		WatchesRawSource(r.Databases.Source()).
		WatchesRawSource(r.Fleet.Turns()).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the tenant controller: %w", err)
	}
	return nil
}

// wishes are the annotations by which people ask for something.
var wishes = []string{reconcileAnnotation, rotateAnnotation, abandonAnnotation, updateAnnotation}

// wakesTenant passes edits of the spec and requests by annotation, but not our own status.
func wakesTenant() predicate.Predicate {
	return predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return slices.ContainsFunc(wishes, func(wish string) bool {
				return e.ObjectOld.GetAnnotations()[wish] != e.ObjectNew.GetAnnotations()[wish]
			}) || e.ObjectOld.GetLabels()[canaryLabel] != e.ObjectNew.GetLabels()[canaryLabel]
		},
	})
}

// metadataChanged passes what may be an edit, and no change of status: an autoscaler's comes every few seconds.
// An edit of what we own shows in the annotation with the digest that the cache adds.
func metadataChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetUID() != after.GetUID() ||
			!before.GetDeletionTimestamp().Equal(after.GetDeletionTimestamp()) ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) ||
			!maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
			!reflect.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
	}}
}

// deploymentMatters passes edits, and of the status what is looked at. Which pods are ready the pods themselves say.
func deploymentMatters() predicate.Predicate {
	facts := func(object client.Object) [5]any {
		d, ok := object.(*appsv1.Deployment)
		if !ok {
			return [5]any{}
		}
		return [5]any{d.Generation, d.Status.ObservedGeneration, d.Status.Replicas, d.Status.UpdatedReplicas, deploymentTrouble(d)}
	}
	return predicate.Or(metadataChanged(), predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return facts(e.ObjectOld) != facts(e.ObjectNew)
	}})
}

// podMatters passes changes of what the status is made of. Annotations are not: our own nudge is one.
func podMatters() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, wasPod := e.ObjectOld.(*corev1.Pod)
		after, isPod := e.ObjectNew.(*corev1.Pod)
		return !wasPod || !isPod || !reflect.DeepEqual(relevant(before), relevant(after))
	}}
}

type podFacts struct {
	phase    corev1.PodPhase
	ip       string
	ready    bool
	deleting bool
	trouble  string
}

func relevant(pod *corev1.Pod) podFacts {
	return podFacts{
		phase: pod.Status.Phase, ip: pod.Status.PodIP, ready: isReady(pod),
		deleting: pod.DeletionTimestamp != nil, trouble: podTrouble([]corev1.Pod{*pod}),
	}
}

// tenantOfLabel is for what has no owner reference to the Tenant itself.
func tenantOfLabel(_ context.Context, object client.Object) []reconcile.Request {
	name := object.GetLabels()[TenantLabel]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: name}}}
}

func (r *Reconciler) tenantsOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	return r.tenantsBy(ctx, index.TenantsBySecret, secret)
}

func (r *Reconciler) tenantsOfPolicy(ctx context.Context, policy client.Object) []reconcile.Request {
	return r.tenantsBy(ctx, index.TenantsByPolicy, policy)
}

func (r *Reconciler) tenantsBy(ctx context.Context, field string, object client.Object) []reconcile.Request {
	return r.tenantsMatching(ctx, field, object.GetName(), client.InNamespace(object.GetNamespace()))
}

func (r *Reconciler) tenantsMatching(ctx context.Context, field, value string, options ...client.ListOption) []reconcile.Request {
	var tenants v1alpha1.TenantList
	if err := r.Client.List(ctx, &tenants, append(options, client.MatchingFields{field: value})...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not look up tenants", "index", field, "value", value)
		return nil
	}
	requests := make([]reconcile.Request, len(tenants.Items))
	for i, tenant := range tenants.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tenant)}
	}
	return requests
}
