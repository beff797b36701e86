package tenantconfig

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Duration is a length of elapsed time, written as Gateway API does (GEP-2257): one to four
// parts of up to five digits with the units h, m, s and ms, such as "1h30m".
type Duration time.Duration

var durationPattern = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// maxWritable is the first length that String cannot write with at most five digits a part.
const maxWritable = 100_000 * time.Hour

// ParseDuration reads a GEP-2257 duration of less than 100000h.
func ParseDuration(text string) (Duration, error) {
	if !durationPattern.MatchString(text) {
		return 0, fmt.Errorf("%q is not a duration: write one like 30m, 1h30m or 45s", text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write one like 30m, 1h30m or 45s", text)
	}
	if d >= maxWritable {
		return 0, fmt.Errorf("%q is too long: write less than 100000h", text)
	}
	return Duration(d), nil
}

// Std returns the duration in the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String formats the duration with the largest units that fit, without zero parts ("1h30m", "0s").
func (d Duration) String() string {
	rest := time.Duration(d).Round(time.Millisecond)
	if rest == 0 {
		return "0s"
	}
	var out string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := rest / unit.size; n > 0 {
			out += strconv.FormatInt(int64(n), 10) + unit.name
			rest -= n * unit.size
		}
	}
	return out
}

// MarshalJSON writes the GEP-2257 form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the GEP-2257 form.
func (d *Duration) UnmarshalJSON(data []byte) error {
	return unmarshalText(data, d, ParseDuration)
}

// ClockTime is a wall-clock time as minutes after local midnight, written HH:MM. It may run past
// midnight, up to 36:00, where a span needs to end on the next date.
type ClockTime int

// MaxClockTime is the latest ClockTime: noon on the following date.
const MaxClockTime ClockTime = 36 * 60

var clockPattern = regexp.MustCompile(`^([0-2][0-9]|3[0-6]):([0-5][0-9])$`)

// ParseClockTime reads HH:MM from 00:00 to 36:00.
func ParseClockTime(text string) (ClockTime, error) {
	parts := clockPattern.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a time of day: write HH:MM, from 00:00 to 36:00 (26:00 is 02:00 on the next date)", text)
	}
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2])
	clock := ClockTime(hours*60 + minutes)
	if clock > MaxClockTime {
		return 0, fmt.Errorf("%q is later than 36:00, which is noon on the next date", text)
	}
	return clock, nil
}

// String formats the time as HH:MM.
func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalJSON writes HH:MM.
func (c ClockTime) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// UnmarshalJSON reads HH:MM.
func (c *ClockTime) UnmarshalJSON(data []byte) error {
	return unmarshalText(data, c, ParseClockTime)
}

// Date is a calendar date without a zone, written YYYY-MM-DD. Dates compare as strings.
type Date string

// ParseDate reads a date of the years 0001 to 9999 that exists in the proleptic Gregorian calendar.
func ParseDate(text string) (Date, error) {
	if day, err := time.Parse(time.DateOnly, text); err != nil || day.Year() < 1 {
		return "", fmt.Errorf("%q is not a date: write YYYY-MM-DD, for a day that exists", text)
	}
	return Date(text), nil
}

// UnmarshalJSON reads YYYY-MM-DD.
func (d *Date) UnmarshalJSON(data []byte) error { return unmarshalText(data, d, ParseDate) }

// Weekday is a day of the week, written Mon to Sun.
type Weekday string

var weekdays = map[Weekday]time.Weekday{
	"Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday, "Thu": time.Thursday,
	"Fri": time.Friday, "Sat": time.Saturday, "Sun": time.Sunday,
}

// ParseWeekday reads Mon to Sun.
func ParseWeekday(text string) (Weekday, error) {
	if _, known := weekdays[Weekday(text)]; !known {
		return "", fmt.Errorf("%q is not a day: write Mon, Tue, Wed, Thu, Fri, Sat or Sun", text)
	}
	return Weekday(text), nil
}

// Std returns the day in the standard library's type. The zero Weekday has none and yields Sunday;
// Validate refuses it.
func (w Weekday) Std() time.Weekday { return weekdays[w] }

// UnmarshalJSON reads Mon to Sun.
func (w *Weekday) UnmarshalJSON(data []byte) error { return unmarshalText(data, w, ParseWeekday) }

func unmarshalText[T any](data []byte, into *T, parse func(string) (T, error)) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("expected a string, got %s", data)
	}
	value, err := parse(text)
	if err != nil {
		return err
	}
	*into = value
	return nil
}
