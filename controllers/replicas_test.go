package controllers_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

const databaseSecret = `
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {url: "postgres://shop:secret@db.example.com/shop"}
`

func TestReplicasFollowTheAutoscalerWithoutAFight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(databaseSecret)
	w.apply(simpleTenant(postgresShop + "  server: {replicas: 3}\n"))
	w.waitReady("shop")

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) {
		o.Spec.Server = &v1alpha1.Server{Autoscaling: &v1alpha1.Autoscaling{MinReplicas: 2, MaxReplicas: 6, TargetCPUUtilizationPercentage: 70}}
	})
	w.waitReady("shop")
	w.expectReplicas(3)
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	w.get(hpa, "frontdesk-shop")
	w.autoscale(5)
	w.waitReady("shop")
	// Every pass from here on is made with the autoscaler's number in place.
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Server.Autoscaling.MaxReplicas = 8 })
	w.waitReady("shop")
	w.expectReplicas(5)

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.RunState = v1alpha1.RunStateSuspended })
	w.waitFor("shop", v1alpha1.ConditionSuspended, "True", v1alpha1.ReasonSuspended)
	w.expectReplicas(0)
	w.expectGone(hpa)
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.RunState = v1alpha1.RunStateRunning })
	w.waitReady("shop")
	w.expectReplicas(5)
	w.get(hpa, "frontdesk-shop")

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Server = &v1alpha1.Server{Replicas: ptr.To(int32(4))} })
	w.waitReady("shop")
	w.expectReplicas(4)
	w.expectGone(hpa)
	budget := &policyv1.PodDisruptionBudget{}
	w.get(budget, "frontdesk-shop")
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Server.Replicas = ptr.To(int32(1)) })
	w.waitReady("shop")
	w.expectGone(budget)
}

// autoscale sets the number as the autoscaler does: through the scale subresource.
func (w *world) autoscale(number int32) {
	w.t.Helper()
	d := &appsv1.Deployment{}
	w.get(d, "frontdesk-shop")
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: number}}
	if err := w.cluster.Client.SubResource("scale").Update(w.t.Context(), d, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) expectReplicas(want int32) {
	w.t.Helper()
	w.eventually("the number of pods", func() string {
		d := &appsv1.Deployment{}
		w.get(d, "frontdesk-shop")
		if got := ptr.Deref(d.Spec.Replicas, -1); got != want {
			return fmt.Sprintf("%d, want %d", got, want)
		}
		return ""
	})
}

func (w *world) expectGone(object client.Object) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("the %T", object), func() string {
		if err := w.cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
			return fmt.Sprintf("is still there (%v)", err)
		}
		return ""
	})
}
