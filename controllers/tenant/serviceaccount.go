package tenant

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// serviceAccount gives the pods an identity with no rights: the server never talks to the
// Kubernetes API.
func serviceAccount(s *scope) any {
	return corev1ac.ServiceAccount(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithAutomountServiceAccountToken(false)
}
