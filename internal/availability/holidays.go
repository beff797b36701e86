package availability

import "github.com/frontdesk-dev/frontdesk/internal/localtime"

// HolidayCalendar tells public holidays. It is immutable and safe for
// concurrent use.
type HolidayCalendar struct{}

// HolidayCalendarByCode returns the calendar of a country (ISO 3166-1) or a part
// of one (ISO 3166-2), such as GB-ENG. The error for an unknown code lists those
// that are known.
func HolidayCalendarByCode(code string) (*HolidayCalendar, error) { return nil, nil }

// On returns the name of the holiday on d, if it is one.
func (c *HolidayCalendar) On(d localtime.Date) (name string, ok bool) { return "", false }
