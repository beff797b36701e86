package tenant

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// servicePort is where a tenant is reached inside the cluster.
const servicePort = 80

// service reaches the public port only. The internal one is asked pod by pod.
func service(s *scope) any {
	return corev1ac.Service(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(selectorLabels(s.tenant)).
			WithPorts(corev1ac.ServicePort().
				WithName(publicPortName).
				WithProtocol(corev1.ProtocolTCP).
				WithPort(servicePort).
				WithTargetPort(intstr.FromString(publicPortName)).
				WithAppProtocol("http")))
}

// serviceURL is where the tenant is reached inside the cluster.
func serviceURL(t *v1alpha1.Tenant) string {
	return fmt.Sprintf("http://%s.%s.svc", t.OwnedName(), t.Namespace)
}
