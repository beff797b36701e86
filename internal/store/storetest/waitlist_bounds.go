package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// wantLimit asks to join, which a limit must refuse.
func (f *fixture) wantLimit(r booking.NewWaitlistEntry, kind booking.LimitKind) {
	f.Helper()
	_, _, err := f.Join(f.Context(), r)
	if refusal, ok := errors.AsType[*booking.LimitError](err); !ok || refusal.Limit.Kind != kind {
		f.Errorf("Join: %v; want a refusal by %s", err, kind)
	}
}

// testWaitlistBounded: a customer waits once for the same, and for so much at a time; what has ended does not count.
func testWaitlistBounded(f *fixture) {
	who := somebody()
	wish := func(resource string, windows ...booking.Interval) booking.NewWaitlistEntry {
		r := waiting(windows...)
		r.Entry.Customer, r.Entry.ResourceID = who, resource
		return r
	}
	b := f.mustBook(appointment("studio", at(9, 0)))
	first := f.join(wish(""))
	f.wantLimit(wish(""), booking.LimitWaitingAlike)
	f.cancelFor(b.ID, time.Hour)
	f.stands([]booking.WaitlistEntry{first}, booking.WaitOffered)
	f.wantLimit(wish("", booking.Interval{Start: at(30, 0), End: at(31, 0)}), booking.LimitWaitingAlike)
	f.join(waiting()) // somebody else
	past := booking.Interval{Start: f.now().Add(-2 * time.Hour), End: f.now().Add(-time.Hour)}
	for range 2 {
		f.join(wish("dr-past", past))
	}
	var joined atomic.Int64
	race(2*booking.MaxWaitlistEntries, func(i int) {
		r := wish(fmt.Sprintf("dr-%d", i))
		if i%2 > 0 { // the bound holds for all services together
			r.Entry.ServiceID = fmt.Sprintf("service-%d", i)
		}
		_, _, err := f.Join(f.Context(), r)
		if refusal, ok := errors.AsType[*booking.LimitError](err); ok && refusal.Limit.Kind == booking.LimitWaiting {
			return
		}
		if err != nil {
			f.Errorf("Join: %v", err)
		}
		joined.Add(1)
	})
	if joined.Load() != booking.MaxWaitlistEntries-1 {
		f.Errorf("%d more joined; want %d", joined.Load(), booking.MaxWaitlistEntries-1)
	}
	f.wantLimit(wish("dr-more"), booking.LimitWaiting)
	if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: first.ID}); err != nil {
		f.Fatal(err)
	}
	f.join(wish(""))
}

// testWaitlistOffersStartOnce: who turned a start down is not offered it by another entry, nor after joining again.
func testWaitlistOffersStartOnce(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	r, other := waiting(), waiting()
	other.Entry.Customer, other.Entry.ResourceID = r.Entry.Customer, "dr-khan"
	first, second := f.join(r), f.join(other)
	f.cancelFor(b.ID, time.Hour)
	offer := f.offered(first.ID)
	decline := booking.Cancellation{BookingID: offer.ID, Declines: true, Offering: offering(time.Hour), Actor: staff}
	if _, _, err := f.Cancel(f.Context(), decline); err != nil {
		f.Fatal(err)
	}
	f.stands([]booking.WaitlistEntry{first, second}, booking.WaitWaiting, booking.WaitWaiting)
	if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: first.ID}); err != nil {
		f.Fatal(err)
	}
	r.Entry.ID = newID()
	again, last := f.join(r), f.join(waiting())
	b = f.mustBook(appointment("dr-khan", at(9, 0)))
	f.cancelFor(b.ID, time.Hour)
	f.stands([]booking.WaitlistEntry{second, again, last}, booking.WaitWaiting, booking.WaitWaiting, booking.WaitOffered)
}
