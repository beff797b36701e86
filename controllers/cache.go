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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// CacheOptions keeps in memory only what the operator needs: of owned kinds those objects that carry
// our label, and of Secrets the metadata alone, because anybody's may be named by a tenant. Namespaces
// restricts all of it; empty means all namespaces. Of the operator's own namespace it keeps the state of
// the rollout, and the claims to hosts.
func CacheOptions(namespaces []string, operatorNamespace string) cache.Options {
	owned := func(group, kind string) cache.ByObject { return ownedKind(schema.GroupKind{Group: group, Kind: kind}) }
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}:                     owned("apps", "Deployment"),
			&autoscalingv2.HorizontalPodAutoscaler{}: owned("autoscaling", "HorizontalPodAutoscaler"),
			&policyv1.PodDisruptionBudget{}:          owned("policy", "PodDisruptionBudget"),
			&corev1.PersistentVolumeClaim{}:          owned("", "PersistentVolumeClaim"),
			&corev1.Service{}:                        owned("", "Service"),
			&coordinationv1.Lease{}:                  {Label: ours(), Namespaces: map[string]cache.Config{operatorNamespace: {}}},
			&networkingv1.Ingress{}:                  owned("networking.k8s.io", "Ingress"),
			&networkingv1.NetworkPolicy{}:            owned("networking.k8s.io", "NetworkPolicy"),
			&corev1.ServiceAccount{}:                 owned("", "ServiceAccount"),
			&corev1.Pod{}:                            {Label: ours(), Transform: trimPod},
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
		owned := ownedKind(kind.GroupKind())
		owned.Transform = withoutSpec(owned.Transform)
		return cache.Options{
			ByObject:          map[client.Object]cache.ByObject{kind.Object(): owned},
			DefaultNamespaces: only(namespaces),
		}
	}
}

// ours selects what this operator made.
func ours() labels.Selector {
	return labels.SelectorFromSet(labels.Set{tenant.ManagedByLabel: tenant.ManagedBy})
}

func ownedKind(kind schema.GroupKind) cache.ByObject {
	return cache.ByObject{Label: ours(), Transform: apply.Transform(kind)}
}

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

// trimSecret keeps the name and version of a Secret that is not ours.
func trimSecret(in any) (any, error) {
	secret, ok := in.(*metav1.PartialObjectMetadata)
	if !ok {
		return in, nil
	}
	if secret.Labels[tenant.ManagedByLabel] == tenant.ManagedBy {
		return apply.Transform(schema.GroupKind{Kind: "Secret"})(in)
	}
	secret.Labels, secret.Annotations, secret.ManagedFields, secret.OwnerReferences = nil, nil, nil, ownersOf(secret)
	return secret, nil
}

// ownersOf keeps the controller of a Secret: one of our name must be told from our own.
func ownersOf(object metav1.Object) []metav1.OwnerReference {
	if controller := metav1.GetControllerOf(object); controller != nil {
		return []metav1.OwnerReference{*controller}
	}
	return nil
}

// trimPod keeps by what a pod is found, and of its status what is looked at. There are more pods than anything else.
func trimPod(in any) (any, error) {
	pod, ok := in.(*corev1.Pod)
	if !ok {
		return in, nil
	}
	kept := &corev1.Pod{TypeMeta: pod.TypeMeta}
	kept.Namespace, kept.Name, kept.UID, kept.ResourceVersion = pod.Namespace, pod.Name, pod.UID, pod.ResourceVersion
	kept.Labels, kept.OwnerReferences, kept.DeletionTimestamp = pod.Labels, pod.OwnerReferences, pod.DeletionTimestamp
	kept.Status = corev1.PodStatus{
		Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, Conditions: told(pod.Status.Conditions),
		InitContainerStatuses: waiting(pod.Status.InitContainerStatuses), ContainerStatuses: waiting(pod.Status.ContainerStatuses),
	}
	return kept, nil
}

// told keeps whether the pod is ready, and whether it has a node.
func told(all []corev1.PodCondition) []corev1.PodCondition {
	var kept []corev1.PodCondition
	for _, condition := range all {
		if condition.Type == corev1.PodReady || condition.Type == corev1.PodScheduled {
			kept = append(kept, condition)
		}
	}
	return kept
}

// waiting keeps the containers that cannot start, and why.
func waiting(all []corev1.ContainerStatus) []corev1.ContainerStatus {
	var kept []corev1.ContainerStatus
	for _, status := range all {
		if status.State.Waiting != nil {
			kept = append(kept, corev1.ContainerStatus{Name: status.Name, Image: status.Image, State: corev1.ContainerState{Waiting: status.State.Waiting}})
		}
	}
	return kept
}

// withoutSpec drops what was asked for of an object whose status is looked at, before the transform that every owned
// object goes through.
func withoutSpec(next toolscache.TransformFunc) toolscache.TransformFunc {
	return func(in any) (any, error) {
		if object, ok := in.(*unstructured.Unstructured); ok {
			delete(object.Object, "spec")
		}
		return next(in)
	}
}
