package localtime

import (
	"fmt"
	"time"
)

// ParseClock reads a wall time of the form "09:30", from 00:00 to 24:00, and
// returns it in minutes after midnight.
func ParseClock(text string) (minutes int, err error) {
	malformed := fmt.Errorf("%q is not a time of day: write hours and minutes with two digits each, from 00:00 to 24:00", text)
	if len(text) != 5 || text[2] != ':' {
		return 0, malformed
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, malformed
		}
	}
	hour := int(text[0]-'0')*10 + int(text[1]-'0')
	minute := int(text[3]-'0')*10 + int(text[4]-'0')
	minutes = hour*60 + minute
	if minute > 59 || minutes > 24*60 {
		return 0, malformed
	}
	return minutes, nil
}

// LoadZone returns the zone with an IANA name such as Europe/London. Unlike
// [time.LoadLocation] it refuses the empty name and "Local": both would make the
// result depend on the machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone: write an IANA name such as Europe/London", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a known time zone: write an IANA name such as Europe/London: %w", name, err)
	}
	return loc, nil
}
