package tenant

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
)

var (
	httpRouteKind = schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: "HTTPRoute"}
	ingressKind   = networkingv1.SchemeGroupVersion.WithKind("Ingress")
)

// OptionalKinds are the kinds that are made for tenants where the cluster has them. A factory renders one of
// them only if s.absent does not have it. Each needs its definition's name in the marker below, and a marker of
// its own for what is done with its objects.
var OptionalKinds = []optional.Kind{
	{GroupVersionKind: httpRouteKind, Plural: "httproutes", Content: true},
	{GroupVersionKind: clusterKind, Plural: "clusters", Content: true},
	{GroupVersionKind: podMonitorKind, Plural: "podmonitors"},
	{GroupVersionKind: prometheusRuleKind, Plural: "prometheusrules"},
	{GroupVersionKind: alertmanagerConfigKind, Plural: "alertmanagerconfigs"},
}

// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,resourceNames=alertmanagerconfigs.monitoring.coreos.com;clusters.postgresql.cnpg.io;httproutes.gateway.networking.k8s.io;podmonitors.monitoring.coreos.com;prometheusrules.monitoring.coreos.com,verbs=list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=postgresql.cnpg.io,resources=clusters,verbs=create;delete;get;list;patch;watch

// allTenants lists every tenant, for what concerns all of them.
func (r *Reconciler) allTenants(ctx context.Context) []reconcile.Request {
	var tenants v1alpha1.TenantList
	if err := r.Client.List(ctx, &tenants); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not list tenants")
		return nil
	}
	requests := make([]reconcile.Request, len(tenants.Items))
	for i := range tenants.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tenants.Items[i])}
	}
	return requests
}
