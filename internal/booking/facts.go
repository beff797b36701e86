package booking

import (
	"context"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// facts is what the Store knows about a plan's resources in some stretch of time. The zero value
// knows nothing: everything is free.
type facts struct {
	occupied []Occupied
	// counted has the starts that count towards the day and week limits.
	counted []time.Time
}

// facts reads what bears on starts in [from, to). Time of lapsed holds goes to those who wait for it first.
func (s *Service) facts(ctx context.Context, p *plan, from, to time.Time) (facts, error) {
	return s.factsFrom(ctx, s.store, p, from, to)
}

// factsFrom is facts by what is known elsewhere than in the Store.
func (s *Service) factsFrom(ctx context.Context, taken Taken, p *plan, from, to time.Time) (facts, error) {
	s.handOnLapsed(ctx)
	buffers := s.catalog.rules.Buffers
	occupied, err := taken.Occupied(ctx, p.resourceIDs, Interval{
		Start: from.Add(-buffers.Before.Std()),
		End:   to.Add(p.service.Duration + buffers.After.Std()),
	})
	if err != nil {
		return facts{}, unavailable(err)
	}
	limits := s.catalog.rules.Limits
	if limits.PerDay == 0 && limits.PerWeek == 0 {
		return facts{occupied: occupied}, nil
	}
	counted, err := taken.CountByStart(ctx, nil, Interval{
		Start: s.catalog.weekOf(from).Start,
		End:   s.catalog.weekOf(to).End,
	})
	if err != nil {
		return facts{}, unavailable(err)
	}
	return facts{occupied: occupied, counted: counted}, nil
}

// without is the same without what a live booking occupies and counts for. No two occupancies of a unit overlap, so
// the one with just the booking's range is its own.
func (f facts) without(b Booking) facts {
	left := facts{}
	for _, occupied := range f.occupied {
		session := occupied.Session
		switch {
		case session == nil && occupied.Blocked.equal(b.Blocked) && slices.Contains(b.Units, occupied.Unit):
			continue
		case session != nil && session.ServiceID == b.ServiceID && session.Start.Equal(b.Start) && slices.Equal(session.Units, b.Units):
			if session.Taken == 1 {
				continue // the session ends when its last member leaves
			}
			other := *session
			other.Taken--
			occupied.Session = &other
		}
		left.occupied = append(left.occupied, occupied)
	}
	left.counted = slices.Clone(f.counted)
	if own := slices.IndexFunc(left.counted, b.Start.Equal); own >= 0 {
		left.counted = slices.Delete(left.counted, own, own+1)
	}
	return left
}

// dayOf and weekOf return the local day, and the ISO week of local days, in which an instant falls.
func (c *Catalog) dayOf(instant time.Time) Interval {
	date := localtime.DateOf(instant, c.location)
	return c.days(date, date+1)
}

func (c *Catalog) weekOf(instant time.Time) Interval {
	monday := localtime.DateOf(instant, c.location).Monday()
	return c.days(monday, monday+7)
}

func (c *Catalog) days(first, after localtime.Date) Interval {
	return Interval{
		Start: time.Unix(localtime.StartOfDay(c.location, first), 0).UTC(),
		End:   time.Unix(localtime.StartOfDay(c.location, after), 0).UTC(),
	}
}

// snapshot joins a plan with facts for one question to the engine.
func (f facts) snapshot(c *Catalog, p *plan, now time.Time) *availability.Snapshot {
	snapshot := &availability.Snapshot{Now: now, Service: p.service, Resources: p.resources}
	if len(f.occupied) == 0 && len(f.counted) == 0 {
		return snapshot
	}
	snapshot.Resources = append([]availability.Resource(nil), p.resources...)
	index := make(map[string]int, len(p.resources))
	booked := countDays(f.counted, c.location)
	for i, resource := range snapshot.Resources {
		index[resource.ID] = i
		snapshot.Resources[i].Booked = booked
	}
	known := map[string]bool{}
	for _, occupied := range f.occupied {
		i, found := index[occupied.Unit.ResourceID]
		if !found {
			continue
		}
		resource := &snapshot.Resources[i]
		resource.Load++
		resource.Busy = append(resource.Busy, availability.Occupancy{
			Unit:     occupied.Unit.Number,
			Interval: availability.Between(occupied.Blocked.Start, occupied.Blocked.End),
		})
		if session := occupied.Session; p.group && session != nil && session.ServiceID == p.id && !known[session.ID] &&
			c.fits(p, session, occupied.Blocked) {
			known[session.ID] = true
			snapshot.Sessions = append(snapshot.Sessions, engineSession(session, p.service))
		}
	}
	return snapshot
}

// fits says whether a session keeps its units for as long as a booking of it would need them today. One that
// was opened when the service was shorter, or had smaller buffers, does not, and takes nobody else.
func (c *Catalog) fits(p *plan, session *Session, blocked Interval) bool {
	buffers := c.rules.Buffers
	from := session.Start.Add(-buffers.Before.Std())
	to := session.Start.Add(p.service.Duration + buffers.After.Std())
	return !from.Before(blocked.Start) && !to.After(blocked.End)
}

// engineSession tells the engine of a session. It has as many places as when it was opened, whatever the
// size of a group is today: Taken is what leaves the places that are left.
func engineSession(session *Session, service availability.Service) availability.Session {
	units := make([]availability.Unit, len(session.Units))
	for i, unit := range session.Units {
		units[i] = availability.Unit{Resource: unit.ResourceID, Number: unit.Number}
	}
	return availability.Session{
		Interval: availability.Between(session.Start, session.Start.Add(service.Duration)),
		Taken:    max(0, service.GroupSize-(session.GroupSize-session.Taken)),
		Units:    units,
	}
}

// countDays counts ascending starts by local date.
func countDays(starts []time.Time, location *time.Location) []availability.DayCount {
	var counts []availability.DayCount
	for _, start := range starts {
		date := localtime.DateOf(start, location)
		if last := len(counts) - 1; last >= 0 && counts[last].Date == date {
			counts[last].Count++
			continue
		}
		counts = append(counts, availability.DayCount{Date: date, Count: 1})
	}
	return counts
}

// newEngine makes an engine. That it refuses a snapshot would be a fault of this package, because
// NewCatalog accepts nothing that the engine refuses.
func newEngine(snapshot *availability.Snapshot) (*availability.Engine, error) {
	engine, err := availability.New(snapshot)
	if err != nil {
		return nil, Errorf(CodeConfigurationMissing, "This service cannot be booked at the moment. Tell the business.").WithCause(err)
	}
	return engine, nil
}
