package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// RescheduleRequest is a wish to move a booking.
type RescheduleRequest struct {
	ID string
	// Start is the new start, in whole seconds.
	Start time.Time
	// ResourceID asks for one resource; empty for those that the booking has, or whoever else is free.
	ResourceID string
	Actor      Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Reschedule moves a live booking in one step: it keeps its time until it has the new one, which may overlap the
// old. The new time obeys today's rules, buffers included. An Actor with Override may move after the policy's cut-off
// and as often as it likes, but not once the appointment has begun. The second result is that of Book. Errors: those of
// Book, NOT_FOUND, TOO_LATE_TO_RESCHEDULE, WRONG_STATUS; LIMIT_REACHED also when the booking was moved as often as is
// allowed.
func (s *Service) Reschedule(ctx context.Context, request RescheduleRequest) (Booking, bool, error) {
	booking, replayed, err := s.reschedule(ctx, request)
	return s.orReplay(ctx, request.Idempotency, CodeTooLateToReschedule, booking, replayed, err)
}

func (s *Service) reschedule(ctx context.Context, request RescheduleRequest) (booking Booking, replayed bool, err error) {
	if err := checkStart(request.Start); err != nil {
		return Booking{}, false, err
	}
	current, err := s.Get(ctx, request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	if err := s.movable(current, request); err != nil {
		return Booking{}, false, err
	}
	offer, plan, err := s.catalog.plan(current.ServiceID, request.ResourceID)
	if err != nil {
		return Booking{}, false, err
	}
	wanted := s.rescheduling(offer, current.ID, request)
	a := &attempt{service: s, offer: offer, plan: plan, start: wanted.Start, now: s.clock(), moved: &current}
	err = a.settle(ctx, func(candidates []Assignment, last bool) (err error) {
		wanted.Candidates, wanted.Idempotency = candidates, request.Idempotency.tentative(last)
		booking, replayed, err = s.store.Reschedule(ctx, wanted)
		return s.notMoved(ctx, wanted, err)
	})
	return booking, replayed, err
}

// movable refuses what needs no look at the calendar.
func (s *Service) movable(current Booking, request RescheduleRequest) error {
	occupies := func(unit Unit) bool { return unit.ResourceID == request.ResourceID }
	switch {
	case !current.Status.Live():
		return wrongStatus(current, "moved")
	case s.catalog.rules.Rescheduling.Times == 0 && !request.Actor.Override:
		return s.tooManyMoves()
	case request.Start.Equal(current.Start) && (request.ResourceID == "" || slices.ContainsFunc(current.Units, occupies)):
		return invalid("start", "The booking is at this time already. Choose another time or another resource.")
	}
	return nil
}

// rescheduling is what a request asks for, without its candidates. In a policy 0 times is never; movable has seen to
// that, because for a Store it is without limit.
func (s *Service) rescheduling(offer *offer, id string, request RescheduleRequest) Rescheduling {
	rules := s.catalog.rules.Rescheduling
	start := request.Start.UTC()
	end, blocked := s.span(offer, start)
	wanted := Rescheduling{
		BookingID: id, Start: start, End: end, Blocked: blocked,
		TimeZone: s.catalog.location.String(), LocalStart: s.catalog.localStart(start),
		Limits:   slices.DeleteFunc(s.limits(start), func(l Limit) bool { return l.Kind == LimitOpenPerCustomer }),
		Offering: s.offering(), Actor: request.Actor, Idempotency: request.Idempotency,
	}
	if !request.Actor.Override {
		wanted.CutOff, wanted.MaxTimes = rules.Until.Std(), rules.Times
	}
	return wanted
}

// notMoved words the refusals that only a move can meet, and leaves the others.
func (s *Service) notMoved(ctx context.Context, wanted Rescheduling, err error) error {
	limit, limited := errors.AsType[*LimitError](err)
	tooMany, tooLate := limited && limit.Limit.Kind == LimitReschedules, errors.Is(err, ErrTooLate)
	then, repeated := refusedBefore(err, CodeTooLateToReschedule)
	switch {
	case repeated && (tooMany || tooLate):
		return then
	case tooMany:
		return decided(s.tooManyMoves())
	case tooLate:
		return decided(s.tooLateToReschedule(wanted.CutOff))
	case errors.Is(err, ErrNotLive):
		return decided(s.wrongStatusOf(ctx, wanted.BookingID, "moved"))
	default:
		return err
	}
}

func (s *Service) tooManyMoves() error {
	times := s.catalog.rules.Rescheduling.Times
	err := Errorf(CodeLimitReached, "Customers cannot move bookings themselves. %s", s.contact("to move it"))
	if times > 0 {
		err = Errorf(CodeLimitReached, "This booking has been moved as often as is allowed (%d). %s", times, s.contact("to move it"))
	}
	err.Details = map[string]any{"reason": availability.LimitReached, "limit": LimitReschedules, "maximum": times}
	return err
}

func (s *Service) tooLateToReschedule(cutOff time.Duration) error {
	if cutOff == 0 {
		return Errorf(CodeTooLateToReschedule, "The appointment has begun, so it can no longer be moved.")
	}
	err := Errorf(CodeTooLateToReschedule, "Bookings can be moved until %s before they begin, and that moment has passed. %s",
		spoken(cutOff), s.contact("to move it"))
	err.Details = map[string]any{"moveBefore": s.catalog.rules.Rescheduling.Until.String()}
	return err
}
