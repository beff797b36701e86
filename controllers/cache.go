package controllers

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/trim"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// CacheOptions keeps in memory only what the operator needs: of owned kinds those objects that carry
// our label, and of Secrets the metadata alone, because anybody's may be named by a tenant. Namespaces
// restricts all of it; empty means all namespaces. Of the operator's own namespace it keeps the state of
// the rollout, and the claims to hosts.
func CacheOptions(namespaces []string, operatorNamespace string) cache.Options {
	owned := func(group, kind string) cache.ByObject { return ownedKind(schema.GroupKind{Group: group, Kind: kind}) }
	written := cache.ByObject{Transform: trimmer.Transform}
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Tenant{}:                       written,
			&v1alpha1.BookingPolicy{}:                written,
			&v1alpha1.Campaign{}:                     written,
			&appsv1.Deployment{}:                     owned("apps", "Deployment"),
			&autoscalingv2.HorizontalPodAutoscaler{}: owned("autoscaling", "HorizontalPodAutoscaler"),
			&policyv1.PodDisruptionBudget{}:          owned("policy", "PodDisruptionBudget"),
			&corev1.PersistentVolumeClaim{}:          owned("", "PersistentVolumeClaim"),
			&corev1.Service{}:                        owned("", "Service"),
			&coordinationv1.Lease{}:                  {Label: ours(), Namespaces: map[string]cache.Config{operatorNamespace: {}}},
			&networkingv1.Ingress{}:                  owned("networking.k8s.io", "Ingress"),
			&networkingv1.NetworkPolicy{}:            owned("networking.k8s.io", "NetworkPolicy"),
			&corev1.ServiceAccount{}:                 owned("", "ServiceAccount"),
			&corev1.Pod{}:                            {Label: ours(), Transform: trimmer.Transform},
			&corev1.Secret{}:                         {Field: notForTenants, Transform: trimSecret},
			&batchv1.Job{}:                           owned("batch", "Job"),
			&corev1.ConfigMap{}: {Namespaces: map[string]cache.Config{
				operatorNamespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", fleet.StateName)},
			}},
		},
	}
	options.DefaultNamespaces = only(namespaces)
	return options
}

// optionalCacheOptions are CacheOptions for the cache of one optional kind.
func optionalCacheOptions(namespaces []string) func(optional.Kind) cache.Options {
	return func(kind optional.Kind) cache.Options {
		return cache.Options{
			ByObject:          map[client.Object]cache.ByObject{kind.Object(): ownedKind(kind.GroupKind())},
			DefaultNamespaces: only(namespaces),
		}
	}
}

// ours selects what this operator made.
func ours() labels.Selector {
	return labels.SelectorFromSet(labels.Set{tenant.ManagedByLabel: tenant.ManagedBy})
}

// keep is what package apply and the controllers read of the metadata of objects that the operator made. A test finds what is
// read and not kept.
var keep = trim.Keep{
	Labels: tenant.ReadLabels(), Annotations: append(tenant.ReadAnnotations(), apply.ReadAnnotations()...), Family: tenant.TenantLabel,
}

// trimmer keeps that, and little else. It is that of all caches of the process, the optional kinds' own among them: what objects
// have in common is then kept once for all. Nothing else depends on it.
var trimmer = trim.New(keep)

func ownedKind(kind schema.GroupKind) cache.ByObject {
	return cache.ByObject{Label: ours(), Transform: ownedTransform(kind)}
}

// ownedTransform takes the digest of what the operator made before anything is dropped.
func ownedTransform(kind schema.GroupKind) toolscache.TransformFunc {
	digest := apply.Transform(kind)
	return func(in any) (any, error) {
		object, err := digest(in)
		if err != nil {
			return nil, err
		}
		return trimmer.Transform(object)
	}
}

var ownedSecret = ownedTransform(schema.GroupKind{Kind: "Secret"})

// only restricts a cache to namespaces; none means all.
func only(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	configs := map[string]cache.Config{}
	for _, namespace := range namespaces {
		configs[namespace] = cache.Config{}
	}
	return configs
}

// notForTenants leaves out Secrets that are many, and that no tenant names.
var notForTenants = fields.AndSelectors(
	fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
	fields.OneTermNotEqualSelector("type", "bootstrap.kubernetes.io/token"),
)

// trimSecret keeps the name and version of a Secret that is not ours, and its controller: one of our name must be told
// from our own.
func trimSecret(in any) (any, error) {
	secret, ok := in.(*metav1.PartialObjectMetadata)
	if !ok {
		return in, nil
	}
	if secret.Labels[tenant.ManagedByLabel] == tenant.ManagedBy {
		return ownedSecret(in)
	}
	named := &metav1.PartialObjectMetadata{TypeMeta: secret.TypeMeta}
	named.Namespace, named.Name, named.UID, named.ResourceVersion = secret.Namespace, secret.Name, secret.UID, secret.ResourceVersion
	if controller := metav1.GetControllerOf(secret); controller != nil {
		named.OwnerReferences = []metav1.OwnerReference{*controller}
	}
	return trimmer.Transform(named)
}
