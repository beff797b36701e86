package document_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

func validPolicy() *v1alpha1.BookingPolicy {
	return &v1alpha1.BookingPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "hours", Namespace: "corner"},
		Spec: v1alpha1.BookingPolicySpec{
			Hours: v1alpha1.WeekSchedule{{
				Days:  []v1alpha1.Weekday{v1alpha1.Monday},
				Spans: v1alpha1.Spans{{From: "09:00", To: "12:00"}, {From: "13:00", To: "17:00"}},
			}},
			Slots:        v1alpha1.SlotGrid{Interval: "15m", Anchor: v1alpha1.SlotAnchorSpanStart},
			Notice:       v1alpha1.Notice{Minimum: "2h", MaximumDays: 60},
			Holds:        v1alpha1.Holds{TTL: "5m"},
			Rescheduling: v1alpha1.Rescheduling{Times: ptr.To(int32(3))},
			Confirmation: v1alpha1.ConfirmationAutomatic,
		},
	}
}

func validTenant() *v1alpha1.Tenant {
	return &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "corner"},
		Spec: v1alpha1.TenantSpec{
			DisplayName:      "Corner Shop",
			TimeZone:         "Europe/Berlin",
			BookingPolicyRef: v1alpha1.LocalReference{Name: "hours"},
			Resources:        []v1alpha1.Resource{{ID: "desk", Kind: v1alpha1.ResourceKindRoom, Name: "Desk", Capacity: 1}},
			Services: []v1alpha1.Service{{
				ID: "visit", Name: "Visit", Duration: "30m", GroupSize: 1,
				Requires: []v1alpha1.Requirement{{AnyOf: []v1alpha1.Identifier{"desk"}}},
			}},
			Database: v1alpha1.Database{Engine: v1alpha1.DatabaseEngineSQLite},
		},
	}
}

// faultOf is what a test says of a fault; the wording of messages is tenantconfig's.
type faultOf struct {
	Reason v1alpha1.ConditionReason
	Policy string
	Field  string
}

// faulty are objects with something wrong, and what is said of it.
var faulty = []struct {
	name   string
	tenant func(*v1alpha1.TenantSpec)
	policy func(*v1alpha1.BookingPolicySpec)
	want   []faultOf
}{
	{name: "nothing wrong"},
	{
		name:   "zone that does not exist",
		tenant: func(s *v1alpha1.TenantSpec) { s.TimeZone = "Europe/Lundon" },
		want:   []faultOf{{v1alpha1.ReasonUnknownTimeZone, "", "spec.timeZone"}},
	},
	{
		name:   "zone of the host",
		tenant: func(s *v1alpha1.TenantSpec) { s.TimeZone = "Local" },
		want:   []faultOf{{v1alpha1.ReasonUnknownTimeZone, "", "spec.timeZone"}},
	},
	{
		name: "policies that are not there",
		tenant: func(s *v1alpha1.TenantSpec) {
			s.BookingPolicyRef.Name = "nowhere"
			s.Resources[0].BookingPolicyRef = &v1alpha1.LocalReference{Name: "neither"}
		},
		want: []faultOf{
			{v1alpha1.ReasonBookingPolicyNotFound, "", "spec.bookingPolicyRef.name"},
			{v1alpha1.ReasonBookingPolicyNotFound, "", "spec.resources[0].bookingPolicyRef.name"},
		},
	},
	{
		name:   "service of an unknown resource",
		tenant: func(s *v1alpha1.TenantSpec) { s.Services[0].Requires[0].AnyOf[0] = "chair" },
		want:   []faultOf{{v1alpha1.ReasonInvalid, "", "spec.services[0].requires[0].anyOf[0]"}},
	},
	{
		name:   "repeated id",
		tenant: func(s *v1alpha1.TenantSpec) { s.Resources = append(s.Resources, s.Resources[0]) },
		want:   []faultOf{{v1alpha1.ReasonInvalid, "", "spec.resources[1].id"}},
	},
	{
		name:   "duration that cannot be read",
		tenant: func(s *v1alpha1.TenantSpec) { s.Services[0].Duration = "half an hour" },
		want:   []faultOf{{v1alpha1.ReasonInvalid, "", "spec.services[0].duration"}},
	},
	{
		name:   "telephone number without country",
		tenant: func(s *v1alpha1.TenantSpec) { s.Contact = &v1alpha1.Contact{Phone: "020 7946 0000"} },
		want:   []faultOf{{v1alpha1.ReasonInvalid, "", "spec.contact.phone"}},
	},
	{
		name:   "span that ends before it starts",
		policy: func(s *v1alpha1.BookingPolicySpec) { s.Hours[0].Spans[1] = v1alpha1.Span{From: "17:00", To: "13:00"} },
		want:   []faultOf{{v1alpha1.ReasonBookingPolicyInvalid, "hours", "spec.hours[0].spans[1]"}},
	},
	{
		name:   "time of day that cannot be read",
		policy: func(s *v1alpha1.BookingPolicySpec) { s.Hours[0].Spans[0].From = "nine" },
		want:   []faultOf{{v1alpha1.ReasonBookingPolicyInvalid, "hours", "spec.hours[0].spans[0].from"}},
	},
	{
		name: "date that does not exist",
		policy: func(s *v1alpha1.BookingPolicySpec) {
			s.Exceptions = []v1alpha1.DateException{{From: "2026-02-30"}}
		},
		want: []faultOf{{v1alpha1.ReasonBookingPolicyInvalid, "hours", "spec.exceptions[0].from"}},
	},
	{
		name:   "unknown holiday calendar",
		policy: func(s *v1alpha1.BookingPolicySpec) { s.Holidays = &v1alpha1.Holidays{Calendar: "QQ"} },
		want:   []faultOf{{v1alpha1.ReasonUnknownHolidayCalendar, "hours", "spec.holidays.calendar"}},
	},
	{
		name:   "hold that never ends",
		policy: func(s *v1alpha1.BookingPolicySpec) { s.Holds.TTL = "48h" },
		want:   []faultOf{{v1alpha1.ReasonBookingPolicyInvalid, "hours", "spec.holds.ttl"}},
	},
}

func TestRenderFaults(t *testing.T) {
	t.Parallel()
	for _, test := range faulty {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant, policy := validTenant(), validPolicy()
			if test.tenant != nil {
				test.tenant(&tenant.Spec)
			}
			if test.policy != nil {
				test.policy(&policy.Spec)
			}
			doc, faults := document.Render(document.Input{
				Tenant:   tenant,
				Policies: map[string]*v1alpha1.BookingPolicy{policy.Name: policy},
			})
			var got []faultOf
			for _, fault := range faults {
				got = append(got, faultOf{fault.Reason, fault.Policy, fault.Field})
				if fault.Message == "" {
					t.Errorf("%s says nothing", fault.Field)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if (doc != nil) != (len(test.want) == 0) {
				t.Errorf("there is a document: %v", doc != nil)
			}
		})
	}
}

func TestCheckPolicyNamesNoPolicy(t *testing.T) {
	t.Parallel()
	policy := validPolicy()
	if faults := document.CheckPolicy(policy); len(faults) != 0 {
		t.Fatalf("a valid policy has faults: %v", faults)
	}
	policy.Spec.Hours[0].Spans[1].To = "12:30"
	faults := document.CheckPolicy(policy)
	if len(faults) != 1 || faults[0].Policy != "" || faults[0].Reason != v1alpha1.ReasonInvalid || faults[0].Field != "spec.hours[0].spans[1]" {
		t.Errorf("faults are %+v", faults)
	}
}

func TestRescheduleNeverIsKept(t *testing.T) {
	t.Parallel()
	policy := validPolicy()
	policy.Spec.Rescheduling.Times = ptr.To(int32(0))
	doc, faults := document.Render(document.Input{
		Tenant: validTenant(), Policies: map[string]*v1alpha1.BookingPolicy{"hours": policy},
	})
	if len(faults) != 0 || doc.Policies[0].Rescheduling.Times != 0 {
		t.Errorf("never became %+v, with faults %v", doc, faults)
	}
}

func TestRateLimitBurstHasADefault(t *testing.T) {
	t.Parallel()
	for perMinute, want := range map[int32]int{5: 1, 600: 60} {
		tenant := validTenant()
		tenant.Spec.Access = &v1alpha1.Access{RateLimit: &v1alpha1.RateLimit{RequestsPerMinute: perMinute}}
		doc, faults := document.Render(document.Input{
			Tenant: tenant, Policies: map[string]*v1alpha1.BookingPolicy{"hours": validPolicy()},
		})
		if len(faults) != 0 {
			t.Fatal(faults)
		}
		if got := doc.Access.RateLimit.Burst; got != want {
			t.Errorf("burst of %d a minute is %d, want %d", perMinute, got, want)
		}
	}
}

func TestSummaryIsBounded(t *testing.T) {
	t.Parallel()
	faults := make([]document.Fault, 8)
	for i := range faults {
		faults[i] = document.Fault{Field: "spec.x", Message: "is wrong"}
	}
	const line = "spec.x: is wrong; "
	if got, want := document.Summary(faults), line+line+line+line+line+"and 3 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
