package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// brief is a time to live that a test can wait for, and long enough to look before it ends.
const brief = time.Second

func (f *fixture) handOn(want int) {
	f.Helper()
	offers, err := f.HandOn(f.Context(), *offering(time.Hour))
	if err != nil || offers != want {
		f.Fatalf("HandOn = %d offers, %v; want %d", offers, err, want)
	}
}

func (f *fixture) untilLapsed(b booking.Booking) {
	f.Helper()
	f.until("the hold lapses", func() bool { return f.mustGet(b.ID).Status == booking.StatusExpired })
}

// testWaitlistLapses: an offer ends by the clock, and then goes to the next in line or to whoever books it first.
func testWaitlistLapses(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(waiting())}
	f.cancelFor(b.ID, brief)
	offer := f.offered(line[0].ID)
	f.handOn(0)
	f.untilLapsed(offer)
	f.stands(line, booking.WaitWaiting, booking.WaitWaiting)
	if _, _, err := f.Transition(f.Context(), booking.Transition{BookingID: offer.ID, To: booking.StatusConfirmed}); !errors.Is(err, booking.ErrNotLive) {
		f.Errorf("accepting a lapsed offer: %v; want ErrNotLive", err)
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: offer.ID, Declines: true}); !errors.Is(err, booking.ErrNotLive) {
		f.Errorf("declining a lapsed offer: %v; want ErrNotLive", err)
	}
	f.handOn(1)
	f.handOn(0)
	f.stands(line, booking.WaitWaiting, booking.WaitOffered)
	if _, _, err := f.Book(f.Context(), appointment("dr-khan", at(9, 0))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("booking what was handed on: %v; want ErrOccupied", err)
	}

	// A lapsed offer is nobody's: whoever comes first has it, and then there is nothing to hand on.
	b = f.mustBook(appointment("dr-lee", at(11, 0)))
	f.cancelFor(b.ID, brief)
	offer = f.offered(line[0].ID)
	late := f.join(waiting())
	f.untilLapsed(offer)
	f.mustBook(appointment("dr-lee", at(11, 30)))
	f.handOn(0)
	f.stands([]booking.WaitlistEntry{late}, booking.WaitWaiting)
	f.checkNoOverlap()
}

// testWaitlistTakesLapsedHolds: holds that were no offers lapse for those who wait, too.
func testWaitlistTakesLapsedHolds(f *fixture) {
	hold := f.mustBook(held(appointment("dr-khan", at(9, 0)), brief))
	seat := f.mustBook(held(class(at(18, 0)), brief))
	r := waiting()
	r.Entry.ServiceID = "class"
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(r)}
	past := f.mustBook(held(appointment("dr-khan", f.now().Add(-time.Hour)), brief))
	f.untilLapsed(past)
	f.untilLapsed(hold)
	f.untilLapsed(seat)
	f.handOn(2)
	f.stands(line, booking.WaitOffered, booking.WaitOffered)
	if occupied := f.studio(); len(occupied) != 1 || occupied[0].Session == nil || occupied[0].Session.Taken != 1 {
		f.Errorf("the studio is occupied by %+v; want one session with the offer", occupied)
	}
}

// testWaitlistHandOnGoesOn: a hold that cannot be handed on keeps nobody from being offered the others.
func testWaitlistHandOnGoesOn(f *fixture) {
	good := at(11, 0)
	var holds []booking.Booking
	for _, start := range []time.Time{at(9, 0), good, at(13, 0)} {
		holds = append(holds, f.mustBook(held(appointment("dr-khan", start), brief)))
	}
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(waiting())}
	for _, hold := range holds {
		f.untilLapsed(hold)
	}
	tried, bad, offer := map[string]bool{}, offering(time.Hour), offering(time.Hour).Offer
	bad.Offer = func(to booking.WaitlistEntry, freed booking.Booking) (booking.NewBooking, bool) {
		tried[freed.ID] = true
		r, ok := offer(to, freed)
		if !freed.Start.Equal(good) {
			r.Booking.ID = freed.ID // is in the way of itself
		}
		return r, ok
	}
	offers, err := f.HandOn(f.Context(), *bad)
	if offers != 1 || err == nil || errors.Is(err, booking.ErrUnavailable) || len(tried) != len(holds) {
		f.Errorf("HandOn = %d offers, %v, after %d holds; want one offer and the errors of the others", offers, err, len(tried))
	}
	f.stands(line, booking.WaitOffered, booking.WaitWaiting)
}

// testWaitlistJoinsAfterLapse: what a lapsed hold has left is free, so whoever joins then is not offered it.
func testWaitlistJoinsAfterLapse(f *fixture) {
	hold := f.mustBook(held(appointment("dr-khan", at(9, 0)), brief))
	seat := f.mustBook(held(class(at(18, 0)), brief))
	f.untilLapsed(hold)
	f.untilLapsed(seat)
	r := waiting()
	r.Entry.ServiceID = "class"
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(r)}
	f.handOn(0)
	f.stands(line, booking.WaitWaiting, booking.WaitWaiting)
	f.mustBook(appointment("dr-khan", at(9, 0)))
	f.mustBook(class(at(18, 0)))
}

// testWaitlistMoves: a booking that is moved leaves its time to those who wait, but not what it still occupies.
func testWaitlistMoves(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	e := f.join(waiting())
	move := func(start time.Time) {
		f.Helper()
		r := moving(b, start)
		r.Offering = offering(time.Hour)
		if _, _, err := f.Reschedule(f.Context(), r); err != nil {
			f.Fatal(err)
		}
	}
	move(at(9, 30))
	f.stands([]booking.WaitlistEntry{e}, booking.WaitWaiting)
	move(at(12, 0))
	if got := f.offered(e.ID); !got.Start.Equal(at(9, 30)) {
		f.Errorf("offered %v; want the time that was left", got.Start)
	}
	f.checkNoOverlap()
}

func testWaitlistSeries(f *fixture) {
	s := weekly(appointment("dr-khan", at(9, 0)), 3)
	made, _, err := f.BookSeries(f.Context(), s)
	if err != nil {
		f.Fatal(err)
	}
	ever := booking.Interval{Start: at(0, 0), End: at(24*60, 0)}
	line := []booking.WaitlistEntry{f.join(waiting(ever)), f.join(waiting(ever))}
	_, _, err = f.CancelSeries(f.Context(), booking.SeriesCancellation{
		SeriesID: s.ID, Cancellation: booking.Cancellation{Offering: offering(time.Hour), Actor: staff},
	})
	if err != nil {
		f.Fatal(err)
	}
	for i, e := range line {
		if got := f.offered(e.ID); !got.Start.Equal(made[i].Start) {
			f.Errorf("number %d in line was offered %v; want %v", i, got.Start, made[i].Start)
		}
	}
	f.mustBook(appointment("dr-khan", made[2].Start))
}

// testWaitlistSeriesLimits: who was offered one booking of a series and many who may have no more do not keep the others
// from being called off.
func testWaitlistSeriesLimits(f *fixture) {
	s := weekly(appointment("dr-khan", at(9, 0)), 2)
	made, _, err := f.BookSeries(f.Context(), s)
	if err != nil {
		f.Fatal(err)
	}
	ever := booking.Interval{Start: at(0, 0), End: at(24*60, 0)}
	first := f.join(waiting(ever))
	for i := range request.MaxProposals {
		e, other := f.join(waiting(ever)), appointment(fmt.Sprintf("chair-%d", i), at(15, 0))
		other.Booking.Customer = e.Customer
		f.mustBook(other)
	}
	limited, offer := offering(time.Hour), offering(time.Hour).Offer
	limited.Offer = func(to booking.WaitlistEntry, freed booking.Booking) (booking.NewBooking, bool) {
		r, ok := offer(to, freed)
		r.Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 1}}
		return r, ok
	}
	_, _, err = f.CancelSeries(f.Context(), booking.SeriesCancellation{
		SeriesID: s.ID, Cancellation: booking.Cancellation{Offering: limited, Actor: staff},
	})
	if err != nil {
		f.Fatalf("CancelSeries: %v", err)
	}
	if got := f.offered(first.ID); !got.Start.Equal(made[0].Start) {
		f.Errorf("the first in line was offered %v; want %v", got.Start, made[0].Start)
	}
	f.mustBook(appointment("dr-khan", made[1].Start))
}

func testWaitlistGroup(f *fixture) {
	var members []booking.Booking
	for range 12 {
		members = append(members, f.mustBook(class(at(18, 0))))
	}
	r := waiting()
	r.Entry.ServiceID = "class"
	e := f.join(r)
	f.cancelFor(members[6].ID, time.Hour)
	if offer := f.offered(e.ID); offer.Place != members[6].Place {
		f.Errorf("offered place %d; want the one that was left, %d", offer.Place, members[6].Place)
	}
	if _, _, err := f.Book(f.Context(), class(at(18, 0))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("booking the offered place: %v; want ErrOccupied", err)
	}
}

func testWaitlistLeave(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(waiting())}
	f.cancelFor(b.ID, time.Hour)
	leaving := booking.Leaving{EntryID: line[0].ID, Offering: offering(time.Hour), Actor: staff, Idempotency: claim("leave", 1)}
	left, replayed, err := f.Leave(f.Context(), leaving)
	if err != nil || replayed || left.Status != booking.WaitLeft {
		f.Fatalf("Leave = %s, replayed %v, %v", left.Status, replayed, err)
	}
	if again, replayed, err := f.Leave(f.Context(), leaving); err != nil || !replayed || again.ID != left.ID {
		f.Errorf("the same again: replayed %v, %v", replayed, err)
	}
	leaving.Idempotency = nil
	if _, _, err := f.Leave(f.Context(), leaving); !errors.Is(err, booking.ErrNotLive) {
		f.Errorf("leaving twice: %v; want ErrNotLive", err)
	}
	f.stands(line, booking.WaitLeft, booking.WaitOffered)
	f.checkNoOverlap()
}

// testWaitlistLimits passes over who has as many bookings as are allowed.
func testWaitlistLimits(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(waiting())}
	other := appointment("dr-lee", at(15, 0))
	other.Booking.Customer = line[0].Customer
	f.mustBook(other)
	limited := offering(time.Hour)
	offer := limited.Offer
	limited.Offer = func(to booking.WaitlistEntry, freed booking.Booking) (booking.NewBooking, bool) {
		r, ok := offer(to, freed)
		r.Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 1}, {Kind: booking.LimitPerDay, Max: 2, Within: wholeDay()}}
		return r, ok
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Offering: limited}); err != nil {
		f.Fatal(err)
	}
	f.stands(line, booking.WaitWaiting, booking.WaitOffered)
	none := &booking.Offering{Offer: func(booking.WaitlistEntry, booking.Booking) (booking.NewBooking, bool) {
		return booking.NewBooking{}, false
	}}
	b = f.mustBook(appointment("dr-khan", at(11, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Offering: none}); err != nil {
		f.Fatal(err)
	}
	f.mustBook(appointment("dr-khan", at(11, 0))) // what the rules do not offer is free
}
