package tenant

import (
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// observe has every running pod asked for the revision that it should serve, and returns what they have
// said so far. Only ready pods count for Ready, but one that does not become ready can often say why. It
// does not wait: a new answer starts another pass.
func (r *Reconciler) observe(s *scope) map[types.UID]probe.Answer {
	if s.derived.statusToken == "" {
		return s.known // nobody can be asked without a token
	}
	return r.Prober.Assign(probe.Assignment{
		Tenant: client.ObjectKeyFromObject(s.tenant), Revision: s.current(), Token: s.derived.statusToken, Pods: asked(s.pods),
	})
}

// asked are the pods that run, and where.
func asked(pods []corev1.Pod) map[types.UID]probe.Pod {
	running := map[types.UID]probe.Pod{}
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && pod.Status.PodIP != "" && pod.Status.Phase == corev1.PodRunning {
			address := net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(tenantconfig.InternalPort))
			running[pod.UID] = probe.Pod{Address: address, Ready: isReady(&pod)}
		}
	}
	return running
}

// announced are the conditions whose changes are worth an event, with the status that is good.
var announced = map[v1alpha1.ConditionType]metav1.ConditionStatus{
	v1alpha1.ConditionReady:              metav1.ConditionTrue,
	v1alpha1.ConditionConfigurationValid: metav1.ConditionTrue,
	v1alpha1.ConditionSecretsReady:       metav1.ConditionTrue,
	v1alpha1.ConditionDegraded:           metav1.ConditionFalse,
}

// expected are the reasons why a tenant is not ready while what was asked for is being done. Nobody needs an event
// for them: there is one when it is done, and one when something comes in between.
var expected = []v1alpha1.ConditionReason{v1alpha1.ReasonProvisioning, v1alpha1.ReasonRollingOut, v1alpha1.ReasonRevisionPending}

// announce records an event for each transition, and none for the first look at a new tenant unless
// something is wrong with it.
func (r *Reconciler) announce(t *v1alpha1.Tenant, before []metav1.Condition) {
	for _, condition := range conditions.Changed(before, t.Status.Conditions) {
		kind := v1alpha1.ConditionType(condition.Type)
		good, found := announced[kind]
		first := meta.FindStatusCondition(before, condition.Type) == nil
		isGood := condition.Status == good
		progress := kind == v1alpha1.ConditionReady && meta.IsStatusConditionTrue(t.Status.Conditions, string(v1alpha1.ConditionReconciling))
		switch {
		case !found, first && isGood && kind != v1alpha1.ConditionReady, progress && slices.Contains(expected, v1alpha1.ConditionReason(condition.Reason)):
		case isGood, progress:
			r.Events.Eventf(t, nil, corev1.EventTypeNormal, condition.Reason, "Reconcile", "%s is %s: %s", condition.Type, condition.Status, conditions.Note(condition.Message))
		default:
			r.Events.Eventf(t, nil, corev1.EventTypeWarning, condition.Reason, "Reconcile", "%s is %s: %s", condition.Type, condition.Status, conditions.Note(condition.Message))
		}
	}
}
