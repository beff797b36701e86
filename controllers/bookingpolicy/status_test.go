package bookingpolicy

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// office is open on Mondays, from nine to five.
func office() *v1alpha1.BookingPolicy {
	return &v1alpha1.BookingPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "office", Generation: 3},
		Spec: v1alpha1.BookingPolicySpec{
			Hours:        v1alpha1.WeekSchedule{{Days: []v1alpha1.Weekday{"Mon"}, Spans: v1alpha1.Spans{{From: "09:00", To: "17:00"}}}},
			Slots:        v1alpha1.SlotGrid{Interval: "15m", Anchor: v1alpha1.SlotAnchorSpanStart},
			Holds:        v1alpha1.Holds{TTL: "5m"},
			Notice:       v1alpha1.Notice{MaximumDays: 60},
			Confirmation: v1alpha1.ConfirmationAutomatic,
		},
	}
}

func users(zones ...v1alpha1.TimeZone) []v1alpha1.Tenant {
	tenants := make([]v1alpha1.Tenant, len(zones))
	for i, zone := range zones {
		tenants[i].Spec.TimeZone = zone
	}
	return tenants
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNextOpenings(t *testing.T) {
	t.Parallel()
	broken := office()
	broken.Spec.Holidays = &v1alpha1.Holidays{Calendar: "QQ"}
	for name, c := range map[string]struct {
		policy *v1alpha1.BookingPolicy
		users  []v1alpha1.Tenant
		now    string
		want   []string
	}{
		"no tenant, no zone":     {office(), nil, "2026-11-22T12:00:00Z", nil},
		"each zone once":         {office(), users("Europe/London", "Asia/Tokyo", "Europe/London"), "2026-11-22T12:00:00Z", []string{"Asia/Tokyo 2026-11-23T00:00:00Z", "Europe/London 2026-11-23T09:00:00Z"}},
		"zone that is not known": {office(), users("Europe/Lundon", "Europe/London"), "2026-11-22T12:00:00Z", []string{"Europe/London 2026-11-23T09:00:00Z"}},
		"at the opening":         {office(), users("Europe/London"), "2026-11-23T09:00:00Z", []string{"Europe/London 2026-11-30T09:00:00Z"}},
		"just before":            {office(), users("Europe/London"), "2026-11-23T08:59:59.999Z", []string{"Europe/London 2026-11-23T09:00:00Z"}},
		"policy that is refused": {broken, users("Europe/London"), "2026-11-22T12:00:00Z", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, o := range statusOf(c.policy, c.users, at(c.now)).NextOpenings {
				got = append(got, fmt.Sprintf("%s %s", o.TimeZone, o.Time.UTC().Format(time.RFC3339)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A pass that comes when the last one asked for it finds the next opening; one before it finds nothing new.
func TestStatusChangesExactlyWhenItOpens(t *testing.T) {
	t.Parallel()
	policy, tenants, now := office(), users("Europe/London", "America/New_York"), at("2026-11-22T12:00:00Z")
	for _, want := range []string{"2026-11-23T09:00:00Z", "2026-11-23T14:00:00Z", "2026-11-30T09:00:00Z"} {
		policy.Status = statusOf(policy, tenants, now)
		wait := untilOpening(policy.Status, now)
		if got := now.Add(wait); !got.Equal(at(want)) {
			t.Fatalf("at %s the next pass is asked for at %s, want %s", now, got, want)
		}
		if diff := cmp.Diff(policy.Status, statusOf(policy, tenants, now.Add(wait-time.Millisecond))); diff != "" {
			t.Errorf("the status changes before the opening (-first +later):\n%s", diff)
		}
		now = now.Add(wait)
		if cmp.Equal(policy.Status, statusOf(policy, tenants, now)) {
			t.Errorf("the opening at %s changes nothing", now)
		}
	}
}

func TestNoOpeningNoFurtherPass(t *testing.T) {
	t.Parallel()
	if wait := untilOpening(statusOf(office(), nil, at("2026-11-22T12:00:00Z")), at("2026-11-22T12:00:00Z")); wait != 0 {
		t.Errorf("a policy without a tenant is looked at again after %s", wait)
	}
}
