package booking

import (
	"context"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// Confirm makes a hold a booking: confirmed, or pending where the business confirms by itself. An Actor with Override
// is the business and confirms both holds and pending bookings. The second result is that of Book. Errors: NOT_FOUND,
// HOLD_EXPIRED (with alternatives), BUSINESS_ONLY, WRONG_STATUS, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Confirm(ctx context.Context, request ChangeRequest) (Booking, bool, error) {
	booking, replayed, err := s.confirm(ctx, request)
	return s.orReplay(ctx, request.Idempotency, CodeHoldExpired, booking, replayed, err)
}

func (s *Service) confirm(ctx context.Context, request ChangeRequest) (Booking, bool, error) {
	current, err := s.Get(ctx, request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	to := StatusConfirmed
	switch {
	case current.Status == StatusHeld && s.confirmsManually() && !request.Actor.Override:
		to = StatusPending
	case current.Status == StatusPending && !request.Actor.Override:
		return Booking{}, false, Errorf(CodeBusinessOnly, "This booking waits for the business to confirm it. %s", s.contact("to ask about it"))
	}
	booking, replayed, err := s.store.Transition(ctx, Transition{
		BookingID: current.ID, To: to, Actor: request.Actor, Idempotency: request.Idempotency,
	})
	then, repeated := refusedBefore(err, CodeHoldExpired)
	switch {
	case err == nil:
		return booking, replayed, nil
	case repeated:
		return Booking{}, false, then
	case errors.Is(err, ErrNotLive), errors.Is(err, ErrWrongStatus):
		return Booking{}, false, decided(s.notConfirmable(ctx, current.ID))
	default:
		return Booking{}, false, storeError(err)
	}
}

// notConfirmable says why a booking cannot be confirmed, as it is now.
func (s *Service) notConfirmable(ctx context.Context, id string) error {
	current, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if current.Status != StatusExpired {
		return wrongStatus(current, "confirmed")
	}
	refusal := Errorf(CodeHoldExpired, "The reservation of %s was not confirmed in time and has lapsed. Book again; the time may still be free.",
		current.Start.In(s.catalog.location).Format(spokenMoment))
	refusal.Details = map[string]any{"expiredAt": current.HoldExpiresAt}
	offer, plan, err := s.catalog.plan(current.ServiceID, "")
	if err != nil {
		return refusal // the service is no longer offered, so there is nothing to propose
	}
	a := &attempt{service: s, offer: offer, plan: plan, start: current.Start, now: s.clock()}
	alternatives, err := a.alternatives(ctx, availability.Reason{Code: availability.SlotTaken})
	if err != nil {
		return refusal.WithCause(err)
	}
	refusal.Alternatives = alternatives
	return refusal
}

// wrongStatus says that a booking is past what was asked for.
func wrongStatus(b Booking, wanted string) *Error {
	err := Errorf(CodeWrongStatus, "This booking cannot be %s: it %s. Read it to see how it stands.", wanted, map[Status]string{
		StatusHeld: "is only reserved", StatusPending: "waits to be confirmed", StatusConfirmed: "is confirmed",
		StatusCancelled: "was cancelled", StatusCompleted: "took place", StatusNoShow: "was missed", StatusExpired: "has lapsed",
	}[b.Status])
	err.Details = map[string]any{"status": b.Status}
	return err
}

// DeclineRequest turns down a booking that waits for the business.
type DeclineRequest struct {
	ID string
	// Reason has at most 500 characters and may be empty.
	Reason string
	Actor  Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Decline turns down a pending booking until it would begin, and frees its slot. It is for the business: an Actor without
// Override meets BUSINESS_ONLY. The second result is that of Book. Errors: VALIDATION_ERROR, NOT_FOUND, WRONG_STATUS,
// TOO_LATE_TO_CANCEL, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Decline(ctx context.Context, request DeclineRequest) (Booking, bool, error) {
	if !request.Actor.Override {
		return Booking{}, false, Errorf(CodeBusinessOnly, "Only the business declines bookings. Cancel the booking instead.")
	}
	id, err := bookingID(request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	reason, err := cleanReason(request.Reason)
	if err != nil {
		return Booking{}, false, err
	}
	booking, replayed, err := s.store.Cancel(ctx, Cancellation{
		BookingID: id, Reason: reason, Declines: true, Offering: s.offering(), Actor: request.Actor, Idempotency: request.Idempotency,
	})
	then, repeated := refusedBefore(err, CodeTooLateToCancel)
	switch {
	case err == nil:
		return booking, replayed, nil
	case repeated:
		return Booking{}, false, then
	case errors.Is(err, ErrTooLate):
		return Booking{}, false, s.tooLateToCancel(0)
	case errors.Is(err, ErrNotLive), errors.Is(err, ErrWrongStatus):
		return Booking{}, false, s.wrongStatusOf(ctx, id, "declined")
	default:
		return Booking{}, false, storeError(err)
	}
}

// wrongStatusOf is wrongStatus of the booking as it is now.
func (s *Service) wrongStatusOf(ctx context.Context, id, wanted string) error {
	current, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return wrongStatus(current, wanted)
}
