package availability

import (
	"time"
)

// Policy says when and how a resource can be booked. It must not change while
// an engine uses it; replace it instead.
type Policy struct {
	Schedule *Schedule
	Rules    Rules
}

// Rules are the conditions of booking besides opening hours. The zero value of
// each means that there is no such condition, except for Grid.
type Rules struct {
	Grid Grid
	// MinimumNotice is how long before its start an appointment must be booked.
	MinimumNotice time.Duration
	// MaximumDays is how many calendar days ahead, in the schedule's zone, one
	// can book: 1 means until the end of tomorrow. 0 means without end.
	MaximumDays int
	// BufferBefore and BufferAfter keep the unit free around the appointment, in
	// whole seconds.
	BufferBefore, BufferAfter time.Duration
	Limits                    Limits
}

// Grid says at which times appointments may start.
type Grid struct {
	// Interval is the step, in whole seconds, above 0 and at most 24 hours. With
	// the Clock anchor it divides 24 hours.
	Interval time.Duration
	Anchor   Anchor
}

// Anchor is where a grid begins. See the package documentation.
type Anchor string

// The anchors.
const (
	SpanStart Anchor = "SpanStart"
	DayStart  Anchor = "DayStart"
	Clock     Anchor = "Clock"
)

// Limits bound the number of bookings; 0 means no limit. They are compared with
// Resource.Booked and Snapshot.CustomerOpen. Days are local dates of the start,
// weeks are ISO weeks (Monday to Sunday).
type Limits struct {
	PerDay, PerWeek int
	OpenPerCustomer int
}

// Validate reports every fault of p as an [*InvalidError].
func (p *Policy) Validate() error {
	var faults InvalidError
	p.check(&faults, "")
	return faults.orNil()
}

const maxNotice = 10 * 366 * 24 * time.Hour

// check adds the faults of p. Paths are put together only for a fault: the engine
// checks on every Reset, which must not allocate.
func (p *Policy) check(faults *InvalidError, path string) {
	if p.Schedule == nil {
		faults.add(path+"schedule", "is missing: make one with NewSchedule")
	}
	r := &p.Rules
	r.Grid.check(faults, path)
	if r.MinimumNotice < 0 || r.MinimumNotice > maxNotice {
		faults.add(path+"rules.minimumNotice", "%s is out of range: use 0 to %s", r.MinimumNotice, maxNotice)
	}
	if maxDays := int(maxNotice / (24 * time.Hour)); r.MaximumDays < 0 || r.MaximumDays > maxDays {
		faults.add(path+"rules.maximumDays", "%d is out of range: use 0 (no limit) to %d", r.MaximumDays, maxDays)
	}
	checkBuffer(faults, path, "bufferBefore", r.BufferBefore)
	checkBuffer(faults, path, "bufferAfter", r.BufferAfter)
	if l := r.Limits; l.PerDay < 0 || l.PerWeek < 0 || l.OpenPerCustomer < 0 {
		faults.add(path+"rules.limits", "must not be negative: 0 means no limit")
	}
}

func (g *Grid) check(faults *InvalidError, path string) {
	switch {
	case g.Interval <= 0 || g.Interval > 24*time.Hour || g.Interval%time.Second != 0:
		faults.add(path+"rules.grid.interval", "%s is not a step: use whole seconds, above 0 and at most 24h", g.Interval)
	case g.Anchor == Clock && 24*time.Hour%g.Interval != 0:
		faults.add(path+"rules.grid.interval", "%s does not divide 24h, as the Clock anchor requires", g.Interval)
	}
	if a := g.Anchor; a != SpanStart && a != DayStart && a != Clock {
		faults.add(path+"rules.grid.anchor", "%q is not an anchor: use %s, %s or %s", a, SpanStart, DayStart, Clock)
	}
}

func checkBuffer(faults *InvalidError, path, field string, buffer time.Duration) {
	if buffer < 0 || buffer > MaxDuration || buffer%time.Second != 0 {
		faults.add(path+"rules."+field, "%s is not a buffer: use whole seconds, 0 to %s", buffer, MaxDuration)
	}
}
