package bookingpolicy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// woken returns the policies that a handler puts into a queue, in their order.
func woken(t *testing.T, handle func(queue)) []string {
	t.Helper()
	q := priorityqueue.New[reconcile.Request]("test")
	t.Cleanup(q.ShutDown)
	handle(q)
	// What comes of tenants is gathered for a moment first: this comes after all of it.
	last := reconcile.Request{NamespacedName: types.NamespacedName{Name: "last"}}
	enqueue(q, []reconcile.Request{last})
	var names []string
	for {
		next, _ := q.Get()
		q.Done(next)
		if next == last {
			return names
		}
		names = append(names, next.String())
	}
}

func TestOnlyEditsThatConcernAPolicyWakeIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*v1alpha1.Tenant)
		want   []string
	}{
		"another name to show":          {func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Other" }, nil},
		"a status":                      {func(t *v1alpha1.Tenant) { t.Status.ObservedGeneration = 7 }, nil},
		"another zone":                  {func(t *v1alpha1.Tenant) { t.Spec.TimeZone = "Europe/Paris" }, []string{"corner/office", "corner/workshop"}},
		"another policy":                {func(t *v1alpha1.Tenant) { t.Spec.BookingPolicyRef.Name = "other" }, []string{"corner/office", "corner/workshop", "corner/other"}},
		"another policy of a resource":  {func(t *v1alpha1.Tenant) { t.Spec.Resources[0].BookingPolicyRef.Name = "other" }, []string{"corner/office", "corner/workshop", "corner/other"}},
		"no policy of a resource's own": {func(t *v1alpha1.Tenant) { t.Spec.Resources[0].BookingPolicyRef = nil }, []string{"corner/office", "corner/workshop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := &users("Europe/London")[0]
			before.Namespace, before.Spec.BookingPolicyRef.Name = "corner", "office"
			before.Spec.Resources = []v1alpha1.Resource{{BookingPolicyRef: &v1alpha1.LocalReference{Name: "workshop"}}}
			after := before.DeepCopy()
			test.change(after)
			got := woken(t, func(q queue) {
				tenantHandler().Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, q)
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("policies that it wakes (-want +got):\n%s", diff)
			}
		})
	}
}
