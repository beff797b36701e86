package controllers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
)

func exposed(host, how string) string {
	return fmt.Sprintf("  exposure: {host: %s, %s}\n", host, how)
}

const (
	byGateway = "gateway: {name: public, namespace: gateways}"
	byIngress = "ingress: {className: nginx, tlsSecretName: shop-tls}"
)

// named renames the one tenant of the fixtures.
func named(tenant, name string) string {
	return strings.Replace(tenant, "metadata: {name: shop}", "metadata: {name: "+name+"}", 1)
}

func TestRouteIsReportedAsTheGatewaySees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("route.book.example", byGateway)))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonRoutePending)
	if url := w.waitReady("shop").Status.URL; !strings.Contains(url, ".svc") {
		t.Errorf("the address is %s before any Gateway has taken the route", url)
	}
	if got := w.config("shop"); !strings.Contains(string(got["tenant.yaml"]), "url: https://route.book.example") {
		t.Errorf("the server does not learn its address:\n%s", got["tenant.yaml"])
	}

	w.answerRoute(metav1.ConditionFalse, "NotAllowedByListeners")
	refused := w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonRouteRefused)
	if !strings.Contains(refused.Message, "NotAllowedByListeners") {
		t.Errorf("the message does not say what the Gateway said: %s", refused.Message)
	}
	w.answerRoute(metav1.ConditionTrue, "Accepted")
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	if url := w.tenant("shop").Status.URL; url != "https://route.book.example" {
		t.Errorf("the address is %s", url)
	}
	route := w.route()
	if len(route.Spec.Rules) != 1 || *route.Spec.Rules[0].BackendRefs[0].Port != 80 {
		t.Errorf("more is routed than the public port: %v", route.Spec.Rules)
	}

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Exposure = nil })
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonNotConfigured)
	w.expectGone(w.routeObject())
	w.expectGone(w.claim("route.book.example"))
}

func TestTwoTenantsNeverHaveOneHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(named(simpleTenant(exposed("one.book.example", byIngress)), "first"))
	w.waitFor("first", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.apply(named(simpleTenant(exposed("two.book.example", byIngress)), "second"))
	w.waitReady("second")
	edit(w, &v1alpha1.Tenant{}, "second", func(o *v1alpha1.Tenant) { o.Spec.Exposure.Host = "one.book.example" })
	taken := w.waitFor("second", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostTaken)
	if strings.Contains(taken.Message, "first") {
		t.Errorf("the loser learns who has the host: %s", taken.Message)
	}
	if host := w.ingressHost("second"); host != "two.book.example" {
		t.Errorf("the loser's route leads from %s", host)
	}
	w.delete(&v1alpha1.Tenant{}, "first")
	w.waitFor("second", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.waitReady("second")
	if host := w.ingressHost("second"); host != "one.book.example" {
		t.Errorf("the host that became free is not routed, but %s", host)
	}
	w.expectGone(w.claim("two.book.example"))

	// A claim that somebody deletes is taken again.
	w.atHome().delete(&coordinationv1.Lease{}, hostclaim.Name("one.book.example"))
	w.eventually("the claim", func() string {
		claim := w.claim("one.book.example")
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(claim), claim); err != nil {
			return err.Error()
		}
		return ""
	})
}

func TestHostOutsideWhatThePlatformAllows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("shop.bank.example", byIngress)))
	refused := w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostNotAllowed)
	if !strings.Contains(refused.Message, ".book.example") {
		t.Errorf("the message does not say what is allowed: %s", refused.Message)
	}
	w.expectGone(&networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop"}})
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
}

// Of the pods a host that cannot be given up says nothing.
func TestAFailedReleaseOfAHostMakesNobodyUnready(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.disturb = func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodDelete && strings.HasSuffix(request.URL.Path, hostclaim.Name("old.book.example")) {
				return &http.Response{Request: request, StatusCode: http.StatusInternalServerError, Body: http.NoBody}, nil
			}
			return next.RoundTrip(request)
		})
	}
	w.startOperator()
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("old.book.example", byIngress)))
	w.waitReady("shop")
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Exposure.Host = "new.book.example" })
	tenant := w.waitReady("shop")
	if host := w.ingressHost("shop"); host != "new.book.example" || tenant.Status.Revision.Served == "" {
		t.Errorf("it is reached as %s, and serves %q", host, tenant.Status.Revision.Served)
	}
	w.atHome().get(w.claim("old.book.example"), hostclaim.Name("old.book.example"))
}

// While a configuration is broken, what is routed stays; so must the claim on its host, whatever the spec says next.
func TestABrokenConfigurationKeepsTheRoutedHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("kept.book.example", byIngress)))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) {
		o.Spec.BookingPolicyRef.Name = "no-such-policy"
		o.Spec.Exposure = nil
	})
	w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonBookingPolicyNotFound)
	w.quiet()
	if host := w.ingressHost("shop"); host != "kept.book.example" {
		t.Fatalf("the route leads from %q while the configuration is broken", host)
	}
	claim := w.claim("kept.book.example")
	if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(claim), claim); err != nil {
		t.Errorf("the host is routed and anybody's: %v", err)
	}

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.BookingPolicyRef.Name = "hours" })
	w.waitReady("shop")
	w.expectGone(w.claim("kept.book.example"))
}

// Not parallel: it takes the definition away from under every operator of this process.
func TestGatewayAPIComesAndGoes(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("late.book.example", byGateway)))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonRoutePending)
	definition := &unstructured.Unstructured{}
	definition.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	name := client.ObjectKey{Name: "httproutes.gateway.networking.k8s.io"}
	if err := w.cluster.Client.Get(t.Context(), name, definition); err != nil {
		t.Fatal(err)
	}
	annotations, _, _ := unstructured.NestedMap(definition.Object, "metadata", "annotations")
	again := definition.DeepCopy()
	again.Object["metadata"] = map[string]any{"name": name.Name, "annotations": annotations}
	delete(again.Object, "status")
	if err := w.cluster.Client.Delete(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled)
	w.waitReady("shop")
	w.expectGone(definition)
	if err := w.cluster.Client.Create(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonRoutePending)
	w.answerRoute(metav1.ConditionTrue, "Accepted")
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
}

// answerRoute writes into the route's status what a Gateway's controller would.
func (w *world) answerRoute(accepted metav1.ConditionStatus, reason string) {
	w.t.Helper()
	w.eventually("the route", func() string {
		route := w.route()
		if route == nil {
			return "is not there"
		}
		condition := func(kind gatewayv1.RouteConditionType, status metav1.ConditionStatus, reason string) metav1.Condition {
			return metav1.Condition{Type: string(kind), Status: status, Reason: reason, Message: "says the test", ObservedGeneration: route.Generation, LastTransitionTime: metav1.Now()}
		}
		status := gatewayv1.HTTPRouteStatus{RouteStatus: gatewayv1.RouteStatus{Parents: []gatewayv1.RouteParentStatus{{
			ParentRef: route.Spec.ParentRefs[0], ControllerName: "example.com/gateway",
			Conditions: []metav1.Condition{
				condition(gatewayv1.RouteConditionAccepted, accepted, reason), condition(gatewayv1.RouteConditionResolvedRefs, metav1.ConditionTrue, "ResolvedRefs"),
			},
		}}}}
		patch, err := json.Marshal(map[string]any{"status": status})
		if err == nil {
			err = w.cluster.Client.Status().Patch(w.t.Context(), w.routeObject(), client.RawPatch(types.MergePatchType, patch))
		}
		if err != nil {
			return err.Error()
		}
		return ""
	})
}

func (w *world) routeObject() *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("gateway.networking.k8s.io/v1")
	object.SetKind("HTTPRoute")
	object.SetNamespace(w.namespace)
	object.SetName("frontdesk-shop")
	return object
}

// route returns the route of shop, or nil.
func (w *world) route() *gatewayv1.HTTPRoute {
	w.t.Helper()
	object := w.routeObject()
	if err := w.cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		return nil
	}
	route := &gatewayv1.HTTPRoute{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, route); err != nil {
		w.t.Fatal(err)
	}
	return route
}

func (w *world) claim(host string) *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.home, Name: hostclaim.Name(host)}}
}

func (w *world) ingressHost(tenant string) string {
	w.t.Helper()
	ingress := &networkingv1.Ingress{}
	w.get(ingress, "frontdesk-"+tenant)
	return ingress.Spec.Rules[0].Host
}

func (w *world) delete(object client.Object, name string) {
	w.t.Helper()
	object.SetNamespace(w.namespace)
	object.SetName(name)
	if err := w.cluster.Client.Delete(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}
