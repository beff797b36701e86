package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// testWaitlistIdempotency: of many identical joins one has an effect.
func testWaitlistIdempotency(f *fixture) {
	r := waiting()
	r.Idempotency = claim("join", 1)
	if _, err := f.ReplayEntry(f.Context(), *r.Idempotency); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("ReplayEntry of an unknown key: %v; want ErrNotFound", err)
	}
	var fresh atomic.Int64
	race(16, func(int) {
		own := r
		own.Entry.ID = newID()
		_, replayed, err := f.Join(f.Context(), own)
		if err != nil {
			f.Errorf("Join: %v", err)
		} else if !replayed {
			fresh.Add(1)
		}
	})
	entries := f.waitlist()
	if fresh.Load() != 1 || len(entries) != 1 {
		f.Fatalf("%d joins took effect and %d entries are kept; want 1 and 1", fresh.Load(), len(entries))
	}
	if got, err := f.ReplayEntry(f.Context(), *r.Idempotency); err != nil || got.ID != entries[0].ID {
		f.Errorf("ReplayEntry = %s, %v", got.ID, err)
	}
	r.Idempotency = claim("join", 2)
	if _, _, err := f.Join(f.Context(), r); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("another body: %v; want ErrIdempotencyMismatch", err)
	}
	if _, err := f.ReplayEntry(f.Context(), *r.Idempotency); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("ReplayEntry with another body: %v; want ErrIdempotencyMismatch", err)
	}
}

// waitlist returns all entries in their order.
func (f *fixture) waitlist() []booking.WaitlistEntry {
	f.Helper()
	entries, err := f.Waitlist(f.Context(), booking.WaitlistFilter{Limit: booking.MaxPageSize})
	if err != nil {
		f.Fatal(err)
	}
	return entries
}

// testWaitlistRace cancels 16 bookings while 16 people join and others try to book the very times. Nothing overlaps, the
// line is served in its order, and no time becomes free while somebody is in line for it.
func testWaitlistRace(f *fixture) {
	const n = 16
	for round := range 3 {
		resource := fmt.Sprintf("chair-%d", round)
		service := fmt.Sprintf("service-%d", round)
		shape := func(hour int) booking.NewBooking {
			r := appointment(resource, at(hour, 0))
			r.Booking.ServiceID = service
			return r
		}
		var cancelled []booking.Booking
		for hour := range n {
			cancelled = append(cancelled, f.mustBook(shape(hour)))
		}
		race(3*n, func(i int) {
			hour := i / 3
			switch i % 3 {
			case 0:
				_, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: cancelled[hour].ID, Offering: offering(time.Hour), Actor: staff})
				if err != nil {
					f.Errorf("Cancel: %v", err)
				}
			case 1:
				r := waiting()
				r.Entry.ServiceID = service
				if _, _, err := f.Join(f.Context(), r); err != nil {
					f.Errorf("Join: %v", err)
				}
			default:
				if _, _, err := f.Book(f.Context(), shape(hour)); err != nil && !errors.Is(err, booking.ErrOccupied) {
					f.Errorf("Book: %v", err)
				}
			}
		})
		f.checkLine(service, cancelled)
	}
	f.checkNoOverlap()
	f.checkOffers()
}

// checkLine checks, when all whom it concerns waited for all the times, that they were served in order, and that no
// time was set free while one of them was in line.
func (f *fixture) checkLine(service string, cancelled []booking.Booking) {
	f.Helper()
	offered := map[time.Time]bool{}
	for _, b := range f.all() {
		if b.ServiceID == service && b.WaitlistEntryID != "" {
			offered[b.Start] = true
		}
	}
	entries, err := f.Waitlist(f.Context(), booking.WaitlistFilter{ServiceID: service, Limit: booking.MaxPageSize})
	if err != nil {
		f.Fatal(err)
	}
	unserved := slices.IndexFunc(entries, func(e booking.WaitlistEntry) bool { return e.Status == booking.WaitWaiting })
	if unserved < 0 {
		return
	}
	for _, e := range entries[unserved:] {
		if e.Status == booking.WaitOffered {
			f.Errorf("entry %s was served before %s, which joined earlier", e.ID, entries[unserved].ID)
		}
	}
	for _, b := range cancelled {
		b = f.mustGet(b.ID)
		if !offered[b.Start] && entries[unserved].JoinedAt.Before(b.CancelledAt) {
			f.Errorf("%v was set free at %v although %s had been waiting since %v",
				b.Start, b.CancelledAt, entries[unserved].ID, entries[unserved].JoinedAt)
		}
	}
}

// checkOffers checks that entries and bookings agree on what is offered to whom.
func (f *fixture) checkOffers() {
	f.Helper()
	live := map[string]string{}
	for _, b := range f.all() {
		if b.Status == booking.StatusHeld && b.WaitlistEntryID != "" {
			if live[b.WaitlistEntryID] != "" {
				f.Errorf("entry %s has two offers at once", b.WaitlistEntryID)
			}
			live[b.WaitlistEntryID] = b.ID
		}
	}
	for _, e := range f.waitlist() {
		if e.Status == booking.WaitOffered && live[e.ID] != e.OfferID {
			f.Errorf("entry %s says that it was offered %s, and the bookings say %q", e.ID, e.OfferID, live[e.ID])
		}
		if e.Status != booking.WaitOffered && live[e.ID] != "" {
			f.Errorf("entry %s is %s, and has the offer %s", e.ID, e.Status, live[e.ID])
		}
	}
}

// testWaitlistAnswerRace answers each offer in all ways at once while lapsed holds are handed on.
func testWaitlistAnswerRace(f *fixture) {
	const n = 8
	var offers []booking.WaitlistEntry
	for hour := range n {
		b := f.mustBook(appointment("dr-khan", at(hour, 0)))
		offers = append(offers, f.join(waiting()))
		f.cancelFor(b.ID, 3*time.Second)
	}
	for range n {
		f.join(waiting()) // the next in line
	}
	f.untilNear(f.offered(offers[n-1].ID).HoldExpiresAt)
	race(5*n, func(i int) {
		e, err := f.WaitlistEntry(f.Context(), offers[i/5].ID)
		if err != nil {
			f.Errorf("WaitlistEntry: %v", err)
			return
		}
		switch i % 5 {
		case 0:
			_, _, err = f.Transition(f.Context(), booking.Transition{BookingID: e.OfferID, To: booking.StatusConfirmed, Actor: staff})
		case 1:
			_, _, err = f.Cancel(f.Context(), booking.Cancellation{BookingID: e.OfferID, Declines: true, Offering: offering(time.Hour), Actor: staff})
		case 2:
			_, _, err = f.Leave(f.Context(), booking.Leaving{EntryID: e.ID, Offering: offering(time.Hour), Actor: staff})
		case 3:
			_, err = f.HandOn(f.Context(), *offering(time.Hour))
		default:
			_, _, err = f.Book(f.Context(), appointment("dr-khan", at(i/5, 0)))
		}
		for _, expected := range []error{booking.ErrNotLive, booking.ErrWrongStatus, booking.ErrOccupied, booking.ErrNotFound} {
			if errors.Is(err, expected) {
				return
			}
		}
		if err != nil {
			f.Errorf("way %d to answer: %v", i%5, err)
		}
	})
	if _, err := f.HandOn(f.Context(), *offering(time.Hour)); err != nil {
		f.Error(err)
	}
	f.checkNoOverlap()
	f.checkOffers()
}

// untilNear waits until just before a moment of the database's clock.
func (f *fixture) untilNear(moment time.Time) {
	f.Helper()
	f.until("the moment is near", func() bool { return f.now().Add(20 * time.Millisecond).After(moment) })
}
