package tenant

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestOnlyWhoWasWellIsGreeted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.Tenant)
		well   bool
	}{
		{"one that was", func(*v1alpha1.Tenant) {}, true},
		{"one that was edited since", func(t *v1alpha1.Tenant) { t.Generation = 4 }, false},
		{"one that was not ready", func(t *v1alpha1.Tenant) { t.Status.Conditions[0].Status = metav1.ConditionFalse }, false},
		{"one that served something else", func(t *v1alpha1.Tenant) { t.Status.Revision.Served = "b" }, false},
		{"one of which nobody knows what it served", func(t *v1alpha1.Tenant) { t.Status.Revision = nil }, false},
		{"a new one", func(t *v1alpha1.Tenant) { t.Status = v1alpha1.TenantStatus{} }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := &v1alpha1.Tenant{
				ObjectMeta: metav1.ObjectMeta{Generation: 3},
				Status: v1alpha1.TenantStatus{
					ObservedGeneration: 3, Revision: &v1alpha1.RevisionStatus{Desired: "a", Served: "a"},
					Conditions: []metav1.Condition{{Type: string(v1alpha1.ConditionReady), Status: metav1.ConditionTrue}},
				},
			}
			test.change(tenant)
			if got := wasWell(tenant); got != test.well {
				t.Errorf("well is %t", got)
			}
		})
	}
}
