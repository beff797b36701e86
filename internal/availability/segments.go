package availability

import (
	"cmp"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// A schedule's open time is kept as segments: disjoint, sorted ranges of
// instants. Spans are cut where they overlap, where a page ends, at local
// midnight and where the zone's offset changes, so that within a segment the
// local date, the offset and the grid's anchors are constant. Cuts do not matter
// for hours: segments that touch are one opening (see [walker.reach]).
type segment struct {
	start, end int64 // Unix seconds, half-open
	spanStart  int64 // start of the span as written
	dayStart   int64 // first instant of the date on which the span starts
	offset     int64 // seconds east of UTC
	date       localtime.Date
}

// gridBase returns an instant of g's grid; the others are multiples of the
// interval away from it.
func (g *segment) gridBase(anchor Anchor) int64 {
	switch anchor {
	case SpanStart:
		return g.spanStart
	case DayStart:
		return g.dayStart
	default:
		// The local midnight of 1970-01-01 under g's offset. Intervals divide a
		// day, so every local midnight lies on the grid.
		return -g.offset
	}
}

// A page holds the segments of a fixed range of instants. Pages are a cache
// only: they are computed from the schedule and can be dropped at any time.
type page struct {
	number   int64
	segments []segment
}

const (
	pageSeconds = 32 * secondsPerDay
	// pagesKept bounds the memory of a schedule to some five and a half years'
	// worth of pages: a page evicts the one at a multiple of that distance.
	pagesKept = 64
)

func (s *Schedule) page(number int64) *page {
	slot := &s.pages[uint64(number)%pagesKept]
	if p := slot.Load(); p != nil && p.number == number {
		return p
	}
	p := &page{number: number, segments: s.compile(number*pageSeconds, (number+1)*pageSeconds)}
	slot.Store(p)
	return p
}

// compile returns the segments within [from, to).
func (s *Schedule) compile(from, to int64) []segment {
	// A span that reaches into the page starts at most maxSpanDays before it, and
	// local dates are less than a day away from UTC's.
	first := localtime.Date(floorDiv(from, secondsPerDay)) - maxSpanDays - 1
	last := localtime.Date(floorDiv(to, secondsPerDay)) + 1
	var spans []segment
	for d := first; d <= last; d++ {
		spans = s.appendDate(spans, d)
	}
	slices.SortFunc(spans, func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var segments []segment
	covered := from
	for _, g := range spans {
		g.start, g.end = max(g.start, covered), min(g.end, to)
		if g.start < g.end {
			segments = s.appendCut(segments, g)
			covered = g.end
		}
	}
	return slices.Clip(segments)
}

// appendDate appends the spans that start on d, resolved but not cut.
func (s *Schedule) appendDate(spans []segment, d localtime.Date) []segment {
	hours := s.hoursOn(d).spans
	if len(hours) == 0 || !localtime.Exists(s.zone, d) {
		return spans
	}
	dayStart := localtime.StartOfDay(s.zone, d)
	for _, span := range hours {
		start := localtime.ResolveUnix(s.zone, d, span.From*60)
		end := localtime.ResolveUnix(s.zone, d, span.To*60)
		if start < end { // else the gap has swallowed it
			spans = append(spans, segment{start: start, end: end, spanStart: start, dayStart: dayStart})
		}
	}
	return spans
}

// appendCut appends g cut at local midnights and at the zone's transitions.
func (s *Schedule) appendCut(segments []segment, g segment) []segment {
	for end := g.end; g.start < end; g.start = g.end {
		at := time.Unix(g.start, 0).In(s.zone)
		_, offset := at.Zone()
		g.offset, g.date = int64(offset), localtime.DateOf(at, s.zone)
		g.end = min(end, (int64(g.date)+1)*secondsPerDay-g.offset)
		if change := localtime.OffsetUntil(at); !change.IsZero() {
			g.end = min(g.end, change.Unix())
		}
		segments = append(segments, g)
	}
	return segments
}

// walker steps through a schedule's segments in order of time.
type walker struct {
	schedule *Schedule
	until    int64 // segments that start here or later do not matter
	page     *page
	index    int
	segment  *segment // nil at the end
}

// seek moves to the first segment that ends after at.
func (w *walker) seek(s *Schedule, at, until int64) {
	w.schedule, w.until = s, until
	w.page = s.page(floorDiv(at, pageSeconds))
	w.index, _ = slices.BinarySearchFunc(w.page.segments, at, func(g segment, at int64) int {
		if g.end > at {
			return 1
		}
		return -1
	})
	w.settle()
}

// advance moves to the next segment.
func (w *walker) advance() {
	w.index++
	w.settle()
}

// settle points segment at the index, turning pages as needed.
func (w *walker) settle() {
	for w.index >= len(w.page.segments) {
		if (w.page.number+1)*pageSeconds >= w.until {
			w.segment = nil
			return
		}
		w.page, w.index = w.schedule.page(w.page.number+1), 0
	}
	w.segment = &w.page.segments[w.index]
	if w.segment.start >= w.until {
		w.segment = nil
	}
}

// reach returns until when it is open without a break from the current segment
// on, looking no further than enough.
func (w *walker) reach(enough int64) int64 {
	end := w.segment.end
	if end >= enough {
		return end
	}
	ahead := *w
	ahead.until = enough
	for {
		ahead.advance()
		if ahead.segment == nil || ahead.segment.start != end {
			return end
		}
		if end = ahead.segment.end; end >= enough {
			return end
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// ceilTo returns the least n >= at that is a multiple of step away from base.
func ceilTo(at, base, step int64) int64 {
	return at + floorMod(base-at, step)
}

// floorMod returns a modulo b, which is never negative for b above 0.
func floorMod(a, b int64) int64 {
	return a - floorDiv(a, b)*b
}
