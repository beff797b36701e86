package tenantconfig

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// Schedule compiles the hours of a valid policy, read as wall-clock times in a zone. The error is that of a
// policy which Validate would refuse.
func (p *Policy) Schedule(zone *time.Location) (*availability.Schedule, error) {
	input := availability.ScheduleInput{Zone: zone}
	for _, hours := range p.Hours {
		weekly := availability.WeeklyHours{Spans: compileSpans(hours.Spans)}
		for _, day := range hours.Days {
			weekly.Days = append(weekly.Days, day.Std())
		}
		input.Weekly = append(input.Weekly, weekly)
	}
	for i, exception := range p.Exceptions {
		compiled, err := compileException(exception)
		if err != nil {
			return nil, fmt.Errorf("exceptions[%d]: %w", i, err)
		}
		input.Exceptions = append(input.Exceptions, compiled)
	}
	if p.HolidayCalendar != "" {
		calendar, err := availability.HolidayCalendarByCode(p.HolidayCalendar)
		if err != nil {
			return nil, fmt.Errorf("holidayCalendar: %w", err)
		}
		input.Holidays = calendar
	}
	return availability.NewSchedule(input)
}

func compileException(e Exception) (availability.Exception, error) {
	from, err := localtime.ParseDate(string(e.From))
	if err != nil {
		return availability.Exception{}, err
	}
	to := from
	if e.To != "" {
		if to, err = localtime.ParseDate(string(e.To)); err != nil {
			return availability.Exception{}, err
		}
	}
	return availability.Exception{From: from, To: to, Spans: compileSpans(e.Spans), Reason: e.Reason}, nil
}

func compileSpans(spans []Span) []availability.Span {
	compiled := make([]availability.Span, len(spans))
	for i, span := range spans {
		compiled[i] = availability.Span{From: int(span.From), To: int(span.To)}
	}
	return compiled
}
