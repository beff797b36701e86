package localtime

import "time"

// Resolve returns the instant at which clocks in loc show the wall time that is
// the given number of seconds after midnight of d. Seconds may be 86400 or more
// (02:00 of the next day is 26*3600) or negative; they are counted on the clock
// face, not in elapsed time.
//
// A wall time in a gap moves later by the length of the gap; one that occurs
// twice is the first.
func Resolve(loc *time.Location, d Date, seconds int) time.Time {
	return time.Unix(ResolveUnix(loc, d, seconds), 0).In(loc)
}

// ResolveUnix is [Resolve] returning seconds since the Unix epoch.
func ResolveUnix(loc *time.Location, d Date, seconds int) int64 {
	wall := int64(d)*secondsPerDay + int64(seconds)
	// No zone was ever more than 16 hours from UTC, so a day and a half before
	// is before every instant at which this wall time can have been shown.
	probe := time.Unix(wall-36*60*60, 0).In(loc)
	_, before := probe.Zone()
	for {
		_, offset := probe.Zone()
		start, _ := probe.ZoneBounds()
		end := OffsetUntil(probe)
		instant := wall - int64(offset)
		if !start.IsZero() && instant < start.Unix() {
			// The previous period ended before the wall time and this one
			// begins after it: a gap. The offset from before it moves the time
			// later by just the gap's length.
			return wall - int64(before)
		}
		if end.IsZero() || instant < end.Unix() {
			return instant
		}
		before, probe = offset, end
	}
}

// OffsetUntil returns an instant after t until which t's offset from UTC holds, or the zero time when it
// holds for ever. The offset need not change then. Unlike the end that [time.Time.ZoneBounds] gives, it is
// always after t, so that a loop which steps from one to the next comes to an end.
func OffsetUntil(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if end.IsZero() || end.After(t) {
		return end
	}
	// Beyond a zone's table of transitions Go takes every year to have 365 days: on the last day of a leap
	// year, as from 2040-12-31, it reports an end that has passed.
	return time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).In(t.Location())
}

// StartOfDay returns the first instant of d in loc, in Unix seconds: midnight,
// or where midnight is skipped the first moment after it. For a date that loc
// skipped altogether it is the start of the next one.
func StartOfDay(loc *time.Location, d Date) int64 {
	return ResolveUnix(loc, d, 0)
}

// Exists reports whether d happened in loc. A zone that moves across the date
// line westwards loses a day: Pacific/Apia had no 2011-12-30.
func Exists(loc *time.Location, d Date) bool {
	return DateOf(time.Unix(StartOfDay(loc, d), 0), loc) == d
}
