package controllers_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

// A pass over an object that was deleted and made anew meanwhile knows nothing of the new one.
func TestStatusIsNotWrittenToAnotherObjectOfTheName(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	fresh := func() *v1alpha1.BookingPolicy {
		policy := &v1alpha1.BookingPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace(t), Name: "hours"}}
		policy.Spec.Hours = v1alpha1.WeekSchedule{{Days: []v1alpha1.Weekday{v1alpha1.Monday}, Spans: v1alpha1.Spans{{From: "09:00", To: "17:00"}}}}
		return policy
	}
	former := fresh()
	latter := former.DeepCopy()
	if err := cluster.Client.Create(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	keeper := &status.Keeper{Client: cluster.Client, Live: cluster.Client}
	write := func(generation int64) (bool, error) {
		before := former.DeepCopy()
		former.Status.ObservedGeneration = generation
		return keeper.Patch(t.Context(), former, before)
	}
	if written, err := write(1); !written || err != nil {
		t.Fatalf("written: %v, %v", written, err)
	}
	if err := cluster.Client.Delete(t.Context(), former.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Client.Create(t.Context(), latter); err != nil {
		t.Fatal(err)
	}
	if written, err := write(7); written || err != nil {
		t.Errorf("written: %v, %v", written, err)
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(latter), latter); err != nil {
		t.Fatal(err)
	}
	if got := latter.Status.ObservedGeneration; got != 0 {
		t.Errorf("the new one has the status %d of the former", got)
	}
}
