package urgency_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

func request(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "corner", Name: name}}
}

// taken empties a queue of n requests, and returns their names in the order in which they came out.
func taken(queue priorityqueue.PriorityQueue[reconcile.Request], n int) []string {
	var names []string
	for range n {
		next, _ := queue.Get()
		queue.Done(next)
		names = append(names, next.Name)
	}
	return names
}

func TestEditsComeFirst(t *testing.T) {
	t.Parallel()
	queue := priorityqueue.New[reconcile.Request]("test")
	t.Cleanup(queue.ShutDown)
	urgency.Add(queue, urgency.Idle, request("started"))
	urgency.Add(queue, urgency.News, request("news"), request("edited too"))
	for queue.Len() < 3 { // until the news have been gathered
		runtime.Gosched()
	}
	queue.Add(request("edit"))
	queue.Add(request("edited too"))
	if diff := cmp.Diff([]string{"edit", "edited too", "news", "started"}, taken(queue, 4)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestNewsAreGathered(t *testing.T) {
	t.Parallel()
	queue := priorityqueue.New[reconcile.Request]("test")
	t.Cleanup(queue.ShutDown)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "corner", Name: "shop"}}
	named := urgency.AsNews(handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(object)}}
	}))
	newer := pod.DeepCopy()
	newer.ResourceVersion = "2"
	named.Create(t.Context(), event.CreateEvent{Object: pod}, queue)
	for range 5 {
		named.Update(t.Context(), event.UpdateEvent{ObjectOld: pod, ObjectNew: newer}, queue)
	}
	if waiting := queue.Len(); waiting != 0 {
		t.Errorf("%d news are worked on at once", waiting)
	}
	next, level, _ := queue.GetWithPriority()
	if next.Name != "shop" || level != int(urgency.News) {
		t.Errorf("got %s at %d, want shop at %d", next.Name, level, urgency.News)
	}
	queue.Done(next)
	if left := queue.Len(); left != 0 {
		t.Errorf("six news made %d more passes", left)
	}

	named.Create(t.Context(), event.CreateEvent{Object: pod, IsInInitialList: true}, queue)
	if _, level, _ := queue.GetWithPriority(); level != int(urgency.Idle) {
		t.Errorf("what was there at the start is at %d, want %d", level, urgency.Idle)
	}
}
