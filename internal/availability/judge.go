package availability

import (
	"cmp"
	"slices"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// verdict is the outcome of one condition, in the order in which conditions are
// judged: of two verdicts the greater came closer to being offered.
type verdict uint8

const (
	past verdict = iota
	tooSoon
	tooFar
	outsideHours // or closed: the diagnosis tells them apart
	offGrid
	customerLimit
	weekLimit
	dayLimit
	externalBusy
	taken
	full
	fine
)

// seek places all cursors for judging starts in [from, to).
func (e *Engine) seek(from, to int64) {
	for i := range e.policies {
		p := &e.policies[i]
		p.hours.seek(p.Schedule, from, to)
		p.last.at = noTime
	}
	for i := range e.units {
		u := &e.units[i]
		blocked := e.blocked[u.firstBlocked:u.lastBlocked]
		n, _ := slices.BinarySearchFunc(blocked, from, func(b Interval, at int64) int { return cmp.Compare(b.End, at) })
		u.cursor = u.firstBlocked + n
	}
}

// slotAt returns the slot that starts at at, which is not before the starts
// judged since seek: a place in a session if there is one, else a new
// appointment.
func (e *Engine) slotAt(at int64) (Slot, bool) {
	for _, session := range e.sessionsAt(at) {
		if e.judgeSession(session.Session) == fine {
			return Slot{
				Interval:   session.Interval,
				Units:      session.Units,
				Session:    session.index,
				PlacesLeft: e.snapshot.Service.GroupSize - session.Taken,
			}, true
		}
	}
	if !e.match(at) {
		return Slot{}, false
	}
	return Slot{
		Interval:   Interval{Start: at, End: at + e.duration},
		Units:      e.proposal(),
		Session:    -1,
		PlacesLeft: max(e.snapshot.Service.GroupSize, 1),
	}, true
}

// proposal returns the units of the present matching. Runs of slots with the
// same units share them.
func (e *Engine) proposal() []Unit {
	n := len(e.requirements)
	if last := len(e.arena) - n; last >= 0 {
		same := true
		for i := range e.requirements {
			same = same && e.arena[last+i] == e.unit(e.requirements[i].unit)
		}
		if same {
			return e.arena[last:len(e.arena):len(e.arena)]
		}
	}
	for i := range e.requirements {
		e.arena = append(e.arena, e.unit(e.requirements[i].unit))
	}
	return e.arena[len(e.arena)-n : len(e.arena) : len(e.arena)]
}

// match finds a free unit for every requirement at a start, no unit twice. It is
// a bipartite matching by augmenting paths (Kuhn): requirements in order, each
// taking its first choice that is left, and only if none is left making an
// earlier one give way.
func (e *Engine) match(at int64) bool {
	e.round++
	for i := range e.requirements {
		e.placed = i
		e.visit++
		if !e.place(i, at) {
			return false
		}
	}
	return len(e.requirements) > 0
}

func (e *Engine) place(requirement int, at int64) bool {
	return e.placeWhere(requirement, at, false) || e.placed > 0 && e.placeWhere(requirement, at, true)
}

// placeWhere gives the requirement a unit: one without an owner, or, displacing,
// one whose owner can be placed elsewhere.
func (e *Engine) placeWhere(requirement int, at int64, displacing bool) bool {
	state := &e.requirements[requirement]
	for _, r := range e.order[state.first:state.last] {
		if e.judgeResource(r, at, requirement == 0) != fine {
			continue
		}
		for u := e.resources[r].firstUnit; u < e.resources[r].lastUnit; u++ {
			unit := &e.units[u]
			owned := unit.round == e.round
			if owned != displacing || unit.visit == e.visit || !e.free(unit, at) {
				continue
			}
			if owned {
				unit.visit = e.visit
				if !e.place(unit.owner, at) {
					continue
				}
			}
			unit.owner, unit.round, state.unit = requirement, e.round, u
			return true
		}
	}
	return false
}

// free reports whether nothing occupies the unit for an appointment at a start,
// which is not before those judged since seek.
func (e *Engine) free(u *unitState, at int64) bool {
	for u.cursor < u.lastBlocked && e.blocked[u.cursor].End <= at {
		u.cursor++
	}
	return u.cursor == u.lastBlocked || at < e.blocked[u.cursor].Start
}

// judgeResource judges everything but whether the resource has a free unit. Only
// the resource for the first requirement has a say on the grid.
func (e *Engine) judgeResource(r int, at int64, onGrid bool) verdict {
	state := &e.resources[r]
	p := &e.policies[state.policy]
	if last := &p.last; last.at != at || last.onGrid != onGrid {
		*last = judgement{at: at, onGrid: onGrid, verdict: e.judgePolicy(p, at, e.duration, onGrid)}
		if last.verdict == fine {
			last.date = p.hours.segment.date
		}
	}
	if p.last.verdict != fine {
		return p.last.verdict
	}
	return e.judgeLimits(state, p.last.date)
}

// judgePolicy judges notice, horizon, hours and grid, and leaves p's cursor at
// the segment that contains the start if all are kept.
func (e *Engine) judgePolicy(p *policyState, at, duration int64, onGrid bool) verdict {
	switch {
	case at < e.now:
		return past
	case at < p.earliest:
		return tooSoon
	case at >= p.tooFar:
		return tooFar
	}
	for p.hours.segment != nil && p.hours.segment.end <= at {
		p.hours.advance()
	}
	segment := p.hours.segment
	if segment == nil || at < segment.start || p.hours.reach(at+duration) < at+duration {
		return outsideHours
	}
	if onGrid && floorMod(at-segment.gridBase(p.Rules.Grid.Anchor), p.step) != 0 {
		return offGrid
	}
	if p.customerFull {
		return customerLimit
	}
	return fine
}

// judgeLimits judges the resource's PerDay and PerWeek on a local date.
func (e *Engine) judgeLimits(r *resourceState, date localtime.Date) verdict {
	limits := &r.Policy.Rules.Limits
	if limits.PerDay == 0 && limits.PerWeek == 0 {
		return fine
	}
	if r.limitsFor != int64(date) {
		r.limitsFor, r.limits = int64(date), judgeCounts(limits, r.Booked, date)
	}
	return r.limits
}

func judgeCounts(limits *Limits, booked []DayCount, date localtime.Date) verdict {
	monday := date.Monday()
	first, _ := slices.BinarySearchFunc(booked, monday, func(c DayCount, d localtime.Date) int { return cmp.Compare(c.Date, d) })
	day, week := 0, 0
	for _, c := range booked[first:] {
		if c.Date >= monday+7 {
			break
		}
		week += c.Count
		if c.Date == date {
			day += c.Count
		}
	}
	switch {
	case limits.PerWeek > 0 && week >= limits.PerWeek:
		return weekLimit
	case limits.PerDay > 0 && day >= limits.PerDay:
		return dayLimit
	}
	return fine
}

// sessionsAt returns the sessions that start at at.
func (e *Engine) sessionsAt(at int64) []sessionState {
	first, found := slices.BinarySearchFunc(e.sessions, at, func(s sessionState, at int64) int { return cmp.Compare(s.Start, at) })
	if !found {
		return nil
	}
	last := first
	for last < len(e.sessions) && e.sessions[last].Start == at {
		last++
	}
	return e.sessions[first:last]
}

// judgeSession judges joining a session. Its own grid and occupancy were judged
// when it was made.
func (e *Engine) judgeSession(session *Session) verdict {
	v := fine
	if e.snapshot.Service.GroupSize-session.Taken < e.places {
		v = full
	}
	for _, u := range session.Units {
		r := &e.resources[e.byID[u.Resource]]
		v = min(v, e.judgeSessionOn(r, session))
	}
	return v
}

func (e *Engine) judgeSessionOn(r *resourceState, session *Session) verdict {
	p := &e.policies[r.policy]
	if v := e.judgePolicy(p, session.Start, session.End-session.Start, false); v != fine {
		return v
	}
	if v := e.judgeLimits(r, p.hours.segment.date); v != fine {
		return v
	}
	for _, busy := range r.External {
		if busy.Start < session.End && session.Start < busy.End && busy.Start < busy.End {
			return externalBusy
		}
	}
	return fine
}
