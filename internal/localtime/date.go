package localtime

import (
	"fmt"
	"time"
)

// Date is a calendar date of the proleptic Gregorian calendar, counted in days
// from 1970-01-01. Dates are ordered and subtracted as integers: d+1 is the next
// calendar day. The zero value is 1970-01-01.
type Date int32

const secondsPerDay = 24 * 60 * 60

// MakeDate returns the date of a year, month and day. Values out of range are
// normalised as in [time.Date]: 32 January is 1 February.
func MakeDate(year int, month time.Month, day int) Date {
	return dateOfWallSeconds(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix())
}

// ParseDate reads the form 2006-01-02, for the years 0001 to 9999.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("%q is not a date: write year-month-day with digits, such as 2026-12-24", text)
	}
	return dateOfWallSeconds(t.Unix()), nil
}

// DateOf returns the calendar date on which t falls in loc.
func DateOf(t time.Time, loc *time.Location) Date {
	_, offset := t.In(loc).Zone()
	return dateOfWallSeconds(t.Unix() + int64(offset))
}

// dateOfWallSeconds returns the date of a wall-clock reading given in seconds
// since 1970-01-01 00:00 on that same clock.
func dateOfWallSeconds(wall int64) Date {
	day := wall / secondsPerDay
	if wall%secondsPerDay < 0 {
		day--
	}
	return Date(day)
}

// Civil returns the year, month and day of d.
func (d Date) Civil() (year int, month time.Month, day int) {
	return d.utc().Date()
}

// Weekday returns the day of the week of d.
func (d Date) Weekday() time.Weekday {
	// 1970-01-01 was a Thursday.
	return time.Weekday(((int(d)+int(time.Thursday))%7 + 7) % 7)
}

// Monday returns the first day of d's ISO week.
func (d Date) Monday() Date {
	return d - Date((int(d.Weekday())+6)%7)
}

// String returns d in the form 2006-01-02.
func (d Date) String() string {
	return d.utc().Format(time.DateOnly)
}

// MarshalText encodes d in the form 2006-01-02.
func (d Date) MarshalText() ([]byte, error) {
	return []byte(d.String()), nil
}

// UnmarshalText decodes the form that [ParseDate] reads.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Date) utc() time.Time {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC()
}
