package controllers_test

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestReadyMeansServedByEveryPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")

	w.node.Freeze(true)
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Buffers.After = "10m" })
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRevisionPending)
	w.waitFor("shop", v1alpha1.ConditionProgressing, metav1.ConditionTrue, v1alpha1.ReasonRevisionPending)

	desired := w.tenant("shop").Status.Revision.Desired
	w.node.Refuse(desired, "the zone data is too old")
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRevisionRefused)
	condition := w.waitFor("shop", v1alpha1.ConditionDegraded, metav1.ConditionTrue, v1alpha1.ReasonRevisionRefused)
	if !strings.Contains(condition.Message, "the zone data is too old") {
		t.Errorf("the message does not say what the server said: %s", condition.Message)
	}

	w.node.Freeze(false)
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Buffers.After = "15m" })
	w.waitReady("shop")
}

func TestDatabaseThatCannotBeReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.node.SetDatabase(false, "disk is full")
	// A new revision makes the operator ask at once instead of at its next regular question.
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Buffers.After = "10m" })
	condition := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseUnreachable)
	if !strings.Contains(condition.Message, "disk is full") {
		t.Errorf("the message does not say what the server said: %s", condition.Message)
	}
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseNotReady)
}

func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.RunState = v1alpha1.RunStateSuspended })
	w.waitFor("shop", v1alpha1.ConditionSuspended, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	if pods := w.podNames(); len(pods) != 0 {
		t.Errorf("pods %v run while the tenant is suspended", pods)
	}
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.RunState = v1alpha1.RunStateRunning })
	w.waitReady("shop")
}

func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	t.Run("of what runs", func(t *testing.T) { repairsWorkload(t, w) })
	t.Run("of what it is configured with", func(t *testing.T) { repairsConfig(t, w) })
	t.Run("of what leads to it", func(t *testing.T) { repairsService(t, w) })
	w.waitReady("shop")
}

// repairsWorkload changes the Deployment, and takes from the ServiceAccount its labels and the record of who owns what.
func repairsWorkload(t *testing.T, w *world) {
	t.Helper()
	edit(w, &appsv1.Deployment{}, "frontdesk-shop", func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Image = "evil.example/miner"
		d.Spec.Replicas = ptr.To(int32(3))
	})
	w.eventually("the Deployment", func() string {
		d := &appsv1.Deployment{}
		w.get(d, "frontdesk-shop")
		if image := d.Spec.Template.Spec.Containers[0].Image; image != "frontdesk.example/server:1.2.3" || *d.Spec.Replicas != 1 {
			return "runs " + image
		}
		return ""
	})
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"labels": nil, "managedFields": []any{map[string]any{}}}})
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop"}}
	if err := w.cluster.Client.Patch(t.Context(), account, client.RawPatch(types.MergePatchType, patch)); err != nil {
		t.Fatal(err)
	}
	w.eventually("the ServiceAccount", func() string {
		w.get(account, "frontdesk-shop")
		if account.Labels["frontdesk.dev/tenant"] != "shop" {
			return "has no labels"
		}
		return ""
	})
}

// repairsConfig adds and changes entries of the config Secret.
func repairsConfig(t *testing.T, w *world) {
	t.Helper()
	good := w.config("shop")
	edit(w, &corev1.Secret{}, "frontdesk-shop-config", func(s *corev1.Secret) {
		s.Data["extra"] = []byte("x")
		s.Data["tenant.yaml"] = []byte("version: nonsense")
	})
	w.eventually("the config Secret", func() string {
		if got := w.config("shop").Revision(); got != good.Revision() {
			return "holds revision " + got
		}
		return ""
	})
}

// repairsService deletes the Service, and adds a port to the next one.
func repairsService(t *testing.T, w *world) {
	t.Helper()
	service := &corev1.Service{}
	w.get(service, "frontdesk-shop")
	uid := service.UID
	if err := w.cluster.Client.Delete(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	w.eventually("the Service", func() string {
		err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, service)
		if err != nil || service.UID == uid {
			return "has not come back"
		}
		return ""
	})
	edit(w, &corev1.Service{}, "frontdesk-shop", func(s *corev1.Service) {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "debug", Port: 6060})
		s.Spec.Selector["extra"] = "yes"
	})
	w.eventually("the Service", func() string {
		s := &corev1.Service{}
		w.get(s, "frontdesk-shop")
		if len(s.Spec.Ports) != 1 || s.Spec.Selector["extra"] != "" {
			return "still has what was added"
		}
		return ""
	})
}

func TestRestartInTheMiddleConverges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.eventually("a first write", func() string {
		requests, _ := w.requests.since(0)
		if len(writes(requests)) < 3 {
			return "not yet"
		}
		return ""
	})
	w.stop()
	w.startOperator()
	w.waitReady("shop")
}

// An operator that ends before it has written the first status leaves objects that no status names.
func TestLostFirstStatusLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	host := "lost." + w.namespace + ".book.example"
	w.apply(simpleTenant(exposed(host, byIngress)))
	w.waitReady("shop")
	w.stop()

	lost := w.tenant("shop")
	if err := w.cluster.Client.Status().Patch(t.Context(), lost, client.RawPatch(types.MergePatchType, []byte(`{"status":null}`))); err != nil {
		t.Fatal(err)
	}
	if lost.Status.ObservedGeneration != 0 || len(lost.Status.Inventory) > 0 {
		t.Fatalf("the status is still there: %+v", lost.Status)
	}
	w.apply(simpleTenant(""))
	w.startOperator()
	w.expectGone(&networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop"}})
	w.waitReady("shop")
}
