package situation

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// adverse are the conditions that are bad, or at least notable, when they are True.
var adverse = []v1alpha1.ConditionType{
	v1alpha1.ConditionDegraded, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling,
	v1alpha1.ConditionProgressing, v1alpha1.ConditionSuspended,
}

// passing are those of them that pass by themselves.
var passing = []v1alpha1.ConditionType{v1alpha1.ConditionReconciling, v1alpha1.ConditionProgressing}

// judge sorts a condition of a Tenant.
func judge(c metav1.Condition) Verdict {
	kind, reason := v1alpha1.ConditionType(c.Type), v1alpha1.ConditionReason(c.Reason)
	good := metav1.ConditionTrue
	if slices.Contains(adverse, kind) {
		good = metav1.ConditionFalse
	}
	switch {
	case reason == v1alpha1.ReasonNotConfigured:
		return NotAsked
	case reason == v1alpha1.ReasonSuspended && kind != v1alpha1.ConditionReady:
		return AtRest
	case c.Status == good:
		return Fine
	case c.Status == metav1.ConditionUnknown:
		return Unknown
	case slices.Contains(passing, kind), reason == v1alpha1.ReasonProvisioning, reason == v1alpha1.ReasonMigrating:
		return Pending
	default:
		return Wrong
	}
}

// conditionsOf judges all conditions, what is wrong first.
func conditionsOf(conditions []metav1.Condition) []Condition {
	var all []Condition
	for _, c := range conditions {
		all = append(all, Condition{c.Type, string(c.Status), c.Reason, c.Message, judge(c)})
	}
	order := []Verdict{Wrong, Pending, Unknown, Fine, AtRest, NotAsked}
	slices.SortStableFunc(all, func(a, b Condition) int {
		return slices.Index(order, a.Verdict) - slices.Index(order, b.Verdict)
	})
	return all
}

// condition finds one by its type.
func (s *Situation) condition(kind v1alpha1.ConditionType) (Condition, bool) {
	i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == string(kind) })
	if i < 0 {
		return Condition{}, false
	}
	return s.Conditions[i], true
}

// failing says that a condition is wrong for a reason.
func (s *Situation) failing(kind v1alpha1.ConditionType, reasons ...v1alpha1.ConditionReason) (Condition, bool) {
	c, found := s.condition(kind)
	if !found || slices.Contains([]Verdict{Fine, AtRest, NotAsked}, c.Verdict) {
		return Condition{}, false
	}
	return c, len(reasons) == 0 || slices.Contains(reasons, v1alpha1.ConditionReason(c.Reason))
}

// echoes says that a condition only repeats what another one, printed in full, says. That a rollout is halted no other
// says.
func (s *Situation) echoes(c Condition) bool {
	summary := slices.Contains([]v1alpha1.ConditionType{
		v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling, v1alpha1.ConditionProgressing,
	}, v1alpha1.ConditionType(c.Type))
	return summary && strings.Contains(c.Message, s.Message) && c.Reason != string(v1alpha1.ReasonRolloutHalted)
}

// short names a condition that is as it should be.
func (c Condition) short() string {
	if slices.Contains(adverse, v1alpha1.ConditionType(c.Type)) && c.Verdict == Fine {
		return "not " + c.Type
	}
	return c.Type
}
