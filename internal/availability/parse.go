package availability

import (
	"fmt"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// ParseSpan reads a span from two wall times such as "09:00" and "12:30". A "to"
// that is earlier than "from" is on the next day: "22:00" and "02:00" make a span
// across midnight. A whole day is "00:00" and "24:00".
func ParseSpan(from, to string) (Span, error) {
	start, err := localtime.ParseClock(from)
	if err != nil {
		return Span{}, fmt.Errorf("from: %w", err)
	}
	end, err := localtime.ParseClock(to)
	if err != nil {
		return Span{}, fmt.Errorf("to: %w", err)
	}
	if start == minutesPerDay {
		return Span{}, fmt.Errorf("from: a span cannot start at 24:00: write 00:00 on the next day")
	}
	if start == end {
		return Span{}, fmt.Errorf("to: the span from %s to %s is empty: for the whole day write 00:00 to 24:00", from, to)
	}
	if end < start {
		end += minutesPerDay
	}
	return Span{From: start, To: end}, nil
}
