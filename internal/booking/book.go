package booking

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// maxTries bounds how often a booking that lost a race is tried again with fresh facts.
const maxTries = 3

// Book makes a booking. The second result says that the request repeats an earlier one, whose booking
// is returned as it is now. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE, UNKNOWN_RESOURCE, SLOT_TAKEN,
// LIMIT_REACHED, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE, and the codes that refuse a start:
// IN_THE_PAST, TOO_SOON, TOO_FAR, CLOSED, OUTSIDE_HOURS, OFF_GRID. Those, SLOT_TAKEN and LIMIT_REACHED
// carry alternatives where there are any.
func (s *Service) Book(ctx context.Context, request Request) (Booking, bool, error) {
	booking, replayed, err := s.book(ctx, request)
	if err == nil || request.Idempotency == nil {
		return booking, replayed, err
	}
	if code := CodeOf(err); code == CodeStorageUnavailable || code == CodeIdempotencyMismatch {
		return Booking{}, false, err
	}
	// The rules may refuse today what they accepted when this request first came: its time is now too
	// soon, or its own booking has taken the slot.
	booking, replayErr := s.store.Replay(ctx, *request.Idempotency)
	switch {
	case replayErr == nil:
		return booking, true, nil
	case errors.Is(replayErr, ErrNotFound):
		return Booking{}, false, err
	default:
		return Booking{}, false, storeError(replayErr)
	}
}

func (s *Service) book(ctx context.Context, request Request) (Booking, bool, error) {
	if err := request.clean(s.region()); err != nil {
		return Booking{}, false, err
	}
	offer, plan, err := s.catalog.plan(request.ServiceID, request.ResourceID)
	if err != nil {
		return Booking{}, false, err
	}
	a := &attempt{service: s, offer: offer, plan: plan, start: request.Start, now: s.clock()}
	wanted := s.newBooking(offer, request)
	var known facts // at first none: what is booked already is for the Store to judge, in the statement that books
	for try := range maxTries {
		candidates, reason, err := a.judge(known)
		switch {
		case err != nil:
			return Booking{}, false, err
		case reason.OK():
			wanted.Candidates = candidates
			booking, replayed, err := s.store.Book(ctx, wanted)
			if !errors.Is(err, ErrOccupied) {
				return a.outcome(ctx, booking, replayed, err)
			}
		case try > 0 || !a.joinable(reason):
			return Booking{}, false, a.refuse(ctx, reason)
		}
		// A way to serve may be free that was not among those tried, or there is a session to join.
		if known, err = s.facts(ctx, plan, request.Start, request.Start); err != nil {
			return Booking{}, false, err
		}
	}
	return Booking{}, false, a.refuse(ctx, availability.Reason{Code: availability.SlotTaken})
}

// newBooking is the booking that a request asks for, without its candidates.
func (s *Service) newBooking(offer *offer, request Request) NewBooking {
	rules := s.catalog.rules
	end := request.Start.Add(offer.service.Duration.Std())
	status := StatusConfirmed
	if rules.Confirmation == tenantconfig.ConfirmManual {
		status = StatusPending
	}
	return NewBooking{
		Booking: Booking{
			ID:        uuid.Must(uuid.NewV7()).String(), // fails only when the system has no randomness
			ServiceID: request.ServiceID,
			Customer:  request.Customer,
			Start:     request.Start,
			End:       end,
			Blocked: Interval{
				Start: request.Start.Add(-rules.Buffers.Before.Std()),
				End:   end.Add(rules.Buffers.After.Std()),
			},
			TimeZone:   s.catalog.location.String(),
			LocalStart: request.Start.In(s.catalog.location).Format("2006-01-02T15:04"),
			Status:     status,
			GroupSize:  offer.service.GroupSize,
			Notes:      request.Notes,
			Channel:    request.Actor.Channel,
			Version:    1,
		},
		Limits:      s.limits(request.Start),
		Actor:       request.Actor,
		Idempotency: request.Idempotency,
	}
}

// limits returns the counted limits that bear on a start.
func (s *Service) limits(start time.Time) []Limit {
	var limits []Limit
	rules := s.catalog.rules.Limits
	if rules.PerDay > 0 {
		limits = append(limits, Limit{Kind: LimitPerDay, Max: rules.PerDay, Within: s.catalog.dayOf(start)})
	}
	if rules.PerWeek > 0 {
		limits = append(limits, Limit{Kind: LimitPerWeek, Max: rules.PerWeek, Within: s.catalog.weekOf(start)})
	}
	if rules.OpenPerCustomer > 0 {
		limits = append(limits, Limit{Kind: LimitOpenPerCustomer, Max: rules.OpenPerCustomer})
	}
	return limits
}

// attempt is one request for one start.
type attempt struct {
	service *Service
	offer   *offer
	plan    *plan
	start   time.Time
	now     time.Time
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
	return assignments(engine, slot, a.plan.group, MaxCandidates), reason, nil
}

// joinable says whether a start that is refused while no facts are known may be that of a session:
// sessions keep their times when the grid changes.
func (a *attempt) joinable(reason availability.Reason) bool {
	return a.plan.group && reason.Code == availability.OffGrid
}

// outcome turns what the Store answered into what the caller is told.
func (a *attempt) outcome(ctx context.Context, booking Booking, replayed bool, err error) (Booking, bool, error) {
	if err == nil {
		return booking, replayed, nil
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		reason := availability.Reason{Code: availability.LimitReached, Limit: availability.Limit(limit.Limit.Kind)}
		return Booking{}, false, a.refuse(ctx, reason)
	}
	return Booking{}, false, storeError(err)
}
