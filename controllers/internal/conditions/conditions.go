// Package conditions keeps the conditions of a status the way Kubernetes and kstatus expect them:
// each with the generation it is about, a time that changes only with the status, and the
// abnormal-true conditions Reconciling and Stalled present only while they hold.
package conditions

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// maxMessage is the limit of metav1.Condition's schema, in characters.
const maxMessage = 32768

// Condition is what there is to say about one type.
type Condition struct {
	Type    v1alpha1.ConditionType
	Status  metav1.ConditionStatus
	Reason  v1alpha1.ConditionReason
	Message string
}

// True is the Condition that t holds.
func True(t v1alpha1.ConditionType, reason v1alpha1.ConditionReason, message string) Condition {
	return Condition{t, metav1.ConditionTrue, reason, message}
}

// False is the Condition that t does not hold.
func False(t v1alpha1.ConditionType, reason v1alpha1.ConditionReason, message string) Condition {
	return Condition{t, metav1.ConditionFalse, reason, message}
}

// Unknown is the Condition that nothing can be said about t yet.
func Unknown(t v1alpha1.ConditionType, reason v1alpha1.ConditionReason, message string) Condition {
	return Condition{t, metav1.ConditionUnknown, reason, message}
}

// Set returns current with the given conditions for this generation. Reconciling and Stalled are
// removed unless given.
func Set(current []metav1.Condition, generation int64, given ...Condition) []metav1.Condition {
	result := slices.Clone(current)
	for _, abnormal := range []v1alpha1.ConditionType{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if !slices.ContainsFunc(given, func(c Condition) bool { return c.Type == abnormal }) {
			meta.RemoveStatusCondition(&result, string(abnormal))
		}
	}
	for _, c := range given {
		message := []rune(c.Message)
		meta.SetStatusCondition(&result, metav1.Condition{
			Type: string(c.Type), Status: c.Status, Reason: string(c.Reason),
			Message: string(message[:min(len(message), maxMessage)]), ObservedGeneration: generation,
		})
	}
	return result
}

// Changed lists the conditions of after whose status or reason is new compared with before.
func Changed(before, after []metav1.Condition) []metav1.Condition {
	var changed []metav1.Condition
	for _, condition := range after {
		old := meta.FindStatusCondition(before, condition.Type)
		if old == nil || old.Status != condition.Status || old.Reason != condition.Reason {
			changed = append(changed, condition)
		}
	}
	return changed
}

// Note shortens a message to what the API allows in an event, 1024 bytes with some words around it.
func Note(message string) string {
	const limit = 900
	if len(message) <= limit {
		return message
	}
	return strings.ToValidUTF8(message[:limit], "") + "…"
}
