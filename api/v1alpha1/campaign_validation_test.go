package v1alpha1_test

import "slices"

func acceptedCampaigns() []accepted {
	return []accepted{
		create("everything", "campaign"),
		create("the least", "campaign", set("spec", yamlValue(`{tenantRef: {name: t}, audience: {}, steps: [{name: call, channel: Call}], windows: [{days: [Mon], spans: [{from: "09:00", to: "24:00"}]}]}`))),
		create("only opt-outs stop it", "campaign", set("spec.stopOn", []any{"OptedOut"})),
		create("a variant that is switched off", "campaign", set("spec.variants[0].weight", int64(0))),
		create("only an end", "campaign", unset("spec.startTime")),
		create("a budget of calls", "campaign", unset("spec.budget.spend")),
		create("durations at their limits", "campaign",
			set("spec.steps[0].after", "8760h"), set("spec.steps[0].retryAfter", "15m"), set("spec.pace.spacing", "1h")),
		update("another run", "campaign", nil, set("spec.run", int64(3))),
		update("the same run", "campaign", nil, set("spec.runState", "Suspended")),
	}
}

func refusedCampaigns() []refused {
	return slices.Concat(
		refusedWeeks("campaign", "spec.windows"),
		refuseEach("campaign", "soon", "must be a duration like 30m",
			"spec.audience.createdWithin", "spec.steps[0].after", "spec.steps[0].retryAfter", "spec.pace.spacing"),
		refuseEach("campaign", "First Call", "must be lower-case letters, digits and hyphens", "spec.steps[0].name", "spec.variants[0].name"),
		[]refused{
			{update("another tenant", "campaign", nil, set("spec.tenantRef.name", "other")), "spec.tenantRef", "cannot be changed; make another Campaign instead"},
			refuse("campaign", "spec.tenantRef.name", "Bright Smile", "must be the name of an object"),
			{update("a smaller run", "campaign", nil, set("spec.run", int64(1))), "spec.run", "can only grow"},
			{update("no run", "campaign", nil, unset("spec.run")), "spec.run", "can only grow"},
			refuse("campaign", "spec.audience.statuses[0]", "No answer", "must be lower-case letters, digits and underscores"),
			refuse("campaign", "spec.steps", []any{}, "should have at least 1 items"),
			{create("two steps with one name", "campaign", set("spec.steps[1].name", "first-call")), "spec.steps[1]", "Duplicate value"},
			{create("a text without words", "campaign", unset("spec.steps[1].message")), "spec.steps[1].message", "must be set when channel is SMS, and only then"},
			{create("a call with a text", "campaign", set("spec.steps[0].message", "Hi")), "spec.steps[0].message", "must be set when channel is SMS, and only then"},
			{create("a text with an assistant", "campaign", set("spec.steps[1].assistantID", "asst_1")), "spec.steps[1].assistantID", "may only be set when channel is Call"},
			refuse("campaign", "spec.steps[0].assistantID", "asst 1", "should match"),
			refuse("campaign", "spec.steps[0].channel", "Pigeon", `supported values: "Call", "SMS"`),
			refuse("campaign", "spec.steps[0].after", "8761h", "must be at most 8760h, a year"),
			refuse("campaign", "spec.steps[0].retryAfter", "1m", "must be from 15m to 720h"),
			refuse("campaign", "spec.steps[0].attempts", int64(11), "should be less than or equal to 10"),
			{create("calls past midnight", "campaign", set("spec.windows[0].spans[0].to", "25:00")), "spec.windows", "nobody is called past midnight"},
			refuse("campaign", "spec.pace.spacing", "61m", "must be at most 1h"),
			refuse("campaign", "spec.pace.concurrentCalls", int64(0), "should be greater than or equal to 1"),
			refuse("campaign", "spec.stopOn", []any{"Booked"}, "an opt-out always ends the campaign for a lead"),
			refuse("campaign", "spec.budget", map[string]any{}, "needs calls or spend"),
			refuse("campaign", "spec.budget.spend.amount", "200,00", "must be a decimal number in quotes"),
			refuse("campaign", "spec.budget.spend.currency", "gbp", "must be a currency code of three capitals"),
			{create("variants that nobody gets", "campaign", set("spec.variants[0].weight", int64(0)), set("spec.variants[1].weight", int64(0))), "spec.variants", "at least one variant needs a weight above 0"},
			{create("two variants with one name", "campaign", set("spec.variants[1].name", "a")), "spec.variants[1]", "Duplicate value"},
			{create("one variant", "campaign", set("spec.variants", yamlValue("[{name: a, weight: 1}]"))), "spec.variants", "should have at least 2 items"},
			{create("the end before the start", "campaign", set("spec.endTime", "2026-09-01T07:59:59Z")), "spec.endTime", "must be after startTime"},
			{create("the end at the start", "campaign", set("spec.endTime", "2026-09-01T10:00:00+02:00")), "spec.endTime", "must be after startTime"},
		},
	)
}
