package bookingpolicy

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// maxOpenings is what the schema allows.
const maxOpenings = 16

// statusOf is pure: the policy, its users and the time decide.
func statusOf(policy *v1alpha1.BookingPolicy, users []v1alpha1.Tenant, now time.Time) v1alpha1.BookingPolicyStatus {
	given := []conditions.Condition{
		conditions.True(v1alpha1.ConditionAccepted, v1alpha1.ReasonValid, "the policy makes sense and may be used"),
	}
	faults := document.CheckPolicy(policy)
	if len(faults) > 0 {
		message := document.Summary(faults)
		given = []conditions.Condition{
			conditions.False(v1alpha1.ConditionAccepted, faults[0].Reason, message),
			conditions.True(v1alpha1.ConditionStalled, faults[0].Reason, message),
		}
	}
	status := v1alpha1.BookingPolicyStatus{
		Conditions:         conditions.Set(policy.Status.Conditions, policy.Generation, given...),
		ObservedGeneration: policy.Generation,
		Tenants:            ptr.To(int32(len(users))),
	}
	if len(faults) == 0 {
		status.NextOpenings = nextOpenings(policy, users, now)
	}
	return status
}

// sameUse says that an edit of a tenant changes nothing that statusOf reads of it.
func sameUse(before, after *v1alpha1.Tenant) bool {
	return before.Spec.TimeZone == after.Spec.TimeZone && slices.Equal(before.BookingPolicyNames(), after.BookingPolicyNames())
}

// nextOpenings lists the openings to come by zone, the soonest first.
func nextOpenings(policy *v1alpha1.BookingPolicy, users []v1alpha1.Tenant, now time.Time) []v1alpha1.NextOpening {
	var openings []v1alpha1.NextOpening
	seen := map[v1alpha1.TimeZone]bool{}
	for _, tenant := range users {
		zone := tenant.Spec.TimeZone
		if seen[zone] {
			continue
		}
		seen[zone] = true
		if opening, ok := document.NextOpening(policy, zone, now); ok {
			openings = append(openings, v1alpha1.NextOpening{TimeZone: zone, Time: metav1.NewTime(opening)})
		}
	}
	slices.SortFunc(openings, func(a, b v1alpha1.NextOpening) int {
		return cmp.Or(a.Time.Compare(b.Time.Time), cmp.Compare(a.TimeZone, b.TimeZone))
	})
	return openings[:min(len(openings), maxOpenings)]
}

// untilOpening is when the soonest opening has come and the status is about the one after it; 0 when
// there is none.
func untilOpening(status v1alpha1.BookingPolicyStatus, now time.Time) time.Duration {
	if len(status.NextOpenings) == 0 {
		return 0
	}
	return status.NextOpenings[0].Time.Sub(now)
}
