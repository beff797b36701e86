package availability

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// ScheduleInput describes opening hours.
type ScheduleInput struct {
	// Zone is the IANA zone in which wall-clock times are meant.
	Zone *time.Location
	// Weekly are the ordinary hours. A weekday may appear in several entries;
	// their spans add up. A weekday without an entry is closed. Breaks are the
	// gaps between spans.
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

const (
	minutesPerDay = 24 * 60
	maxSpanEnd    = 2 * minutesPerDay
	secondsPerDay = minutesPerDay * 60
	maxSpanDays   = maxSpanEnd / minutesPerDay
)

// Schedule is a compiled set of opening hours. It is immutable and safe for
// concurrent use. Instants are resolved on first use, a page of dates at a time,
// and kept.
type Schedule struct {
	zone       *time.Location
	weekly     [7][]Span
	exceptions []Exception
	holidays   *HolidayCalendar
	pages      [pagesKept]atomic.Pointer[page]
}

// NewSchedule checks and compiles opening hours. The error is an [*InvalidError]
// with a path such as weekly[0].spans[1].to for each fault.
func NewSchedule(in ScheduleInput) (*Schedule, error) {
	var faults InvalidError
	if in.Zone == nil {
		faults.add("zone", "is missing: give an IANA zone such as Europe/London")
	}
	s := &Schedule{zone: in.Zone, holidays: in.Holidays}
	for i, w := range in.Weekly {
		path := fmt.Sprintf("weekly[%d]", i)
		checkSpans(&faults, path, w.Spans)
		for j, day := range w.Days {
			if day < time.Sunday || day > time.Saturday {
				faults.add(fmt.Sprintf("%s.days[%d]", path, j), "%d is not a weekday: use 0 (Sunday) to 6", day)
				continue
			}
			s.weekly[day] = append(s.weekly[day], w.Spans...)
		}
	}
	for i, x := range in.Exceptions {
		path := fmt.Sprintf("exceptions[%d]", i)
		if x.To < x.From {
			faults.add(path+".to", "%s is before from (%s)", x.To, x.From)
		}
		checkSpans(&faults, path, x.Spans)
		x.Spans = slices.Clone(x.Spans)
		s.exceptions = append(s.exceptions, x)
	}
	if err := faults.orNil(); err != nil {
		return nil, err
	}
	return s, nil
}

func checkSpans(faults *InvalidError, path string, spans []Span) {
	for i, span := range spans {
		at := fmt.Sprintf("%s.spans[%d]", path, i)
		switch {
		case span.From < 0 || span.From >= minutesPerDay:
			faults.add(at+".from", "%d is not a minute of the day: use 0 to %d", span.From, minutesPerDay-1)
		case span.To <= span.From:
			faults.add(at+".to", "must be later than from; a span across midnight ends after %d", minutesPerDay)
		case span.To > maxSpanEnd:
			faults.add(at+".to", "%d is too late: a span ends at the latest at the end of the next day (%d)", span.To, maxSpanEnd)
		}
	}
}

// Zone returns the time zone of the schedule.
func (s *Schedule) Zone() *time.Location { return s.zone }

// dayHours are the spans that start on one date, and where they come from.
type dayHours struct {
	spans  []Span
	reason string // of the exception, or the public holiday; empty for weekly hours
}

// hoursOn returns the hours written for d. Exceptions beat holidays, holidays
// beat weekly hours.
func (s *Schedule) hoursOn(d localtime.Date) dayHours {
	for _, x := range slices.Backward(s.exceptions) {
		if x.From <= d && d <= x.To {
			return dayHours{spans: x.Spans, reason: x.Reason}
		}
	}
	if s.holidays != nil {
		if name, ok := s.holidays.On(d); ok {
			return dayHours{reason: name}
		}
	}
	return dayHours{spans: s.weekly[d.Weekday()]}
}
