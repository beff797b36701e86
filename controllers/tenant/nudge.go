package tenant

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
)

// kubelet refreshes mounted Secrets by itself only once a minute or so. Any change of the pod makes it
// look at once, and an annotation patched through pods/status is a change that needs no right to patch
// pods. It may come before kubelet knows of the new Secret, so it is repeated until the revision is
// served.
const (
	nudgeFirst  = time.Second
	nudgeEvery  = 3 * time.Second
	nudgeEagers = 20
	// nudgeRarely is for pods that do not follow for a reason that nudging does not help.
	nudgeRarely = time.Minute
)

// Nudges remembers which pods were nudged for which revision.
type Nudges struct {
	mu    sync.Mutex
	clock func() time.Time
	pods  map[types.NamespacedName]map[types.UID]nudged
}

type nudged struct {
	revision string
	count    int
	next     time.Time
}

// NewNudges returns the memory for a Reconciler.
func NewNudges() *Nudges {
	return &Nudges{clock: time.Now, pods: map[types.NamespacedName]map[types.UID]nudged{}}
}

// nudge wakes kubelet for every running pod that does not serve the current revision, all at once: what is edited is
// served when the last one has it. It returns when to come back, or 0 when all serve it.
func (r *Reconciler) nudge(ctx context.Context, s *scope) time.Duration {
	var again time.Duration
	revision := s.current()
	var requests sync.WaitGroup
	defer requests.Wait()
	r.Nudges.retain(client.ObjectKeyFromObject(s.tenant), s.pods)
	for i := range s.pods {
		pod := &s.pods[i]
		answer, known := s.answers[pod.UID]
		if revision == "" || !known || answer.Serves(revision) || answer.Refuses(revision) || (!isReady(pod) && starting(answer)) {
			continue
		}
		due, wait := r.Nudges.due(client.ObjectKeyFromObject(s.tenant), pod.UID, revision)
		if due {
			requests.Go(func() {
				if err := r.nudgePod(ctx, pod, revision); err != nil {
					log.FromContext(ctx).Error(err, "Could not nudge a pod; kubelet will refresh it by itself", "pod", pod.Name)
				}
			})
		}
		if again == 0 || wait < again {
			again = wait
		}
	}
	return again
}

// starting says that a pod has not acted on any revision yet: what starts mounts the newest content. One
// that has, and is not ready, may be waiting for the very mend that it is to be nudged for.
func starting(answer probe.Answer) bool {
	return answer.Err != nil || (answer.Revision == "" && answer.Refused == nil)
}

func (r *Reconciler) nudgePod(ctx context.Context, pod *corev1.Pod, revision string) error {
	value := fmt.Sprintf("%s %s", revision, r.Nudges.clock().UTC().Format(time.RFC3339Nano))
	patch := fmt.Appendf(nil, `{"metadata":{"uid":%q,"annotations":{%q:%q}}}`, pod.UID, nudgeAnnotation, value)
	metrics.Nudged()
	target := &corev1.Pod{}
	target.Namespace, target.Name = pod.Namespace, pod.Name
	return client.IgnoreNotFound(r.Client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, patch)))
}

// due says whether a pod is to be nudged now, and when to ask again.
func (n *Nudges) due(tenant types.NamespacedName, pod types.UID, revision string) (bool, time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pods[tenant] == nil {
		n.pods[tenant] = map[types.UID]nudged{}
	}
	now := n.clock()
	last := n.pods[tenant][pod]
	if last.revision != revision {
		last = nudged{revision: revision}
	}
	if now.Before(last.next) {
		return false, last.next.Sub(now)
	}
	wait := nudgeEvery
	switch {
	case last.count == 0:
		wait = nudgeFirst
	case last.count > nudgeEagers:
		wait = nudgeRarely
	}
	last.count, last.next = last.count+1, now.Add(wait)
	n.pods[tenant][pod] = last
	return true, wait
}

// retain drops the pods of a tenant that are gone.
func (n *Nudges) retain(tenant types.NamespacedName, pods []corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.pods[tenant], func(uid types.UID, _ nudged) bool {
		return !slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.UID == uid })
	})
}

// forget drops a tenant that is gone.
func (n *Nudges) forget(tenant types.NamespacedName) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pods, tenant)
}
