package availability

import (
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// Interval is the half-open range [Start, End) in Unix seconds. An empty one
// occupies nothing.
type Interval struct {
	Start, End int64
}

// Between returns the interval from start to end, widened to whole seconds so
// that it covers both.
func Between(start, end time.Time) Interval {
	return Interval{Start: start.Unix(), End: ceilUnix(end)}
}

// StartTime returns the start as a [time.Time] in UTC.
func (i Interval) StartTime() time.Time { return time.Unix(i.Start, 0).UTC() }

// EndTime returns the end as a [time.Time] in UTC.
func (i Interval) EndTime() time.Time { return time.Unix(i.End, 0).UTC() }

func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// Snapshot holds the facts that one question depends on. The engine reads it
// and never changes it; it must not change while the engine is in use.
//
// To judge a reschedule, leave the appointment's own occupancy, place and count
// out of it.
type Snapshot struct {
	// Now is the moment of asking.
	Now time.Time
	// Service is what is to be booked.
	Service Service
	// Resources are all those that the service's requirements name. More do no
	// harm. IDs are unique.
	Resources []Resource
	// Sessions are the existing sessions of this service. Only read for groups.
	Sessions []Session
	// Places is the number of people to seat in a group; 0 means 1.
	Places int
	// CustomerOpen is the number of open bookings that the customer has, for
	// Limits.OpenPerCustomer; 0 while the customer is not known.
	CustomerOpen int
}

// Service is what can be booked.
type Service struct {
	// Duration of the appointment, in whole seconds, above 0 and at most
	// [MaxDuration].
	Duration time.Duration
	// Requires lists what it occupies, all at once. At least one.
	Requires []Requirement
	// GroupSize is the number of places of one session; 0 and 1 mean that the
	// service is not a group.
	GroupSize int
}

// Requirement is served by a unit of any one of the resources that it names.
type Requirement struct {
	AnyOf []string // resource IDs
}

// Resource is a person, room or thing with everything that occupies it.
type Resource struct {
	ID string
	// Units is the number of interchangeable units; 0 means 1.
	Units int
	// Policy says when and how this resource is booked. Resources under the same
	// booking policy should share one value: what is computed per policy is then
	// computed once.
	Policy *Policy
	// Load ranks equally suitable resources: the least loaded is proposed first.
	// The caller chooses the measure, such as bookings in the coming week.
	Load int
	// Busy is what occupies its units: bookings, unexpired holds, sessions, each
	// widened by its own frozen buffers. Sorted by unit, then start, is fastest;
	// any order is right.
	Busy []Occupancy
	// External is busy time from elsewhere, such as a calendar. It blocks every
	// unit.
	External []Interval
	// Booked counts the bookings that count towards the policy's PerDay and
	// PerWeek, by local date, sorted by date, each date once. The caller chooses
	// the scope (this resource, or all under the policy) and must cover whole ISO
	// weeks. Dates without bookings may be left out.
	Booked []DayCount
}

// Occupancy is a range during which one unit is taken. Units are numbered from
// 1; a number above the resource's Units (capacity was reduced) blocks nothing.
type Occupancy struct {
	Unit int
	Interval
}

// DayCount is a number of bookings on one local date.
type DayCount struct {
	Date  localtime.Date
	Count int
}

// Session is an existing session of a group service.
type Session struct {
	// Interval is the session itself, without buffers.
	Interval
	// Taken is the number of places that are booked or held.
	Taken int
	// Units are what it occupies. Busy of their resources includes the session.
	// A session on a resource that is not in the snapshot is not offered.
	Units []Unit
}

// Unit is one numbered unit of a resource.
type Unit struct {
	Resource string
	Number   int // from 1
}

// Slot is a time at which the service can be booked.
type Slot struct {
	// Interval is the appointment itself, without buffers.
	Interval
	// Units proposes who or what serves it: Units[i] is for Requires[i], or the
	// units of the session to join. Slots may share the array; do not write to it.
	Units []Unit
	// Session is the index in Snapshot.Sessions of the session to join, or -1.
	Session int
	// PlacesLeft is how many people can still be seated, before this booking. It
	// is 1 for a service that is not a group.
	PlacesLeft int
}

// Candidate is a free unit that could serve a requirement.
type Candidate struct {
	Requirement int // index in Service.Requires
	Unit        Unit
}
