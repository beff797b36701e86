package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const yielding = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: frontdesk.example/server:1.2.3}]}
`

// An autoscaler scales between a pass's look at the Deployment and its apply, while somebody meddles with another field.
func TestFieldThatYieldsStaysWhereOthersHaveSetIt(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "owner"}}
	if err := cluster.Client.Create(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	applier := &apply.Applier{Client: cluster.Client, Live: cluster.Client}
	bring := func(minReadySeconds int64, renderedFrom string) *appsv1.Deployment {
		t.Helper()
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(yielding), &object.Object); err != nil {
			t.Fatal(err)
		}
		object.SetNamespace(namespace)
		object.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap"))})
		if err := unstructured.SetNestedField(object.Object, minReadySeconds, "spec", "minReadySeconds"); err != nil {
			t.Fatal(err)
		}
		intent, err := apply.NewIntent(object)
		if err != nil {
			t.Fatal(err)
		}
		intent.Yields, intent.RenderedFrom = []apply.Path{{"spec", "replicas"}}, renderedFrom
		if _, err := applier.Apply(t.Context(), owner, nil, intent); err != nil {
			t.Fatal(err)
		}
		deployment := &appsv1.Deployment{}
		if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(object), deployment); err != nil {
			t.Fatal(err)
		}
		return deployment
	}
	made := bring(1, "")
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
	if err := cluster.Client.SubResource("scale").Update(t.Context(), made, client.WithSubResourceBody(scale), client.FieldOwner("autoscaler")); err != nil {
		t.Fatal(err)
	}
	meddled := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"minReadySeconds":9}}`))
	if err := cluster.Client.Patch(t.Context(), made.DeepCopy(), meddled, client.FieldOwner("meddler")); err != nil {
		t.Fatal(err)
	}
	if after := bring(3, made.ResourceVersion); *after.Spec.Replicas != 5 || after.Spec.MinReadySeconds != 3 {
		t.Errorf("%d replicas and %d s, want the autoscaler's 5 and our 3", *after.Spec.Replicas, after.Spec.MinReadySeconds)
	}
	if again := bring(4, ""); *again.Spec.Replicas != 5 || again.Spec.MinReadySeconds != 4 {
		t.Errorf("%d replicas and %d s, want the autoscaler's 5 and our 4", *again.Spec.Replicas, again.Spec.MinReadySeconds)
	}
}
