package availability_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// listed are the local start times, formatted, on one date and the next days up
// to a number of hours.
func listed(t *testing.T, s *availability.Snapshot, from string, hours int, layout string) []string {
	t.Helper()
	at := instant(t, from)
	slots, err := engine(t, s).Slots(at, at.Add(time.Duration(hours)*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return starts(slots, s.Resources[0].Policy.Schedule.Zone(), layout)
}

// clockChanges are days on which clocks change, with all three anchors. Expectations were worked
// out by hand from the zones' published rules.
var clockChanges = []struct {
	name, zone, hours, from string
	interval, duration      time.Duration
	anchor                  availability.Anchor
	want                    []string
}{
	{
		name: "hours after the change keep their wall time", zone: "Africa/Cairo", hours: "09:00-12:00", from: "2027-04-29T22:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.SpanStart,
		want: []string{"09:00 +0300", "10:00 +0300", "11:00 +0300"},
	},
	{
		name: "a span over a gap is an hour shorter", zone: "Europe/London", hours: "00:00-04:00", from: "2027-03-28T00:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.SpanStart,
		want: []string{"00:00 +0000", "02:00 +0100", "03:00 +0100"},
	},
	{
		name: "a span over a repeated hour is an hour longer", zone: "Europe/London", hours: "00:00-03:00", from: "2027-10-30T23:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.SpanStart,
		want: []string{"00:00 +0100", "01:00 +0100", "01:00 +0000", "02:00 +0000"},
	},
	{
		name: "a span that starts in a gap starts later", zone: "Europe/London", hours: "01:30-04:00", from: "2027-03-28T00:00:00Z",
		interval: 30 * time.Minute, duration: 30 * time.Minute, anchor: availability.SpanStart,
		want: []string{"02:30 +0100", "03:00 +0100", "03:30 +0100"},
	},
	{
		name: "a span that a gap swallows is not open", zone: "Europe/London", hours: "01:30-02:15", from: "2027-03-28T00:00:00Z",
		interval: 15 * time.Minute, duration: 15 * time.Minute, anchor: availability.SpanStart,
		want: []string{},
	},
	{
		name: "no midnight", zone: "America/Havana", hours: "00:00-03:00", from: "2027-03-14T04:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.DayStart,
		want: []string{"01:00 -0400", "02:00 -0400"},
	},
	{
		name: "elapsed time shifts by half an hour on the face", zone: "Australia/Lord_Howe", hours: "01:00-05:00", from: "2027-10-02T14:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.SpanStart,
		want: []string{"01:00 +1030", "02:30 +1100", "03:30 +1100"},
	},
	{
		name: "the clock keeps the face", zone: "Australia/Lord_Howe", hours: "01:00-05:00", from: "2027-10-02T14:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.Clock,
		want: []string{"01:00 +1030", "03:00 +1100", "04:00 +1100"},
	},
	{
		name: "the clock gives both passes", zone: "Australia/Lord_Howe", hours: "01:00-03:00", from: "2027-04-03T14:00:00Z",
		interval: 30 * time.Minute, duration: 30 * time.Minute, anchor: availability.Clock,
		want: []string{"01:00 +1100", "01:30 +1100", "01:30 +1030", "02:00 +1030", "02:30 +1030"},
	},
	{
		name: "a skipped date has no hours", zone: "Pacific/Apia", hours: "09:00-11:00", from: "2011-12-29T10:00:00Z",
		interval: time.Hour, duration: time.Hour, anchor: availability.SpanStart,
		want: []string{"09:00 -1000", "10:00 -1000", "09:00 +1400", "10:00 +1400"},
	},
	{
		name: "the clock in a zone of three quarters of an hour", zone: "Asia/Kathmandu", hours: "09:10-10:40", from: "2027-02-01T00:00:00Z",
		interval: 30 * time.Minute, duration: 30 * time.Minute, anchor: availability.Clock,
		want: []string{"09:30 +0545", "10:00 +0545"},
	},
}

func TestDaysOnWhichClocksChange(t *testing.T) {
	t.Parallel()
	for _, tc := range clockChanges {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := &availability.Policy{Schedule: daily(t, tc.zone, tc.hours), Rules: grid(tc.interval, tc.anchor)}
			s := solo(instant(t, "2010-01-01T00:00:00Z"), tc.duration, p)
			hours := 22
			if tc.zone == "Pacific/Apia" {
				hours = 48
			}
			if diff := cmp.Diff(tc.want, listed(t, s, tc.from, hours, "15:04 -0700")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGridAndSpans(t *testing.T) {
	t.Parallel()
	const half = 30 * time.Minute
	for _, tc := range []struct {
		name     string
		spans    []string
		interval time.Duration
		duration time.Duration
		anchor   availability.Anchor
		want     []string
	}{
		{"from the span's start", []string{"09:10-10:20"}, half, half, availability.SpanStart, []string{"09:10", "09:40"}},
		{"from the day's start", []string{"09:10-10:20"}, half, half, availability.DayStart, []string{"09:30"}},
		{"by the clock", []string{"09:10-10:40"}, half, half, availability.Clock, []string{"09:30", "10:00"}},
		{"each span has its own grid", []string{"09:05-09:40", "10:15-11:00"}, half, half, availability.SpanStart, []string{"09:05", "10:15"}},
		{"a step that does not divide the day", []string{"09:00-12:00"}, 50 * time.Minute, half, availability.DayStart, []string{"09:10", "10:00", "10:50"}},
		{"a step shorter than the duration", []string{"09:00-10:00"}, 15 * time.Minute, 40 * time.Minute, availability.SpanStart, []string{"09:00", "09:15"}},
		{"spans that touch are one", []string{"09:00-10:00", "10:00-11:00"}, time.Hour, 90 * time.Minute, availability.SpanStart, []string{"09:00"}},
		{"spans that overlap are one", []string{"09:00-10:00", "09:50-11:00"}, half, 20 * time.Minute, availability.SpanStart, []string{"09:00", "09:30", "10:20"}},
		{"a break is a gap between spans", []string{"09:00-10:00", "10:05-11:00"}, half, time.Hour, availability.SpanStart, []string{"09:00"}},
		{"across midnight", []string{"23:00-01:00"}, half, time.Hour, availability.SpanStart, []string{"00:00", "23:00", "23:30"}},
		{"the whole day, every day", []string{"00:00-24:00"}, 8 * time.Hour, 30 * time.Hour, availability.SpanStart, []string{"00:00", "08:00", "16:00"}},
		{"longer than any span", []string{"09:00-10:00"}, half, 2 * time.Hour, availability.SpanStart, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := &availability.Policy{Schedule: daily(t, "Europe/London", tc.spans...), Rules: grid(tc.interval, tc.anchor)}
			s := solo(instant(t, "2026-01-01T00:00:00Z"), tc.duration, p)
			if diff := cmp.Diff(tc.want, listed(t, s, "2027-02-03T00:00:00Z", 24, "15:04")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExceptionsAndHolidays(t *testing.T) {
	t.Parallel()
	holidays, err := availability.HolidayCalendarByCode("GB-ENG")
	if err != nil {
		t.Fatal(err)
	}
	s := schedule(t, availability.ScheduleInput{
		Zone:   zone(t, "Europe/London"),
		Weekly: []availability.WeeklyHours{{Days: everyDay, Spans: spans(t, "09:00-10:00", "22:00-01:00")}},
		Exceptions: []availability.Exception{
			{From: date(t, "2026-12-24"), To: date(t, "2026-12-24"), Spans: spans(t, "08:00-09:00"), Reason: "Christmas Eve"},
			{From: date(t, "2026-12-27"), To: date(t, "2027-01-01"), Reason: "Holidays"},
			{From: date(t, "2026-12-28"), To: date(t, "2026-12-28"), Spans: spans(t, "12:00-13:00"), Reason: "Open after all"},
		},
		Holidays: holidays, // the 25th, 26th and, observed for Saturday the 26th, the 28th
	})
	snapshot := solo(instant(t, "2026-12-01T00:00:00Z"), time.Hour, &availability.Policy{Schedule: s, Rules: grid(time.Hour, availability.SpanStart)})
	want := []string{
		"23 09:00", "23 22:00", "23 23:00", "24 00:00", // into the exception: the span belongs to the 23rd
		"24 08:00", "28 12:00", "02 09:00", "02 22:00", "02 23:00", "03 00:00",
	}
	if diff := cmp.Diff(want, listed(t, snapshot, "2026-12-23T05:00:00Z", 24*11, "02 15:04")); diff != "" {
		t.Error(diff)
	}
	e := engine(t, snapshot)
	for at, want := range map[string]availability.Reason{
		"2026-12-24T10:00:00Z": {Code: availability.OutsideHours, Resource: "a", Detail: "Christmas Eve"},
		"2026-12-25T10:00:00Z": {Code: availability.Closed, Resource: "a", Detail: "Christmas Day"},
		"2026-12-26T10:00:00Z": {Code: availability.Closed, Resource: "a", Detail: "Boxing Day"},
		"2026-12-28T09:00:00Z": {Code: availability.OutsideHours, Resource: "a", Detail: "Open after all"},
		"2026-12-29T09:00:00Z": {Code: availability.Closed, Resource: "a", Detail: "Holidays"},
		"2027-01-02T12:00:00Z": {Code: availability.OutsideHours, Resource: "a"},
	} {
		if diff := cmp.Diff(want, e.Explain(instant(t, at))); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
}

func TestHolidayCalendars(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ code, date, want string }{
		{"GB-ENG", "2027-03-26", "Good Friday"},
		{"GB-ENG", "2027-12-25", "Christmas Day"}, // a Saturday
		{"GB-ENG", "2027-12-27", "Christmas Day"}, // its substitute
		{"US", "2026-11-26", "Thanksgiving Day"},
		{"DE-BY", "2027-01-06", "Heilige Drei Könige"},
		{"DE-BE", "2027-01-06", ""},
		{"FR", "2027-07-14", "Fête Nationale"},
		{"GB-ENG", "2027-07-14", ""},
	} {
		c, err := availability.HolidayCalendarByCode(tc.code)
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := c.On(date(t, tc.date)); name != tc.want || ok != (tc.want != "") {
			t.Errorf("%s on %s: got %q, want %q", tc.code, tc.date, name, tc.want)
		}
	}
	for _, code := range availability.HolidayCalendarCodes() {
		c, err := availability.HolidayCalendarByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for d := date(t, "2027-01-01"); d <= date(t, "2027-12-31"); d++ {
			if _, ok := c.On(d); ok {
				n++
			}
		}
		if n < 5 || n > 30 {
			t.Errorf("%s has %d holidays in 2027", code, n)
		}
	}
	var unknown *availability.UnknownCalendarError
	if _, err := availability.HolidayCalendarByCode("GB"); !errors.As(err, &unknown) || unknown.Code != "GB" {
		t.Errorf("GB: %v", err)
	}
}

func TestScheduleErrors(t *testing.T) {
	t.Parallel()
	_, err := availability.NewSchedule(availability.ScheduleInput{
		Weekly: []availability.WeeklyHours{
			{Days: []time.Weekday{time.Monday, 7}, Spans: []availability.Span{{From: 540, To: 720}, {From: 800, To: 700}}},
		},
		Exceptions: []availability.Exception{
			{From: 20000, To: 19999, Spans: []availability.Span{{From: -1, To: 5}, {From: 1440, To: 1500}, {From: 0, To: 2881}}},
		},
	})
	var invalid *availability.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	var paths []string
	for _, f := range invalid.Fields {
		if f.Reason == "" {
			t.Errorf("%s has no reason", f.Path)
		}
		paths = append(paths, f.Path)
	}
	want := []string{
		"zone", "weekly[0].spans[1].to", "weekly[0].days[1]", "exceptions[0].to",
		"exceptions[0].spans[0].from", "exceptions[0].spans[1].from", "exceptions[0].spans[2].to",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleDoesNotKeepTheInput(t *testing.T) {
	t.Parallel()
	in := availability.ScheduleInput{
		Zone:       zone(t, "UTC"),
		Weekly:     []availability.WeeklyHours{{Days: everyDay, Spans: spans(t, "09:00-10:00")}},
		Exceptions: []availability.Exception{{From: date(t, "2027-01-02"), To: date(t, "2027-01-02"), Spans: spans(t, "11:00-12:00")}},
	}
	p := &availability.Policy{Schedule: schedule(t, in), Rules: grid(time.Hour, availability.SpanStart)}
	in.Weekly[0].Spans[0] = span(t, "01:00-02:00")
	in.Exceptions[0].Spans[0] = span(t, "01:00-02:00")
	got := listed(t, solo(instant(t, "2027-01-01T00:00:00Z"), time.Hour, p), "2027-01-01T00:00:00Z", 48, "15:04")
	if diff := cmp.Diff([]string{"09:00", "11:00"}, got); diff != "" {
		t.Error(diff)
	}
}

// A schedule forgets pages when many years are asked for, and is shared between
// goroutines; neither may change an answer.
func TestScheduleIsShared(t *testing.T) {
	t.Parallel()
	shared := dentist(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for year := range 24 {
				now := instant(t, "2005-03-20T00:00:00Z").AddDate((year*7+g*5)%40, 0, 0)
				ask := func(s *availability.Schedule) []availability.Slot {
					slots, err := engine(t, solo(now, time.Hour, &availability.Policy{Schedule: s, Rules: grid(time.Hour, availability.Clock)})).
						Slots(now, now.AddDate(0, 0, 70))
					if err != nil || len(slots) == 0 {
						t.Errorf("%d slots: %v", len(slots), err)
					}
					return slots
				}
				if diff := cmp.Diff(ask(dentist(t)), ask(shared)); diff != "" {
					t.Errorf("%s: %s", now, diff)
				}
			}
		})
	}
	wg.Wait()
}

// Pages are cut at fixed instants, which fall on any local time of day. No day of
// a year may show it, near the date line least of all.
func TestEveryDayOfAYear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"} {
		loc := zone(t, name)
		day := &availability.Policy{
			Schedule: daily(t, name, "00:00-02:00", "11:00-12:00", "22:00-23:00"),
			Rules:    grid(time.Hour, availability.SpanStart),
		}
		week := &availability.Policy{Rules: day.Rules, Schedule: schedule(t, availability.ScheduleInput{
			Zone:   loc,
			Weekly: []availability.WeeklyHours{{Days: everyDay[:1], Spans: []availability.Span{{From: 1380, To: 2880}}}},
		})}
		for d := date(t, "2027-01-04"); d < date(t, "2028-01-01"); d++ {
			midnight := localtime.Resolve(loc, d, 0)
			want := []string{"00:00", "01:00", "11:00", "22:00"}
			got, err := engine(t, solo(midnight, time.Hour, day)).Slots(midnight, midnight.AddDate(0, 0, 1))
			if diff := cmp.Diff(want, starts(got, loc, "15:04")); diff != "" || err != nil {
				t.Fatalf("%s in %s: %v %s", d, name, err, diff)
			}
			if d.Weekday() == time.Monday { // one appointment that fills the whole of the span
				got, err = engine(t, solo(midnight, 25*time.Hour, week)).Slots(midnight, midnight.AddDate(0, 0, 7))
				if diff := cmp.Diff([]string{"23:00"}, starts(got, loc, "15:04")); diff != "" || err != nil {
					t.Fatalf("the week of %s in %s: %v %s", d, name, err, diff)
				}
			}
		}
	}
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		want     availability.Span
	}{
		{"09:00", "12:30", availability.Span{From: 540, To: 750}},
		{"00:00", "24:00", availability.Span{From: 0, To: 1440}},
		{"22:00", "02:00", availability.Span{From: 1320, To: 1560}},
		{"22:00", "00:00", availability.Span{From: 1320, To: 1440}},
	} {
		if got, err := availability.ParseSpan(tc.from, tc.to); err != nil || got != tc.want {
			t.Errorf("%s to %s: %+v, %v", tc.from, tc.to, got, err)
		}
	}
	for _, tc := range [][2]string{{"09:00", "09:00"}, {"24:00", "02:00"}, {"9:00", "10:00"}, {"09:00", ""}, {"00:00", "00:00"}} {
		if got, err := availability.ParseSpan(tc[0], tc[1]); err == nil {
			t.Errorf("%v is read as %+v", tc, got)
		}
	}
}

// FuzzParseSpan checks that what is read can be scheduled.
func FuzzParseSpan(f *testing.F) {
	f.Add("09:00", "12:30")
	f.Add("22:00", "02:00")
	f.Add("24:00", "24:00")
	f.Add("\x00", "٠٩:٣٠")
	f.Add("00:00", "24:00")
	f.Add("\u202e09:00", "' OR 1")
	f.Fuzz(func(t *testing.T, from, to string) {
		span, err := availability.ParseSpan(from, to)
		if err != nil {
			return
		}
		_, err = availability.NewSchedule(availability.ScheduleInput{
			Zone: time.UTC, Weekly: []availability.WeeklyHours{{Days: everyDay, Spans: []availability.Span{span}}},
		})
		if err != nil {
			t.Errorf("%q to %q: %v", from, to, err)
		}
	})
}
