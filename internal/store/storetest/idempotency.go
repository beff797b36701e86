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

// testRefusalKeepsTheKey: what was refused because of what is booked stays refused when the reason is gone, so that no copy
// of the request that arrives late takes effect.
func testRefusalKeepsTheKey(f *fixture) {
	taken := f.mustBook(appointment("dr-khan", at(9, 0)))
	simple := appointment("dr-khan", at(9, 0))
	pair := appointment("", at(9, 0))
	pair.Candidates = []booking.Assignment{{{ResourceID: "room", Number: 1}, {ResourceID: "dr-khan", Number: 1}}}
	limited := appointment("dr-lee", at(9, 0))
	limited.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 1, Within: booking.Interval{Start: at(0, 0), End: at(24, 0)}}}
	moved := f.mustBook(appointment("dr-khan", at(48, 0)))
	move := moving(moved, taken.Start)
	series := weekly(appointment("dr-khan", at(9, 0)), 2)
	series.Idempotency = claim("series", 1)
	requests := map[string]func(body byte) error{
		"move": func(body byte) error {
			move.Idempotency = claim("move", body)
			_, _, err := f.Reschedule(f.Context(), move)
			return err
		},
		"series": func(body byte) error {
			series.Idempotency = claim("series", body)
			_, _, err := f.BookSeries(f.Context(), series)
			return err
		},
	}
	for key, r := range map[string]booking.NewBooking{"simple": simple, "pair": pair, "limited": limited} {
		requests[key] = func(body byte) error {
			r.Booking.ID, r.Idempotency = newID(), claim(key, body)
			_, _, err := f.Book(f.Context(), r)
			return err
		}
	}
	for key, request := range requests {
		if err := request(1); !isRefusal(err) || isRepeated(err) {
			f.Fatalf("%s: %v; want a refusal", key, err)
		}
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: taken.ID}); err != nil {
		f.Fatal(err)
	}
	before := len(f.all())
	for key, request := range requests {
		if err := request(1); !isRefusal(err) || !isRepeated(err) {
			f.Errorf("%s again: %v; want the same refusal as *RefusedError", key, err)
		}
		if err := request(2); !errors.Is(err, booking.ErrIdempotencyMismatch) {
			f.Errorf("%s with another body: %v; want ErrIdempotencyMismatch", key, err)
		}
		if _, err := f.Replay(f.Context(), *claim(key, 1)); !isRefusal(err) || !isRepeated(err) {
			f.Errorf("Replay of %s: %v; want its refusal", key, err)
		}
	}
	if after := len(f.all()); after != before || !f.mustGet(moved.ID).Start.Equal(moved.Start) {
		f.Errorf("refused requests left %d bookings behind", after-before)
	}
}

// testTentativeRefusal: whoever has more to try keeps the key for that.
func testTentativeRefusal(f *fixture) {
	f.mustBook(appointment("dr-khan", at(9, 0)))
	r := appointment("dr-khan", at(9, 0))
	r.Idempotency = claim("k", 1)
	r.Idempotency.Tentative = true
	if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrOccupied) {
		f.Fatalf("%v; want ErrOccupied", err)
	}
	r.Candidates = []booking.Assignment{{{ResourceID: "dr-lee", Number: 1}}}
	if _, replayed, err := f.Book(f.Context(), r); err != nil || replayed {
		f.Errorf("the next try: replayed %t, %v", replayed, err)
	}
}

// testRefuse: the first word about a key counts, be it a booking or a refusal.
func testRefuse(f *fixture) {
	r := appointment("dr-khan", at(9, 0))
	r.Idempotency = claim("late", 1)
	if _, err := f.Refuse(f.Context(), *r.Idempotency, booking.ErrOccupied); !errors.Is(err, booking.ErrOccupied) || isRepeated(err) {
		f.Errorf("Refuse: %v; want the refusal", err)
	}
	if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrOccupied) || !isRepeated(err) {
		f.Errorf("Book after the refusal: %v; want *RefusedError", err)
	}
	limit := &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitPerDay, Max: 3}}
	if _, err := f.Refuse(f.Context(), *r.Idempotency, limit); !errors.Is(err, booking.ErrOccupied) || !isRepeated(err) {
		f.Errorf("another refusal: %v; want the first", err)
	}
	r.Booking.ID, r.Idempotency = newID(), claim("early", 1)
	b := f.mustBook(r)
	got, err := f.Refuse(f.Context(), *r.Idempotency, booking.ErrOccupied)
	if err != nil {
		f.Fatalf("Refuse after the booking: %v", err)
	}
	sameBooking(f, got, b)
	if _, err := f.Refuse(f.Context(), *claim("early", 2), booking.ErrOccupied); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("another body: %v; want ErrIdempotencyMismatch", err)
	}
	if _, err := f.Refuse(f.Context(), *claim("none", 1), booking.ErrNotFound); !errors.Is(err, booking.ErrInvalidRequest) {
		f.Errorf("what is no refusal: %v; want ErrInvalidRequest", err)
	}
}

// testRefusalRace: of a refusal and a booking with one key, one comes first, and both callers are told that one.
func testRefusalRace(f *fixture) {
	for round := range 20 {
		key, start := fmt.Sprint("k", round), at(round, 0)
		var outcomes [20]string
		race(len(outcomes), func(i int) {
			var (
				b   booking.Booking
				err error
			)
			if i%2 == 0 {
				r := appointment("dr-khan", start)
				r.Idempotency = claim(key, 1)
				b, _, err = f.Book(f.Context(), r)
			} else {
				b, err = f.Refuse(f.Context(), *claim(key, 1), booking.ErrOccupied)
			}
			switch {
			case err == nil:
				outcomes[i] = b.ID
			case errors.Is(err, booking.ErrOccupied):
				outcomes[i] = "refused"
			default:
				f.Errorf("request %d: %v", i, err)
			}
		})
		for i, outcome := range outcomes {
			if outcome != outcomes[0] {
				f.Errorf("round %d: request %d was told %q, the first %q", round, i, outcome, outcomes[0])
			}
		}
	}
}

func isRefusal(err error) bool {
	_, limit := errors.AsType[*booking.LimitError](err)
	_, series := errors.AsType[*booking.SeriesError](err)
	return limit || series || errors.Is(err, booking.ErrOccupied)
}

func isRepeated(err error) bool {
	_, repeated := errors.AsType[*booking.RefusedError](err)
	return repeated
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
