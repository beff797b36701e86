package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// withoutWord starts an operator to which the API server does not say whether it has the Gateway API, until it is told to.
func (w *world) withoutWord() (tell func()) {
	w.t.Helper()
	w.stop()
	var told atomic.Bool
	w.disturb = func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.URL.Path == "/apis/gateway.networking.k8s.io/v1" && !told.Load() {
				return &http.Response{Request: request, StatusCode: http.StatusInternalServerError, Body: http.NoBody}, nil
			}
			return next.RoundTrip(request)
		})
	}
	w.startOperator()
	return func() { told.Store(true) }
}

// routed is a world with a tenant whose HTTPRoute a Gateway has taken.
func routed(t *testing.T, host string) *world {
	t.Helper()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed(host, byGateway)))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonRoutePending)
	w.answerRoute(metav1.ConditionTrue, "Accepted")
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.waitReady("shop")
	return w
}

func TestAHostIsKeptWhileItIsUnknownWhetherItIsRouted(t *testing.T) {
	t.Parallel()
	w := routed(t, "before.book.example")
	tell := w.withoutWord()
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Exposure.Host = "after.book.example" })
	w.waitReady("shop")
	w.quiet()
	w.atHome().get(w.claim("before.book.example"), w.claim("before.book.example").Name)
	if host := string(w.route().Spec.Hostnames[0]); host != "before.book.example" {
		t.Fatalf("the route leads from %s", host)
	}
	tenant := w.waitReady("shop")
	if !slices.ContainsFunc(tenant.Status.Inventory, func(i v1alpha1.InventoryItem) bool { return i.Kind == "HTTPRoute" }) {
		t.Errorf("the route is forgotten: %+v", tenant.Status.Inventory)
	}
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	tell()
	w.eventually("the route", func() string {
		if host := string(w.route().Spec.Hostnames[0]); host != "after.book.example" {
			return "leads from " + host
		}
		return ""
	})
	w.expectGone(w.claim("before.book.example"))
}

func TestATenantStaysWhileItIsUnknownWhetherItIsRouted(t *testing.T) {
	t.Parallel()
	w := routed(t, "leaving.book.example")
	tell := w.withoutWord()
	tenant := w.tenant("shop")
	if err := w.cluster.Client.Delete(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	w.eventually("what the deletion waits for", func() string {
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(tenant), tenant); err != nil {
			t.Fatal(err)
		}
		for _, c := range tenant.Status.Conditions {
			if c.Reason == string(v1alpha1.ReasonDeleting) && strings.Contains(c.Message, "an HTTPRoute may still lead") {
				return ""
			}
		}
		return "is not said"
	})
	w.atHome().get(w.claim("leaving.book.example"), w.claim("leaving.book.example").Name)
	tell()
	w.expectGone(tenant)
	w.expectGone(w.claim("leaving.book.example"))
}
