package availability_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

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
