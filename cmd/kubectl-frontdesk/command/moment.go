package command

import (
	"strings"
	"time"
)

// layouts are how people write a wall-clock time.
var layouts = []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// parseMoment reads an instant: RFC 3339 with its offset, or a wall-clock time in the zone such as
// `2026-12-01 09:30`, `today 14:00` or `tomorrow 09:30`. A wall-clock time that the zone does not have, or has
// twice, because the clocks change, is refused: only the caller knows which instant is meant.
func parseMoment(text string, zone *time.Location, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	text = relative(text, now.In(zone))
	for _, layout := range layouts {
		wall, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		return resolve(wall, zone)
	}
	return time.Time{}, usage("%q is no time: write 2026-12-01 09:30 (in %s), tomorrow 09:30, or 2026-12-01T09:30:00Z", text, zone)
}

// relative puts a date in the place of today and tomorrow.
func relative(text string, now time.Time) string {
	for days, word := range []string{"today", "tomorrow"} {
		if rest, found := strings.CutPrefix(strings.ToLower(text), word+" "); found {
			return time.Date(now.Year(), now.Month(), now.Day()+days, 12, 0, 0, 0, now.Location()).Format(time.DateOnly) + " " + rest
		}
	}
	return text
}

// resolve finds the instants at which clocks in the zone show a wall-clock time, by trying the offsets
// that hold a day before and a day after.
func resolve(wall time.Time, zone *time.Location) (time.Time, error) {
	var found []time.Time
	for _, near := range []time.Time{wall.AddDate(0, 0, -1), wall.AddDate(0, 0, 1)} {
		_, offset := near.In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		shown := at.Format(time.DateTime) == wall.Format(time.DateTime)
		if shown && (len(found) == 0 || !found[0].Equal(at)) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return time.Time{}, usage("%s does not exist in %s: the clocks go forward over it; choose another time", wall.Format("2006-01-02 15:04"), zone)
	default:
		return time.Time{}, usage("%s exists twice in %s, because the clocks go back: write %s or %s", wall.Format("2006-01-02 15:04"), zone,
			found[0].Format(time.RFC3339), found[1].Format(time.RFC3339))
	}
}

// wallClock is how a time is shown to people: in the tenant's zone, with the day.
func wallClock(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("Mon 2006-01-02 15:04")
}
