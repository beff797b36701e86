package tenant

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
)

// podDisruptionBudget lets nodes be drained one pod of a tenant at a time. A tenant with one pod has none: it
// could only forbid the drain, or mean nothing. A pod that does not serve anyway may always go, or a broken
// tenant would hold up a node for ever.
func podDisruptionBudget(s *scope) any {
	if mostReplicas(s.podTenant()) < 2 {
		return nil
	}
	return policyv1ac.PodDisruptionBudget(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selectorLabels(s.tenant))))
}
