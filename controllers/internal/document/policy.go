package document

import (
	"fmt"
	"time"

	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// CheckPolicy finds what is wrong with a policy by itself, whoever uses it. The faults name no policy:
// they are about the object at hand.
func CheckPolicy(policy *v1alpha1.BookingPolicy) []Fault {
	converted, faults := convertPolicy(policy)
	if len(faults) == 0 {
		// Any valid tenant around it will do: hours mean nothing without a zone.
		doc := &tenantconfig.Document{
			Version:       tenantconfig.Current(),
			Tenant:        tenantconfig.Tenant{Name: "any", DisplayName: "any", TimeZone: "UTC"},
			Policies:      []tenantconfig.Policy{converted},
			DefaultPolicy: converted.Name,
			Database:      tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: "any"},
		}
		if err := doc.Validate(); err != nil {
			faults = translate(err, doc)
		}
	}
	for i := range faults {
		faults[i].Policy = ""
		if faults[i].Reason == v1alpha1.ReasonBookingPolicyInvalid {
			faults[i].Reason = v1alpha1.ReasonInvalid
		}
	}
	return faults
}

// converter collects what cannot even be read.
type converter struct {
	policy string
	faults []Fault
}

func (c *converter) fault(field string, err error) {
	fault := Fault{Reason: v1alpha1.ReasonInvalid, Policy: c.policy, Field: field, Message: err.Error()}
	if c.policy != "" {
		fault.Reason = v1alpha1.ReasonBookingPolicyInvalid
	}
	c.faults = append(c.faults, fault)
}

func (c *converter) duration(field string, text v1alpha1.Duration) tenantconfig.Duration {
	if text == "" {
		return 0
	}
	d, err := tenantconfig.ParseDuration(string(text))
	if err != nil {
		c.fault(field, err)
	}
	return d
}

func (c *converter) clock(field, text string) tenantconfig.ClockTime {
	t, err := tenantconfig.ParseClockTime(text)
	if err != nil {
		c.fault(field, err)
	}
	return t
}

func (c *converter) date(field string, text v1alpha1.Date) tenantconfig.Date {
	d, err := tenantconfig.ParseDate(string(text))
	if err != nil {
		c.fault(field, err)
	}
	return d
}

func (c *converter) spans(field string, spans v1alpha1.Spans) []tenantconfig.Span {
	var out []tenantconfig.Span
	for i, span := range spans {
		at := fmt.Sprintf("%s[%d]", field, i)
		out = append(out, tenantconfig.Span{
			From: c.clock(at+".from", string(span.From)),
			To:   c.clock(at+".to", string(span.To)),
		})
	}
	return out
}

func convertPolicy(policy *v1alpha1.BookingPolicy) (tenantconfig.Policy, []Fault) {
	c := &converter{policy: policy.Name}
	spec := policy.Spec
	out := tenantconfig.Policy{
		Name:       policy.Name,
		Hours:      c.hours(spec.Hours),
		Exceptions: c.exceptions(spec.Exceptions),
		Slots: tenantconfig.SlotGrid{
			Interval: c.duration("spec.slots.interval", spec.Slots.Interval),
			Anchor:   tenantconfig.Anchor(spec.Slots.Anchor),
		},
		Notice: tenantconfig.Notice{
			Minimum:     c.duration("spec.notice.minimum", spec.Notice.Minimum),
			MaximumDays: int(spec.Notice.MaximumDays),
		},
		Buffers: tenantconfig.Buffers{
			Before: c.duration("spec.buffers.before", spec.Buffers.Before),
			After:  c.duration("spec.buffers.after", spec.Buffers.After),
		},
		Holds:        tenantconfig.Holds{TTL: c.duration("spec.holds.ttl", spec.Holds.TTL)},
		Cancellation: tenantconfig.Cancellation{Until: c.duration("spec.cancellation.until", spec.Cancellation.Until)},
		Rescheduling: tenantconfig.Rescheduling{
			Until: c.duration("spec.rescheduling.until", spec.Rescheduling.Until),
			Times: int(ptr.Deref(spec.Rescheduling.Times, 0)),
		},
		Confirmation: tenantconfig.Confirmation(spec.Confirmation),
	}
	if spec.Holidays != nil {
		out.HolidayCalendar = spec.Holidays.Calendar
	}
	if spec.Limits != nil {
		out.Limits = tenantconfig.Limits{
			PerDay:          int(ptr.Deref(spec.Limits.PerDay, 0)),
			PerWeek:         int(ptr.Deref(spec.Limits.PerWeek, 0)),
			OpenPerCustomer: int(ptr.Deref(spec.Limits.OpenPerCustomer, 0)),
		}
	}
	if spec.Waitlist != nil {
		out.Waitlist = tenantconfig.Waitlist{OfferTTL: c.duration("spec.waitlist.offerTTL", spec.Waitlist.OfferTTL)}
	}
	for i, reminder := range spec.Reminders {
		out.Reminders = append(out.Reminders, tenantconfig.Reminder{
			Before:  c.duration(fmt.Sprintf("spec.reminders[%d].before", i), reminder.Before),
			Channel: string(reminder.Channel),
		})
	}
	return out, c.faults
}

func (c *converter) hours(week v1alpha1.WeekSchedule) []tenantconfig.Hours {
	var out []tenantconfig.Hours
	for i, entry := range week {
		hours := tenantconfig.Hours{Spans: c.spans(fmt.Sprintf("spec.hours[%d].spans", i), entry.Spans)}
		for _, day := range entry.Days {
			hours.Days = append(hours.Days, tenantconfig.Weekday(day))
		}
		out = append(out, hours)
	}
	return out
}

func (c *converter) exceptions(exceptions []v1alpha1.DateException) []tenantconfig.Exception {
	var out []tenantconfig.Exception
	for i, e := range exceptions {
		at := fmt.Sprintf("spec.exceptions[%d]", i)
		exception := tenantconfig.Exception{
			From:   c.date(at+".from", e.From),
			Spans:  c.spans(at+".spans", e.Spans),
			Reason: string(e.Reason),
		}
		if e.To != nil {
			exception.To = c.date(at+".to", *e.To)
		}
		out = append(out, exception)
	}
	return out
}

// NextOpening is when a policy opens next after a moment, in the zone of a tenant that uses it. ok is false
// when the policy or the zone is not valid, and when the hours never begin or never end.
func NextOpening(policy *v1alpha1.BookingPolicy, zone v1alpha1.TimeZone, after time.Time) (opening time.Time, ok bool) {
	converted, faults := convertPolicy(policy)
	location, err := time.LoadLocation(string(zone))
	if err != nil || len(faults) > 0 {
		return time.Time{}, false
	}
	schedule, err := converted.Schedule(location)
	if err != nil {
		return time.Time{}, false
	}
	return schedule.NextOpening(after)
}
