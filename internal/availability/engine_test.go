package availability_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
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
	now := instant(t, "2027-02-01T08:30:00Z")
	base := func() *availability.Snapshot {
		p := nineToFive(t)
		p.Rules.MinimumNotice = 2 * time.Hour
		p.Rules.MaximumDays = 2
		return solo(now, time.Hour, p, at(t, 780, 840))
	}
	london := zone(t, "Europe/London")
	for _, tc := range []struct {
		name   string
		start  string
		change func(*availability.Snapshot)
		want   availability.Reason
		text   string
	}{
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
		{name: "the year 1", start: "0001-01-01T09:00:00Z", want: availability.Reason{Code: availability.Past}},
		{name: "the year 9999", start: "9999-12-31T09:00:00Z", want: availability.Reason{
			Code: availability.TooFar, Resource: "a", Bound: time.Date(2027, 2, 4, 0, 0, 0, 0, london),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := base()
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

// team is a snapshot of several resources under one policy; the service needs
// what the requirements say, as comma-separated IDs.
func team(t testing.TB, p *availability.Policy, ids string, requires ...string) *availability.Snapshot {
	t.Helper()
	s := &availability.Snapshot{Now: instant(t, monday), Service: availability.Service{Duration: time.Hour}}
	for id := range strings.SplitSeq(ids, ",") {
		s.Resources = append(s.Resources, availability.Resource{ID: id, Policy: p})
	}
	for _, r := range requires {
		s.Service.Requires = append(s.Service.Requires, availability.Requirement{AnyOf: strings.Split(r, ",")})
	}
	return s
}

func units(slot availability.Slot) string {
	var out []string
	for _, u := range slot.Units {
		out = append(out, fmt.Sprintf("%s/%d", u.Resource, u.Number))
	}
	return strings.Join(out, " ")
}

func TestWhoIsProposed(t *testing.T) {
	t.Parallel()
	ten := "2027-02-01T10:00:00Z"
	busy := func(unit int) []availability.Occupancy {
		return []availability.Occupancy{{Unit: unit, Interval: at(t, 630, 640)}}
	}
	for _, tc := range []struct {
		name     string
		ids      string
		requires []string
		change   func(r []availability.Resource)
		want     string // units, or a code
	}{
		{name: "ties go by ID", ids: "b,a,c", requires: []string{"c,b,a"}, want: "a/1"},
		{name: "the least loaded", ids: "a,b,c", requires: []string{"a,b,c"}, change: func(r []availability.Resource) { r[0].Load, r[2].Load = 1, -1 }, want: "c/1"},
		{name: "the next if busy", ids: "a,b", requires: []string{"a,b"}, change: func(r []availability.Resource) { r[0].Busy = busy(1) }, want: "b/1"},
		{name: "nobody", ids: "a,b", requires: []string{"a,b"}, change: func(r []availability.Resource) { r[0].Busy, r[1].Busy = busy(1), busy(1) }, want: "SLOT_TAKEN a"},
		{name: "the closest reason counts", ids: "a,b", requires: []string{"a,b"}, change: func(r []availability.Resource) {
			r[0].External, r[1].Busy = []availability.Interval{at(t, 0, 1440)}, busy(1)
		}, want: "SLOT_TAKEN b"},
		{name: "the lowest free unit", ids: "a", requires: []string{"a"}, change: func(r []availability.Resource) { r[0].Units, r[0].Busy = 3, busy(1) }, want: "a/2"},
		{name: "units are not counted", ids: "a", requires: []string{"a"}, change: func(r []availability.Resource) {
			// Never two at once, and yet no unit is free for the whole hour.
			r[0].Units = 2
			r[0].Busy = []availability.Occupancy{{Unit: 2, Interval: at(t, 640, 660)}, {Unit: 1, Interval: at(t, 600, 620)}}
		}, want: "SLOT_TAKEN a"},
		{name: "units beyond the capacity block nothing", ids: "a", requires: []string{"a"}, change: func(r []availability.Resource) { r[0].Busy = busy(2) }, want: "a/1"},
		{name: "external time blocks all units", ids: "a", requires: []string{"a"}, change: func(r []availability.Resource) {
			r[0].Units, r[0].External = 3, []availability.Interval{at(t, 630, 640)}
		}, want: "EXTERNAL_BUSY a"},
		{name: "two at once", ids: "dentist,room", requires: []string{"dentist", "room"}, want: "dentist/1 room/1"},
		{name: "one of two missing", ids: "dentist,room", requires: []string{"dentist", "room"}, change: func(r []availability.Resource) { r[1].Busy = busy(1) }, want: "SLOT_TAKEN room"},
		{name: "nobody serves twice", ids: "a", requires: []string{"a", "a"}, want: "SLOT_TAKEN "},
		{name: "but two units may", ids: "a", requires: []string{"a", "a"}, change: func(r []availability.Resource) { r[0].Units = 2 }, want: "a/1 a/2"},
		{name: "an earlier choice gives way", ids: "a,b", requires: []string{"a,b", "a"}, want: "b/1 a/1"},
		{name: "and so in a chain", ids: "a,b,c", requires: []string{"a,b", "b,c", "a"}, want: "b/1 c/1 a/1"},
		{name: "and so backwards", ids: "a,b,c", requires: []string{"a,c", "a,b", "b"}, change: func(r []availability.Resource) { r[2].Load = 9 }, want: "c/1 a/1 b/1"},
		{name: "but only if it must", ids: "a,b,c", requires: []string{"a,b", "a,c"}, want: "a/1 c/1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := team(t, nineToFive(t), tc.ids, tc.requires...)
			if tc.change != nil {
				tc.change(s.Resources)
			}
			slot, reason := engine(t, s).Check(instant(t, ten))
			got := units(slot)
			if !reason.OK() {
				got = string(reason.Code) + " " + reason.Resource
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestResourcesUnderSeveralPolicies(t *testing.T) {
	t.Parallel()
	early, late := nineToFive(t), &availability.Policy{
		Schedule: daily(t, "Europe/London", "12:30-20:00"), Rules: grid(90*time.Minute, availability.SpanStart),
	}
	either := team(t, early, "a,b", "a,b")
	either.Resources[1].Policy = late
	var got []string
	for _, slot := range mustSlots(t, either, monday, 24) {
		got = append(got, slot.StartTime().Format("15:04 ")+units(slot))
	}
	want := []string{
		"09:00 a/1", "10:00 a/1", "11:00 a/1", "12:00 a/1", "12:30 b/1", "13:00 a/1", "14:00 a/1", "15:00 a/1", "15:30 b/1", "16:00 a/1", "17:00 b/1", "18:30 b/1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Both at once: the first one's grid, within both one's hours.
	both := team(t, early, "a,b", "b", "a")
	both.Resources[1].Policy = late
	if diff := cmp.Diff([]string{"12:30", "14:00", "15:30"}, starts(mustSlots(t, both, monday, 24), time.UTC, "15:04")); diff != "" {
		t.Error(diff)
	}
}

func mustSlots(t testing.TB, s *availability.Snapshot, from string, hours int) []availability.Slot {
	t.Helper()
	start := instant(t, from)
	slots, err := engine(t, s).Slots(start, start.Add(time.Duration(hours)*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return slots
}

func TestGroups(t *testing.T) {
	t.Parallel()
	room := []availability.Unit{{Resource: "room", Number: 1}}
	class := func(places, taken int) *availability.Snapshot {
		s := team(t, nineToFive(t), "room", "room")
		s.Service.GroupSize, s.Places = 4, places
		// At 10:30, off today's grid.
		s.Sessions = []availability.Session{{Interval: at(t, 630, 690), Taken: taken, Units: room}}
		s.Resources[0].Busy = []availability.Occupancy{{Unit: 1, Interval: at(t, 630, 690)}}
		return s
	}
	start := "2027-02-01T10:30:00Z"

	slot, reason := engine(t, class(1, 3)).Check(instant(t, start))
	want := availability.Slot{Interval: at(t, 630, 690), Units: room, Session: 0, PlacesLeft: 1}
	if diff := cmp.Diff(want, slot); diff != "" || !reason.OK() {
		t.Errorf("joining: %+v %s", reason, diff)
	}
	want4 := []string{"09:00", "10:30", "12:00", "13:00", "14:00", "15:00", "16:00"}
	if diff := cmp.Diff(want4, starts(mustSlots(t, class(1, 3), monday, 24), time.UTC, "15:04")); diff != "" {
		t.Error(diff)
	}
	slots := mustSlots(t, class(2, 3), monday, 24)
	if i := slices.IndexFunc(slots, func(s availability.Slot) bool { return s.Session >= 0 }); i >= 0 {
		t.Errorf("two people are offered one place: %+v", slots[i])
	}
	if slots[0].PlacesLeft != 4 || slots[0].Session != -1 {
		t.Errorf("a new session is %+v", slots[0])
	}
	for name, change := range map[string]func(*availability.Snapshot){
		"FULL":          func(s *availability.Snapshot) { s.Sessions[0].Taken = 4 },
		"EXTERNAL_BUSY": func(s *availability.Snapshot) { s.Resources[0].External = []availability.Interval{at(t, 630, 640)} },
		"OFF_GRID": func(s *availability.Snapshot) {
			s.Sessions[0].Units = []availability.Unit{{Resource: "gone", Number: 1}}
		},
		"TOO_SOON": func(s *availability.Snapshot) { s.Resources[0].Policy.Rules.MinimumNotice = 24 * time.Hour },
	} {
		s := class(1, 3)
		change(s)
		if got := engine(t, s).Explain(instant(t, start)); string(got.Code) != name {
			t.Errorf("got %+v, want %s", got, name)
		}
	}
	// A full session does not keep another room from opening one.
	s := class(1, 4)
	s.Sessions[0].Interval, s.Resources[0].Busy[0].Interval = at(t, 600, 660), at(t, 600, 660)
	s.Resources[0].Units = 2
	if slot, reason := engine(t, s).Check(instant(t, "2027-02-01T10:00:00Z")); slot.Session != -1 || units(slot) != "room/2" {
		t.Errorf("got %+v, %+v", slot, reason)
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	s := team(t, nineToFive(t), "a,b,room", "b,a", "room")
	s.Resources[2].Units = 3
	s.Resources[2].Busy = []availability.Occupancy{{Unit: 2, Interval: at(t, 600, 660)}}
	e := engine(t, s)
	want := []availability.Candidate{
		{Requirement: 0, Unit: availability.Unit{Resource: "a", Number: 1}},
		{Requirement: 0, Unit: availability.Unit{Resource: "b", Number: 1}},
		{Requirement: 1, Unit: availability.Unit{Resource: "room", Number: 1}},
		{Requirement: 1, Unit: availability.Unit{Resource: "room", Number: 3}},
	}
	if diff := cmp.Diff(want, e.AppendCandidates(nil, instant(t, "2027-02-01T10:00:00Z"))); diff != "" {
		t.Error(diff)
	}
	for _, start := range []string{"2027-02-01T10:30:00Z", "2027-02-01T10:00:00.1Z", "2027-01-01T10:00:00Z"} {
		if got := e.AppendCandidates(nil, instant(t, start)); got != nil {
			t.Errorf("%s: %+v", start, got)
		}
	}
}

func TestSnapshotErrors(t *testing.T) {
	t.Parallel()
	bad := &availability.Policy{Rules: availability.Rules{
		Grid: availability.Grid{Interval: 7 * time.Hour, Anchor: availability.Clock}, MinimumNotice: -1, MaximumDays: -1,
		BufferBefore: time.Millisecond, BufferAfter: 8 * 24 * time.Hour, Limits: availability.Limits{PerDay: -1},
	}}
	good := nineToFive(t)
	for _, tc := range []struct {
		name     string
		snapshot *availability.Snapshot
		want     []string
	}{
		{"nothing", &availability.Snapshot{Now: instant(t, monday)}, []string{"service.duration", "service.requires"}},
		{"numbers", &availability.Snapshot{
			Service:   availability.Service{Duration: 8 * 24 * time.Hour, GroupSize: -1, Requires: []availability.Requirement{{}, {AnyOf: []string{"a", "x"}}}},
			Resources: []availability.Resource{{ID: "a", Units: -1, Policy: good}, {ID: "a", Policy: good}, {Policy: good}, {ID: "c"}},
			Now:       time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), Places: 2, CustomerOpen: -1,
		}, []string{
			"now", "service.duration", "service.groupSize", "places", "customerOpen", "resources[0].units", "resources[1].id", "resources[2].id",
			"resources[3].policy", "service.requires[0].anyOf", "service.requires[1].anyOf[1]",
		}},
		{"policy", solo(instant(t, monday), time.Hour, bad), []string{
			"resources[0].policy.schedule", "resources[0].policy.rules.grid.interval", "resources[0].policy.rules.minimumNotice",
			"resources[0].policy.rules.maximumDays", "resources[0].policy.rules.bufferBefore", "resources[0].policy.rules.bufferAfter",
			"resources[0].policy.rules.limits",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := engine(t, solo(instant(t, monday), time.Hour, nineToFive(t)))
			err := e.Reset(tc.snapshot)
			var invalid *availability.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v", err)
			}
			var paths []string
			for _, f := range invalid.Fields {
				paths = append(paths, f.Path)
				if !strings.Contains(err.Error(), f.Path+": "+f.Reason) || f.Reason == "" {
					t.Errorf("%q does not say %+v", err, f)
				}
			}
			if diff := cmp.Diff(tc.want, paths); diff != "" {
				t.Error(diff)
			}
			// An engine without a snapshot offers nothing.
			if _, reason := e.Check(instant(t, "2027-02-01T10:00:00Z")); reason.OK() {
				t.Errorf("got %+v", reason)
			}
			if slots, err := e.Slots(instant(t, monday), instant(t, monday).AddDate(0, 0, 1)); err != nil || len(slots) > 0 {
				t.Errorf("got %v, %v", slots, err)
			}
		})
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	unknown := *good
	if unknown.Rules.Grid.Anchor = "Noon"; unknown.Validate() == nil {
		t.Error("an unknown anchor is accepted")
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	e := engine(t, solo(instant(t, monday), time.Hour, nineToFive(t)))
	start := instant(t, monday)
	for name, to := range map[string]time.Time{
		"ten years": start.AddDate(10, 0, 0), "backwards": start.Add(-time.Second), "beyond the years": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		var refused *availability.WindowError
		if slots, err := e.Slots(start, to); !errors.As(err, &refused) || slots != nil || !strings.Contains(err.Error(), refused.Reason) {
			t.Errorf("%s: %d slots, %v", name, len(slots), err)
		}
	}
	if slots, err := e.Slots(start, start.Add(availability.MaxWindow)); err != nil || len(slots) != 366*8 {
		t.Errorf("the longest window: %d slots, %v", len(slots), err)
	}
	if slots, err := e.Slots(start, start); err != nil || len(slots) != 0 {
		t.Errorf("an empty window: %d slots, %v", len(slots), err)
	}
	nine := instant(t, "2027-02-01T09:00:00Z")
	for _, tc := range []struct {
		from, to time.Duration
		want     int
	}{{0, 1, 1}, {1, time.Hour, 0}, {-1, 0, 0}, {0, time.Hour + 1, 2}, {0, time.Hour, 1}} {
		if slots, err := e.Slots(nine.Add(tc.from), nine.Add(tc.to)); err != nil || len(slots) != tc.want {
			t.Errorf("from %s to %s: %d slots, %v", tc.from, tc.to, len(slots), err)
		}
	}
}

// The edges of the calendar, and numbers that no sane caller gives.
func TestExtremes(t *testing.T) {
	t.Parallel()
	s := solo(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour, nineToFive(t),
		availability.Interval{Start: math.MinInt64, End: math.MinInt64 + 1},
		availability.Interval{Start: math.MaxInt64 - 1, End: math.MaxInt64},
		availability.Interval{Start: math.MaxInt64, End: math.MinInt64},
	)
	for _, year := range []int{1, 1900, 9999} {
		from := time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		slots, err := engine(t, s).Slots(from, from.AddDate(0, 0, 2))
		if err != nil || len(slots) != 16 {
			t.Errorf("the year %d: %d slots, %v", year, len(slots), err)
		}
	}
	s.Resources[0].External = []availability.Interval{{Start: math.MinInt64, End: math.MaxInt64}}
	from := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	if slots, err := engine(t, s).Slots(from, from.AddDate(0, 0, 2)); err != nil || len(slots) != 0 {
		t.Errorf("busy for ever: %d slots, %v", len(slots), err)
	}
	for _, start := range []time.Time{{}, time.Unix(math.MinInt64/2, 0), time.Unix(math.MaxInt64/2, 0)} {
		if reason := engine(t, s).Explain(start); reason.OK() {
			t.Errorf("%d is offered", start.Unix())
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
