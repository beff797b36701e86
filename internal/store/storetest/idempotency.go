package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func testReplay(f *fixture) {
	if _, err := f.Replay(f.Context(), *claim("k", 1)); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("Replay of an unknown key: %v; want ErrNotFound", err)
	}
	first := appointment("dr-khan", at(9, 0))
	first.Idempotency = claim("k", 1)
	b := f.mustBook(first)

	again := appointment("dr-khan", at(9, 0)) // a repeated request gets a new id before it is recognised
	again.Idempotency = claim("k", 1)
	got, replayed, err := f.Book(f.Context(), again)
	if err != nil || !replayed {
		f.Fatalf("the same again: replayed %v, %v", replayed, err)
	}
	sameBooking(f, got, b)
	if got, err = f.Replay(f.Context(), *claim("k", 1)); err != nil {
		f.Errorf("Replay: %v", err)
	}
	sameBooking(f, got, b)

	// Another body is refused, even where the slot is free.
	other := appointment("dr-lee", at(15, 0))
	other.Idempotency = claim("k", 2)
	if _, _, err := f.Book(f.Context(), other); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("another body: %v; want ErrIdempotencyMismatch", err)
	}
	if _, err := f.Replay(f.Context(), *claim("k", 2)); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("Replay with another body: %v; want ErrIdempotencyMismatch", err)
	}

	// Another caller and another route have keys of their own.
	for i, own := range []*booking.IdempotencyClaim{
		{Principal: "key:other", Route: "POST /bookings", Key: "k"}, {Principal: "key:test", Route: "POST /other", Key: "k"},
	} {
		r := appointment("dr-khan", at(10+i, 0))
		r.Idempotency = own
		f.mustBook(r)
	}

	// A replay shows the booking as it is now.
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); err != nil {
		f.Fatal(err)
	}
	got, replayed, err = f.Book(f.Context(), again)
	if err != nil || !replayed || got.ID != b.ID || got.Status != booking.StatusCancelled {
		f.Errorf("after the cancel: %s %s, replayed %v, %v; want the cancelled booking", got.ID, got.Status, replayed, err)
	}
}

func testFailureLeavesNoKey(f *fixture) {
	taken := f.mustBook(appointment("dr-khan", at(9, 0)))
	simple := appointment("dr-khan", at(9, 0))
	pair := appointment("", at(9, 0))
	pair.Candidates = []booking.Assignment{{{ResourceID: "room", Number: 1}, {ResourceID: "dr-khan", Number: 1}}}
	limited := appointment("dr-lee", at(9, 0))
	limited.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 1, Within: booking.Interval{Start: at(0, 0), End: at(24, 0)}}}
	requests := map[string]booking.NewBooking{"simple": simple, "pair": pair, "limited": limited}
	for key, r := range requests {
		r.Idempotency = claim(key, 1)
		_, _, err := f.Book(f.Context(), r)
		_, limit := errors.AsType[*booking.LimitError](err)
		if !errors.Is(err, booking.ErrOccupied) && !limit {
			f.Fatalf("%s: %v; want a refusal", key, err)
		}
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: taken.ID}); err != nil {
		f.Fatal(err)
	}
	hour := 0
	for key, r := range requests {
		hour += 24 // another day, so that they do not refuse each other; with another body, because the key is free
		r = lasting(r, r.Booking.End.Sub(r.Booking.Start))
		r.Booking.ID, r.Booking.Start, r.Booking.End = newID(), at(hour, 0), at(hour+1, 0)
		r.Booking.Blocked = booking.Interval{Start: r.Booking.Start, End: r.Booking.End}
		r.Limits, r.Idempotency = nil, claim(key, 2)
		if _, replayed, err := f.Book(f.Context(), r); err != nil || replayed {
			f.Errorf("%s: the failed request kept its key: replayed %v, %v", key, replayed, err)
		}
	}
}

func testIdempotencyRace(f *fixture) {
	day := booking.Interval{Start: at(0, 0), End: at(24, 0)}
	shapes := map[string]func(r *booking.NewBooking){
		"one statement": func(*booking.NewBooking) {},
		"locked": func(r *booking.NewBooking) {
			r.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 100, Within: day}}
		},
		"group": func(r *booking.NewBooking) { *r = inGroup(*r, 100) },
	}
	for name, shape := range shapes {
		for round := range 5 {
			f.raceForKey(fmt.Sprintf("%s %d", name, round), func() booking.NewBooking {
				r := appointment(name, at(round, 0))
				shape(&r)
				return r
			})
		}
	}
}

// testIdempotencyRaceOverPool is the hard case: identical requests find different free units, so that nothing but
// the key stands between them.
func testIdempotencyRaceOverPool(f *fixture) {
	for round := range 5 {
		f.raceForKey(fmt.Sprint(round), func() booking.NewBooking {
			r := appointment("", at(round, 0))
			r.Candidates = pool("chair", 50)
			return r
		})
	}
}

// raceForKey sends 50 identical requests at once: one takes effect and 49 return its booking.
func (f *fixture) raceForKey(key string, request func() booking.NewBooking) {
	f.Helper()
	var fresh, replays atomic.Int64
	var ids [50]string
	race(len(ids), func(i int) {
		r := request()
		r.Idempotency = claim(key, 1)
		b, replayed, err := f.Book(f.Context(), r)
		switch {
		case err != nil:
			f.Errorf("%s: request %d: %v", key, i, err)
		case replayed:
			replays.Add(1)
		default:
			fresh.Add(1)
		}
		ids[i] = b.ID
	})
	if fresh.Load() != 1 || replays.Load() != int64(len(ids)-1) {
		f.Errorf("%s: %d effects and %d replays; want 1 and %d", key, fresh.Load(), replays.Load(), len(ids)-1)
	}
	for _, id := range ids {
		if id != ids[0] {
			f.Errorf("%s: answers name different bookings, %s and %s", key, ids[0], id)
		}
	}
	start := request().Booking.Start
	list, err := f.List(f.Context(), booking.Filter{From: start, To: start.Add(time.Microsecond), ResourceID: request().Candidates[0][0].ResourceID, Limit: 200})
	if err != nil || len(list) != 1 {
		f.Errorf("%s: %d bookings are kept, %v; want 1", key, len(list), err)
	}
}

func testCancelIdempotency(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	other := f.mustBook(appointment("dr-khan", at(10, 0)))
	cancellation := booking.Cancellation{BookingID: b.ID, Reason: "ill", Idempotency: claim("c", 1)}
	var fresh, replays atomic.Int64
	race(20, func(int) {
		got, replayed, err := f.Cancel(f.Context(), cancellation)
		if err != nil || got.Status != booking.StatusCancelled {
			f.Errorf("Cancel = %s, %v", got.Status, err)
		}
		if replayed {
			replays.Add(1)
		} else {
			fresh.Add(1)
		}
	})
	if fresh.Load() != 1 || replays.Load() != 19 {
		f.Errorf("%d effects and %d replays; want 1 and 19", fresh.Load(), replays.Load())
	}
	mismatch := booking.Cancellation{BookingID: other.ID, Idempotency: claim("c", 2)}
	if _, _, err := f.Cancel(f.Context(), mismatch); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("the key for another booking: %v; want ErrIdempotencyMismatch", err)
	}
	if got := f.mustGet(other.ID); got.Status != booking.StatusConfirmed {
		f.Errorf("the refused cancel left the booking %s", got.Status)
	}
	if events := f.events(b.ID); len(events) != 2 {
		f.Errorf("%d events; want 2", len(events))
	}
}

func (f *fixture) events(id string) []booking.Event {
	f.Helper()
	events, err := f.Events(context.WithoutCancel(f.Context()), id)
	if err != nil {
		f.Fatalf("Events: %v", err)
	}
	return events
}
