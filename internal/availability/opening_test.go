package availability_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

func TestNextOpening(t *testing.T) {
	t.Parallel()
	london, err := localtime.LoadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := availability.ScheduleInput{Zone: london, Weekly: []availability.WeeklyHours{
		{Days: weekdays, Spans: []availability.Span{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 17 * 60}}},
	}}
	closed := office
	closed.Exceptions = []availability.Exception{{From: localtime.MakeDate(2026, 3, 30), To: localtime.MakeDate(2026, 4, 6)}}
	always := availability.ScheduleInput{Zone: london, Weekly: []availability.WeeklyHours{
		{Days: append([]time.Weekday{time.Saturday, time.Sunday}, weekdays...), Spans: []availability.Span{{From: 0, To: 24 * 60}}},
	}}
	late := availability.ScheduleInput{Zone: london, Weekly: []availability.WeeklyHours{
		{Days: []time.Weekday{time.Saturday}, Spans: []availability.Span{{From: 90, To: 3 * 60}}},
	}}
	late.Weekly = append(late.Weekly, availability.WeeklyHours{Days: []time.Weekday{time.Sunday}, Spans: []availability.Span{{From: 90, To: 3 * 60}}})

	for name, c := range map[string]struct {
		hours    availability.ScheduleInput
		at, want string
	}{
		"before the day":                            {office, "2026-03-27T08:00:00Z", "2026-03-27T09:00:00Z"},
		"while open, after lunch":                   {office, "2026-03-27T10:00:00Z", "2026-03-27T13:00:00Z"},
		"at the opening itself":                     {office, "2026-03-27T09:00:00Z", "2026-03-27T13:00:00Z"},
		"just before":                               {office, "2026-03-27T08:59:59.9Z", "2026-03-27T09:00:00Z"},
		"over a weekend on which the clocks change": {office, "2026-03-27T17:00:00Z", "2026-03-30T08:00:00Z"},
		"over a closed week":                        {closed, "2026-03-27T17:00:00Z", "2026-04-07T08:00:00Z"},
		"in the hour that does not exist":           {late, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		"never closed":                              {always, "2026-03-27T08:00:00Z", ""},
		"never open":                                {availability.ScheduleInput{Zone: london}, "2026-03-27T08:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schedule, err := availability.NewSchedule(c.hours)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if opening, ok := schedule.NextOpening(at); ok {
				got = opening.UTC().Format(time.RFC3339)
			}
			if got != c.want {
				t.Errorf("opens next at %q, want %q", got, c.want)
			}
		})
	}
}

// An opening comes after the question, and asking again anywhere in between gives the same answer.
func TestNextOpeningStandsUntilItComes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		schedule, err := availability.NewSchedule(availability.ScheduleInput{Zone: time.UTC, Weekly: []availability.WeeklyHours{{
			Days: []time.Weekday{time.Weekday(rapid.IntRange(0, 6).Draw(t, "day"))},
			Spans: []availability.Span{{
				From: rapid.IntRange(0, 12*60).Draw(t, "from"), To: rapid.IntRange(12*60+1, 48*60).Draw(t, "to"),
			}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0)
		opening, ok := schedule.NextOpening(at)
		if !ok || !opening.After(at) || opening.Sub(at) > 7*24*time.Hour {
			t.Fatalf("after %s it opens at %s (%t)", at, opening, ok)
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(opening.Sub(at))-1).Draw(t, "later")))
		if again, _ := schedule.NextOpening(between); !again.Equal(opening) {
			t.Fatalf("at %s it opens at %s, at %s at %s", at, opening, between, again)
		}
	})
}
