package tenant

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// progressInterval is how long mere progress is withheld from the status. Most of what is under way is over by
// then, and its end is written at once; at a thousand tenants each word on the way there is a thousand writes.
const progressInterval = 2 * time.Second

// pace remembers since when a tenant's progress has been withheld, and first statuses until they are written. It is
// safe for concurrent use; the zero value is ready.
type pace struct {
	mu       sync.Mutex
	withheld map[types.NamespacedName]withholding
	first    map[types.NamespacedName]firstStatus
}

// withholding is how long progress has been withheld. A new tenant comes from one step to the next, its pods ready and then
// asked, and each has its time. (Not all of them together: among a thousand new ones it may be long before the next look.)
type withholding struct {
	since time.Time
	// step is the reason that Ready has, and steps how many there were; of a tenant that has a status already it is empty.
	step  string
	steps int
}

// firstStatus is of the tenant with this UID: another one may come by its name.
type firstStatus struct {
	uid    types.UID
	status v1alpha1.TenantStatus
}

// unwritten says that a tenant has no status yet.
func unwritten(s *v1alpha1.TenantStatus) bool {
	return s.ObservedGeneration == 0 && len(s.Conditions) == 0
}

// keep remembers the first status of a tenant until it is written: the next pass goes on from it.
func (p *pace) keep(tenant *v1alpha1.Tenant, status *v1alpha1.TenantStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil {
		p.first = map[types.NamespacedName]firstStatus{}
	}
	p.first[client.ObjectKeyFromObject(tenant)] = firstStatus{tenant.UID, *status.DeepCopy()}
}

// written ends what keep began.
func (p *pace) written(tenant types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.first, tenant)
}

// recall is the tenant's status: its own, or the one that was kept.
func (p *pace) recall(tenant *v1alpha1.Tenant) *v1alpha1.TenantStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, found := p.first[client.ObjectKeyFromObject(tenant)]
	if !found || kept.uid != tenant.UID || !unwritten(&tenant.Status) {
		return &tenant.Status
	}
	return kept.status.DeepCopy()
}

// wait says how long a status is to be withheld; 0 when it may be written now. trouble is what keeps a pod from starting,
// empty when nothing is known to.
func (p *pace) wait(key types.NamespacedName, before, after *v1alpha1.TenantStatus, trouble string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := firstSteps(before, after) && trouble == ""
	if !first && !mereProgress(before, after) {
		delete(p.withheld, key)
		return 0
	}
	step := ""
	if first {
		step = meta.FindStatusCondition(after.Conditions, string(v1alpha1.ConditionReady)).Reason
	}
	last, found := p.withheld[key]
	if !found || (last.step != step && last.steps < len(onTheWay)) {
		last = withholding{since: now, step: step, steps: last.steps + 1}
	}
	wait := progressInterval - now.Sub(last.since)
	if wait <= 0 {
		delete(p.withheld, key)
		return 0
	}
	if p.withheld == nil {
		p.withheld = map[types.NamespacedName]withholding{}
	}
	p.withheld[key] = last
	return wait
}

func (p *pace) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.withheld, key)
	delete(p.first, key)
}

// onTheWay are the reasons of a new tenant that is only waiting for its pods.
var onTheWay = []v1alpha1.ConditionReason{
	v1alpha1.ReasonProvisioning, v1alpha1.ReasonRollingOut, v1alpha1.ReasonPodsUnavailable, v1alpha1.ReasonRevisionPending,
}

// firstSteps says that a tenant has no status yet, and that nothing is wrong with it so far: most are ready a moment later, and say
// so in one write instead of two. Until then it has the observedGeneration 0 by default, which is in progress to everybody. What
// the next pass needs to know meanwhile, what there is and what pods are made from, keep remembers.
func firstSteps(before, after *v1alpha1.TenantStatus) bool {
	ready := meta.FindStatusCondition(after.Conditions, string(v1alpha1.ConditionReady))
	return unwritten(before) && ready != nil && slices.Contains(onTheWay, v1alpha1.ConditionReason(ready.Reason)) &&
		meta.IsStatusConditionTrue(after.Conditions, string(v1alpha1.ConditionReconciling)) && !slices.ContainsFunc(after.Conditions, tellsOfTrouble)
}

// awaited are reasons why a condition of a new tenant is False without anything being wrong.
var awaited = []v1alpha1.ConditionReason{
	v1alpha1.ReasonNotConfigured, v1alpha1.ReasonRoutePending, v1alpha1.ReasonAPINotInstalled, v1alpha1.ReasonMonitoringUnavailable,
}

// tellsOfTrouble says that a condition of a new tenant is not as it should be, and not only because its pods, and what is made
// beside them, have not come yet.
func tellsOfTrouble(c metav1.Condition) bool {
	switch kind := v1alpha1.ConditionType(c.Type); kind {
	case v1alpha1.ConditionDegraded:
		return c.Status == metav1.ConditionTrue && c.Reason != string(v1alpha1.ReasonPodsUnavailable)
	case v1alpha1.ConditionSuspended, v1alpha1.ConditionWorkloadAvailable, v1alpha1.ConditionDatabaseReady:
		return false
	default:
		return c.Status == metav1.ConditionFalse && !slices.Contains(underWay, kind) && !slices.Contains(awaited, v1alpha1.ConditionReason(c.Reason))
	}
}

// mereProgress says that something is under way, and that nothing else is new. What the next pass needs to know is
// more than that: what there is, and what pods are made from.
func mereProgress(before, after *v1alpha1.TenantStatus) bool {
	return meta.IsStatusConditionTrue(after.Conditions, string(v1alpha1.ConditionReconciling)) &&
		!equality.Semantic.DeepEqual(before, after) &&
		(furtherAlong(before, after) || uptake(before, after))
}

// furtherAlong says that something was under way before, and has come further.
func furtherAlong(before, after *v1alpha1.TenantStatus) bool {
	return sameStatuses(before.Conditions, after.Conditions) &&
		equality.Semantic.DeepEqual(withoutProgress(before), withoutProgress(after))
}

// sameStatuses lets the first pod become ready: the tenant is about to be, when the others are.
func sameStatuses(before, after []metav1.Condition) bool {
	return len(before) == len(after) && !slices.ContainsFunc(after, func(c metav1.Condition) bool {
		old := meta.FindStatusCondition(before, c.Type)
		if old == nil || old.ObservedGeneration != c.ObservedGeneration {
			return true
		}
		comes := c.Type == string(v1alpha1.ConditionWorkloadAvailable) && c.Status == metav1.ConditionTrue
		return old.Status != c.Status && !comes
	})
}

// underWay are the conditions that say of a tenant that was ready that it is not, because something is under way.
var underWay = []v1alpha1.ConditionType{v1alpha1.ConditionReady, v1alpha1.ConditionProgressing, v1alpha1.ConditionReconciling}

// uptake says that a tenant was ready, and that something is still to be taken up, which is mostly a matter of milliseconds: by
// its running servers an edit of its spec (meanwhile the status says itself of which generation it is), or by the Deployment's
// controller what nobody has asked for, and is none of the pods' template. Even another annotation is another generation of a
// Deployment.
func uptake(before, after *v1alpha1.TenantStatus) bool {
	ready := meta.FindStatusCondition(after.Conditions, string(v1alpha1.ConditionReady))
	wanted := v1alpha1.ReasonRollingOut
	if before.ObservedGeneration != after.ObservedGeneration {
		wanted = v1alpha1.ReasonRevisionPending
	}
	if ready == nil || ready.Reason != string(wanted) || !meta.IsStatusConditionTrue(before.Conditions, string(v1alpha1.ConditionReady)) {
		return false
	}
	for _, c := range after.Conditions {
		old := meta.FindStatusCondition(before.Conditions, c.Type)
		if !slices.Contains(underWay, v1alpha1.ConditionType(c.Type)) && (old == nil || old.Status != c.Status) {
			return false
		}
	}
	was, is := withoutProgress(before), withoutProgress(after)
	was.ObservedGeneration, was.Revision = is.ObservedGeneration, is.Revision
	return equality.Semantic.DeepEqual(was, is)
}

func withoutProgress(s *v1alpha1.TenantStatus) *v1alpha1.TenantStatus {
	rest := s.DeepCopy()
	rest.Conditions, rest.Replicas, rest.ReadyReplicas, rest.Version = nil, nil, nil, ""
	if rest.Revision != nil {
		rest.Revision.Served = ""
	}
	for i := range rest.Inventory {
		rest.Inventory[i].Digest = ""
	}
	return rest
}
