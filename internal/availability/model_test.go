package availability_test

import (
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// model is the specification, written for clarity and not for speed: it looks at
// one start at a time, straight from the input, and shares nothing with the
// engine but the resolution of wall times, which has an oracle of its own.
type model struct {
	snapshot *availability.Snapshot
	hours    map[*availability.Schedule]availability.ScheduleInput
}

type opening struct {
	start, end, dayStart int64
}

// openings returns the spans near an instant as written, in order of start.
func (m *model) openings(s *availability.Schedule, near int64) []opening {
	in := m.hours[s]
	var all []opening
	today := localtime.DateOf(time.Unix(near, 0), in.Zone)
	for d := today - 4; d <= today+10; d++ {
		if !localtime.Exists(in.Zone, d) {
			continue
		}
		for _, span := range m.spansOn(in, d) {
			o := opening{
				start:    localtime.ResolveUnix(in.Zone, d, span.From*60),
				end:      localtime.ResolveUnix(in.Zone, d, span.To*60),
				dayStart: localtime.StartOfDay(in.Zone, d),
			}
			if o.start < o.end {
				all = append(all, o)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b opening) int { return int(a.start - b.start) })
	return all
}

func (m *model) spansOn(in availability.ScheduleInput, d localtime.Date) []availability.Span {
	for i := len(in.Exceptions) - 1; i >= 0; i-- {
		if x := in.Exceptions[i]; x.From <= d && d <= x.To {
			return x.Spans
		}
	}
	if in.Holidays != nil {
		if _, holiday := in.Holidays.On(d); holiday {
			return nil
		}
	}
	var spans []availability.Span
	for _, w := range in.Weekly {
		if slices.Contains(w.Days, d.Weekday()) {
			spans = append(spans, w.Spans...)
		}
	}
	return spans
}

// within reports whether [start, end) lies within the union of the openings, as
// one piece.
func within(all []opening, start, end int64) bool {
	for progress := true; progress; {
		progress = false
		for _, o := range all {
			if o.start <= start && start < o.end {
				start, progress = o.end, true
			}
		}
		if start >= end {
			return true
		}
	}
	return false
}

func onGrid(all []opening, g availability.Grid, zone *time.Location, start int64) bool {
	step := int64(g.Interval / time.Second)
	if g.Anchor == availability.Clock {
		local := time.Unix(start, 0).In(zone)
		return int64(local.Hour()*3600+local.Minute()*60+local.Second())%step == 0
	}
	for _, o := range all {
		if o.start <= start && start < o.end { // the one that started first
			if g.Anchor == availability.DayStart {
				return (start-o.dayStart)%step == 0
			}
			return (start-o.start)%step == 0
		}
	}
	return false
}

// allows judges all but occupancy.
func (m *model) allows(r *availability.Resource, start, end int64, grid bool) bool {
	p, zone := r.Policy, r.Policy.Schedule.Zone()
	rules := p.Rules
	at, now := time.Unix(start, 0), m.snapshot.Now
	if at.Before(now) || at.Before(now.Add(rules.MinimumNotice)) {
		return false
	}
	date := localtime.DateOf(at, zone)
	if rules.MaximumDays > 0 && date > localtime.DateOf(now, zone)+localtime.Date(rules.MaximumDays) {
		return false
	}
	all := m.openings(p.Schedule, start)
	if !within(all, start, end) || grid && !onGrid(all, rules.Grid, zone, start) {
		return false
	}
	day, week := 0, 0
	for _, c := range r.Booked {
		if c.Date == date {
			day += c.Count
		}
		if c.Date.Monday() == date.Monday() {
			week += c.Count
		}
	}
	l := rules.Limits
	return (l.PerDay == 0 || day < l.PerDay) && (l.PerWeek == 0 || week < l.PerWeek) &&
		(l.OpenPerCustomer == 0 || m.snapshot.CustomerOpen < l.OpenPerCustomer)
}

func overlap(a, b availability.Interval) bool {
	return a.Start < a.End && b.Start < b.End && a.Start < b.End && b.Start < a.End
}

// widened is an appointment with the buffers of a resource.
func widened(r *availability.Resource, i availability.Interval) availability.Interval {
	return availability.Interval{
		Start: i.Start - int64(r.Policy.Rules.BufferBefore/time.Second),
		End:   i.End + int64(r.Policy.Rules.BufferAfter/time.Second),
	}
}

func unitFree(r *availability.Resource, number int, i availability.Interval) bool {
	i = widened(r, i)
	for _, b := range r.Busy {
		if b.Unit == number && overlap(b.Interval, i) {
			return false
		}
	}
	for _, b := range r.External {
		if overlap(b, i) {
			return false
		}
	}
	return true
}

func (m *model) resource(id string) *availability.Resource {
	for i := range m.snapshot.Resources {
		if m.snapshot.Resources[i].ID == id {
			return &m.snapshot.Resources[i]
		}
	}
	return nil
}

func (m *model) interval(start int64) availability.Interval {
	return availability.Interval{Start: start, End: start + int64(m.snapshot.Service.Duration/time.Second)}
}

// canServe reports whether the unit can serve the requirement alone.
func (m *model) canServe(requirement int, u availability.Unit, start int64) bool {
	r, i := m.resource(u.Resource), m.interval(start)
	return slices.Contains(m.snapshot.Service.Requires[requirement].AnyOf, u.Resource) &&
		u.Number >= 1 && u.Number <= max(r.Units, 1) &&
		m.allows(r, i.Start, i.End, requirement == 0) && unitFree(r, u.Number, i)
}

// assignable tries every combination of units for the requirements from first on.
func (m *model) assignable(first int, used []availability.Unit, start int64) bool {
	if first == len(m.snapshot.Service.Requires) {
		return true
	}
	for _, id := range m.snapshot.Service.Requires[first].AnyOf {
		for n := 1; n <= max(m.resource(id).Units, 1); n++ {
			u := availability.Unit{Resource: id, Number: n}
			if !slices.Contains(used, u) && m.canServe(first, u, start) && m.assignable(first+1, append(used, u), start) {
				return true
			}
		}
	}
	return false
}

// joinable reports whether a session has the places and may still be joined.
func (m *model) joinable(s availability.Session) bool {
	ok := s.Start < s.End && len(s.Units) > 0 && s.Taken+max(m.snapshot.Places, 1) <= m.snapshot.Service.GroupSize
	for _, u := range s.Units {
		r := m.resource(u.Resource)
		ok = ok && r != nil && m.allows(r, s.Start, s.End, false) &&
			!slices.ContainsFunc(r.External, func(b availability.Interval) bool { return overlap(b, s.Interval) })
	}
	return ok
}

func (m *model) offered(start int64) bool {
	if m.snapshot.Service.GroupSize > 1 {
		for _, s := range m.snapshot.Sessions {
			if s.Start == start && m.joinable(s) {
				return true
			}
		}
	}
	return m.assignable(0, nil, start)
}
