package tenant

import (
	"strconv"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// configSecret is all that a server is configured with. Without a valid bundle there is none to
// render, and the one with the last good revision stays as it is.
func configSecret(s *scope) any {
	if s.bundle == nil {
		return nil
	}
	annotations := map[string]string{revisionAnnotation: s.bundle.Revision()}
	if s.server != nil && s.migration != migrationFailed {
		annotations[databaseSerialAnnotation] = strconv.Itoa(s.server.credential.Serial)
	}
	return corev1ac.Secret(configSecretName(s.tenant), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithAnnotations(annotations).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithData(s.bundle)
}
