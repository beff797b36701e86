package availability_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// BenchmarkSlots31Days measures a question as a server asks it: the engine is
// reset to a snapshot that was just read, then lists 31 days of a 30-minute
// service on a 15-minute grid in typical dentist's hours, with two hours'
// notice, a horizon of 60 days, ten minutes' buffer and a limit per day.
//
// Warm are: the schedule's resolved hours (kept as long as the policy lives),
// the engine's memory and the result's buffer. Not warm, and measured: all that
// depends on now and on what is busy. The busy intervals come sorted, as a
// database index gives them. Reported as slots is the number of slots listed.
func BenchmarkSlots31Days(b *testing.B) {
	for _, resources := range []int{1, 20} {
		for _, busy := range []int{0, 20, 100} {
			b.Run(fmt.Sprintf("resources=%d/busy=%d", resources, busy), func(b *testing.B) {
				benchmarkSlots(b, practice(b, resources, busy))
			})
		}
	}
}

// BenchmarkSlots31DaysTwoRequirements needs one of ten dentists and one of ten
// rooms.
func BenchmarkSlots31DaysTwoRequirements(b *testing.B) {
	s := practice(b, 20, 100)
	all := s.Service.Requires[0].AnyOf
	s.Service.Requires = []availability.Requirement{{AnyOf: all[:10]}, {AnyOf: all[10:]}}
	benchmarkSlots(b, s)
}

// BenchmarkCheck judges one start, as booking does.
func BenchmarkCheck(b *testing.B) {
	s := practice(b, 1, 100)
	e := engine(b, s)
	slots, err := e.Slots(s.Now, s.Now.AddDate(0, 0, 31))
	if err != nil || len(slots) == 0 {
		b.Fatalf("no slots: %v", err)
	}
	start := slots[len(slots)/2].StartTime()
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Reset(s); err != nil {
			b.Fatal(err)
		}
		if _, reason := e.Check(start); !reason.OK() {
			b.Fatal(reason)
		}
	}
}

// BenchmarkScheduleCold compiles a schedule and resolves 31 days of it.
func BenchmarkScheduleCold(b *testing.B) {
	s := practice(b, 1, 100)
	var slots []availability.Slot
	var e availability.Engine
	b.ReportAllocs()
	for b.Loop() {
		s.Resources[0].Policy = &availability.Policy{Schedule: dentist(b), Rules: s.Resources[0].Policy.Rules}
		if err := e.Reset(s); err != nil {
			b.Fatal(err)
		}
		slots, _ = e.AppendSlots(slots[:0], s.Now, s.Now.AddDate(0, 0, 31))
	}
}

func benchmarkSlots(b *testing.B, s *availability.Snapshot) {
	b.Helper()
	from, to := s.Now, s.Now.AddDate(0, 0, 31)
	var e availability.Engine
	var slots []availability.Slot
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Reset(s); err != nil {
			b.Fatal(err)
		}
		var err error
		if slots, err = e.AppendSlots(slots[:0], from, to); err != nil {
			b.Fatal(err)
		}
	}
	if len(slots) == 0 {
		b.Fatal("no slots: the benchmark measures nothing")
	}
	b.ReportMetric(float64(len(slots)), "slots")
}

// practice is a snapshot with so many dentists, each with so many half-hour
// bookings spread over the 31 days after now.
func practice(tb testing.TB, resources, busy int) *availability.Snapshot {
	tb.Helper()
	now := instant(tb, "2027-03-08T08:20:00Z") // the clocks change on the 28th
	rules := grid(15*time.Minute, availability.SpanStart)
	rules.MinimumNotice = 2 * time.Hour
	rules.MaximumDays = 60
	rules.BufferAfter = 10 * time.Minute
	rules.Limits.PerDay = 20
	policy := &availability.Policy{Schedule: dentist(tb), Rules: rules}
	s := &availability.Snapshot{
		Now:     now,
		Service: availability.Service{Duration: 30 * time.Minute, Requires: []availability.Requirement{{}}},
	}
	open, err := engine(tb, solo(now, 30*time.Minute, &availability.Policy{
		Schedule: policy.Schedule, Rules: grid(45*time.Minute, availability.SpanStart),
	})).Slots(now, now.AddDate(0, 0, 31))
	if err != nil || len(open) < busy {
		tb.Fatalf("%d places for %d bookings: %v", len(open), busy, err)
	}
	for r := range resources {
		resource := availability.Resource{ID: fmt.Sprintf("dr-%02d", r), Policy: policy, Load: busy}
		for i := range busy {
			start := open[i*len(open)/busy]
			resource.Busy = append(resource.Busy, availability.Occupancy{
				Unit: 1, Interval: availability.Interval{Start: start.Start, End: start.End + 600},
			})
			day := availability.DayCount{Date: dateOf(start.StartTime(), policy.Schedule.Zone()), Count: 1}
			if n := len(resource.Booked); n > 0 && resource.Booked[n-1].Date == day.Date {
				resource.Booked[n-1].Count++
			} else {
				resource.Booked = append(resource.Booked, day)
			}
		}
		s.Resources = append(s.Resources, resource)
		s.Service.Requires[0].AnyOf = append(s.Service.Requires[0].AnyOf, resource.ID)
	}
	return s
}
