// Package campaign says of each Campaign whether its tenant is there and can run it. The tenant's
// server runs campaigns; the operator only tells it what to run and reports what it did. This release
// does not pass campaigns on, and says so in Ready.
package campaign

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
)

// Reconciler keeps the status of Campaigns.
type Reconciler struct {
	Client client.Client
	Status *status.Keeper
}

// +kubebuilder:rbac:groups=frontdesk.dev,resources=campaigns,verbs=get;list;watch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=campaigns/status,verbs=patch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants,verbs=get;list;watch

// Reconcile brings one campaign's status up to date.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	campaign := &v1alpha1.Campaign{}
	if err := r.Status.Get(ctx, request.NamespacedName, campaign); err != nil || campaign.DeletionTimestamp != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	tenant := &v1alpha1.Tenant{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: campaign.Namespace, Name: string(campaign.Spec.TenantRef.Name)}, tenant)
	if apierrors.IsNotFound(err) {
		tenant = nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("read Tenant %s: %w", campaign.Spec.TenantRef.Name, err)
	}
	before := campaign.DeepCopy()
	campaign.Status.ObservedGeneration = campaign.Generation
	campaign.Status.Conditions = conditions.Set(before.Status.Conditions, campaign.Generation, given(campaign, tenant)...)
	metrics.Reconciled("campaign", meta.FindStatusCondition(campaign.Status.Conditions, string(v1alpha1.ConditionReady)).Reason)
	_, err = r.Status.Patch(ctx, campaign, before)
	return reconcile.Result{}, err
}

// given is pure. tenant is nil when there is none.
func given(campaign *v1alpha1.Campaign, tenant *v1alpha1.Tenant) []conditions.Condition {
	ready := tenantReady(campaign, tenant)
	if ready.Reason == v1alpha1.ReasonTenantNotFound {
		return []conditions.Condition{
			ready,
			conditions.False(v1alpha1.ConditionReady, ready.Reason, ready.Message),
			conditions.False(v1alpha1.ConditionRunning, ready.Reason, ready.Message),
			conditions.True(v1alpha1.ConditionReconciling, ready.Reason, ready.Message),
		}
	}
	const message = "this release keeps the campaign but does not run it: no call is made and no message is sent"
	return []conditions.Condition{
		ready,
		conditions.False(v1alpha1.ConditionReady, v1alpha1.ReasonUnsupportedFeature, message),
		conditions.False(v1alpha1.ConditionRunning, v1alpha1.ReasonUnsupportedFeature, message),
		conditions.True(v1alpha1.ConditionStalled, v1alpha1.ReasonUnsupportedFeature, message),
	}
}

// tenantReady mirrors the tenant's Ready.
func tenantReady(campaign *v1alpha1.Campaign, tenant *v1alpha1.Tenant) conditions.Condition {
	const t = v1alpha1.ConditionTenantReady
	if tenant == nil {
		return conditions.False(t, v1alpha1.ReasonTenantNotFound,
			fmt.Sprintf("spec.tenantRef.name: there is no Tenant %q in namespace %s", campaign.Spec.TenantRef.Name, campaign.Namespace))
	}
	ready := meta.FindStatusCondition(tenant.Status.Conditions, string(v1alpha1.ConditionReady))
	switch {
	case ready == nil || ready.ObservedGeneration != tenant.Generation:
		return conditions.Unknown(t, v1alpha1.ReasonUnknown, "the tenant has not said yet whether it is ready")
	case ready.Status != "True":
		return conditions.False(t, v1alpha1.ReasonTenantNotReady, ready.Reason+": "+ready.Message)
	default:
		return conditions.True(t, v1alpha1.ReasonTenantReady, "the tenant is ready")
	}
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(manager).
		Named("campaign").
		WithOptions(options).
		For(&v1alpha1.Campaign{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Tenant{}, handler.EnqueueRequestsFromMapFunc(r.campaignsOf), builder.WithPredicates(readyChanged())).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the campaign controller: %w", err)
	}
	return nil
}

func (r *Reconciler) campaignsOf(ctx context.Context, tenant client.Object) []reconcile.Request {
	var campaigns v1alpha1.CampaignList
	if err := r.Client.List(ctx, &campaigns, client.InNamespace(tenant.GetNamespace()), client.MatchingFields{index.CampaignsByTenant: tenant.GetName()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not look up campaigns", "tenant", tenant.GetName())
		return nil
	}
	requests := make([]reconcile.Request, len(campaigns.Items))
	for i, campaign := range campaigns.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&campaign)}
	}
	return requests
}

// readyChanged passes a tenant whose readiness says something new.
func readyChanged() predicate.Predicate {
	ready := func(object client.Object) any {
		tenant, ok := object.(*v1alpha1.Tenant)
		if !ok {
			return nil
		}
		if c := meta.FindStatusCondition(tenant.Status.Conditions, string(v1alpha1.ConditionReady)); c != nil {
			return [4]any{c.Status, c.Reason, c.Message, c.ObservedGeneration == tenant.Generation}
		}
		return nil
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return ready(e.ObjectOld) != ready(e.ObjectNew) }}
}
