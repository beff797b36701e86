package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// weekly asks for the same request in so many weeks.
func weekly(r booking.NewBooking, weeks int) booking.NewSeries {
	series := booking.NewSeries{ID: newID()}
	for week := range weeks {
		next, shift := r, time.Duration(week)*7*24*time.Hour
		next.Booking.ID = newID()
		next.Booking.Start, next.Booking.End = r.Booking.Start.Add(shift), r.Booking.End.Add(shift)
		next.Booking.Blocked = booking.Interval{Start: r.Booking.Blocked.Start.Add(shift), End: r.Booking.Blocked.End.Add(shift)}
		series.Bookings = append(series.Bookings, next)
	}
	return series
}

func testSeries(f *fixture) {
	for name, r := range map[string]booking.NewBooking{"one": appointment("dr-khan", at(9, 0)), "group": class(at(9, 0))} {
		wanted := weekly(r, 5)
		wanted.Idempotency = claim(name, 1)
		made, replayed, err := f.BookSeries(f.Context(), wanted)
		if err != nil || replayed || len(made) != 5 {
			f.Fatalf("%s: BookSeries = %d bookings, replayed %v, %v", name, len(made), replayed, err)
		}
		for i, b := range made {
			if b.SeriesID != wanted.ID || !b.Start.Equal(wanted.Bookings[i].Booking.Start) || b.Customer.ID != made[0].Customer.ID {
				f.Errorf("%s: booking %d = %+v", name, i, b)
			}
			sameBooking(f, f.mustGet(b.ID), b)
			if events := f.events(b.ID); len(events) != 1 {
				f.Errorf("%s: booking %d has %d events", name, i, len(events))
			}
			other := renewed(wanted.Bookings[i])
			other.Booking.GroupSize = 1
			if _, _, err := f.Book(f.Context(), other); !errors.Is(err, booking.ErrOccupied) {
				f.Errorf("%s: the slot of booking %d: %v; want ErrOccupied", name, i, err)
			}
		}
		repeated := weekly(renewed(r), 5)
		repeated.Idempotency = claim(name, 1)
		if again, replayed, err := f.BookSeries(f.Context(), repeated); err != nil || !replayed || len(again) != 5 || again[4].ID != made[4].ID {
			f.Errorf("%s: the same again: replayed %v, %v", name, replayed, err)
		}
	}
	for _, id := range []string{newID(), "x"} {
		if _, err := f.Series(f.Context(), id); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Series(%q): %v; want ErrNotFound", id, err)
		}
	}
}

func testSeriesAllOrNothing(f *fixture) {
	week := 7 * 24
	f.mustBook(appointment("dr-khan", at(week+9, 30)))
	f.mustBook(appointment("dr-khan", at(3*week+8, 30)))
	before := len(f.all())
	wanted := weekly(appointment("dr-khan", at(9, 0)), 5)
	wanted.Idempotency = claim("series", 1)
	_, _, err := f.BookSeries(f.Context(), wanted)
	refused, ok := errors.AsType[*booking.SeriesError](err)
	if !ok || len(refused.Refused) != 2 || !errors.Is(refused.Refused[1], booking.ErrOccupied) || !errors.Is(refused.Refused[3], booking.ErrOccupied) {
		f.Errorf("BookSeries = %v; want dates 1 and 3 refused", err)
	}
	if after := len(f.all()); after != before {
		f.Errorf("%d bookings were left behind", after-before)
	}
	_, err = f.Replay(f.Context(), *wanted.Idempotency)
	if kept, ok := errors.AsType[*booking.SeriesError](err); !ok || !isRepeated(err) || len(kept.Refused) != 2 || kept.Refused[1] == nil || kept.Refused[3] == nil {
		f.Errorf("Replay of the refused series: %v; want dates 1 and 3 refused", err)
	}
	f.mustBook(appointment("dr-khan", at(9, 0)))

	limited := weekly(appointment("dr-lee", at(9, 0)), 5)
	for i := range limited.Bookings {
		limited.Bookings[i].Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 3}}
	}
	_, _, err = f.BookSeries(f.Context(), limited)
	if refused, ok = errors.AsType[*booking.SeriesError](err); !ok || len(refused.Refused) != 2 || refused.Refused[3] == nil || refused.Refused[4] == nil {
		f.Errorf("five bookings where three are allowed: %v; want the last two refused", err)
	}
	if made, _, err := f.BookSeries(f.Context(), booking.NewSeries{ID: newID(), Bookings: limited.Bookings[:3]}); err != nil || len(made) != 3 {
		f.Errorf("three bookings where three are allowed: %v", err)
	}
}

func testSeriesCancelled(f *fixture) {
	now := f.now()
	for name, r := range map[string]booking.NewBooking{
		"one": appointment("dr-khan", now.Add(-time.Hour*3)), "group": class(now.Add(-time.Hour * 3)),
	} {
		made, _, err := f.BookSeries(f.Context(), weekly(r, 5))
		if err != nil {
			f.Fatal(err)
		}
		cancellation := booking.SeriesCancellation{SeriesID: made[0].SeriesID, From: made[2].Start,
			Cancellation: booking.Cancellation{Reason: "moving", Actor: staff, Idempotency: claim("cancel "+name, 1)}}
		for _, wantReplay := range []bool{false, true} {
			left, replayed, err := f.CancelSeries(f.Context(), cancellation)
			if err != nil || replayed != wantReplay || len(left) != 5 {
				f.Fatalf("%s: CancelSeries = %d bookings, replayed %v, %v", name, len(left), replayed, err)
			}
			for i, b := range left {
				if want := i >= 2; (b.Status == booking.StatusCancelled) != want {
					f.Errorf("%s: booking %d is %s", name, i, b.Status)
				}
			}
		}
		f.mustBook(renewed(weekly(r, 5).Bookings[3]))
		rest := booking.SeriesCancellation{SeriesID: made[0].SeriesID, Cancellation: booking.Cancellation{CutOff: 30 * 24 * time.Hour}}
		if _, _, err := f.CancelSeries(f.Context(), rest); !errors.Is(err, booking.ErrTooLate) {
			f.Errorf("%s: inside the cut-off: %v; want ErrTooLate", name, err)
		}
		rest.CutOff = 0
		if left, _, err := f.CancelSeries(f.Context(), rest); err != nil || left[0].Status != booking.StatusConfirmed || left[1].Status != booking.StatusCancelled {
			f.Errorf("%s: all that is to come: %v; want the past left alone", name, err)
		}
		rest.From = made[2].Start
		if _, _, err := f.CancelSeries(f.Context(), rest); !errors.Is(err, booking.ErrNotLive) {
			f.Errorf("%s: nothing left: %v; want ErrNotLive", name, err)
		}
	}
	if _, _, err := f.CancelSeries(f.Context(), booking.SeriesCancellation{SeriesID: newID()}); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("an unknown series: %v; want ErrNotFound", err)
	}
}

// testSeriesRace: of series that share one date one is made, whole, and the others leave nothing.
func testSeriesRace(f *fixture) {
	var won atomic.Int64
	race(12, func(i int) {
		start := at(9, 0).AddDate(0, 0, -7*(i%4)) // all of them want the week of the last
		_, _, err := f.BookSeries(f.Context(), weekly(appointment("dr-khan", start), 4))
		if err == nil {
			won.Add(1)
		} else if _, ok := errors.AsType[*booking.SeriesError](err); !ok {
			f.Errorf("BookSeries: %v", err)
		}
	})
	if won.Load() != 1 || len(f.all()) != 4 {
		f.Errorf("%d series were made, of %d bookings; want one of four", won.Load(), len(f.all()))
	}
	f.checkNoOverlap()
}

// testNoDeadlockInAnyOrder lets 64 clients book one or two resources, series, move and cancel, each in an order of its own.
// Whoever comes second is refused or waits; no deadlock and no lost lock may reach a caller.
func testNoDeadlockInAnyOrder(f *fixture) {
	names := []string{"a", "b", "c", "d"}
	somebodies := make([]booking.Customer, 8) // shared, so that customers' rows are contended as well
	for i := range somebodies {
		somebodies[i] = somebody()
	}
	race(64, func(i int) {
		random := rand.New(rand.NewPCG(7, uint64(i))) //nolint:gosec // a repeatable race
		var mine []booking.Booking
		for step := range 8 {
			order := random.Perm(len(names))
			units := booking.Assignment{{ResourceID: names[order[0]], Number: 1}}
			if random.IntN(2) == 0 {
				units = append(units, booking.Unit{ResourceID: names[order[1]], Number: 1})
			}
			r := appointment("", at(9+random.IntN(8), 30*random.IntN(2)))
			r.Booking.Customer = somebodies[random.IntN(len(somebodies))]
			r.Candidates = []booking.Assignment{units}
			var err error
			switch last := len(mine) - 1; {
			case last >= 0 && step%4 == 2:
				_, _, err = f.Reschedule(f.Context(), moving(mine[last], r.Booking.Start, units))
			case last >= 0 && step%4 == 3:
				_, _, err = f.Cancel(f.Context(), booking.Cancellation{BookingID: mine[last].ID})
				mine = mine[:last]
			case random.IntN(3) == 0:
				_, _, err = f.BookSeries(f.Context(), weekly(r, 1+random.IntN(4)))
			default:
				var b booking.Booking
				if b, _, err = f.Book(f.Context(), r); err == nil {
					mine = append(mine, b)
				}
			}
			if _, series := errors.AsType[*booking.SeriesError](err); err != nil && !series && !errors.Is(err, booking.ErrOccupied) {
				f.Errorf("client %d, step %d: %v", i, step, err)
			}
		}
	})
	f.checkNoOverlap()
	if len(f.all()) == 0 {
		f.Error(fmt.Errorf("nothing was booked: the race says nothing"))
	}
}
