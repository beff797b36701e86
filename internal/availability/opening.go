package availability

import "time"

// openingHorizon is how far NextOpening looks: whoever opens once a year is still found.
const openingHorizon = 400 * 24 * time.Hour

// NextOpening returns the first instant after t at which it opens: it is open from then on, and was not
// the moment before. Spans that touch are one opening. ok is false when it does not open within the next
// 400 days, as with hours that never begin or never end.
func (s *Schedule) NextOpening(t time.Time) (opening time.Time, ok bool) {
	at := t.Unix() // the last whole second that is not after t
	end := at + int64(openingHorizon/time.Second)
	var w walker
	// The segment that ends at t matters: one that starts there does not open anything.
	w.seek(s, at-1, end)
	for closed := minUnix; w.segment != nil; w.advance() {
		if start := w.segment.start; start > at && start != closed {
			return time.Unix(start, 0).In(s.zone), true
		}
		closed = w.segment.end
	}
	return time.Time{}, false
}
