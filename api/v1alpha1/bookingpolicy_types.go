package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BookingPolicySpec says when and how bookings are taken. All wall-clock
// times are read in the time zone of the Tenant that uses the policy.
//
// The policy that a Tenant names is its rule book: everything below applies.
// The policy that one of its resources names is that resource's timetable:
// only hours, exceptions and holidays are taken from it.
type BookingPolicySpec struct {
	// hours of a usual week, as wall-clock time in the tenant's zone. A day that
	// is not named is closed; a day is named once, with all its spans. Example:
	// [{days: [Mon, Tue], spans: [{from: "09:00", to: "17:30"}]}]. A change
	// reaches the running servers within seconds; bookings already made are
	// kept.
	// +required
	Hours WeekSchedule `json:"hours"`

	// exceptions replace the usual hours, and public holidays, on certain dates.
	// Their dates must not overlap.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.filter(b, a.from <= (has(b.to) ? b.to : b.from) && b.from <= (has(a.to) ? a.to : a.from)).size() <= 1)",message="exceptions must not overlap: a date would have two answers"
	Exceptions []DateException `json:"exceptions,omitempty"`

	// holidays close the business on public holidays. Without it they are days
	// like any other.
	// +optional
	Holidays *Holidays `json:"holidays,omitempty"`

	// slots say at which times a booking may begin.
	// +optional
	// +kubebuilder:default={interval: "15m", anchor: SpanStart}
	Slots SlotGrid `json:"slots,omitzero"`

	// notice says how soon, and how far ahead, a booking may begin.
	// +optional
	// +kubebuilder:default={}
	Notice Notice `json:"notice,omitzero"`

	// buffers keep time free around each booking, for example to clean a room.
	// They are added to those of the neighbouring booking, may reach beyond
	// opening hours, and are fixed when the booking is made.
	// +optional
	// +kubebuilder:default={}
	Buffers Buffers `json:"buffers,omitzero"`

	// limits bound how many bookings there may be. Without them only free time
	// bounds them.
	// +optional
	Limits *BookingLimits `json:"limits,omitempty"`

	// holds reserve a slot for a customer who is about to confirm.
	// +optional
	// +kubebuilder:default={}
	Holds Holds `json:"holds,omitzero"`

	// cancellation says until when a customer may cancel.
	// +optional
	// +kubebuilder:default={}
	Cancellation Cancellation `json:"cancellation,omitzero"`

	// rescheduling says until when, and how often, a customer may move a
	// booking.
	// +optional
	// +kubebuilder:default={}
	Rescheduling Rescheduling `json:"rescheduling,omitzero"`

	// confirmation says who confirms a booking. With Automatic, the default, it
	// is confirmed when it is made. With Manual it holds its time and waits
	// until the business confirms or declines it.
	// +optional
	// +kubebuilder:default=Automatic
	Confirmation ConfirmationMode `json:"confirmation,omitempty"`

	// waitlist lets customers wait for a time that is taken; when it becomes
	// free it is offered to them, one after the other. Without it there is no
	// waiting list. Offers are seen through the HTTP API; this release sends
	// nobody a message of them yet.
	// +optional
	Waitlist *Waitlist `json:"waitlist,omitempty"`

	// reminders to the customer before the booking begins. Those whose time has
	// passed when the booking is made are left out. They keep to the customer's
	// opt-outs and to quiet hours. Stored; this release does not act on them yet:
	// none is sent, and ConfigurationValid of the Tenants that use the policy
	// says so.
	// +optional
	// +listType=map
	// +listMapKey=before
	// +listMapKey=channel
	// +kubebuilder:validation:MaxItems=8
	Reminders []Reminder `json:"reminders,omitempty"`
}

// DateException replaces the hours of some dates.
//
// +kubebuilder:validation:XValidation:rule="!has(self.to) || self.from <= self.to",fieldPath=".to",message="must not be before from"
type DateException struct {
	// from is the first date, for example "2026-12-24", in quotes.
	// +required
	From Date `json:"from"`

	// to is the last date, included. Without it the exception is for one day.
	// +optional
	To *Date `json:"to,omitempty"`

	// spans of each of these dates. Without spans the business is closed.
	// +optional
	Spans Spans `json:"spans,omitempty"`

	// reason that is shown to customers and told by voice agents, for example
	// "Christmas Eve".
	// +optional
	Reason DisplayName `json:"reason,omitempty"`
}

// Holidays names a calendar of public holidays.
type Holidays struct {
	// calendar is a country of ISO 3166-1, or a part of one as in ISO 3166-2:
	// GB-ENG, DE-BY, US. Whether it is known is checked by the controller, which
	// says so in the condition Accepted.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}(-[A-Z0-9]{1,3})?$')",message="must be a country or a part of one, like US or GB-ENG"
	Calendar string `json:"calendar"`
}

// SlotAnchor says from where the grid of starting times is counted.
//
// +kubebuilder:validation:Enum=SpanStart;DayStart;Clock
type SlotAnchor string

const (
	// SlotAnchorSpanStart counts from the beginning of each span.
	SlotAnchorSpanStart SlotAnchor = "SpanStart"
	// SlotAnchorDayStart counts elapsed time from midnight.
	SlotAnchorDayStart SlotAnchor = "DayStart"
	// SlotAnchorClock takes readings of the wall clock.
	SlotAnchorClock SlotAnchor = "Clock"
)

// SlotGrid says at which times a booking may begin.
//
// +kubebuilder:validation:XValidation:rule="self.anchor != 'Clock' || !self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.interval) < duration('1s') || 86400 % duration(self.interval).getSeconds() == 0",fieldPath=".interval",message="must divide a day when anchor is Clock, like 10m, 15m, 20m, 30m or 1h"
type SlotGrid struct {
	// interval between two possible starts, for example 15m. From 1m to 24h.
	// Default: 15m.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('1m') && duration(self) <= duration('24h'))",message="must be from 1m to 24h"
	Interval Duration `json:"interval,omitempty"`

	// anchor is where counting begins.
	//
	// - SpanStart (the default): at the beginning of each span. A span from
	//   09:10 and an interval of 30m give 09:10, 09:40 and so on.
	// - DayStart: at midnight, in elapsed time. The same span gives 09:30, 10:00.
	// - Clock: on the readings of the wall clock that are multiples of the
	//   interval. It differs from DayStart only on days on which the clocks
	//   change. The interval must divide a day.
	//
	// +optional
	// +kubebuilder:default=SpanStart
	Anchor SlotAnchor `json:"anchor,omitempty"`
}

// Notice bounds when a booking may begin, seen from now.
type Notice struct {
	// minimum time between now and the beginning of a booking, for example 2h.
	// Up to 8760h, a year. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('8760h')",message="must be at most 8760h, a year"
	Minimum Duration `json:"minimum,omitempty"`

	// maximumDays is how many calendar days ahead bookings are taken, from 1 to
	// 730. Today is day 0. Default: 60.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=730
	MaximumDays int32 `json:"maximumDays,omitempty"`
}

// Buffers keep time free around a booking.
type Buffers struct {
	// before each booking, for example 5m. At most 12h. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('12h')",message="must be at most 12h"
	Before Duration `json:"before,omitempty"`

	// after each booking, for example 10m. At most 12h. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('12h')",message="must be at most 12h"
	After Duration `json:"after,omitempty"`
}

// BookingLimits bound how many bookings there may be. What is left out is
// not bounded.
//
// +kubebuilder:validation:XValidation:rule="!has(self.perDay) || !has(self.perWeek) || self.perDay <= self.perWeek",fieldPath=".perWeek",message="must not be smaller than perDay"
type BookingLimits struct {
	// perDay is how many bookings may begin on one local date.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	PerDay *int32 `json:"perDay,omitempty"`

	// perWeek is how many bookings may begin in one local week, from Monday to
	// Sunday.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	PerWeek *int32 `json:"perWeek,omitempty"`

	// openPerCustomer is how many bookings in the future one customer may have.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	OpenPerCustomer *int32 `json:"openPerCustomer,omitempty"`
}

// Holds reserve a slot for a short time. A hold is a real reservation:
// nobody else can take the slot.
type Holds struct {
	// ttl is how long a hold lasts if it is not confirmed, for example 5m. From
	// 30s to 24h. Default: 5m.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('30s') && duration(self) <= duration('24h'))",message="must be from 30s to 24h"
	TTL Duration `json:"ttl,omitempty"`
}

// Cancellation says until when a customer may cancel. The business itself
// can always cancel.
type Cancellation struct {
	// until is how long before the beginning a customer may still cancel, for
	// example 24h. 0s, the default, allows it up to the beginning.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('2160h')",message="must be at most 2160h, ninety days"
	Until Duration `json:"until,omitempty"`
}

// Rescheduling says until when and how often a customer may move a booking.
// The business itself always can.
type Rescheduling struct {
	// until is how long before the beginning a customer may still move it, for
	// example 4h. 0s, the default, allows it up to the beginning.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('2160h')",message="must be at most 2160h, ninety days"
	Until Duration `json:"until,omitempty"`

	// times is how often one booking may be moved, from 0 (never) to 100.
	// Default: 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Times *int32 `json:"times,omitempty"`
}

// ConfirmationMode says who confirms a booking.
//
// +kubebuilder:validation:Enum=Automatic;Manual
type ConfirmationMode string

const (
	// ConfirmationAutomatic confirms a booking when it is made.
	ConfirmationAutomatic ConfirmationMode = "Automatic"
	// ConfirmationManual waits for the business.
	ConfirmationManual ConfirmationMode = "Manual"
)

// Waitlist offers times that become free to customers who wait.
type Waitlist struct {
	// offerTTL is how long an offered time is kept for a customer before it goes
	// to the next, for example 15m. From 1m to 24h. Default: 15m.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('1m') && duration(self) <= duration('24h'))",message="must be from 1m to 24h"
	OfferTTL Duration `json:"offerTTL,omitempty"`
}

// ReminderChannel is how a reminder is sent.
//
// +kubebuilder:validation:Enum=SMS;Email
type ReminderChannel string

const (
	// ReminderChannelSMS needs integrations.twilio.
	ReminderChannelSMS ReminderChannel = "SMS"
	// ReminderChannelEmail needs integrations.email.
	ReminderChannelEmail ReminderChannel = "Email"
)

// Reminder is a message before a booking begins.
type Reminder struct {
	// before is how long before the beginning the reminder is sent, for example
	// 24h. From 5m to 720h.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('5m') && duration(self) <= duration('720h'))",message="must be from 5m to 720h"
	Before Duration `json:"before"`

	// channel is SMS, which needs the tenant's integrations.twilio, or Email,
	// which needs integrations.email.
	// +required
	Channel ReminderChannel `json:"channel"`
}

// BookingPolicy says when and how bookings are taken: opening hours and
// their exceptions, slots, notice, buffers, limits, cancellation and
// reminders. Tenants of the same namespace refer to it by name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=bookingpolicies,singular=bookingpolicy,scope=Namespaced,shortName=bp,categories=frontdesk
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`,description="Whether the policy makes sense and may be used"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].reason`,description="Why it is accepted or not"
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`,description="How many tenants use it"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Opens",type=string,JSONPath=`.status.nextOpenings[0].time`,priority=1,description="When it opens next"
// +kubebuilder:printcolumn:name="Interval",type=string,JSONPath=`.spec.slots.interval`,priority=1,description="Time between two possible starts"
// +kubebuilder:printcolumn:name="Notice",type=string,JSONPath=`.spec.notice.minimum`,priority=1,description="Least time between now and a booking"
// +kubebuilder:printcolumn:name="Holidays",type=string,JSONPath=`.spec.holidays.calendar`,priority=1,description="Calendar of public holidays"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].message`,priority=1,description="What Accepted has to say"
type BookingPolicy struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says when and how bookings are taken. All wall-clock times are read
	// in the time zone of the Tenant that uses the policy. For a Tenant,
	// everything here applies. For one of its resources that names a policy of
	// its own, only hours, exceptions and holidays are taken from that policy.
	// +required
	Spec BookingPolicySpec `json:"spec"`

	// status is what was observed. It is written by the operator.
	// +optional
	// +kubebuilder:default:={observedGeneration:0}
	Status BookingPolicyStatus `json:"status,omitzero"`
}

// BookingPolicyList is a list of booking policies.
//
// +kubebuilder:object:root=true
type BookingPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []BookingPolicy `json:"items"`
}
