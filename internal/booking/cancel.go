package booking

import (
	"context"
	"errors"
	"time"
)

// Cancel calls a booking off. An Actor with Override may do so after the policy's cut-off, but not once
// the appointment has begun: from then on it took place or was missed. The second result is that of
// Book. Errors: VALIDATION_ERROR, NOT_FOUND, TOO_LATE_TO_CANCEL, ALREADY_CANCELLED, NOT_CANCELLABLE,
// IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Cancel(ctx context.Context, request CancelRequest) (Booking, bool, error) {
	id, err := bookingID(request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	reason, err := cleanReason(request.Reason)
	if err != nil {
		return Booking{}, false, err
	}
	cutOff := s.cancelCutOff(request.Actor)
	booking, replayed, err := s.store.Cancel(ctx, Cancellation{
		BookingID:   id,
		Reason:      reason,
		CutOff:      cutOff,
		Offering:    s.offering(),
		Actor:       request.Actor,
		Idempotency: request.Idempotency,
	})
	then, repeated := refusedBefore(err, CodeTooLateToCancel)
	switch {
	case err == nil:
		return booking, replayed, nil
	case repeated:
		return Booking{}, false, then
	case errors.Is(err, ErrNotLive):
		return Booking{}, false, s.notLive(ctx, id)
	case errors.Is(err, ErrTooLate):
		return Booking{}, false, s.tooLateToCancel(cutOff)
	default:
		return Booking{}, false, storeError(err)
	}
}

// cancelCutOff is how long before a start the actor may cancel.
func (s *Service) cancelCutOff(actor Actor) time.Duration {
	if actor.Override {
		return 0
	}
	return s.catalog.rules.Cancellation.Until.Std()
}

func cleanReason(reason string) (string, error) {
	return cleanText("reason", "The reason", reason, maxReason, "\n\r\t")
}

// notLive says why a booking that is not live cannot be cancelled. It never becomes live again, so
// reading it afterwards tells the truth.
func (s *Service) notLive(ctx context.Context, id string) error {
	booking, err := s.store.Get(ctx, id)
	if err != nil {
		return storeError(err)
	}
	refusal := Errorf(CodeNotCancellable, "This booking can no longer be cancelled: the appointment is over.")
	switch booking.Status {
	case StatusCancelled:
		refusal = Errorf(CodeAlreadyCancelled, "This booking was cancelled already. There is nothing left to do.")
	case StatusHeld, StatusExpired:
		refusal = Errorf(CodeNotCancellable, "This reservation has lapsed: it was not confirmed in time. There is nothing left to cancel.")
	}
	refusal.Details = map[string]any{"status": booking.Status}
	return refusal
}

func (s *Service) tooLateToCancel(cutOff time.Duration) error {
	if cutOff == 0 {
		return Errorf(CodeTooLateToCancel, "The appointment has begun, so it can no longer be cancelled.")
	}
	err := Errorf(CodeTooLateToCancel, "Bookings can be cancelled until %s before they begin, and that moment has passed. %s",
		spoken(cutOff), s.contact("to cancel it"))
	err.Details = map[string]any{"cancelBefore": s.catalog.rules.Cancellation.Until.String()}
	return err
}
