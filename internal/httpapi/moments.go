package httpapi

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// firstMoment reads the start of a window: an RFC 3339 time, or a date, which means its first instant in the
// zone. An empty text is the zero time.
func firstMoment(field, text string, zone *time.Location) (time.Time, error) {
	return moment(field, text, zone, 0)
}

// lastMoment reads the end of a window, which is excluded: an RFC 3339 time, or a date, which means that
// the window contains all of that day. An empty text is the zero time.
func lastMoment(field, text string, zone *time.Location) (time.Time, error) {
	return moment(field, text, zone, 1)
}

func moment(field, text string, zone *time.Location, days localtime.Date) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if date, err := localtime.ParseDate(text); err == nil {
		return time.Unix(localtime.StartOfDay(zone, date+days), 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalidField(field, fmt.Sprintf("%s must be a date such as 2026-11-24 or a time with its offset such as 2026-11-24T09:00:00Z.", field))
	}
	return at.UTC(), nil
}
