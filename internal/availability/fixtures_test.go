package availability_test

import (
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := localtime.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func date(t testing.TB, text string) localtime.Date {
	t.Helper()
	d, err := localtime.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// instant reads an RFC 3339 time.
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// span reads "09:00-12:30".
func span(t testing.TB, text string) availability.Span {
	t.Helper()
	s, err := availability.ParseSpan(text[:5], text[6:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func spans(t testing.TB, texts ...string) []availability.Span {
	t.Helper()
	var out []availability.Span
	for _, text := range texts {
		out = append(out, span(t, text))
	}
	return out
}

var everyDay = []time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

func schedule(t testing.TB, in availability.ScheduleInput) *availability.Schedule {
	t.Helper()
	s, err := availability.NewSchedule(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// daily is a schedule with the same spans every day.
func daily(t testing.TB, zoneName string, texts ...string) *availability.Schedule {
	t.Helper()
	return schedule(t, availability.ScheduleInput{
		Zone:   zone(t, zoneName),
		Weekly: []availability.WeeklyHours{{Days: everyDay, Spans: spans(t, texts...)}},
	})
}

// dentist is a typical week of a practice in London.
func dentist(t testing.TB) *availability.Schedule {
	t.Helper()
	return schedule(t, availability.ScheduleInput{
		Zone: zone(t, "Europe/London"),
		Weekly: []availability.WeeklyHours{
			{Days: everyDay[:4], Spans: spans(t, "09:00-12:30", "13:30-18:00")},
			{Days: everyDay[4:5], Spans: spans(t, "09:00-16:00")},
		},
	})
}

func engine(t testing.TB, s *availability.Snapshot) *availability.Engine {
	t.Helper()
	e, err := availability.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func grid(interval time.Duration, anchor availability.Anchor) availability.Rules {
	return availability.Rules{Grid: availability.Grid{Interval: interval, Anchor: anchor}}
}

// solo is a snapshot of one resource, "a", that does one service.
func solo(now time.Time, duration time.Duration, p *availability.Policy, busy ...availability.Interval) *availability.Snapshot {
	s := &availability.Snapshot{
		Now:       now,
		Service:   availability.Service{Duration: duration, Requires: []availability.Requirement{{AnyOf: []string{"a"}}}},
		Resources: []availability.Resource{{ID: "a", Policy: p}},
	}
	for _, b := range busy {
		s.Resources[0].Busy = append(s.Resources[0].Busy, availability.Occupancy{Unit: 1, Interval: b})
	}
	return s
}

// starts formats the local times at which slots start.
func starts(slots []availability.Slot, loc *time.Location, layout string) []string {
	out := []string{}
	for _, s := range slots {
		out = append(out, s.StartTime().In(loc).Format(layout))
	}
	return out
}

func dateOf(at time.Time, loc *time.Location) localtime.Date { return localtime.DateOf(at, loc) }
