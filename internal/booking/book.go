package booking

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Book makes a booking. The second result says that the request repeats an earlier one, whose booking
// is returned as it is now. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE, UNKNOWN_RESOURCE, SLOT_TAKEN,
// LIMIT_REACHED, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE, and the codes that refuse a start:
// IN_THE_PAST, TOO_SOON, TOO_FAR, CLOSED, OUTSIDE_HOURS, OFF_GRID. Those, SLOT_TAKEN and LIMIT_REACHED
// carry alternatives where there are any.
func (s *Service) Book(ctx context.Context, request Request) (Booking, bool, error) {
	return s.bookAs(ctx, s.statusOfNew(), request)
}

// statusOfNew is the status of a booking that is no hold.
func (s *Service) statusOfNew() Status {
	if s.confirmsManually() {
		return StatusPending
	}
	return StatusConfirmed
}

// Hold reserves a start for as long as the policy says; Confirm makes it a booking. Until then nobody else can
// have it. Results and errors are those of Book.
func (s *Service) Hold(ctx context.Context, request Request) (Booking, bool, error) {
	return s.bookAs(ctx, StatusHeld, request)
}

func (s *Service) confirmsManually() bool {
	return s.catalog.rules.Confirmation == tenantconfig.ConfirmManual
}

func (s *Service) bookAs(ctx context.Context, status Status, request Request) (Booking, bool, error) {
	booking, replayed, err := s.book(ctx, status, request)
	return s.orReplay(ctx, request.Idempotency, CodeInThePast, booking, replayed, err)
}

// orReplay answers a refused request that repeats an earlier one with what that came to. The rules may refuse today what
// they accepted when the request first came: its time is now too soon, its own booking has taken the slot, or
// the booking has the status already that it asks for. A refusal that another moment could lift is kept before it is answered.
// For tooLate see refusedBefore.
func (s *Service) orReplay(
	ctx context.Context, claim *IdempotencyClaim, tooLate Code, booking Booking, replayed bool, err error,
) (Booking, bool, error) {
	if err == nil {
		return booking, replayed, nil
	}
	if code := CodeOf(err); claim == nil || code == CodeStorageUnavailable || code == CodeIdempotencyMismatch {
		return Booking{}, false, err
	}
	refusal, ok := errors.AsType[*Error](err)
	if ok && refusal.judged {
		return Booking{}, false, err
	}
	var replayErr error
	if ok && refusal.keep != nil {
		booking, replayErr = s.store.Refuse(ctx, *claim, refusal.keep)
	} else {
		booking, replayErr = s.store.Replay(ctx, *claim)
	}
	then, repeated := refusedBefore(replayErr, tooLate)
	switch {
	case replayErr == nil:
		return booking, true, nil
	case repeated:
		return Booking{}, false, then.asOf(refusal)
	case errors.Is(replayErr, ErrNotFound), ok && refusal.keep != nil && errors.Is(replayErr, refusal.keep):
		return Booking{}, false, err
	default:
		return Booking{}, false, storeError(replayErr)
	}
}

func (s *Service) book(ctx context.Context, status Status, request Request) (booking Booking, replayed bool, err error) {
	if err := request.clean(s.region()); err != nil {
		return Booking{}, false, err
	}
	offer, plan, err := s.catalog.plan(request.ServiceID, request.ResourceID)
	if err != nil {
		return Booking{}, false, err
	}
	wanted := s.newBooking(offer, status, request)
	a := &attempt{service: s, offer: offer, plan: plan, start: request.Start, now: s.clock()}
	err = a.settle(ctx, func(candidates []Assignment, last bool) (err error) {
		wanted.Candidates, wanted.Idempotency = candidates, request.Idempotency.tentative(last)
		booking, replayed, err = s.store.Book(ctx, wanted)
		return err
	})
	return booking, replayed, err
}

// newBooking is the booking that a request asks for, without its candidates.
func (s *Service) newBooking(offer *offer, status Status, request Request) NewBooking {
	end, blocked := s.span(offer, request.Start)
	return NewBooking{
		Booking: Booking{
			ID:           uuid.Must(uuid.NewV7()).String(), // fails only when the system has no randomness
			ServiceID:    request.ServiceID,
			Customer:     request.Customer,
			Start:        request.Start,
			End:          end,
			Blocked:      blocked,
			TimeZone:     s.catalog.location.String(),
			LocalStart:   s.catalog.localStart(request.Start),
			Status:       status,
			GroupSize:    offer.service.GroupSize,
			Notes:        request.Notes,
			CustomFields: request.CustomFields,
			Channel:      request.Actor.Channel,
			Version:      1,
		},
		HoldTTL:     s.catalog.rules.Holds.TTL.Std(), // read for holds only
		Limits:      s.limits(request.Start),
		Actor:       request.Actor,
		Idempotency: request.Idempotency,
	}
}

// span is the end of an appointment that begins at start, and what it blocks with its buffers.
func (s *Service) span(offer *offer, start time.Time) (end time.Time, blocked Interval) {
	buffers := s.catalog.rules.Buffers
	end = start.Add(offer.service.Duration.Std())
	return end, Interval{Start: start.Add(-buffers.Before.Std()), End: end.Add(buffers.After.Std())}
}

// localStart is the wall-clock time that is promised for a start.
func (c *Catalog) localStart(start time.Time) string {
	return start.In(c.location).Format("2006-01-02T15:04")
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
