package availability

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// Engine answers questions about one snapshot. It reuses its memory and is
// therefore not safe for concurrent use; engines are cheap, and may be pooled
// with [Engine.Reset].
type Engine struct {
	snapshot *Snapshot
	duration int64 // seconds
	places   int   // wanted
	now      int64 // earliest second that is not past

	// The snapshot, compiled. All slices keep their memory across Reset.
	policies     []policyState
	resources    []resourceState
	units        []unitState
	blocked      []Interval // ranges of starts, see unitState
	requirements []requirementState
	order        []int // resources of all requirements, in order of preference
	sessions     []sessionState
	byID         map[string]int

	round, visit int    // stamps of the matching
	placed       int    // requirements that have a unit in it
	arena        []Unit // backing of Slot.Units
	sorted       []Occupancy
	faults       InvalidError
}

// policyState is a policy with its bounds for the snapshot's now, and a cursor.
type policyState struct {
	*Policy
	step, before, after int64
	earliest            int64 // first second that keeps the notice
	tooFar              int64 // first second beyond the horizon
	customerFull        bool
	hours               walker // for judging, wherever the last judgement was
	starts              walker // for finding starts, only forward
	last                judgement
}

// judgement is what a policy says about one start, kept because resources that
// share the policy ask for it in turn.
type judgement struct {
	at      int64 // or noTime
	onGrid  bool
	verdict verdict
	date    localtime.Date // of the start, if the verdict is fine
}

// resourceState is a resource with its units [firstUnit, lastUnit).
type resourceState struct {
	*Resource
	policy              int
	firstUnit, lastUnit int
	// The verdict on PerDay and PerWeek is the same for the whole local date.
	limits    verdict
	limitsFor int64 // the date, or noTime
}

// unitState is one unit. Its blocked range [firstBlocked, lastBlocked) in
// Engine.blocked holds, sorted and disjoint, the starts that anything in the way
// forbids: whatever occupies [s, e) forbids every start in
// (s - duration - after, e + before).
type unitState struct {
	resource, number          int
	firstBlocked, lastBlocked int
	cursor                    int // first blocked range that ends after the last judged start
	owner                     int // requirement served in the matching of round
	round, visit              int
}

// requirementState is the range [first, last) of Engine.order that can serve it,
// and the unit that does in the present matching.
type requirementState struct {
	first, last int
	unit        int
}

// sessionState is an existing session that the engine can judge, with its index
// in the snapshot.
type sessionState struct {
	*Session
	index int
}

// New returns an engine for a snapshot. The error is an [*InvalidError].
func New(s *Snapshot) (*Engine, error) {
	e := new(Engine)
	if err := e.Reset(s); err != nil {
		return nil, err
	}
	return e, nil
}

// Slots returns what can be booked with a start in [from, to), in order of time.
// The error is a [*WindowError].
func (e *Engine) Slots(from, to time.Time) ([]Slot, error) {
	return e.AppendSlots(nil, from, to)
}

// AppendSlots is [Engine.Slots] appending to dst. With room in dst, and once the
// engine and the schedules are warm, it allocates nothing.
func (e *Engine) AppendSlots(dst []Slot, from, to time.Time) ([]Slot, error) {
	if reason := refuseWindow(from, to); reason != "" {
		return dst, &WindowError{From: from, To: to, Reason: reason}
	}
	return e.appendSlots(dst, ceilUnix(from), ceilUnix(to)), nil
}

// refuseWindow says what is wrong with a window; empty is nothing.
func refuseWindow(from, to time.Time) string {
	switch {
	case to.Before(from):
		return "ends before it begins"
	case !inRange(from) || !inRange(to):
		return "leaves the years 1 to 9999"
	case to.Unix()-from.Unix() > int64(MaxWindow/time.Second):
		return fmt.Sprintf("is too long: ask for at most %d days at a time", MaxWindow/(24*time.Hour))
	}
	return ""
}

// The instants that the engine computes with: the years 1 to 9999.
var (
	minUnix = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	maxUnix = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func inRange(t time.Time) bool {
	return minUnix <= t.Unix() && t.Unix() < maxUnix
}

// Check judges one start. The slot is that which Slots lists for it; it is zero
// unless the reason is OK.
func (e *Engine) Check(start time.Time) (Slot, Reason) {
	at := start.Unix()
	if start.Nanosecond() == 0 && inRange(start) {
		e.seek(at, at+1)
		if slot, ok := e.slotAt(at); ok {
			return slot, Reason{Code: OK}
		}
	}
	return Slot{}, e.diagnose(start)
}

// Explain says why a start is or is not offered.
func (e *Engine) Explain(start time.Time) Reason {
	_, reason := e.Check(start)
	return reason
}

// AppendCandidates appends every free unit that could serve a requirement of a
// new appointment at start, in order of requirement and preference. It appends
// nothing for a start that is not offered, or offered only as a place in a
// session.
func (e *Engine) AppendCandidates(dst []Candidate, start time.Time) []Candidate {
	at := start.Unix()
	if start.Nanosecond() != 0 || !inRange(start) {
		return dst
	}
	e.seek(at, at+1)
	if !e.match(at) {
		return dst
	}
	for i := range e.requirements {
		for _, r := range e.order[e.requirements[i].first:e.requirements[i].last] {
			if e.judgeResource(r, at, i == 0) != fine {
				continue
			}
			for u := e.resources[r].firstUnit; u < e.resources[r].lastUnit; u++ {
				if e.free(&e.units[u], at) {
					dst = append(dst, Candidate{Requirement: i, Unit: e.unit(u)})
				}
			}
		}
	}
	return dst
}

// unit names a unit as callers know it.
func (e *Engine) unit(u int) Unit {
	return Unit{Resource: e.resources[e.units[u].resource].ID, Number: e.units[u].number}
}
