package availability_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

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
		"OK": func(s *availability.Snapshot) {
			s.Resources[0].External = []availability.Interval{at(t, 600, 630), at(t, 640, 640), at(t, 690, 700)}
		},
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
	s := team(t, nineToFive(t), "a,b,room", "b,a,b", "room")
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
