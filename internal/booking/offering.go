package booking

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// systemPrincipal is who makes offers.
const systemPrincipal = "system"

// offering says how freed time is offered; nil when the policy has no waitlist.
func (s *Service) offering() *Offering {
	ttl := s.catalog.rules.Waitlist.OfferTTL.Std()
	if ttl <= 0 {
		return nil
	}
	return &Offering{Offer: func(to WaitlistEntry, freed Booking) (NewBooking, bool) { return s.offerOf(to, freed, ttl) }}
}

// offerOf makes of the time that a booking had an offer to somebody who waits, if today's rules still offer that start on
// those units: what cannot be booked is not offered either. An offer lapses no later than the appointment begins.
func (s *Service) offerOf(to WaitlistEntry, freed Booking, ttl time.Duration) (NewBooking, bool) {
	offer, plan, err := s.catalog.plan(to.ServiceID, to.ResourceID)
	if err != nil || len(freed.Units) != len(plan.service.Requires) || to.Customer.Phone == "" && to.Customer.Email == "" {
		return NewBooking{}, false
	}
	now := s.clock()
	engine, err := newEngine(facts{}.snapshot(s.catalog, plan, now))
	if err != nil {
		return NewBooking{}, false
	}
	if _, reason := engine.Check(freed.Start); !reason.OK() || !allFree(freed.Units, engine.AppendCandidates(nil, freed.Start)) {
		return NewBooking{}, false
	}
	wanted := s.newBooking(offer, StatusHeld, Request{
		ServiceID: to.ServiceID, Start: freed.Start, Customer: to.Customer, Notes: to.Notes,
		Actor: Actor{Principal: systemPrincipal, Channel: to.Channel},
	})
	wanted.Booking.WaitlistEntryID = to.ID
	wanted.HoldTTL = min(ttl, freed.Start.Sub(now))
	wanted.Candidates = []Assignment{freed.Units}
	return wanted, true
}

// allFree says whether the units, one for each requirement, are among those that are free.
func allFree(units Assignment, candidates []availability.Candidate) bool {
	open := make(map[availability.Candidate]bool, len(candidates))
	for _, candidate := range candidates {
		open[candidate] = true
	}
	for i, unit := range units {
		if !open[availability.Candidate{Requirement: i, Unit: availability.Unit{Resource: unit.ResourceID, Number: unit.Number}}] {
			return false
		}
	}
	return true
}

// HandOn offers the time of holds that have lapsed to those who wait for it, and says how many offers it made. Whoever
// reads what is free does the same; calling it now and then serves those who wait when nobody reads. Errors:
// STORAGE_UNAVAILABLE.
func (s *Service) HandOn(ctx context.Context) (int, error) {
	offering := s.offering()
	if offering == nil {
		return 0, nil
	}
	offers, err := s.store.HandOn(ctx, *offering)
	if err != nil {
		return offers, storeError(err)
	}
	return offers, nil
}

// handOnLapsed is HandOn for those who only read. What they read is true whether it succeeds or not.
func (s *Service) handOnLapsed(ctx context.Context) { _, _ = s.HandOn(ctx) }

// OfferRequest answers the offer of an entry of the waitlist.
type OfferRequest struct {
	EntryID string
	// BookingID is the offer that is meant, so that nobody accepts a later one unseen; empty for the present one.
	BookingID string
	Actor     Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// AcceptOffer makes the offer of an entry a booking: confirmed, or pending where the business confirms by itself. The second
// result is that of Book. Errors: NOT_FOUND, NO_OFFER, HOLD_EXPIRED (with alternatives), WRONG_STATUS,
// IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) AcceptOffer(ctx context.Context, request OfferRequest) (WaitlistEntry, bool, error) {
	return s.answerOffer(ctx, request, func(offerID string) (Booking, bool, error) {
		return s.confirm(ctx, ChangeRequest{ID: offerID, Actor: request.Actor, Idempotency: request.Idempotency})
	})
}

// DeclineOffer turns an offer down: its time goes to the next in line, and the entry waits on for others. The second
// result is that of Book. Errors: those of AcceptOffer.
func (s *Service) DeclineOffer(ctx context.Context, request OfferRequest) (WaitlistEntry, bool, error) {
	return s.answerOffer(ctx, request, func(offerID string) (Booking, bool, error) {
		declined, replayed, err := s.store.Cancel(ctx, Cancellation{
			BookingID: offerID, Declines: true, Offering: s.offering(), Actor: request.Actor, Idempotency: request.Idempotency,
		})
		then, repeated := refusedBefore(err, CodeHoldExpired)
		switch {
		case err == nil:
			return declined, replayed, nil
		case repeated:
			return Booking{}, false, then
		case errors.Is(err, ErrNotLive), errors.Is(err, ErrTooLate):
			return Booking{}, false, decided(Errorf(CodeHoldExpired, "This offer has lapsed, so there is nothing to decline."))
		case errors.Is(err, ErrWrongStatus):
			return Booking{}, false, decided(Errorf(CodeWrongStatus, "The offer was accepted already. Cancel the booking instead."))
		default:
			return Booking{}, false, storeError(err)
		}
	})
}

// answerOffer finds the offer that is meant, answers it, and returns the entry as it is then.
func (s *Service) answerOffer(
	ctx context.Context, request OfferRequest, answer func(offerID string) (Booking, bool, error),
) (WaitlistEntry, bool, error) {
	id, err := entryID(request.EntryID)
	if err != nil {
		return WaitlistEntry{}, false, err
	}
	entry, err := s.readEntry(ctx, id)
	if err != nil {
		return WaitlistEntry{}, false, err
	}
	var (
		answered Booking
		replayed bool
	)
	if entry.OfferID == "" || request.BookingID != "" && request.BookingID != entry.OfferID {
		err = Errorf(CodeNoOffer, "There is no such offer to this entry. Read the entry to see what it was offered.")
	} else {
		answered, replayed, err = answer(entry.OfferID)
	}
	if _, replayed, err = s.orReplay(ctx, request.Idempotency, CodeHoldExpired, answered, replayed, err); err != nil {
		return WaitlistEntry{}, false, err
	}
	entry, err = s.readEntry(ctx, id)
	return entry, replayed, err
}
