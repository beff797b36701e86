package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
)

// loadRoute reads the HTTPRoute for what Gateways say of it.
func (r *Reconciler) loadRoute(ctx context.Context, s *scope) error {
	if s.gateway() == nil || s.absent[httpRouteKind.GroupKind()] {
		return nil
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(httpRouteKind)
	err := r.Client.Get(ctx, s.key(s.tenant.OwnedName()), object)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil
	}
	if err == nil {
		s.route = &gatewayv1.HTTPRoute{}
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, s.route)
	}
	if err != nil {
		return fmt.Errorf("read HTTPRoute: %w", err)
	}
	return nil
}

// publicURL is where the tenant is reached from outside; empty when nothing is routed. A Gateway is taken to
// end TLS, as every listener for the public should.
func (s *scope) publicURL() string {
	switch exposed := s.ingress(); {
	case s.host == "":
		return ""
	case exposed != nil && exposed.TLSSecretName == "":
		return "http://" + s.host
	default:
		return "https://" + s.host
	}
}

// url is where the tenant is reached now: from outside once the route is accepted.
func (s *scope) url() string {
	if public := s.publicURL(); public != "" && s.routeAccepted().Status == metav1.ConditionTrue {
		return public
	}
	return serviceURL(s.tenant)
}

func (s *scope) routeAccepted() conditions.Condition {
	const t = v1alpha1.ConditionRouteAccepted
	if problem := s.hostProblem(); problem != nil {
		return conditions.False(t, problem.reason, problem.message)
	}
	switch {
	case s.wantedHost() == "":
		return conditions.False(t, v1alpha1.ReasonNotConfigured, "spec.exposure is not set: the tenant is reached only within the cluster, at "+serviceURL(s.tenant))
	case s.gateway() != nil && s.unknown[httpRouteKind.GroupKind()]:
		return s.asBefore(conditions.Unknown(t, v1alpha1.ReasonRoutePending, "the API server does not say whether it has the Gateway API; it is asked again"))
	case s.gateway() != nil && s.absent[httpRouteKind.GroupKind()]:
		return conditions.False(t, v1alpha1.ReasonAPINotInstalled,
			"the cluster does not have the Gateway API (httproutes.gateway.networking.k8s.io/v1): ask the platform to install it, and the tenant goes on by itself; or use spec.exposure.ingress")
	case s.gateway() != nil:
		return s.gatewayVerdict()
	case !s.applied("Ingress"):
		return conditions.False(t, v1alpha1.ReasonRoutePending, "the Ingress has not been made yet")
	default:
		return conditions.True(t, v1alpha1.ReasonRouteAccepted,
			fmt.Sprintf("the Ingress routes %s to the tenant; whether a controller of its class does so is for `kubectl describe ingress %s` to say", s.host, s.tenant.OwnedName()))
	}
}

// asBefore is what was said of a condition last, or otherwise if nothing was, while nobody can tell whether it still holds.
func (s *scope) asBefore(otherwise conditions.Condition) conditions.Condition {
	before := meta.FindStatusCondition(s.tenant.Status.Conditions, string(otherwise.Type))
	if before == nil {
		return otherwise
	}
	return conditions.Condition{Type: otherwise.Type, Status: before.Status, Reason: v1alpha1.ConditionReason(before.Reason), Message: before.Message}
}

// undecidedRoute says of a tenant that goes that it may have an HTTPRoute which nobody can see to now; empty when it has not. While
// that leads to its host, the host must not be another's.
func undecidedRoute(t *v1alpha1.Tenant, made []apply.Item, unknown optional.Absent) string {
	routed := contains(made, apply.Item{GroupVersionKind: httpRouteKind, Name: t.OwnedName()}) ||
		(len(t.Status.Inventory) == 0 && t.Spec.Exposure != nil && t.Spec.Exposure.Gateway != nil)
	if !unknown[httpRouteKind.GroupKind()] || !routed {
		return ""
	}
	return "waiting until the API server says whether it has the Gateway API: an HTTPRoute may still lead to the tenant's host"
}

// hostProblem says why the host of the spec cannot be had, or is nil. It takes an edit to mend.
func (s *scope) hostProblem() *verdict {
	host, namespace := s.wantedHost(), s.tenant.Namespace
	switch {
	case host == "":
		return nil
	case s.hostTaken != nil:
		return &verdict{stalled, v1alpha1.ReasonHostTaken, s.hostTakenAdvice()}
	case s.hostAllowed():
		return nil
	}
	message := fmt.Sprintf("the platform does not allow tenants in namespace %s to have the host %s, and routes nothing: ", namespace, host)
	if suffixes := s.platform.suffixesFor(namespace); len(suffixes) > 0 {
		message += "choose one of " + strings.Join(suffixes, ", ") + " (a leading dot means any host below), or ask the platform to add it to hostSuffixes"
	} else {
		message += "ask it to add hosts for this namespace to hostSuffixes"
	}
	return &verdict{stalled, v1alpha1.ReasonHostNotAllowed, message}
}

// hostTakenAdvice says what can be done about a host that is another's.
func (s *scope) hostTakenAdvice() string {
	host := s.wantedHost()
	message := fmt.Sprintf("another tenant of this cluster has the host %s: choose another one, or ask the platform to have it given up", host)
	if errors.Is(s.hostTaken, hostclaim.ErrBeyondReach) {
		message = fmt.Sprintf("the host %s is claimed by a tenant in a namespace that this operator does not serve, and whether that is still there it cannot see: "+
			"choose another one; or have the platform see that nothing routes the host any more, and give it up: kubectl delete lease -n %s %s",
			host, s.platform.OperatorNamespace, hostclaim.Name(host))
	}
	if s.host != "" {
		message += fmt.Sprintf("; %s stays routed until then", s.host)
	}
	return message
}

// gatewayVerdict is what the Gateway that the spec names says of the route.
func (s *scope) gatewayVerdict() conditions.Condition {
	const t = v1alpha1.ConditionRouteAccepted
	name := s.gatewayNamespace() + "/" + string(s.gateway().Name)
	if s.route == nil {
		return conditions.False(t, v1alpha1.ReasonRoutePending, "the HTTPRoute has not been made yet")
	}
	refused := ""
	for _, parent := range s.route.Status.Parents {
		if string(parent.ParentRef.Name) != string(s.gateway().Name) || parentNamespace(parent, s.tenant.Namespace) != s.gatewayNamespace() {
			continue
		}
		switch problem, known := parentProblem(parent, s.route.Generation); {
		case problem != "":
			refused = problem
		case known:
			return conditions.True(t, v1alpha1.ReasonRouteAccepted, fmt.Sprintf("Gateway %s routes %s to the tenant", name, s.host))
		}
	}
	if refused != "" {
		return conditions.False(t, v1alpha1.ReasonRouteRefused, fmt.Sprintf(
			"Gateway %s does not take the route (%s): see that its listener is for the host %s and allows routes from namespace %s", name, refused, s.host, s.tenant.Namespace))
	}
	return conditions.False(t, v1alpha1.ReasonRoutePending,
		fmt.Sprintf("waiting for Gateway %s to take the route: see that it exists and that its controller runs", name))
}

func parentNamespace(parent gatewayv1.RouteParentStatus, fallback string) string {
	if parent.ParentRef.Namespace != nil {
		return string(*parent.ParentRef.Namespace)
	}
	return fallback
}

// parentProblem is what a Gateway has against the route; known says that it has looked at this generation.
func parentProblem(parent gatewayv1.RouteParentStatus, generation int64) (problem string, known bool) {
	for _, kind := range []gatewayv1.RouteConditionType{gatewayv1.RouteConditionAccepted, gatewayv1.RouteConditionResolvedRefs} {
		c := meta.FindStatusCondition(parent.Conditions, string(kind))
		if c == nil || c.ObservedGeneration < generation {
			return "", false
		}
		if c.Status != metav1.ConditionTrue {
			return fmt.Sprintf("%s: %s", c.Reason, c.Message), true
		}
	}
	return "", true
}
