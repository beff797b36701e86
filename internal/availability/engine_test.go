package availability_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// monday is 2027-02-01, in London and without summer time.
const monday = "2027-02-01T00:00:00Z"

// nineToFive is a policy of one long span every day on an hourly grid.
func nineToFive(t testing.TB) *availability.Policy {
	t.Helper()
	return &availability.Policy{Schedule: daily(t, "Europe/London", "09:00-17:00"), Rules: grid(time.Hour, availability.SpanStart)}
}

// at is an interval on the Monday, in minutes from midnight.
func at(t testing.TB, from, to int) availability.Interval {
	t.Helper()
	midnight := instant(t, monday)
	return availability.Between(midnight.Add(time.Duration(from)*time.Minute), midnight.Add(time.Duration(to)*time.Minute))
}

func TestBuffers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		before, after time.Duration
		busy          []availability.Interval
		external      []availability.Interval
		want          []string
	}{
		{name: "none", busy: []availability.Interval{at(t, 600, 660)}, want: []string{"09:00", "11:00"}},
		{name: "after", after: 10 * time.Minute, busy: []availability.Interval{at(t, 600, 660)}, want: []string{"11:00"}},
		{name: "before", before: 10 * time.Minute, busy: []availability.Interval{at(t, 600, 660)}, want: []string{"09:00"}},
		{name: "adjacent ones add", after: 10 * time.Minute, busy: []availability.Interval{at(t, 615, 660)}, want: []string{"09:00", "11:00"}},
		{name: "reach outside of hours", before: time.Hour, after: time.Hour, want: []string{"09:00", "10:00", "11:00"}},
		{name: "keep distance from external time", after: time.Minute, external: []availability.Interval{at(t, 600, 660)}, want: []string{"11:00"}},
		{name: "busy time outside of hours reaches in", before: time.Minute, busy: []availability.Interval{at(t, 500, 540)}, want: []string{"10:00", "11:00"}},
		{name: "an empty interval occupies nothing", busy: []availability.Interval{at(t, 600, 600)}, want: []string{"09:00", "10:00", "11:00"}},
		{name: "a second too early", busy: []availability.Interval{{Start: at(t, 600, 600).Start - 1, End: at(t, 660, 660).Start}}, want: []string{"11:00"}},
		{name: "a second is enough", busy: []availability.Interval{{Start: at(t, 600, 600).Start, End: at(t, 600, 600).Start + 1}}, want: []string{"09:00", "11:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := &availability.Policy{Schedule: daily(t, "Europe/London", "09:00-12:00"), Rules: grid(time.Hour, availability.SpanStart)}
			p.Rules.BufferBefore, p.Rules.BufferAfter = tc.before, tc.after
			s := solo(instant(t, monday), time.Hour, p, tc.busy...)
			s.Resources[0].External = tc.external
			if diff := cmp.Diff(tc.want, listed(t, s, monday, 24, "15:04")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	london := zone(t, "Europe/London")
	explains(t, []explanation{
		{name: "offered", start: "2027-02-01T11:00:00Z", want: availability.Reason{Code: availability.OK}, text: "can be booked"},
		{name: "past", start: "2027-02-01T08:29:59Z", want: availability.Reason{Code: availability.Past}, text: "in the past"},
		{
			name: "too soon", start: "2027-02-01T10:00:00Z",
			want: availability.Reason{Code: availability.TooSoon, Resource: "a", Bound: time.Date(2027, 2, 1, 10, 30, 0, 0, london)},
			text: "Monday 1 February 2027, 10:30",
		},
		{
			name: "too far", start: "2027-02-04T09:00:00Z",
			want: availability.Reason{Code: availability.TooFar, Resource: "a", Bound: time.Date(2027, 2, 4, 0, 0, 0, 0, london)},
			text: "before Thursday 4 February 2027, 00:00",
		},
		{name: "the last day", start: "2027-02-03T16:00:00Z", want: availability.Reason{Code: availability.OK}},
		{name: "ends too late", start: "2027-02-01T16:30:00Z", want: availability.Reason{Code: availability.OutsideHours, Resource: "a"}, text: "within opening hours."},
		{name: "at night", start: "2027-02-02T03:00:00Z", want: availability.Reason{Code: availability.OutsideHours, Resource: "a"}},
		{name: "off the grid", start: "2027-02-01T11:30:00Z", want: availability.Reason{Code: availability.OffGrid, Resource: "a"}, text: "do not start"},
		{name: "between seconds", start: "2027-02-01T11:00:00.5Z", want: availability.Reason{Code: availability.OffGrid}},
		{name: "taken", start: "2027-02-01T13:00:00Z", want: availability.Reason{Code: availability.SlotTaken, Resource: "a"}, text: "a is already booked"},
		{
			name: "taken elsewhere", start: "2027-02-01T11:00:00Z",
			change: func(s *availability.Snapshot) { s.Resources[0].External = []availability.Interval{at(t, 690, 700)} },
			want:   availability.Reason{Code: availability.ExternalBusy, Resource: "a"}, text: "calendar of a",
		},
		{
			name: "taken here and elsewhere", start: "2027-02-01T13:00:00Z",
			change: func(s *availability.Snapshot) { s.Resources[0].External = []availability.Interval{at(t, 780, 840)} },
			want:   availability.Reason{Code: availability.SlotTaken, Resource: "a"},
		},
		{name: "the year 1", start: "0001-01-01T09:00:00Z", want: availability.Reason{Code: availability.Past}},
		{name: "the year 9999", start: "9999-12-31T09:00:00Z", want: availability.Reason{
			Code: availability.TooFar, Resource: "a", Bound: time.Date(2027, 2, 4, 0, 0, 0, 0, london),
		}},
	})
}

func TestExplainLimits(t *testing.T) {
	t.Parallel()
	explains(t, []explanation{
		{
			name: "day full", start: "2027-02-01T11:00:00Z",
			change: func(s *availability.Snapshot) {
				s.Resources[0].Policy.Rules.Limits.PerDay = 2
				s.Resources[0].Booked = []availability.DayCount{{Date: date(t, "2027-01-31"), Count: 9}, {Date: date(t, "2027-02-01"), Count: 2}}
			},
			want: availability.Reason{Code: availability.LimitReached, Resource: "a", Limit: availability.PerDay}, text: "for this day",
		},
		{
			name: "week full, counted from Monday to Sunday", start: "2027-02-01T11:00:00Z",
			change: func(s *availability.Snapshot) {
				s.Resources[0].Policy.Rules.Limits.PerWeek = 3
				s.Resources[0].Booked = []availability.DayCount{{Date: date(t, "2027-01-31"), Count: 9}, {Date: date(t, "2027-02-07"), Count: 3}}
			},
			want: availability.Reason{Code: availability.LimitReached, Resource: "a", Limit: availability.PerWeek}, text: "for this week",
		},
		{
			name: "other weeks do not count", start: "2027-02-01T11:00:00Z",
			change: func(s *availability.Snapshot) {
				s.Resources[0].Policy.Rules.Limits.PerWeek = 3
				s.Resources[0].Booked = []availability.DayCount{{Date: date(t, "2027-01-31"), Count: 9}, {Date: date(t, "2027-02-07"), Count: 2}, {Date: date(t, "2027-02-08"), Count: 3}}
			},
			want: availability.Reason{Code: availability.OK},
		},
		{
			name: "customer has enough", start: "2027-02-01T11:00:00Z",
			change: func(s *availability.Snapshot) {
				s.Resources[0].Policy.Rules.Limits.OpenPerCustomer = 2
				s.CustomerOpen = 2
			},
			want: availability.Reason{Code: availability.LimitReached, Limit: availability.OpenPerCustomer}, text: "The customer",
		},
	})
}

// explanation is what is said of one start, on a day that is open from nine to five with one booking at one.
type explanation struct {
	name   string
	start  string
	change func(*availability.Snapshot)
	want   availability.Reason
	text   string
}

func explains(t *testing.T, cases []explanation) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := nineToFive(t)
			p.Rules.MinimumNotice = 2 * time.Hour
			p.Rules.MaximumDays = 2
			s := solo(instant(t, "2027-02-01T08:30:00Z"), time.Hour, p, at(t, 780, 840))
			if tc.change != nil {
				tc.change(s)
			}
			got := engine(t, s).Explain(instant(t, tc.start))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(got.Text(), tc.text) {
				t.Errorf("the text is %q", got.Text())
			}
		})
	}
}

// A day's limit says nothing about the next day, on which the span's grid goes on.
func TestLimitOfADayWithinASpan(t *testing.T) {
	t.Parallel()
	p := &availability.Policy{Schedule: daily(t, "Europe/London", "22:10-02:00"), Rules: grid(time.Hour, availability.SpanStart)}
	p.Rules.Limits.PerDay = 1
	s := solo(instant(t, monday), time.Hour, p)
	s.Resources[0].Booked = []availability.DayCount{{Date: date(t, "2027-02-01"), Count: 1}}
	want := []string{"02 00:10", "02 22:10", "02 23:10", "03 00:10"}
	if diff := cmp.Diff(want, listed(t, s, monday, 50, "02 15:04")); diff != "" {
		t.Error(diff)
	}
}

func TestReasonAsJSON(t *testing.T) {
	t.Parallel()
	for want, reason := range map[string]availability.Reason{
		`{"code":"OK"}`: {Code: availability.OK},
		`{"code":"CLOSED","resource":"a","detail":"Good Friday"}`:           {Code: availability.Closed, Resource: "a", Detail: "Good Friday"},
		`{"code":"TOO_SOON","resource":"a","bound":"2027-02-01T00:00:00Z"}`: {Code: availability.TooSoon, Resource: "a", Bound: instant(t, monday)},
		`{"code":"LIMIT_REACHED","limit":"perDay"}`:                         {Code: availability.LimitReached, Limit: availability.PerDay},
	} {
		if got, err := json.Marshal(reason); err != nil || string(got) != want {
			t.Errorf("got %s, want %s: %v", got, want, err)
		}
	}
}

func TestWarmEnginesDoNotAllocate(t *testing.T) {
	for _, resources := range []int{1, 20} {
		s := practice(t, resources, 100)
		var e availability.Engine
		var slots []availability.Slot
		allocations := testing.AllocsPerRun(100, func() {
			if err := e.Reset(s); err != nil {
				t.Fatal(err)
			}
			var err error
			if slots, err = e.AppendSlots(slots[:0], s.Now, s.Now.AddDate(0, 0, 31)); err != nil || len(slots) == 0 {
				t.Fatal(len(slots), err)
			}
			if _, reason := e.Check(slots[0].StartTime()); !reason.OK() {
				t.Fatal(reason)
			}
		})
		if allocations != 0 {
			t.Errorf("%d resources: %.1f allocations", resources, allocations)
		}
	}
}
