package tenantconfig

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

const (
	maxNoticeDays  = 730
	maxCutOff      = 90 * 24 * time.Hour
	maxReschedules = 100
	maxCount       = 100_000
	day            = 24 * 60 // in minutes, as ClockTime counts
)

func (v *validator) policies(policies []Policy) map[string]bool {
	seen := map[string]bool{}
	for i, policy := range policies {
		at := fmt.Sprintf("policies[%d]", i)
		// Policies are named by their Kubernetes objects, whose names may contain dots and be longer.
		switch {
		case policy.Name == "":
			v.addf(at+".name", "is required")
		case seen[policy.Name]:
			v.addf(at+".name", "%q is used twice; names must be unique", policy.Name)
		}
		seen[policy.Name] = true
		v.text(at+".name", policy.Name, maxTextLength)
		v.policy(at, policy)
	}
	return seen
}

func (v *validator) policy(at string, p Policy) {
	v.hours(at+".hours", p.Hours)
	for i, exception := range p.Exceptions {
		v.exception(fmt.Sprintf("%s.exceptions[%d]", at, i), exception)
	}
	if p.HolidayCalendar != "" {
		if _, err := availability.HolidayCalendarByCode(p.HolidayCalendar); err != nil {
			v.addf(at+".holidayCalendar", "%s", err)
		}
	}
	v.grid(at, p)
	v.length(at+".buffers.before", p.Buffers.Before, 0, maxDuration)
	v.length(at+".buffers.after", p.Buffers.After, 0, maxDuration)
	v.length(at+".holds.ttl", p.Holds.TTL, 30*time.Second, maxDuration)
	v.length(at+".cancellation.until", p.Cancellation.Until, 0, maxCutOff)
	v.length(at+".rescheduling.until", p.Rescheduling.Until, 0, maxCutOff)
	v.count(at+".rescheduling.times", p.Rescheduling.Times, maxReschedules)
	v.count(at+".limits.perDay", p.Limits.PerDay, maxCount)
	v.count(at+".limits.perWeek", p.Limits.PerWeek, maxCount)
	v.count(at+".limits.openPerCustomer", p.Limits.OpenPerCustomer, maxCount)
	if !slices.Contains([]Confirmation{ConfirmAutomatic, ConfirmManual}, p.Confirmation) {
		v.addf(at+".confirmation", "%q is not a way to confirm: use Automatic or Manual", p.Confirmation)
	}
	v.length(at+".waitlist.offerTTL", p.Waitlist.OfferTTL, 0, maxDuration)
	for i, reminder := range p.Reminders {
		field := fmt.Sprintf("%s.reminders[%d]", at, i)
		v.length(field+".before", reminder.Before, time.Minute, maxCutOff)
		if !slices.Contains([]string{"SMS", "Email"}, reminder.Channel) {
			v.addf(field+".channel", "%q is not a channel: use SMS or Email", reminder.Channel)
		}
	}
}

func (v *validator) count(field string, n, atMost int) {
	if n < 0 || n > atMost {
		v.addf(field, "is %d; it must be from 0 to %d", n, atMost)
	}
}

func (v *validator) hours(at string, entries []Hours) {
	for i, hours := range entries {
		field := fmt.Sprintf("%s[%d]", at, i)
		if len(hours.Days) == 0 {
			v.addf(field+".days", "is empty: name at least one day")
		}
		for j, day := range hours.Days {
			switch _, known := weekdays[day]; {
			case !known:
				v.addf(fmt.Sprintf("%s.days[%d]", field, j), "%q is not a day: use Mon, Tue, Wed, Thu, Fri, Sat or Sun", day)
			case slices.Contains(hours.Days[:j], day):
				v.addf(fmt.Sprintf("%s.days[%d]", field, j), "%s is listed twice", day)
			}
		}
		if len(hours.Spans) == 0 {
			v.addf(field+".spans", "is empty: leave the day out to close it")
		}
		v.spans(field+".spans", hours.Spans)
	}
	v.weekOverlaps(at, entries)
}

func (v *validator) grid(at string, p Policy) {
	v.length(at+".slots.interval", p.Slots.Interval, time.Minute, maxDuration)
	if step := p.Slots.Interval.Std(); p.Slots.Anchor == AnchorClock && step > 0 && 24*time.Hour%step != 0 {
		v.addf(at+".slots.interval", "is %s, which does not divide a day; with the anchor Clock use a step such as 10m, 15m, 20m or 1h", p.Slots.Interval)
	}
	if !slices.Contains([]Anchor{AnchorSpanStart, AnchorDayStart, AnchorClock}, p.Slots.Anchor) {
		v.addf(at+".slots.anchor", "%q is not an anchor: use SpanStart, DayStart or Clock", p.Slots.Anchor)
	}
	v.length(at+".notice.minimum", p.Notice.Minimum, 0, maxNoticeDays*24*time.Hour)
	if p.Notice.MaximumDays < 1 || p.Notice.MaximumDays > maxNoticeDays {
		v.addf(at+".notice.maximumDays", "is %d; it must be from 1 to %d", p.Notice.MaximumDays, maxNoticeDays)
	}
}

func (v *validator) exception(at string, e Exception) {
	switch _, err := ParseDate(string(e.From)); {
	case e.From == "":
		v.addf(at+".from", "is required")
	case err != nil:
		v.addf(at+".from", "%s", err)
	}
	switch _, err := ParseDate(string(e.To)); {
	case e.To == "": // one day
	case err != nil:
		v.addf(at+".to", "%s", err)
	case e.To < e.From:
		v.addf(at+".to", "%s is before from, %s", e.To, e.From)
	}
	v.text(at+".reason", e.Reason, maxNameLength)
	v.spans(at+".spans", e.Spans)
}

// spans checks each span and that those of one day do not overlap. A span that runs past midnight may
// overlap the first of the next day, as the schema of the CRD allows too: which day that is depends on
// the date (exceptions, holidays), and availability takes spans that overlap for one.
func (v *validator) spans(at string, spans []Span) {
	for i, span := range spans {
		field := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case span.From < 0:
			v.addf(field+".from", "is before 00:00")
		case span.From >= day:
			v.addf(field+".from", "%s is on the next date: a span must start before 24:00", span.From)
		case span.To <= span.From:
			v.addf(field, "ends at %s, before it starts at %s; to run past midnight write the end beyond 24:00, such as 26:00 for 02:00", span.To, span.From)
		case span.To > MaxClockTime:
			v.addf(field+".to", "%s is later than %s, which is noon on the next date", span.To, MaxClockTime)
		case span.To-span.From > day:
			v.addf(field, "is longer than a day")
		}
		for j, other := range spans[:i] {
			if span.From < other.To && other.From < span.To {
				v.addf(field, "overlaps spans[%d] (%s to %s)", j, other.From, other.To)
			}
		}
	}
}

// weekOverlaps refuses a day of the week that is listed with overlapping spans in two entries.
func (v *validator) weekOverlaps(at string, hours []Hours) {
	for i, later := range hours {
		for j, earlier := range hours[:i] {
			for _, day := range later.Days {
				if slices.Contains(earlier.Days, day) && spansOverlap(later.Spans, earlier.Spans) {
					v.addf(fmt.Sprintf("%s[%d]", at, i), "overlaps hours[%d] on %s", j, day)
				}
			}
		}
	}
}

func spansOverlap(a, b []Span) bool {
	for _, x := range a {
		for _, y := range b {
			if x.From < y.To && y.From < x.To {
				return true
			}
		}
	}
	return false
}
