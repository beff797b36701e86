package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

// Not parallel, like every test that counts passes: the counters belong to the process.

func TestSteadyStateWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.applySample("dentist.yaml")
	w.applySample("dentist-campaign.yaml")
	w.applySample("hair-salon.yaml")
	var tenants v1alpha1.TenantList
	if err := w.cluster.Client.List(t.Context(), &tenants, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants.Items {
		w.waitReady(tenant.Name)
	}
	w.quiet()

	_, before := w.requests.since(0)
	for round := range 3 {
		passes := total(t, "frontdesk_reconcile_outcomes_total")
		for _, tenant := range tenants.Items {
			edit(w, &v1alpha1.Tenant{}, tenant.Name, func(o *v1alpha1.Tenant) {
				o.Annotations = map[string]string{"frontdesk.dev/reconcile-requested-at": time.Now().Format(time.RFC3339Nano)}
			})
			edit(w, &corev1.Service{}, "frontdesk-"+tenant.Name, annotate[*corev1.Service])
			edit(w, &corev1.Secret{}, "frontdesk-"+tenant.Name+"-config", annotate[*corev1.Secret])
		}
		w.eventually("the passes of the round", func() string {
			if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got < float64(len(tenants.Items)) {
				return "not all have happened"
			}
			return ""
		})
		w.quiet()
		requests, _ := w.requests.since(before)
		if diff := cmp.Diff([]string(nil), writes(requests)); diff != "" {
			t.Fatalf("round %d: requests that write (-want +got):\n%s", round, diff)
		}
	}
}

// An autoscaler's status changes every few seconds, and a Gateway's view of a route now and then.
func TestStatusOfOthersIsNoReasonToWrite(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(databaseSecret)
	w.apply(simpleTenant(postgresShop + exposed("steady.book.example", byGateway) +
		"  server: {autoscaling: {minReplicas: 2, maxReplicas: 6, targetCPUUtilizationPercentage: 70}}\n"))
	w.waitReady("shop")
	w.answerRoute(metav1.ConditionTrue, "Accepted")
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.quiet()

	_, before := w.requests.since(0)
	passes := total(t, "frontdesk_reconcile_outcomes_total")
	for round := range int32(3) {
		editStatus(w, &autoscalingv2.HorizontalPodAutoscaler{}, "frontdesk-shop", func(o *autoscalingv2.HorizontalPodAutoscaler) {
			o.Status.CurrentReplicas, o.Status.DesiredReplicas = 2, 2+round
			o.Status.LastScaleTime = &metav1.Time{Time: time.Now().Add(time.Duration(round) * time.Second)}
		})
	}
	w.quiet()
	if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got != 0 {
		t.Errorf("the autoscaler's status has woken its tenant %v times", got)
	}
	for round := range 3 {
		passes := total(t, "frontdesk_reconcile_outcomes_total")
		w.answerRoute(metav1.ConditionTrue, fmt.Sprint("AcceptedAgain", round))
		w.eventually("a pass", func() string {
			if total(t, "frontdesk_reconcile_outcomes_total") == passes {
				return "has not been made"
			}
			return ""
		})
	}
	w.quiet()
	if requests, _ := w.requests.since(before); len(requests) > 0 {
		t.Errorf("requests were made: %v", requests)
	}
}

func TestRestartWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.applySample("dentist.yaml")
	w.waitReady("bright-smile")
	w.quiet()
	w.stop()

	passes := total(t, "frontdesk_reconcile_outcomes_total")
	w.startOperator()
	w.eventually("the first passes", func() string {
		// One of each policy, and one of the tenant with the answer of the pod.
		if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got < 3 {
			return "not all have happened"
		}
		return ""
	})
	w.quiet()
	if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got != 3 {
		t.Errorf("%v passes, want 3: the pods are to be asked before the tenant is looked at, and not in between", got)
	}
	requests, _ := w.requests.since(0)
	if diff := cmp.Diff([]string(nil), writes(requests)); diff != "" {
		t.Errorf("requests that write (-want +got):\n%s", diff)
	}
	for _, request := range requests {
		if strings.HasPrefix(request, http.MethodGet) && strings.HasSuffix(request, "/frontdesk-bright-smile-api-key") {
			t.Errorf("%s: what the operator has made and reads is read with the rest", request)
		}
	}
	w.waitReady("bright-smile")
}

// Another release may write the same objects with other hashes of what it meant. That is put right, and nobody hears of it.
func TestOtherHashesAreNoNewsOfATenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.quiet()
	w.stop()
	const deployment = "frontdesk-shop"
	hash := func() string { return w.deployment("shop").Annotations[apply.IntentAnnotation] }
	meant := hash()
	edit(w, &appsv1.Deployment{}, deployment, func(d *appsv1.Deployment) { d.Annotations[apply.IntentAnnotation] = "another" })
	w.startOperator()
	w.eventually("the hash", func() string {
		if got := hash(); got != meant {
			return "it is " + got
		}
		return ""
	})
	w.quiet()
	requests, _ := w.requests.since(0)
	written := writes(requests)
	if len(written) != 1 || !strings.HasSuffix(written[0], "/deployments/"+deployment) {
		t.Errorf("requests that write:\n%s", strings.Join(written, "\n"))
	}
}

// silence is a network on which nobody answers, and on which no question ends, until it is over.
type silence struct{ over chan struct{} }

func (s silence) RoundTrip(*http.Request) (*http.Response, error) {
	<-s.over
	return nil, http.ErrServerClosed
}

// Pods that do not answer hold up what else is to be done only for a moment.
func TestRestartBesideSilentPodsRepairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.stop()
	network := silence{make(chan struct{})}
	w.tune = func(o *controllers.Options) { o.StatusTransport = network }
	w.delete(&corev1.Service{}, "frontdesk-shop")
	w.startOperator()
	t.Cleanup(func() { close(network.over) }) // before the operator ends, which waits for its questions
	w.eventually("the Service", func() string {
		err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, &corev1.Service{})
		if err != nil {
			return "is not back: " + err.Error()
		}
		return ""
	})
}

// annotate is a harmless edit by somebody else.
func annotate[T client.Object](object T) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["example.com/touched"] = time.Now().Format(time.RFC3339Nano)
	object.SetAnnotations(annotations)
}

// quiet waits until the operator has made no request for a while.
func (w *world) quiet() {
	w.t.Helper()
	w.quietOf(w.requests)
}

// quietOf waits until no request of the recorder's has been made, or was under way, for so many looks in a row. They are
// counted, and not the time: on a loaded machine both the looks and the operator, which runs in this process, are slow.
func (w *world) quietOf(requests *recorder) {
	w.t.Helper()
	const calm = 35 // at 20 ms each, 700 ms
	before, looks := -1, 0
	w.eventually("a quiet operator", func() string {
		made, underWay := requests.progress()
		if looks++; made != before || underWay > 0 {
			before, looks = made, 0
		}
		if looks < calm {
			return "it still makes requests"
		}
		return ""
	})
}

// total sums a counter or gauge over its labels.
func total(t *testing.T, name string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, family := range families {
		if family.GetName() == name {
			for _, metric := range family.GetMetric() {
				sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() // of which it has one
			}
		}
	}
	return sum
}
