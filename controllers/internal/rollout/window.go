package rollout

import (
	"slices"
	"time"
)

// Window is a weekly stretch of wall-clock time: from so many minutes after midnight of a weekday to so
// many, which may lie on the day after.
type Window struct {
	Day      time.Weekday
	From, To int
}

// lookAhead is how many days are searched for an opening: a week, and a day on either side for spans that
// cross midnight.
const lookAhead = 8

// Opening is the stretch of time in which a tenant may be rolled: the one that is open at now, or else the
// next. Without windows it is all of time, and both are zero.
func Opening(now time.Time, windows []Window, zone *time.Location) (opens, closes time.Time) {
	type stretch struct{ from, to time.Time }
	var stretches []stretch
	today := now.In(zone)
	for day := -2; day <= lookAhead; day++ {
		date := time.Date(today.Year(), today.Month(), today.Day()+day, 0, 0, 0, 0, time.UTC)
		for _, w := range windows {
			if w.Day != date.Weekday() {
				continue
			}
			s := stretch{onClock(date, w.From, zone), onClock(date, w.To, zone)}
			if s.from.Before(s.to) && s.to.After(now) {
				stretches = append(stretches, s)
			}
		}
	}
	slices.SortFunc(stretches, func(a, b stretch) int { return a.from.Compare(b.from) })
	for i, s := range stretches {
		switch {
		case i == 0:
			opens, closes = s.from, s.to
		case s.from.After(closes):
			return opens, closes
		case s.to.After(closes):
			closes = s.to // windows that touch are one
		}
	}
	return opens, closes
}

// onClock is the instant at which clocks in the zone show so many minutes after midnight of the date. A
// time that is skipped in spring comes as much later; of one that comes twice in autumn the first counts.
func onClock(date time.Time, minutes int, zone *time.Location) time.Time {
	wall := date.Add(time.Duration(minutes) * time.Minute) // the wall clock, as if it were UTC
	offset := func(at time.Time) time.Duration {
		_, seconds := at.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	// Any change of the offset that matters lies between these two. Zones are within a day of UTC.
	before, after := offset(wall.Add(-26*time.Hour)), offset(wall.Add(26*time.Hour))
	early, late := wall.Add(-before), wall.Add(-after)
	if offset(early) != before && offset(late) == after {
		return late.In(zone)
	}
	return early.In(zone)
}
