package tenant

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
)

// ownable are all objects that a tenant may ever control, by kind and name. Data is not among them: it has no owner.
func ownable(t *v1alpha1.Tenant) []apply.Item {
	name := t.OwnedName()
	return []apply.Item{
		{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ServiceAccount"), Name: name},
		{GroupVersionKind: secretKind, Name: apiKeySecretName(t)},
		{GroupVersionKind: secretKind, Name: databaseSecretName(t)},
		{GroupVersionKind: secretKind, Name: configSecretName(t)},
		{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("Service"), Name: name},
		{GroupVersionKind: networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), Name: name},
		{GroupVersionKind: jobKind, Name: migrationJobName(t)},
		{GroupVersionKind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: name},
		{GroupVersionKind: policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), Name: name},
		{GroupVersionKind: autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), Name: name},
		{GroupVersionKind: httpRouteKind, Name: name},
		{GroupVersionKind: ingressKind, Name: name},
		{GroupVersionKind: podMonitorKind, Name: name},
		{GroupVersionKind: prometheusRuleKind, Name: name},
		{GroupVersionKind: alertmanagerConfigKind, Name: name},
	}
}

// everMade are all objects that may have been made for a tenant, its data included.
func everMade(t *v1alpha1.Tenant) []apply.Item {
	return append(ownable(t),
		apply.Item{GroupVersionKind: claimKind, Name: claimName(t)},
		apply.Item{GroupVersionKind: clusterKind, Name: clusterName(t)},
		apply.Item{GroupVersionKind: clusterKind, Name: formerClusterName(t)})
}

// loadMade reads what was made for the tenant.
func (r *Reconciler) loadMade(ctx context.Context, s *scope) (err error) {
	s.made, err = r.made(ctx, s.tenant, s.absent)
	return err
}

// made is what was made for the tenant, as its status has it. When that names nothing it is looked up in the cache: a first
// status may have been lost with an operator that withheld it, which a cache that was filled since then shows.
func (r *Reconciler) made(ctx context.Context, t *v1alpha1.Tenant, absent optional.Absent) ([]apply.Item, error) {
	if len(t.Status.Inventory) > 0 {
		return inventoryOf(&t.Status), nil
	}
	var candidates []apply.Item
	for _, item := range ownable(t) {
		if !absent[item.GroupKind()] {
			candidates = append(candidates, item)
		}
	}
	return r.Apply.Controlled(ctx, t, candidates)
}

func inventoryOf(status *v1alpha1.TenantStatus) []apply.Item {
	var items []apply.Item
	for _, i := range status.Inventory {
		item := apply.Item{Name: i.Name, UID: i.UID, Digest: i.Digest}
		item.Group, item.Version, item.Kind = i.Group, i.Version, i.Kind
		items = append(items, item)
	}
	return items
}
