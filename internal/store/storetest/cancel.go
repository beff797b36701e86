package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func testCancelFreesTheSlot(f *fixture) {
	pair := appointment("", at(9, 0))
	pair.Candidates = []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}, {ResourceID: "room", Number: 2}}}
	for name, r := range map[string]booking.NewBooking{
		"confirmed": appointment("a", at(9, 0)), "held": held(appointment("b", at(9, 0)), time.Hour), "pair": pair,
	} {
		b := f.mustBook(r)
		before := f.now()
		got, replayed, err := f.Cancel(f.Context(), booking.Cancellation{
			BookingID: b.ID, Reason: "ill", Actor: booking.Actor{Principal: "customer", Channel: "sms"},
		})
		if err != nil || replayed {
			f.Fatalf("%s: Cancel = replayed %v, %v", name, replayed, err)
		}
		want := b
		want.Status, want.CancellationReason, want.Version, want.HoldExpiresAt = booking.StatusCancelled, "ill", 2, time.Time{}
		want.CancelledAt, want.UpdatedAt = got.CancelledAt, got.UpdatedAt
		sameBooking(f, got, want)
		sameBooking(f, f.mustGet(b.ID), got)
		if got.CancelledAt.Before(before.Add(-time.Millisecond)) || got.UpdatedAt.Before(b.UpdatedAt) {
			f.Errorf("%s: cancelled at %v and updated at %v; want now", name, got.CancelledAt, got.UpdatedAt)
		}
		f.mustBook(renewed(r))
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); !errors.Is(err, booking.ErrNotLive) {
			f.Errorf("%s: a second cancel: %v; want ErrNotLive", name, err)
		}
	}
	f.checkNoOverlap()
}

func testCancelRefused(f *fixture) {
	for _, id := range []string{newID(), "", "1; DROP TABLE bookings"} {
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: id}); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Cancel of %q: %v; want ErrNotFound", id, err)
		}
	}
	now := f.now()
	soon := f.mustBook(appointment("dr-khan", now.Add(2*time.Hour)))
	past := f.mustBook(appointment("dr-khan", now.Add(-2*time.Hour)))
	inGroup := class(now.Add(2 * time.Hour))
	place := f.mustBook(inGroup)
	for name, c := range map[string]booking.Cancellation{
		"inside the cut-off":           {BookingID: soon.ID, CutOff: 3 * time.Hour},
		"a place, inside the cut-off":  {BookingID: place.ID, CutOff: 3 * time.Hour},
		"after the start":              {BookingID: past.ID},
		"after the start, with a key":  {BookingID: past.ID, Idempotency: claim("late", 1)},
		"inside a cut-off of 290 days": {BookingID: soon.ID, CutOff: 290 * 24 * time.Hour},
	} {
		if _, _, err := f.Cancel(f.Context(), c); !errors.Is(err, booking.ErrTooLate) {
			f.Errorf("%s: %v; want ErrTooLate", name, err)
		}
	}
	if got := f.mustGet(soon.ID); got.Status != booking.StatusConfirmed || got.Version != 1 {
		f.Errorf("a refused cancel left the booking %s, version %d", got.Status, got.Version)
	}
	for _, c := range []booking.Cancellation{
		{BookingID: soon.ID, CutOff: time.Hour, Idempotency: claim("in time", 1)}, {BookingID: place.ID, CutOff: time.Hour},
	} {
		if _, _, err := f.Cancel(f.Context(), c); err != nil {
			f.Errorf("before the cut-off: %v", err)
		}
	}
}

// testCancelRace: of many cancels without a key one takes effect, and beside rebookings of the slot nothing overlaps.
func testCancelRace(f *fixture) {
	for range 5 {
		r := appointment("dr-khan", at(9, 0))
		b := f.mustBook(r)
		var cancelled, rebooked atomic.Int64
		race(20, func(i int) {
			if i%2 == 0 {
				_, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID})
				if err == nil {
					cancelled.Add(1)
				} else if !errors.Is(err, booking.ErrNotLive) {
					f.Errorf("Cancel: %v", err)
				}
				return
			}
			again, _, err := f.Book(f.Context(), renewed(r))
			if err == nil {
				rebooked.Add(1)
				if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: again.ID}); err != nil {
					f.Errorf("Cancel of the new booking: %v", err)
				}
			} else if !errors.Is(err, booking.ErrOccupied) {
				f.Errorf("Book: %v", err)
			}
		})
		if cancelled.Load() != 1 {
			f.Errorf("%d cancels of one booking took effect", cancelled.Load())
		}
		f.checkNoOverlap()
	}
}

// testCancelWhileMoving cancels bookings as they are moved: whoever comes last, nothing stays occupied.
func testCancelWhileMoving(f *fixture) {
	for round := range 20 {
		b := f.mustBook(appointment(fmt.Sprint(round), at(9, 0)))
		race(2, func(i int) {
			if i == 0 {
				_, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID})
				if err != nil {
					f.Errorf("Cancel: %v", err)
				}
				return
			}
			if _, _, err := f.Reschedule(f.Context(), moving(b, at(15, 0))); err != nil && !errors.Is(err, booking.ErrNotLive) {
				f.Errorf("Reschedule: %v", err)
			}
		})
		f.checkOccupies(f.mustGet(b.ID))
	}
}
