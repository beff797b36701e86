package availability

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// appendSlots appends the slots with starts in [from, to).
func (e *Engine) appendSlots(dst []Slot, from, to int64) []Slot {
	from = max(from, e.now)
	if from >= to || len(e.requirements) == 0 {
		return dst
	}
	if e.isSingle() {
		return e.appendSingle(dst, from, to)
	}
	return e.appendMatched(dst, from, to)
}

// appendMatched judges every start of every grid, one by one.
func (e *Engine) appendMatched(dst []Slot, from, to int64) []Slot {
	e.seek(from, to)
	first := &e.requirements[0]
	for _, r := range e.order[first.first:first.last] {
		p := &e.policies[e.resources[r].policy]
		p.starts.seek(p.Schedule, max(from, p.earliest), min(to, p.tooFar))
	}
	for at := from; ; at++ {
		if at = e.nextStart(at); at >= to {
			return dst
		}
		if slot, ok := e.slotAt(at); ok {
			dst = append(dst, slot)
		}
	}
}

// nextStart returns the first start at or after at on the grid of a resource for
// the first requirement, or of a session.
func (e *Engine) nextStart(at int64) int64 {
	next := int64(math.MaxInt64)
	first := &e.requirements[0]
	seen := -1 // resources under one policy are mostly next to each other
	for _, r := range e.order[first.first:first.last] {
		if policy := e.resources[r].policy; policy != seen {
			seen = policy
			next = min(next, e.policies[policy].nextStart(at, e.duration))
		}
	}
	if len(e.sessions) > 0 {
		n, _ := slices.BinarySearchFunc(e.sessions, at, func(s sessionState, at int64) int { return cmp.Compare(s.Start, at) })
		if n < len(e.sessions) {
			next = min(next, e.sessions[n].Start)
		}
	}
	return next
}

// nextStart returns the first start at or after at that keeps p's hours, grid,
// notice and horizon.
func (p *policyState) nextStart(at, duration int64) int64 {
	for ; p.starts.segment != nil; p.starts.advance() {
		segment := p.starts.segment
		if segment.end <= at {
			continue
		}
		start := max(at, p.earliest, segment.start)
		start = ceilTo(start, segment.gridBase(p.Rules.Grid.Anchor), p.step)
		if start < p.startsEnd(&p.starts, duration) {
			return start
		}
	}
	return math.MaxInt64
}

// startsEnd returns the end of the starts in the walker's segment at which an
// appointment ends within opening hours.
func (p *policyState) startsEnd(w *walker, duration int64) int64 {
	segment := w.segment
	return min(segment.end, w.reach(segment.end+duration)-duration+1, w.until)
}

// isSingle reports whether one unit serves everything and no session matters, so
// that ranges of starts can be told free without judging each.
func (e *Engine) isSingle() bool {
	if len(e.requirements) != 1 || len(e.sessions) > 0 || len(e.order) != 1 {
		return false
	}
	r := &e.resources[e.order[0]]
	return r.lastUnit-r.firstUnit == 1
}

// appendSingle is appendMatched for the common case: it walks the open segments
// and the blocked starts of the one unit side by side.
func (e *Engine) appendSingle(dst []Slot, from, to int64) []Slot {
	r := &e.resources[e.order[0]]
	p := &e.policies[r.policy]
	from, to = max(from, p.earliest), min(to, p.tooFar)
	if from >= to || p.customerFull {
		return dst
	}
	e.requirements[0].unit = r.firstUnit
	run := singleRun{
		step:     p.step,
		duration: e.duration,
		blocked:  e.blocked[e.units[r.firstUnit].firstBlocked:e.units[r.firstUnit].lastBlocked],
		units:    e.proposal(),
		places:   max(e.snapshot.Service.GroupSize, 1),
	}
	for p.starts.seek(p.Schedule, from, to); p.starts.segment != nil; p.starts.advance() {
		segment := p.starts.segment
		if e.judgeLimits(r, segment.date) != fine {
			continue
		}
		at := ceilTo(max(from, segment.start), segment.gridBase(p.Rules.Grid.Anchor), p.step)
		dst = run.append(dst, at, p.startsEnd(&p.starts, e.duration))
	}
	return dst
}

// singleRun is what stays the same while one unit's slots are listed.
type singleRun struct {
	step, duration int64
	blocked        []Interval // those that may still matter
	units          []Unit
	places         int
}

// append appends the free slots from at on, which is on the grid, to end.
func (r *singleRun) append(dst []Slot, at, end int64) []Slot {
	for at < end {
		for len(r.blocked) > 0 && r.blocked[0].End <= at {
			r.blocked = r.blocked[1:]
		}
		free := end
		if len(r.blocked) > 0 {
			if at >= r.blocked[0].Start {
				at = ceilTo(r.blocked[0].End, at, r.step)
				continue
			}
			free = min(end, r.blocked[0].Start)
		}
		// Room first, then field by field: appending one by one takes three times
		// as long, and this is most of what a query does.
		first := len(dst)
		n := int((free - at + r.step - 1) / r.step)
		dst = slices.Grow(dst, n)[:first+n]
		for i := range dst[first:] {
			slot := &dst[first+i]
			slot.Start, slot.End = at, at+r.duration
			slot.Units, slot.Session, slot.PlacesLeft = r.units, -1, r.places
			at += r.step
		}
	}
	return dst
}

// Nearest returns up to n slots with starts less than within away from start,
// those closest in time, in order of time. Of two equally close ones the earlier
// counts as closer. The error is a [*WindowError].
func (e *Engine) Nearest(start time.Time, within time.Duration, n int) ([]Slot, error) {
	from, to := start.Add(-within), start.Add(within)
	slots, err := e.Slots(from.Truncate(time.Second).Add(time.Second), to)
	if err != nil {
		return nil, err
	}
	// Slots are sorted, so that the closest are next to each other: drop the
	// farther end until n are left.
	centre := start.Unix()
	for len(slots) > max(n, 0) {
		last := len(slots) - 1
		if centre-slots[0].Start > slots[last].Start-centre {
			slots = slots[1:]
		} else {
			slots = slots[:last]
		}
	}
	return slots, nil
}
