package campaign

import (
	"context"
	"fmt"
	"time"

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
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
)

// timeResolution is that of times in the API.
const timeResolution = time.Second

// Reconciler keeps the status of Campaigns.
type Reconciler struct {
	Client client.Client
	Status *status.Keeper
	Prober *probe.Prober
	// Clock tells the time; nil means the machine's.
	Clock func() time.Time

	pace pace
}

// +kubebuilder:rbac:groups=frontdesk.dev,resources=campaigns,verbs=get;list;watch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=campaigns/status,verbs=patch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants,verbs=get;list;watch

// Reconcile brings one campaign's status up to date.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	campaign := &v1alpha1.Campaign{}
	if err := r.Status.Get(ctx, request.NamespacedName, campaign); err != nil || campaign.DeletionTimestamp != nil {
		r.pace.forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	v, err := r.look(ctx, campaign)
	if err != nil || v.unheard() {
		return reconcile.Result{}, err
	}
	before := campaign.DeepCopy()
	campaign.Status = statusOf(v)
	metrics.Reconciled("campaign", meta.FindStatusCondition(campaign.Status.Conditions, string(v1alpha1.ConditionReady)).Reason)
	if wait := r.pace.wait(request.NamespacedName, &before.Status, &campaign.Status, r.now()); wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	written, err := r.Status.Patch(ctx, campaign, before)
	if written {
		r.pace.note(request.NamespacedName, r.now())
	}
	return reconcile.Result{}, err
}

// look reads what the campaign's status depends on.
func (r *Reconciler) look(ctx context.Context, campaign *v1alpha1.Campaign) (view, error) {
	key := types.NamespacedName{Namespace: campaign.Namespace, Name: string(campaign.Spec.TenantRef.Name)}
	v := view{campaign: campaign, tenant: &v1alpha1.Tenant{}}
	switch err := r.Client.Get(ctx, key, v.tenant); {
	case apierrors.IsNotFound(err):
		v.tenant = nil
	case err != nil:
		return view{}, fmt.Errorf("read Tenant %s: %w", key.Name, err)
	default:
		v.report = reportOf(r.Prober.Known(key), campaign.Name)
	}
	return v, nil
}

func (r *Reconciler) now() time.Time {
	if r.Clock == nil {
		return time.Now()
	}
	return r.Clock()
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(manager).
		Named("campaign").
		WithOptions(options).
		For(&v1alpha1.Campaign{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Tenant{}, handler.EnqueueRequestsFromMapFunc(r.campaignsOf), builder.WithPredicates(saysMore())).
		WatchesRawSource(r.Prober.CampaignSource(r.campaignsOfTenant)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the campaign controller: %w", err)
	}
	return nil
}

func (r *Reconciler) campaignsOf(ctx context.Context, tenant client.Object) []reconcile.Request {
	return r.campaignsOfTenant(ctx, client.ObjectKeyFromObject(tenant))
}

func (r *Reconciler) campaignsOfTenant(ctx context.Context, tenant types.NamespacedName) []reconcile.Request {
	var campaigns v1alpha1.CampaignList
	if err := r.Client.List(ctx, &campaigns, client.InNamespace(tenant.Namespace), client.MatchingFields{index.CampaignsByTenant: tenant.Name}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not look up campaigns", "tenant", tenant)
		return nil
	}
	requests := make([]reconcile.Request, len(campaigns.Items))
	for i, campaign := range campaigns.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&campaign)}
	}
	return requests
}

// saysMore passes a tenant that was edited, or whose readiness says something new.
func saysMore() predicate.Predicate {
	says := func(object client.Object) any {
		tenant, ok := object.(*v1alpha1.Tenant)
		if !ok {
			return nil
		}
		if c := meta.FindStatusCondition(tenant.Status.Conditions, string(v1alpha1.ConditionReady)); c != nil {
			return [5]any{tenant.Generation, c.Status, c.Reason, c.Message, c.ObservedGeneration}
		}
		return tenant.Generation
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return says(e.ObjectOld) != says(e.ObjectNew) }}
}
