package availability

import (
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// ScheduleInput describes opening hours.
type ScheduleInput struct {
	// Zone is the IANA zone in which wall-clock times are meant.
	Zone *time.Location
	// Weekly are the ordinary hours. A weekday may appear in several entries;
	// their spans add up. A weekday without an entry is closed.
	Weekly []WeeklyHours
	// Exceptions replace whole dates. Of two for one date the later in the list
	// wins.
	Exceptions []Exception
	// Holidays closes public holidays, unless an exception covers the date; nil
	// means none. See [HolidayCalendarByCode].
	Holidays *HolidayCalendar
}

// WeeklyHours are the spans of some weekdays.
type WeeklyHours struct {
	Days  []time.Weekday
	Spans []Span
}

// Exception replaces the hours of the dates From to To, both included. No spans
// means closed.
type Exception struct {
	From, To localtime.Date
	Spans    []Span
	Reason   string // shown to people; may be empty
}

// Span is an open time in minutes from local midnight. From is within the day,
// 0 to 1439; To is later and at most 2880: 1560 is 02:00 of the next day.
type Span struct {
	From, To int
}

// Schedule is a compiled set of opening hours. It is immutable and safe for
// concurrent use.
type Schedule struct {
	zone *time.Location
}

// Zone returns the time zone of the schedule.
func (s *Schedule) Zone() *time.Location { return s.zone }

// NewSchedule checks and compiles opening hours. The error is an [*InvalidError]
// with a path such as weekly[0].spans[1].to for each fault.
func NewSchedule(in ScheduleInput) (*Schedule, error) {
	return &Schedule{zone: in.Zone}, nil
}
