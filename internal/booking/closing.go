package booking

import (
	"context"
	"errors"
)

// Complete records that an appointment took place, from its start on; it also corrects one that was recorded as
// missed. It is for the business: an Actor without Override meets BUSINESS_ONLY. The second result is that of Book.
// Errors: NOT_FOUND, NOT_STARTED, WRONG_STATUS, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Complete(ctx context.Context, request ChangeRequest) (Booking, bool, error) {
	return s.finish(ctx, StatusCompleted, "recorded as having taken place", request)
}

// NoShow records that the customer did not come; it also corrects an appointment that was recorded as having taken
// place. Otherwise it is like Complete.
func (s *Service) NoShow(ctx context.Context, request ChangeRequest) (Booking, bool, error) {
	return s.finish(ctx, StatusNoShow, "recorded as missed", request)
}

func (s *Service) finish(ctx context.Context, to Status, wanted string, request ChangeRequest) (Booking, bool, error) {
	if !request.Actor.Override {
		return Booking{}, false, Errorf(CodeBusinessOnly, "Only the business records how an appointment went.")
	}
	id, err := bookingID(request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	booking, replayed, err := s.store.Transition(ctx, Transition{
		BookingID: id, To: to, Actor: request.Actor, Idempotency: request.Idempotency,
	})
	then, repeated := refusedBefore(err, CodeWrongStatus)
	switch {
	case err == nil:
		return booking, replayed, nil
	case repeated:
		return Booking{}, false, then
	case errors.Is(err, ErrTooEarly):
		return Booking{}, false, Errorf(CodeNotStarted, "The appointment has not begun, so it cannot be %s yet. Cancel it if it will not take place.", wanted)
	case errors.Is(err, ErrNotLive), errors.Is(err, ErrWrongStatus):
		return Booking{}, false, s.wrongStatusOf(ctx, id, wanted)
	default:
		return Booking{}, false, storeError(err)
	}
}
