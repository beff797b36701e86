package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// engine measures the availability engine alone: one question for 31 days of a half-hour service on a grid of 15
// minutes, asked as a server asks it. Warm are the schedule's resolved hours, the engine's memory and the result's
// buffer; all that depends on now and on what is busy is done anew. Allocations are those beyond the result.
func engine(ctx context.Context, _ *bench) (rows []report.Row, err error) {
	for _, resources := range []int{1, 20} {
		for _, busy := range []int{0, 20, 100} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			measured, err := ask31Days(resources, busy)
			if err != nil {
				return nil, err
			}
			name := fmt.Sprintf("engine_31d_%dbusy", busy)
			if resources > 1 {
				name += fmt.Sprintf("_%dresources", resources)
			}
			rows = append(rows,
				report.Plain(name, float64(measured.T.Nanoseconds())/float64(measured.N), "ns"),
				report.Plain(name+"_allocs", float64(measured.AllocsPerOp()), "allocations"))
		}
	}
	return rows, nil
}

func ask31Days(resources, busy int) (testing.BenchmarkResult, error) {
	snapshot, err := practice(resources, busy)
	if err != nil {
		return testing.BenchmarkResult{}, err
	}
	from, to := snapshot.Now, snapshot.Now.AddDate(0, 0, 31)
	var (
		engine availability.Engine
		slots  []availability.Slot
		failed error
	)
	measured := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if failed = engine.Reset(snapshot); failed == nil {
				slots, failed = engine.AppendSlots(slots[:0], from, to)
			}
			if failed != nil {
				b.FailNow()
			}
		}
	})
	if failed == nil && len(slots) == 0 {
		failed = fmt.Errorf("no slots for %d resources with %d bookings: nothing was measured", resources, busy)
	}
	return measured, failed
}

// practice is a dentist's practice with so many dentists, each with so many bookings evenly spread over the 31 days.
func practice(resources, busy int) (*availability.Snapshot, error) {
	schedule, err := dentistHours()
	if err != nil {
		return nil, err
	}
	policy := &availability.Policy{Schedule: schedule, Rules: availability.Rules{
		Grid:          availability.Grid{Interval: 15 * time.Minute, Anchor: availability.SpanStart},
		MinimumNotice: 2 * time.Hour, MaximumDays: 60, BufferAfter: 10 * time.Minute,
		Limits: availability.Limits{PerDay: 20},
	}}
	snapshot := &availability.Snapshot{
		Now:     time.Date(2027, 3, 8, 8, 20, 0, 0, time.UTC), // the clocks change on the 28th
		Service: availability.Service{Duration: 30 * time.Minute, Requires: []availability.Requirement{{}}},
	}
	booked, err := spread(policy, snapshot.Now, busy)
	if err != nil {
		return nil, err
	}
	for r := range resources {
		resource := availability.Resource{ID: fmt.Sprintf("dr-%02d", r), Policy: policy, Load: busy}
		for _, slot := range booked {
			resource.Busy = append(resource.Busy, availability.Occupancy{Unit: 1, Interval: availability.Between(slot.StartTime(), slot.EndTime().Add(10*time.Minute))})
			date := localtime.DateOf(slot.StartTime(), schedule.Zone())
			if last := len(resource.Booked) - 1; last >= 0 && resource.Booked[last].Date == date {
				resource.Booked[last].Count++
			} else {
				resource.Booked = append(resource.Booked, availability.DayCount{Date: date, Count: 1})
			}
		}
		snapshot.Resources = append(snapshot.Resources, resource)
		snapshot.Service.Requires[0].AnyOf = append(snapshot.Service.Requires[0].AnyOf, resource.ID)
	}
	return snapshot, nil
}

// spread picks n slots of 45 minutes that do not overlap.
func spread(policy *availability.Policy, now time.Time, n int) ([]availability.Slot, error) {
	coarse := &availability.Policy{Schedule: policy.Schedule, Rules: availability.Rules{
		Grid: availability.Grid{Interval: 45 * time.Minute, Anchor: availability.SpanStart}, MaximumDays: 60,
	}}
	engine, err := availability.New(&availability.Snapshot{
		Now:       now,
		Service:   availability.Service{Duration: 30 * time.Minute, Requires: []availability.Requirement{{AnyOf: []string{"one"}}}},
		Resources: []availability.Resource{{ID: "one", Policy: coarse}},
	})
	if err != nil {
		return nil, err
	}
	open, err := engine.Slots(now, now.AddDate(0, 0, 31))
	if err != nil || len(open) < n {
		return nil, fmt.Errorf("%d places for %d bookings: %w", len(open), n, err)
	}
	picked := make([]availability.Slot, n)
	for i := range picked {
		picked[i] = open[i*len(open)/n]
	}
	return picked, nil
}

func dentistHours() (*availability.Schedule, error) {
	zone, err := localtime.LoadZone("Europe/London")
	if err != nil {
		return nil, err
	}
	return availability.NewSchedule(availability.ScheduleInput{Zone: zone, Weekly: []availability.WeeklyHours{
		{
			Days:  []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday},
			Spans: []availability.Span{{From: 9 * 60, To: 12*60 + 30}, {From: 13*60 + 30, To: 18 * 60}},
		},
		{Days: []time.Weekday{time.Friday}, Spans: []availability.Span{{From: 9 * 60, To: 16 * 60}}},
	}})
}
