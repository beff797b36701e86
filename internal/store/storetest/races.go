package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// racers is how many clients compete in the contention tests.
const racers = 64

// testRaceForSlots lets racers book and cancel random stretches of 20 quarters of an hour.
func testRaceForSlots(f *fixture) {
	const slots, rounds = 20, 12
	var won, lost atomic.Int64
	race(racers, func(i int) {
		random := rand.New(rand.NewPCG(1, uint64(i))) //nolint:gosec // a repeatable race
		for range rounds {
			start := at(9, 15*random.IntN(slots))
			r := lasting(appointment("dr-khan", start), time.Duration(1+random.IntN(6))*15*time.Minute)
			if random.IntN(4) == 0 {
				r = held(r, time.Duration(1+random.IntN(50))*time.Millisecond)
			}
			if random.IntN(3) == 0 {
				r.Idempotency = claim(newID(), 1)
			}
			b, _, err := f.Book(f.Context(), r)
			switch {
			case errors.Is(err, booking.ErrOccupied):
				lost.Add(1)
			case err != nil:
				f.Errorf("Book: %v", err)
			default:
				won.Add(1)
				if random.IntN(3) > 0 {
					if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); err != nil && !errors.Is(err, booking.ErrNotLive) {
						f.Errorf("Cancel: %v", err)
					}
				}
			}
		}
	})
	if won.Load() == 0 || lost.Load() == 0 {
		f.Errorf("%d won and %d lost: there was no race", won.Load(), lost.Load())
	}
	f.checkNoOverlap()
}

// testRaceForUnits fills a pool exactly: as many win as there are units, and nobody is turned away before.
func testRaceForUnits(f *fixture) {
	const units = 20
	var won atomic.Int64
	race(racers, func(int) {
		r := appointment("", at(9, 0))
		r.Candidates = pool("chair", units)
		_, _, err := f.Book(f.Context(), r)
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("Book: %v", err)
		}
	})
	if won.Load() != units {
		f.Errorf("%d bookings for %d units", won.Load(), units)
	}
	f.checkNoOverlap()
}

// testTwoResourcesInRandomOrder names people and rooms in every order beside single bookings of either. No
// deadlock may surface, nor may the race stall.
func testTwoResourcesInRandomOrder(f *fixture) {
	ctx, cancel := context.WithTimeout(f.Context(), time.Minute)
	defer cancel()
	const rounds = 10
	names := []string{"a", "b", "c", "d"}
	race(racers, func(i int) {
		random := rand.New(rand.NewPCG(2, uint64(i))) //nolint:gosec // a repeatable race
		for range rounds {
			order := random.Perm(len(names))
			units := make(booking.Assignment, 1+random.IntN(3))
			for j := range units {
				units[j] = booking.Unit{ResourceID: names[order[j]], Number: 1}
			}
			r := appointment("", at(random.IntN(12), 0))
			r.Candidates = []booking.Assignment{units}
			b, _, err := f.Book(ctx, r)
			if err == nil && random.IntN(2) == 0 {
				_, _, err = f.Cancel(ctx, booking.Cancellation{BookingID: b.ID})
			}
			if err != nil && !errors.Is(err, booking.ErrOccupied) {
				f.Errorf("round: %v", err)
			}
		}
	})
	f.checkNoOverlap()
}

// testTwoStores is two servers on one database, or the refusal of the second.
func testTwoStores(f *fixture) {
	if f.engine.Exclusive {
		if _, err := f.engine.Open(f.Context(), f.location); !errors.Is(err, booking.ErrUnavailable) {
			f.Errorf("Open of what another store has: %v; want ErrUnavailable", err)
		}
		f.mustBook(appointment("dr-khan", at(9, 0)))
		return
	}
	other := open(f, f.engine, f.location)
	var won atomic.Int64
	race(racers, func(i int) {
		store := f.Store
		if i%2 == 0 {
			store = other
		}
		_, _, err := store.Book(f.Context(), appointment("dr-khan", at(9, i%4*15)))
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("Book: %v", err)
		}
	})
	if won.Load() != 1 {
		f.Errorf("%d of overlapping hours were booked; want 1", won.Load())
	}
	f.checkNoOverlap()
}
