package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// class asks for a place in a session of 12.
func class(start time.Time) booking.NewBooking {
	r := inGroup(appointment("studio", start), 12)
	r.Booking.ServiceID = "class"
	return r
}

func testGroupRace(f *fixture) {
	var mu sync.Mutex
	var places []int
	race(12, func(int) {
		b, _, err := f.Book(f.Context(), class(at(18, 0)))
		if err != nil {
			f.Errorf("one of 12 for 12 places: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		places = append(places, b.Place)
	})
	slices.Sort(places)
	if !slices.Equal(places, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) {
		f.Errorf("places = %v; want 1 to 12", places)
	}
	if _, _, err := f.Book(f.Context(), class(at(18, 0))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("the 13th: %v; want ErrOccupied", err)
	}
	occupied := f.studio()
	if len(occupied) != 1 || occupied[0].Session == nil || occupied[0].Session.Taken != 12 || occupied[0].Session.GroupSize != 12 {
		f.Errorf("Occupied = %+v; want one full session", occupied)
	}
}

func (f *fixture) studio() []booking.Occupied {
	f.Helper()
	occupied, err := f.Occupied(f.Context(), []string{"studio"}, wholeDay())
	if err != nil {
		f.Fatal(err)
	}
	return occupied
}

func testGroupBlocksOthers(f *fixture) {
	f.mustBook(class(at(18, 0)))
	if _, _, err := f.Book(f.Context(), appointment("studio", at(18, 30))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("an ordinary booking in the session's time: %v; want ErrOccupied", err)
	}
	if _, _, err := f.Book(f.Context(), class(at(18, 30))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("a session that starts within another: %v; want ErrOccupied", err)
	}
	other := class(at(18, 0))
	other.Booking.ServiceID = "another-class"
	if _, _, err := f.Book(f.Context(), other); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("another service in the same room: %v; want ErrOccupied", err)
	}
	// A second room takes who no longer fits in the first.
	second := class(at(18, 0))
	second.Candidates = append(second.Candidates, booking.Assignment{{ResourceID: "hall", Number: 1}})
	for range 11 {
		if b := f.mustBook(renewed(second)); b.Units[0].ResourceID != "studio" {
			f.Fatalf("place %d is in %v; want the session that exists", b.Place, b.Units)
		}
	}
	if b := f.mustBook(renewed(second)); b.Units[0].ResourceID != "hall" || b.Place != 1 {
		f.Errorf("place %d in %v; want place 1 in the hall", b.Place, b.Units)
	}
	f.checkNoOverlap()
}

func testGroupPlacesReturn(f *fixture) {
	var members []booking.Booking
	for range 12 {
		members = append(members, f.mustBook(class(at(18, 0))))
	}
	leave := func(b booking.Booking) {
		f.Helper()
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); err != nil {
			f.Fatalf("Cancel: %v", err)
		}
	}
	leave(members[4])
	if b := f.mustBook(class(at(18, 0))); b.Place != members[4].Place {
		f.Errorf("got place %d; want the one that was given back, %d", b.Place, members[4].Place)
	} else {
		leave(b)
	}
	// All leave at once: the room is free again.
	race(len(members), func(i int) {
		if i == 4 {
			return
		}
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: members[i].ID}); err != nil {
			f.Errorf("Cancel: %v", err)
		}
	})
	if occupied := f.studio(); len(occupied) != 0 {
		f.Errorf("an empty session still occupies %+v", occupied)
	}
	f.mustBook(appointment("studio", at(18, 30)))
}

func testGroupHoldExpires(f *fixture) {
	const ttl = time.Second
	first := f.mustBook(held(class(at(18, 0)), ttl))
	second := f.mustBook(held(class(at(18, 0)), 2*ttl))
	if first.Place == second.Place {
		f.Fatalf("two holds have place %d", first.Place)
	}
	f.until("both holds have run out", func() bool { return f.now().After(second.HoldExpiresAt) })
	if occupied := f.studio(); len(occupied) != 0 {
		f.Errorf("a session of expired holds still occupies %+v", occupied)
	}
	f.mustBook(appointment("studio", at(18, 30)))

	// A confirmed place keeps the session when the holds beside it run out, and their places are given anew.
	hold := f.mustBook(held(class(at(20, 0)), ttl))
	kept := f.mustBook(class(at(20, 0)))
	f.until("the hold has run out", func() bool { return f.now().After(hold.HoldExpiresAt) })
	if occupied := f.studio(); len(occupied) != 2 || occupied[1].Session == nil || occupied[1].Session.Taken != 1 {
		f.Errorf("Occupied = %+v; want the session with one place taken", occupied)
	}
	if b := f.mustBook(class(at(20, 0))); b.Place == kept.Place {
		f.Errorf("place %d was given twice", b.Place)
	}
}

// testGroupTakesOnlyWhoFits: who needs the room for longer than the session has it cannot join.
func testGroupTakesOnlyWhoFits(f *fixture) {
	first := class(at(18, 0))
	first.Booking.Blocked = booking.Interval{Start: at(17, 50), End: at(19, 10)}
	f.mustBook(first)
	for name, blocked := range map[string]booking.Interval{
		"starts earlier": {Start: at(17, 45), End: at(19, 0)}, "ends later": {Start: at(18, 0), End: at(19, 15)},
	} {
		r := class(at(18, 0))
		r.Booking.Blocked = blocked
		if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("%s: %v; want ErrOccupied", name, err)
		}
		r = renewed(r)
		r.Candidates = append(r.Candidates, booking.Assignment{{ResourceID: name, Number: 1}})
		if b := f.mustBook(r); b.Units[0].ResourceID != name || b.Place != 1 {
			f.Errorf("%s: place %d in %v; want a session of its own", name, b.Place, b.Units)
		}
	}
	for _, blocked := range []booking.Interval{{Start: at(17, 50), End: at(19, 10)}, {Start: at(18, 0), End: at(19, 0)}} {
		r := class(at(18, 0))
		r.Booking.Blocked = blocked
		if b := f.mustBook(r); b.Units[0].ResourceID != "studio" {
			f.Errorf("a booking within the session is in %v", b.Units)
		}
	}
}
