package controllers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// A damaged root key is said on each tenant, and stops nothing that serves.
func TestDamagedRootKeyIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.home, Name: "frontdesk-operator-root"},
		Data:       map[string][]byte{"key": []byte("short")},
	}
	if err := w.cluster.Client.Create(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	condition := w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonRootKeyDamaged)
	for _, want := range []string{"Secret " + w.home + "/frontdesk-operator-root", "has 5 bytes instead of 32", "restore it, or delete the Secret"} {
		if !strings.Contains(condition.Message, want) {
			t.Errorf("the message does not say %q: %s", want, condition.Message)
		}
	}
	w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonConfigurationInvalid)
	w.nothingMade()

	if err := w.cluster.Client.Delete(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	w.requestReconcile("shop")
	w.waitReady("shop")
	bundle, pods := w.config("shop"), w.podNames()

	// The key is read once, so that damage shows after a restart.
	w.stop()
	edit(w.atHome(), &corev1.Secret{}, root.Name, func(s *corev1.Secret) { s.Data["key"] = nil })
	w.startOperator()
	w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonRootKeyDamaged)
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	if diff := cmp.Diff(bundle, w.config("shop")); diff != "" {
		t.Errorf("the last good configuration was touched (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(pods, w.podNames()); diff != "" {
		t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}
}
