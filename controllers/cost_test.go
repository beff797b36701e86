package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What a thousand tenants cost is a thousand times what one costs. Not parallel: other tests would slow passes down
// until there are more of them.

// costs counts requests for namespaced objects by verb and resource.
func costs(requests []string) map[string]int {
	count := map[string]int{}
	for _, request := range requests {
		verb, path, _ := strings.Cut(request, " ")
		parts := strings.Split(path, "/")
		if i := slices.Index(parts, "namespaces"); i >= 0 && len(parts) > i+2 {
			resource := parts[i+2]
			if len(parts) > i+4 {
				resource += "/" + parts[i+4]
			}
			count[verb+" "+resource]++
		}
	}
	return count
}

const wantedByAll = postgresShop + `
  server: {autoscaling: {minReplicas: 2, maxReplicas: 4}}
  exposure: {host: shop.book.example, ingress: {className: nginx}}
`

func TestNewTenantCostsFewRequests(t *testing.T) {
	w := newWorld(t)
	w.apply(databaseSecret)
	w.apply(simplePolicy)
	w.quiet()
	_, before := w.requests.since(0)
	w.apply(simpleTenant(wantedByAll))
	w.waitReady("shop")
	w.quiet()
	requests, _ := w.requests.since(before)
	// The first tenant of all has the root key made. On a slow machine something comes in between that is worth an event
	// more, and a word more in the status.
	most := map[string]int{
		"POST secrets": 1, "POST leases": 1, "POST events": 2,
		"PATCH tenants": 1, "PATCH tenants/status": 4, "PATCH bookingpolicies/status": 1,
		"PATCH serviceaccounts": 1, "PATCH secrets": 2, "PATCH services": 1, "PATCH networkpolicies": 1, "PATCH deployments": 1,
		"PATCH poddisruptionbudgets": 1, "PATCH horizontalpodautoscalers": 1, "PATCH ingresses": 1,
	}
	reads := 0
	for request, got := range costs(requests) {
		if strings.HasPrefix(request, http.MethodGet) {
			reads += got
			continue
		}
		if got > most[request] {
			t.Errorf("%s: %d times, and %d is enough", request, got, most[request])
		}
	}
	// Twice the root key, and the Secret that is named; what is in the one that is made is known. The others are allowed for a
	// cache that lags behind; to look for each object before it is made would be ten.
	const mostReads = 3 + 4
	if reads > mostReads {
		t.Errorf("%d reads past the cache, and %d are enough: %v", reads, mostReads, costs(requests))
	}
}

// Whoever edits what the operator owns while it is down costs one write, and the status says nothing new.
func TestRepairCostsOneWrite(t *testing.T) {
	w := newWorld(t)
	w.apply(databaseSecret)
	w.apply(simplePolicy)
	w.apply(simpleTenant(wantedByAll))
	w.waitReady("shop")
	w.quiet()
	w.stop()
	for _, drift := range []struct {
		object client.Object
		patch  string
	}{
		{&corev1.Service{}, `{"spec":{"selector":{"app.kubernetes.io/name":"other"}}}`},
		{&networkingv1.NetworkPolicy{}, `{"spec":{"ingress":[{}]}}`},
		{&autoscalingv2.HorizontalPodAutoscaler{}, `{"spec":{"maxReplicas":99}}`},
		{&corev1.ServiceAccount{}, `{"metadata":{"managedFields":[{}],"labels":{"app.kubernetes.io/part-of":null}}}`},
	} {
		drift.object.SetNamespace(w.namespace)
		drift.object.SetName("frontdesk-shop")
		if err := w.cluster.Client.Patch(t.Context(), drift.object, client.RawPatch(types.MergePatchType, []byte(drift.patch))); err != nil {
			t.Fatal(err)
		}
	}
	w.startOperator()
	w.eventually("the repairs", func() string {
		service := &corev1.Service{}
		w.get(service, "frontdesk-shop")
		if service.Spec.Selector["app.kubernetes.io/name"] == "other" {
			return "the selector is still another"
		}
		return ""
	})
	w.quiet()
	requests, _ := w.requests.since(0)
	want := map[string]int{
		"PATCH services": 1, "PATCH networkpolicies": 1, "PATCH horizontalpodautoscalers": 1, "PATCH serviceaccounts": 1,
	}
	if diff := cmp.Diff(want, costs(writes(requests))); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}
