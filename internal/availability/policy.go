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
	// BufferBefore and BufferAfter keep the unit free around the appointment.
	BufferBefore, BufferAfter time.Duration
	Limits                    Limits
}

// Grid says at which times appointments may start.
type Grid struct {
	// Interval is the step, in whole seconds, above 0. With the Clock anchor it
	// divides 24 hours.
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
