package booking

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// maxShown bounds how many assignments a slot shows.
const maxShown = 16

// Slots lists what can be booked, in order of time. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE,
// UNKNOWN_RESOURCE, WINDOW_TOO_LARGE, STORAGE_UNAVAILABLE.
func (s *Service) Slots(ctx context.Context, query SlotQuery) ([]Slot, error) {
	_, plan, err := s.catalog.plan(query.ServiceID, query.ResourceID)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	if err := query.clean(now); err != nil {
		return nil, err
	}
	if !query.From.Before(query.To) { // wholly in the past
		return nil, nil
	}
	known, err := s.factsFrom(ctx, cmp.Or[Taken](query.Taken, s.store), plan, query.From, query.To)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(known.snapshot(s.catalog, plan, now))
	if err != nil {
		return nil, err
	}
	free, err := engine.Slots(query.From, query.To)
	if err != nil {
		return nil, invalid("to", "These times cannot be asked for. Choose a window of at most %d days.", MaxWindowDays).WithCause(err)
	}
	if query.Limit > 0 && len(free) > query.Limit {
		free = free[:query.Limit]
	}
	return newSlots(engine, free), nil
}

// clean fills in the window's bounds and checks them.
func (q *SlotQuery) clean(now time.Time) error {
	if q.Limit < 0 {
		return invalid("limit", "The limit is %d. Send a positive number, or leave it out.", q.Limit)
	}
	if q.From.IsZero() {
		q.From = now
	}
	if q.To.IsZero() {
		q.To = later(q.From, now).AddDate(0, 0, DefaultWindowDays)
	}
	if !q.From.Before(q.To) {
		return invalid("to", "The end of the window is not after its beginning. Send an end that is later than the beginning.")
	}
	if err := checkYear("from", q.From); err != nil {
		return err
	}
	if err := checkYear("to", q.To); err != nil {
		return err
	}
	q.From = later(q.From, now)
	if q.To.Sub(q.From) > MaxWindowDays*24*time.Hour {
		err := Errorf(CodeWindowTooLarge, "The window is longer than %d days. Ask for a shorter one, and for the rest after it.", MaxWindowDays)
		err.Details = map[string]any{"maximumDays": MaxWindowDays}
		return err.WithField("to")
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// newSlots copies slots out of the engine's memory and adds who else could serve them. Slots that the same people could
// serve share one list.
func newSlots(engine *availability.Engine, free []availability.Slot) []Slot {
	slots := make([]Slot, len(free))
	var units []availability.Candidate
	var known shownLists
	for i, slot := range free {
		units = firstUnits(engine.AppendCandidates(units[:0], slot.StartTime()))
		slots[i] = Slot{
			Start:      slot.StartTime(),
			End:        slot.EndTime(),
			Candidates: known.list(slot.Units, units),
			PlacesLeft: slot.PlacesLeft,
		}
	}
	return slots
}

// maxLists bounds how many lists are compared with for each slot. A day has few of them.
const maxLists = 8

// shownLists are the lists of assignments that slots have shown, and what each was made of.
type shownLists []shownList

type shownList struct {
	proposed []availability.Unit
	free     []availability.Candidate
	list     []Assignment
}

// list is the proposed assignment and the others that the free units allow. It may be shared and must not be changed.
func (l *shownLists) list(proposed []availability.Unit, free []availability.Candidate) []Assignment {
	for i := range *l {
		if known := &(*l)[i]; slices.Equal(known.proposed, proposed) && slices.Equal(known.free, free) {
			return known.list
		}
	}
	list := combine([]Assignment{newAssignment(proposed)}, free, len(proposed), maxShown)
	if len(*l) < maxLists {
		*l = append(*l, shownList{slices.Clone(proposed), slices.Clone(free), list})
	}
	return list
}

// firstUnits keeps one unit of each resource for each requirement: to a caller who chooses, the others
// are the same. It reuses the slice.
func firstUnits(free []availability.Candidate) []availability.Candidate {
	return slices.CompactFunc(free, func(a, b availability.Candidate) bool {
		return a.Requirement == b.Requirement && a.Unit.Resource == b.Unit.Resource
	})
}

// Explain says why a start is or is not offered. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE,
// UNKNOWN_RESOURCE, STORAGE_UNAVAILABLE.
func (s *Service) Explain(ctx context.Context, serviceID, resourceID string, start time.Time) (availability.Reason, error) {
	if err := checkStart(start); err != nil {
		return availability.Reason{}, err
	}
	_, plan, err := s.catalog.plan(serviceID, resourceID)
	if err != nil {
		return availability.Reason{}, err
	}
	known, err := s.facts(ctx, plan, start, start)
	if err != nil {
		return availability.Reason{}, err
	}
	engine, err := newEngine(known.snapshot(s.catalog, plan, s.clock()))
	if err != nil {
		return availability.Reason{}, err
	}
	return engine.Explain(start), nil
}
