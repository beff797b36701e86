package tenant

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1ac "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// httpRoute attaches the host to a Gateway. It leads to the Service, and so to the public port alone. TLS is
// the Gateway's: its listener has the certificate.
func httpRoute(s *scope) any {
	gateway := s.gateway()
	if s.host == "" || gateway == nil || s.absent[httpRouteKind.GroupKind()] {
		return nil
	}
	parent := gatewayv1ac.ParentReference().
		WithGroup(gatewayv1.GroupName).
		WithKind("Gateway").
		WithNamespace(gatewayv1.Namespace(s.gatewayNamespace())).
		WithName(gatewayv1.ObjectName(gateway.Name))
	if gateway.SectionName != "" {
		parent.WithSectionName(gatewayv1.SectionName(gateway.SectionName))
	}
	return gatewayv1ac.HTTPRoute(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(gatewayv1ac.HTTPRouteSpec().
			WithParentRefs(parent).
			WithHostnames(gatewayv1.Hostname(s.host)).
			WithRules(gatewayv1ac.HTTPRouteRule().
				WithMatches(gatewayv1ac.HTTPRouteMatch().
					WithPath(gatewayv1ac.HTTPPathMatch().WithType(gatewayv1.PathMatchPathPrefix).WithValue("/"))).
				WithBackendRefs(gatewayv1ac.HTTPBackendRef().
					WithGroup("").WithKind("Service").
					WithName(gatewayv1.ObjectName(s.tenant.OwnedName())).
					WithPort(servicePort).
					WithWeight(1))))
}

// gateway is the Gateway that the spec names, or nil.
func (s *scope) gateway() *v1alpha1.GatewayExposure {
	if s.tenant.Spec.Exposure == nil {
		return nil
	}
	return s.tenant.Spec.Exposure.Gateway
}

func (s *scope) gatewayNamespace() string {
	if gateway := s.gateway(); gateway != nil && gateway.Namespace != "" {
		return gateway.Namespace
	}
	return s.tenant.Namespace
}
