package status_test

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
)

// laggard reads what it was told to show, like a cache whose watch is slow.
type laggard struct {
	client.Client
	shown *v1alpha1.BookingPolicy
}

func (l *laggard) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	l.shown.DeepCopyInto(into.(*v1alpha1.BookingPolicy)) //nolint:forcetypeassert // the test reads nothing else
	return nil
}

func newKeeper(t *testing.T) (*status.Keeper, *laggard) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	policy := &v1alpha1.BookingPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "corner", Name: "hours", UID: "one"}}
	server := fake.NewClientBuilder().WithScheme(scheme).WithObjects(policy).WithStatusSubresource(policy).Build()
	cached := &laggard{Client: server, shown: &v1alpha1.BookingPolicy{}}
	if err := server.Get(t.Context(), key, cached.shown); err != nil {
		t.Fatal(err)
	}
	return &status.Keeper{Client: cached, Live: server}, cached
}

var key = client.ObjectKey{Namespace: "corner", Name: "hours"}

// observe makes a pass that finds the generation, and says whether it wrote.
func observe(t *testing.T, keeper *status.Keeper, generation int64) bool {
	t.Helper()
	policy := &v1alpha1.BookingPolicy{}
	if err := keeper.Get(t.Context(), key, policy); err != nil {
		t.Fatal(err)
	}
	before := policy.DeepCopy()
	policy.Status.ObservedGeneration = generation
	written, err := keeper.Patch(t.Context(), policy, before)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func TestStaleCacheHidesNoChangeBack(t *testing.T) {
	t.Parallel()
	keeper, cached := newKeeper(t)
	if observe(t, keeper, 0) {
		t.Error("a status that is there already was written")
	}
	if !observe(t, keeper, 1) {
		t.Fatal("a new status was not written")
	}
	// The cache still shows 0, and 0 is what this pass finds.
	if !observe(t, keeper, 0) {
		t.Fatal("the status of the pass before was left standing")
	}
	stored := &v1alpha1.BookingPolicy{}
	if err := keeper.Live.Get(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	if stored.Status.ObservedGeneration != 0 {
		t.Errorf("the stored status is %d", stored.Status.ObservedGeneration)
	}

	cached.shown = stored
	keeper.Live = nil // nothing is read live once the cache has caught up
	if observe(t, keeper, 0) {
		t.Error("a status that is there already was written")
	}
}

func TestObjectThatIsGoneNeedsNoStatus(t *testing.T) {
	t.Parallel()
	keeper, cached := newKeeper(t)
	observe(t, keeper, 1)
	if err := cached.Delete(t.Context(), cached.shown.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	if err := keeper.Get(t.Context(), key, &v1alpha1.BookingPolicy{}); !apierrors.IsNotFound(err) {
		t.Errorf("the cache is behind and the object is gone, but reading gave %v", err)
	}
	if observe(t, keeper, 2) {
		t.Error("a status was written for an object that is gone")
	}
}
