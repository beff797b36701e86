package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestFightIsNamedAndSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	service := &corev1.Service{}
	w.get(service, "frontdesk-shop")
	meddle := func(round int) {
		patch := fmt.Appendf(nil, `{"spec":{"selector":{"meddled":"%d"}}}`, round)
		object := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop"}}
		if err := w.cluster.Client.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, patch), client.FieldOwner("rival-operator")); err != nil {
			t.Fatal(err)
		}
	}
	repaired := func() string {
		w.get(service, "frontdesk-shop")
		if service.Spec.Selector["meddled"] != "" {
			return "is still meddled with"
		}
		return ""
	}
	const peaceful = 6
	for round := range peaceful {
		meddle(round)
		w.eventually("the Service", repaired)
	}
	meddle(peaceful)
	fighting := w.waitFor("shop", v1alpha1.ConditionDegraded, metav1.ConditionTrue, v1alpha1.ReasonFightingAnotherController)
	if !strings.Contains(fighting.Message, "rival-operator") {
		t.Errorf("the message does not name the other one: %s", fighting.Message)
	}
	if repaired() == "" {
		t.Error("the Service was repaired at once although it is fought over")
	}
	w.eventually("the Service, after a pause", repaired)
	w.waitReady("shop")
	w.waitFor("shop", v1alpha1.ConditionDegraded, metav1.ConditionFalse, v1alpha1.ReasonAsExpected)
}
