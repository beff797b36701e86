package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The API server itself judges a pod as the Deployment describes it, in a namespace that admits no other.
func TestPodsMeetTheRestrictedLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strict := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "restricted-", Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
	}}}
	if err := w.cluster.Client.Create(t.Context(), strict); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	d := &appsv1.Deployment{}
	w.get(d, "frontdesk-shop")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: strict.Name, Name: "shop"}, Spec: d.Spec.Template.Spec}
	if err := w.cluster.Client.Create(t.Context(), pod.DeepCopy(), client.DryRunAll); err != nil {
		t.Errorf("the pod is refused: %v", err)
	}
	if ptr.Deref(d.Spec.Template.Spec.AutomountServiceAccountToken, true) {
		t.Error("a token is mounted")
	}
	if !ptr.Deref(d.Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem, false) {
		t.Error("the root can be written to")
	}
	pod.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = ptr.To(true)
	if err := w.cluster.Client.Create(t.Context(), pod, client.DryRunAll); err == nil {
		t.Error("the namespace admits anything: this test proves nothing")
	}
}
