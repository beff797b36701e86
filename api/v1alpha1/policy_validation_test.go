package v1alpha1_test

import "slices"

func acceptedPolicies() []accepted {
	return []accepted{
		create("everything", "policy"),
		create("hours alone", "policy", set("spec", yamlValue(`{hours: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]}`))),
		create("a span to noon of the following day", "policy", set("spec.hours[0].spans", yamlValue(`[{from: "12:00", to: "36:00"}]`))),
		create("a span of exactly a day", "policy", set("spec.hours[0].spans", yamlValue(`[{from: "09:30", to: "33:30"}]`))),
		create("a span of a minute", "policy", set("spec.hours[0].spans", yamlValue(`[{from: "09:59", to: "10:00"}]`))),
		create("a leap day", "policy", set("spec.exceptions", yamlValue(`[{from: "2028-02-29"}]`))),
		create("an exception of one day with its end", "policy", set("spec.exceptions", yamlValue(`[{from: "2026-12-25", to: "2026-12-25"}]`))),
		create("a country's holidays", "policy", set("spec.holidays.calendar", "US")),
		create("an interval that divides no day", "policy", set("spec.slots", yamlValue("{interval: 25m, anchor: SpanStart}"))),
		create("as many a day as a week", "policy", set("spec.limits", yamlValue("{perDay: 5, perWeek: 5}"))),
		create("never moved", "policy", set("spec.rescheduling.times", int64(0))),
		create("no reminders", "policy", unset("spec.reminders")),
		create("durations at their limits", "policy",
			set("spec.slots", yamlValue("{interval: 24h, anchor: Clock}")), set("spec.notice.minimum", "8760h"), set("spec.buffers", yamlValue("{before: 12h, after: 12h}")),
			set("spec.holds.ttl", "30s"), set("spec.cancellation.until", "2160h"), set("spec.rescheduling.until", "2160h"),
			set("spec.waitlist.offerTTL", "24h"), set("spec.reminders", yamlValue("[{before: 5m, channel: SMS}, {before: 720h, channel: SMS}]"))),
	}
}

func refusedPolicies() []refused {
	return slices.Concat(
		refusedWeeks("policy", "spec.hours"),
		refusedSpans("policy", "spec.exceptions[0].spans"),
		refuseEach("policy", "soon", "must be a duration like 30m",
			"spec.slots.interval", "spec.notice.minimum", "spec.buffers.before", "spec.buffers.after", "spec.holds.ttl",
			"spec.cancellation.until", "spec.rescheduling.until", "spec.waitlist.offerTTL", "spec.reminders[0].before"),
		refuseEach("policy", "12h1s", "must be at most 12h", "spec.buffers.before", "spec.buffers.after"),
		refuseEach("policy", "2161h", "must be at most 2160h, ninety days", "spec.cancellation.until", "spec.rescheduling.until"),
		[]refused{
			refuse("policy", "spec.exceptions[0].from", "24.12.2026", "should match"),
			refuse("policy", "spec.exceptions[0].from", "2026-02-30", "must be of type date"),
			refuse("policy", "spec.exceptions[1].to", "2027/01/01", "should match"),
			refuse("policy", "spec.exceptions[1].to", "2026-12-24", "must not be before from"),
			{create("exceptions that overlap", "policy", set("spec.exceptions[0].to", "2026-12-25")), "spec.exceptions", "exceptions must not overlap"},
			{create("two exceptions for one date", "policy", set("spec.exceptions[1].from", "2026-12-24")), "spec.exceptions[1]", "Duplicate value"},
			refuse("policy", "spec.exceptions[0].reason", "Closed ", "does not start or end with a blank"),
			refuse("policy", "spec.holidays.calendar", "England", "may not be more than 6"),
			refuse("policy", "spec.holidays.calendar", "gb-eng", "must be a country or a part of one"),
			refuse("policy", "spec.slots.interval", "30s", "must be from 1m to 24h"),
			refuse("policy", "spec.slots.interval", "25m", "must divide a day when anchor is Clock"),
			refuse("policy", "spec.slots.anchor", "Noon", `supported values: "SpanStart", "DayStart", "Clock"`),
			refuse("policy", "spec.notice.minimum", "8761h", "must be at most 8760h, a year"),
			refuse("policy", "spec.notice.maximumDays", int64(0), "should be greater than or equal to 1"),
			{create("more a day than a week", "policy", set("spec.limits.perDay", int64(81))), "spec.limits.perWeek", "must not be smaller than perDay"},
			refuse("policy", "spec.limits.openPerCustomer", int64(0), "should be greater than or equal to 1"),
			refuse("policy", "spec.holds.ttl", "10s", "must be from 30s to 24h"),
			refuse("policy", "spec.waitlist.offerTTL", "30s", "must be from 1m to 24h"),
			refuse("policy", "spec.reminders[0].before", "1m", "must be from 5m to 720h"),
			refuse("policy", "spec.reminders[0].channel", "Fax", `supported values: "SMS", "Email"`),
			{create("one reminder twice", "policy", set("spec.reminders[1].channel", "SMS")), "spec.reminders[1]", "Duplicate value"},
			refuse("policy", "spec.confirmation", "Never", `supported values: "Automatic", "Manual"`),
			refuse("policy", "spec.hours", []any{}, "should have at least 1 items"),
		},
	)
}

// refusedWeeks are the cases of a week of hours, wherever a kind has one.
func refusedWeeks(base, week string) []refused {
	monday := `{days: [Mon], spans: [{from: "09:00", to: "12:00"}]}`
	return slices.Concat(refusedSpans(base, week+"[0].spans"), []refused{
		{create(week+" a day named twice", base, set(week, yamlValue("["+monday+","+monday+"]"))), week, "each day may be named once"},
		{create(week+" a day named twice in one entry", base, set(week+"[0].days", []any{"Mon", "Mon"})), week + "[0].days[1]", "Duplicate value"},
		refuse(base, week+"[0].days", []any{}, "should have at least 1 items"),
		{create(week+" a day in full", base, set(week+"[0].days", []any{"Monday"})), week + "[0].days[0]", `supported values: "Mon", "Tue"`},
	})
}

// refusedSpans are the cases of the spans of a day, wherever a kind has them.
func refusedSpans(base, spans string) []refused {
	span := func(from, to, field, message string) refused {
		value := []any{map[string]any{"from": from, "to": to}}
		return refused{create(spans+" "+from+" to "+to, base, set(spans, value)), spans + "[0]" + field, message}
	}
	return []refused{
		span("17:00", "09:00", ".to", "must be later than from"),
		span("09:00", "09:00", ".to", "must be later than from"),
		span("22:00", "02:00", ".to", `22:00 to 02:00 is written from "22:00" to "26:00"`),
		span("00:00", "24:01", ".to", "must be at most 24 hours after from"),
		span("9:00", "17:00", ".from", "should be at least 5 chars long"),
		span("24:00", "25:00", ".from", `must be a time from "00:00" to "23:59"`),
		span("09:60", "17:00", ".from", `must be a time from "00:00" to "23:59"`),
		span("12:30", "36:01", ".to", `must be a time from "00:01" to "36:00"`),
		span("09:00", "noon!", ".to", `must be a time from "00:01" to "36:00"`),
		{create(spans+" that overlap", base, set(spans, yamlValue(`[{from: "09:00", to: "12:00"}, {from: "11:59", to: "13:00"}]`))), spans, "spans of one day must not overlap"},
		{create(spans+" twice", base, set(spans, yamlValue(`[{from: "09:00", to: "12:00"}, {from: "09:00", to: "12:00"}]`))), spans, "spans of one day must not overlap"},
	}
}
