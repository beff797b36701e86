package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// maxTries bounds how often a request that lost a race is tried again with fresh facts.
const maxTries = 3

// attempt is one request for one start.
type attempt struct {
	service *Service
	offer   *offer
	plan    *plan
	start   time.Time
	now     time.Time
	// judged says that the Store has the last word: the refusal is kept, or the request repeats none.
	judged bool
	// repeated says that the Store refused the request before.
	repeated bool
	// near is what was read last of what is taken around the start; nil before.
	near *facts
	// moved is the booking that the start is wanted for, if there is one already: what it occupies is not in its way.
	moved *Booking
}

// settle judges the start and has the Store decide about it. Nothing is read at first: what is booked already is
// for the Store to judge, in the statement that books. Only an attempt that lost, or is refused, reads what is taken. Last
// says that a refusal is the answer: there is nothing else to try.
func (a *attempt) settle(ctx context.Context, decide func(candidates []Assignment, last bool) error) error {
	var known facts
	for try := 0; ; try++ {
		candidates, reason, err := a.judge(known)
		switch {
		case err != nil:
			return err
		case reason.OK():
			last := a.last(try, candidates)
			err := decide(candidates, last)
			_, a.repeated = errors.AsType[*RefusedError](err)
			a.judged = last || a.repeated || !errors.Is(err, ErrOccupied)
			if !errors.Is(err, ErrOccupied) {
				return a.outcome(ctx, err)
			}
		case try > 0 || !a.joinable(reason):
			return a.refuse(ctx, reason)
		}
		// A way to serve may be free that was not among those tried, or there is a session to join. Mostly there is
		// neither, so what the alternatives need is read along.
		if known, err = a.readNear(ctx); err != nil {
			return err
		}
		if a.judged {
			return a.refuseTaken(ctx, known)
		}
	}
}

// last says whether the candidates are all that there is to try: then the Store's refusal is kept in the same round trip.
// Of groups nothing is known at first, and there may be a session with other units.
func (a *attempt) last(try int, candidates []Assignment) bool {
	return try == maxTries-1 || len(candidates) < MaxCandidates && (try > 0 || !a.plan.group)
}

// refuseTaken says why the Store found nothing free, by what is known now. It may be free by now: then it was taken. So it was
// for a request that was refused before, whatever else is in its way by now.
func (a *attempt) refuseTaken(ctx context.Context, known facts) error {
	_, reason, err := a.judge(known)
	if err != nil {
		return err
	}
	if reason.OK() || a.repeated && !errors.Is(kept(reason), ErrOccupied) {
		reason = availability.Reason{Code: availability.SlotTaken}
	}
	return a.refuse(ctx, reason)
}

// readNear reads what is taken around the start, as far as alternatives are looked for first.
func (a *attempt) readNear(ctx context.Context) (facts, error) {
	known, err := a.facts(ctx, later(a.start.Add(-reaches[0]), a.now), a.start.Add(reaches[0]))
	if err == nil {
		a.near = &known
	}
	return known, err
}

// facts reads what bears on starts in [from, to), apart from the booking that is to be moved.
func (a *attempt) facts(ctx context.Context, from, to time.Time) (facts, error) {
	known, err := a.service.facts(ctx, a.plan, from, to)
	if err == nil && a.moved != nil {
		known = known.without(*a.moved)
	}
	return known, err
}

// judge says by the known facts whether the start is offered and, if so, by which assignments.
func (a *attempt) judge(known facts) ([]Assignment, availability.Reason, error) {
	engine, err := newEngine(known.snapshot(a.service.catalog, a.plan, a.now))
	if err != nil {
		return nil, availability.Reason{}, err
	}
	slot, reason := engine.Check(a.start)
	if !reason.OK() {
		return nil, reason, nil
	}
	candidates := assignments(engine, slot, a.plan.group, MaxCandidates)
	if a.moved != nil && !a.plan.group {
		candidates = stayingWith(a.moved.Units, candidates, engine.AppendCandidates(nil, a.start))
	}
	return candidates, reason, nil
}

// stayingWith puts the units first, if they are free: who has an appointment keeps its people and rooms where he can.
func stayingWith(units Assignment, candidates []Assignment, open []availability.Candidate) []Assignment {
	if !allFree(units, open) {
		return candidates
	}
	others := slices.DeleteFunc(candidates, func(c Assignment) bool { return slices.Equal(c, units) })
	return append([]Assignment{units}, others[:min(len(others), MaxCandidates-1)]...)
}

// joinable says whether a start that is refused while no facts are known may be that of a session:
// sessions keep their times when the grid changes.
func (a *attempt) joinable(reason availability.Reason) bool {
	return a.plan.group && reason.Code == availability.OffGrid
}

// outcome turns what the Store answered into what the caller is told.
func (a *attempt) outcome(ctx context.Context, err error) error {
	if err == nil || CodeOf(err) != "" {
		return err
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return a.refuse(ctx, availability.Reason{Code: availability.LimitReached, Limit: availability.Limit(limit.Limit.Kind)})
	}
	return storeError(err)
}
