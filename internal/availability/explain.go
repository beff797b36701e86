package availability

import (
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// finding is a verdict and the resource that it is about, or -1.
type finding struct {
	verdict  verdict
	resource int
}

// diagnose says why start is not offered. It judges again what slotAt judged,
// without stopping at the first obstacle.
func (e *Engine) diagnose(start time.Time) Reason {
	at := start.Unix()
	switch {
	case at < e.now:
		return Reason{Code: Past}
	case !inRange(start):
		return Reason{Code: TooFar, Bound: time.Unix(maxUnix, 0).UTC()}
	}
	e.seek(at, at+1)
	found := e.diagnoseNew(at)
	for _, session := range e.sessionsAt(at) {
		if v := e.judgeSession(session.Session); v > found.verdict {
			found = finding{v, e.byID[session.Units[0].Resource]}
		}
	}
	if start.Nanosecond() != 0 && found.verdict > offGrid {
		found.verdict = offGrid // grids are of whole seconds
	}
	return e.reason(found, at)
}

// diagnoseNew judges a new appointment. For each requirement the resource counts
// that came closest; of several unmet requirements the one that fails first.
func (e *Engine) diagnoseNew(at int64) finding {
	worst := finding{fine, -1}
	for i := range e.requirements {
		best := finding{past, -1}
		for _, r := range e.order[e.requirements[i].first:e.requirements[i].last] {
			v := e.judgeResource(r, at, i == 0)
			if v == fine {
				v = e.judgeUnits(r, at)
			}
			if best.resource < 0 || v > best.verdict {
				best = finding{v, r}
			}
		}
		if best.verdict < worst.verdict {
			worst = best
		}
	}
	if worst.verdict == fine && !e.match(at) {
		// Each requirement could be met alone, but not all of them together.
		return finding{taken, -1}
	}
	return worst
}

// judgeUnits says whether the resource has a free unit, and if not, whether our
// own bookings alone would be enough to fill it.
func (e *Engine) judgeUnits(r int, at int64) verdict {
	state := &e.resources[r]
	v := taken
	for u := state.firstUnit; u < state.lastUnit; u++ {
		unit := &e.units[u]
		if e.free(unit, at) {
			return fine
		}
		if !e.booked(unit, state.Busy, at) {
			v = externalBusy
		}
	}
	return v
}

// booked reports whether something in busy occupies the unit at a start.
func (e *Engine) booked(unit *unitState, busy []Occupancy, at int64) bool {
	for _, o := range busy {
		if starts := e.forbidden(unit, o.Interval); o.Unit == unit.number && starts.Start <= at && at < starts.End {
			return true
		}
	}
	return false
}

// reason puts a finding in the words of the API.
func (e *Engine) reason(f finding, at int64) Reason {
	var reason Reason
	var p *policyState
	if f.resource >= 0 {
		reason.Resource = e.resources[f.resource].ID
		p = &e.policies[e.resources[f.resource].policy]
	}
	switch f.verdict {
	case past:
		return Reason{Code: Past}
	case tooSoon:
		reason.Code, reason.Bound = TooSoon, time.Unix(p.earliest, 0).In(p.Schedule.zone)
	case tooFar:
		reason.Code, reason.Bound = TooFar, time.Unix(p.tooFar, 0).In(p.Schedule.zone)
	case outsideHours:
		reason.Code, reason.Detail = p.outside(at)
	case offGrid:
		reason.Code = OffGrid
	case customerLimit:
		return Reason{Code: LimitReached, Limit: OpenPerCustomer}
	case weekLimit:
		reason.Code, reason.Limit = LimitReached, PerWeek
	case dayLimit:
		reason.Code, reason.Limit = LimitReached, PerDay
	case externalBusy:
		reason.Code = ExternalBusy
	case taken:
		reason.Code = SlotTaken
	case full:
		reason.Code = Full
	case fine:
		reason.Code = OK
	}
	return reason
}

// outside tells a date that is closed from a time outside of its hours.
func (p *policyState) outside(at int64) (Code, string) {
	day := p.Schedule.hoursOn(localtime.DateOf(time.Unix(at, 0), p.Schedule.zone))
	var open walker
	open.seek(p.Schedule, at, at+1)
	if len(day.spans) == 0 && open.segment == nil {
		return Closed, day.reason
	}
	return OutsideHours, day.reason
}
