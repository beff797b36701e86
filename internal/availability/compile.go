package availability

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// noTime is no instant and no date that the engine ever meets.
const noTime = math.MinInt64

// Reset turns e to another snapshot and keeps its memory. Slots that it returned
// before become invalid, because their Units are in that memory. The error is an
// [*InvalidError]; after one, e can only be Reset again.
func (e *Engine) Reset(s *Snapshot) error {
	e.clear(s)
	e.checkSnapshot()
	e.addResources()
	e.addRequirements()
	if len(e.faults.Fields) > 0 {
		err := &InvalidError{Fields: slices.Clone(e.faults.Fields)}
		e.clear(&Snapshot{})
		return err
	}
	for r := range e.resources {
		e.addUnits(r)
	}
	e.addSessions()
	return nil
}

func (e *Engine) clear(s *Snapshot) {
	e.snapshot = s
	e.duration = int64(s.Service.Duration / time.Second)
	e.places = max(s.Places, 1)
	e.now = ceilUnix(s.Now)
	e.policies, e.resources, e.units = e.policies[:0], e.resources[:0], e.units[:0]
	e.blocked, e.requirements, e.order = e.blocked[:0], e.requirements[:0], e.order[:0]
	e.sessions, e.arena = e.sessions[:0], e.arena[:0]
	e.faults.Fields = e.faults.Fields[:0]
	e.round, e.visit = 0, 0
	if e.byID == nil {
		e.byID = make(map[string]int)
	}
	clear(e.byID)
}

func (e *Engine) checkSnapshot() {
	s, faults := e.snapshot, &e.faults
	if !inRange(s.Now) {
		faults.add("now", "leaves the years 1 to 9999")
	}
	if d := s.Service.Duration; d <= 0 || d > MaxDuration || d%time.Second != 0 {
		faults.add("service.duration", "%s is not a duration: use whole seconds, above 0 and at most %s", d, MaxDuration)
	}
	if s.Service.GroupSize < 0 {
		faults.add("service.groupSize", "must not be negative")
	}
	if size := max(s.Service.GroupSize, 1); s.Places < 0 || s.Places > size {
		faults.add("places", "%d is out of range: the service seats at most %d", s.Places, size)
	}
	if s.CustomerOpen < 0 {
		faults.add("customerOpen", "must not be negative")
	}
}

func (e *Engine) addResources() {
	faults := &e.faults
	for i := range e.snapshot.Resources {
		r := &e.snapshot.Resources[i]
		if r.ID == "" {
			faults.add(fmt.Sprintf("resources[%d].id", i), "is missing")
		}
		if _, twice := e.byID[r.ID]; twice {
			faults.add(fmt.Sprintf("resources[%d].id", i), "%q occurs twice", r.ID)
		}
		if r.Units < 0 {
			faults.add(fmt.Sprintf("resources[%d].units", i), "must not be negative")
		}
		e.byID[r.ID] = i
		e.resources = append(e.resources, resourceState{Resource: r, policy: e.addPolicy(r.Policy, i), limitsFor: noTime})
	}
}

// addPolicy returns the index of the state for p, which resources may share.
func (e *Engine) addPolicy(p *Policy, resource int) int {
	faults := &e.faults
	for i := range e.policies {
		if e.policies[i].Policy == p {
			return i
		}
	}
	if p == nil {
		faults.add(fmt.Sprintf("resources[%d].policy", resource), "is missing")
		return -1
	}
	known := len(faults.Fields)
	p.check(faults, "")
	for i := range faults.Fields[known:] {
		f := &faults.Fields[known+i]
		f.Path = fmt.Sprintf("resources[%d].policy.%s", resource, f.Path)
	}
	if len(faults.Fields) > 0 {
		return -1
	}
	rules := &p.Rules
	state := policyState{
		Policy:   p,
		step:     int64(rules.Grid.Interval / time.Second),
		before:   int64(rules.BufferBefore / time.Second),
		after:    int64(rules.BufferAfter / time.Second),
		earliest: ceilUnix(e.snapshot.Now.Add(rules.MinimumNotice)),
		tooFar:   maxUnix,
	}
	if rules.MaximumDays > 0 {
		zone := p.Schedule.zone
		today := localtime.DateOf(e.snapshot.Now, zone)
		state.tooFar = min(maxUnix, localtime.StartOfDay(zone, today+localtime.Date(rules.MaximumDays)+1))
	}
	limit := rules.Limits.OpenPerCustomer
	state.customerFull = limit > 0 && e.snapshot.CustomerOpen >= limit
	e.policies = append(e.policies, state)
	return len(e.policies) - 1
}

func (e *Engine) addRequirements() {
	faults := &e.faults
	requires := e.snapshot.Service.Requires
	if len(requires) == 0 {
		faults.add("service.requires", "is empty: a service requires at least one resource")
	}
	for i, requirement := range requires {
		first := len(e.order)
		for j, id := range requirement.AnyOf {
			r, ok := e.byID[id]
			if !ok {
				faults.add(fmt.Sprintf("service.requires[%d].anyOf[%d]", i, j), "%q is not among the resources", id)
				continue
			}
			e.order = append(e.order, r)
		}
		if len(requirement.AnyOf) == 0 {
			faults.add(fmt.Sprintf("service.requires[%d].anyOf", i), "is empty: name at least one resource")
		}
		slices.SortFunc(e.order[first:], func(a, b int) int {
			x, y := e.resources[a].Resource, e.resources[b].Resource
			return cmp.Or(cmp.Compare(x.Load, y.Load), cmp.Compare(x.ID, y.ID))
		})
		e.order = e.order[:first+len(slices.Compact(e.order[first:]))]
		e.requirements = append(e.requirements, requirementState{first: first, last: len(e.order)})
	}
}

// addUnits compiles what occupies the units of a resource.
func (e *Engine) addUnits(r int) {
	state := &e.resources[r]
	state.firstUnit = len(e.units)
	busy := state.Busy
	if !slices.IsSortedFunc(busy, compareOccupancy) {
		e.sorted = append(e.sorted[:0], busy...)
		slices.SortFunc(e.sorted, compareOccupancy)
		busy = e.sorted
	}
	for number := 1; number <= max(state.Units, 1); number++ {
		for len(busy) > 0 && busy[0].Unit < number {
			busy = busy[1:]
		}
		unit := unitState{resource: r, number: number, firstBlocked: len(e.blocked)}
		for len(busy) > 0 && busy[0].Unit == number {
			e.block(&unit, busy[0].Interval)
			busy = busy[1:]
		}
		if len(state.External) > 0 {
			e.blockExternal(&unit, state.External)
		}
		unit.lastBlocked = len(e.blocked)
		e.units = append(e.units, unit)
	}
	state.lastUnit = len(e.units)
}

func compareOccupancy(a, b Occupancy) int {
	if a.Unit != b.Unit {
		return cmp.Compare(a.Unit, b.Unit)
	}
	return cmp.Compare(a.Start, b.Start)
}

// block adds the starts that busy forbids to the unit's, which are the last of
// e.blocked. Busy starts no earlier than what was added before.
func (e *Engine) block(unit *unitState, busy Interval) {
	starts := e.forbidden(unit, busy)
	if starts.Start >= starts.End {
		return
	}
	if n := len(e.blocked); n > unit.firstBlocked && starts.Start <= e.blocked[n-1].End {
		e.blocked[n-1].End = max(e.blocked[n-1].End, starts.End)
		return
	}
	e.blocked = append(e.blocked, starts)
}

// forbidden returns the starts at which an appointment with its buffers would
// overlap busy. It is empty if busy is.
func (e *Engine) forbidden(unit *unitState, busy Interval) Interval {
	if busy.Start >= busy.End {
		return Interval{}
	}
	p := &e.policies[e.resources[unit.resource].policy]
	// Bounded first, so that the sums cannot overflow.
	return Interval{
		Start: max(busy.Start, minUnix-maxReach) - e.duration - p.after + 1,
		End:   min(busy.End, maxUnix+maxReach) + p.before,
	}
}

// maxReach is more than an appointment with its buffers can reach beyond its
// start, in seconds.
const maxReach = 3 * int64(MaxDuration/time.Second)

// blockExternal adds external busy time, in any order, to a unit's blocked
// starts.
func (e *Engine) blockExternal(unit *unitState, external []Interval) {
	for _, busy := range external {
		if starts := e.forbidden(unit, busy); starts.Start < starts.End {
			e.blocked = append(e.blocked, starts)
		}
	}
	all := e.blocked[unit.firstBlocked:]
	slices.SortFunc(all, func(a, b Interval) int { return cmp.Compare(a.Start, b.Start) })
	merged := all[:0]
	for _, starts := range all {
		if n := len(merged); n > 0 && starts.Start <= merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, starts.End)
		} else {
			merged = append(merged, starts)
		}
	}
	e.blocked = e.blocked[:unit.firstBlocked+len(merged)]
}

// addSessions keeps the sessions that can be judged, in order of time.
func (e *Engine) addSessions() {
	if e.snapshot.Service.GroupSize <= 1 {
		return
	}
	for i := range e.snapshot.Sessions {
		session := &e.snapshot.Sessions[i]
		known := len(session.Units) > 0 && session.Start < session.End &&
			minUnix <= session.Start && session.End <= maxUnix
		for _, u := range session.Units {
			_, ok := e.byID[u.Resource]
			known = known && ok
		}
		if known {
			e.sessions = append(e.sessions, sessionState{Session: session, index: i})
		}
	}
	slices.SortFunc(e.sessions, func(a, b sessionState) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.index, b.index))
	})
}
