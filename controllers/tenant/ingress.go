package tenant

import (
	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// ingress routes the host where there is no Gateway API. It leads to the Service, and so to the public port
// alone.
func ingress(s *scope) any {
	exposure := s.ingress()
	if s.host == "" || exposure == nil {
		return nil
	}
	spec := networkingv1ac.IngressSpec().
		WithRules(networkingv1ac.IngressRule().
			WithHost(s.host).
			WithHTTP(networkingv1ac.HTTPIngressRuleValue().
				WithPaths(networkingv1ac.HTTPIngressPath().
					WithPath("/").
					WithPathType(networkingv1.PathTypePrefix).
					WithBackend(networkingv1ac.IngressBackend().
						WithService(networkingv1ac.IngressServiceBackend().
							WithName(s.tenant.OwnedName()).
							WithPort(networkingv1ac.ServiceBackendPort().WithNumber(servicePort)))))))
	if exposure.ClassName != "" {
		spec.WithIngressClassName(string(exposure.ClassName))
	}
	if exposure.TLSSecretName != "" {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(s.host).WithSecretName(string(exposure.TLSSecretName)))
	}
	return networkingv1ac.Ingress(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(spec)
}

// ingress is what the spec says of an Ingress, or nil.
func (s *scope) ingress() *v1alpha1.IngressExposure {
	if s.tenant.Spec.Exposure == nil {
		return nil
	}
	return s.tenant.Spec.Exposure.Ingress
}
