package v1alpha1

// Weekday is a day of the week.
//
// +kubebuilder:validation:Enum=Mon;Tue;Wed;Thu;Fri;Sat;Sun
type Weekday string

// The days of the week, as they are written in the API.
const (
	Monday    Weekday = "Mon"
	Tuesday   Weekday = "Tue"
	Wednesday Weekday = "Wed"
	Thursday  Weekday = "Thu"
	Friday    Weekday = "Fri"
	Saturday  Weekday = "Sat"
	Sunday    Weekday = "Sun"
)

// Date is a calendar day, like 2026-12-24.
//
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^2[0-9]{3}-[0-9]{2}-[0-9]{2}$`
// +kubebuilder:validation:Format=date
type Date string

// StartTime is a wall-clock time from 00:00 to 23:59.
//
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=5
// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="must be a time from \"00:00\" to \"23:59\", in quotes, like \"09:00\""
type StartTime string

// EndTime is a wall-clock time from 00:01 to 36:00. Hours from 24 on belong
// to the following day: "26:00" is two in the morning.
//
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=5
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-2][0-9]|3[0-5]):[0-5][0-9]$') || self == '36:00'",message="must be a time from \"00:01\" to \"36:00\", in quotes, like \"18:00\"; hours from 24 on belong to the following day"
type EndTime string

// Span is a stretch of wall-clock time on one day: from is included, to is
// not.
//
// +kubebuilder:validation:XValidation:rule="self.from < self.to",fieldPath=".to",message="must be later than from; for a span that runs past midnight add 24 to the hour, so 22:00 to 02:00 is written from \"22:00\" to \"26:00\""
// +kubebuilder:validation:XValidation:rule="!(self.from.matches('^[0-9]{2}:[0-9]{2}$') && self.to.matches('^[0-9]{2}:[0-9]{2}$')) || int(self.to.substring(0, 2)) * 60 + int(self.to.substring(3)) - int(self.from.substring(0, 2)) * 60 - int(self.from.substring(3)) <= 1440",fieldPath=".to",message="must be at most 24 hours after from"
type Span struct {
	// from is when the span begins: a wall-clock time in 24 hours, in quotes.
	// Example: "09:00".
	// +required
	From StartTime `json:"from"`

	// to is when the span ends, in the same notation, and must be later than
	// from. Example: "18:00". A span that runs past midnight counts on beyond 24
	// hours: "24:00" is midnight, "26:00" is two in the morning of the following
	// day. The latest is "36:00", noon of the following day.
	// +required
	To EndTime `json:"to"`
}

// Spans are the stretches of one day, in any order. They must not overlap;
// one may begin where another ends.
//
// +listType=atomic
// +kubebuilder:validation:MinItems=1
// +kubebuilder:validation:MaxItems=12
// +kubebuilder:validation:XValidation:rule="self.all(a, self.filter(b, a.from < b.to && b.from < a.to).size() <= 1)",message="spans of one day must not overlap"
type Spans []Span

// WeeklyHours says which spans hold on which days of the week.
type WeeklyHours struct {
	// days of the week that these spans are for: Mon, Tue, Wed, Thu, Fri, Sat,
	// Sun.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days"`

	// spans of those days. Several are possible, for example with a lunch break
	// between them: [{from: "09:00", to: "12:30"}, {from: "13:30", to:
	// "18:00"}]. They must not overlap. A span may run past midnight (to:
	// "26:00"); it still belongs to the day on which it begins.
	// +required
	Spans Spans `json:"spans"`
}

// WeekSchedule is a week of wall-clock hours. A day that is not named has
// none; a day is named once.
//
// +listType=atomic
// +kubebuilder:validation:MinItems=1
// +kubebuilder:validation:MaxItems=7
// +kubebuilder:validation:XValidation:rule="['Mon','Tue','Wed','Thu','Fri','Sat','Sun'].all(d, self.filter(h, d in h.days).size() <= 1)",message="each day may be named once; put all spans of a day into one entry"
type WeekSchedule []WeeklyHours
