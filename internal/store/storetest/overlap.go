package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// testOverlapMatrix books around one appointment from 10:00 to 11:00 whose buffers widen it to 9:50–11:15.
func testOverlapMatrix(f *fixture) {
	tests := []struct {
		name     string
		from, to time.Time
		free     bool
	}{
		{"the same", at(10, 0), at(11, 0), false},
		{"within", at(10, 15), at(10, 30), false},
		{"around", at(9, 0), at(12, 0), false},
		{"across the start", at(9, 0), at(10, 30), false},
		{"across the end", at(10, 30), at(11, 30), false},
		{"in the buffer before", at(9, 50), at(9, 55), false},
		{"in the buffer after", at(11, 10), at(11, 15), false},
		{"one microsecond into the buffer", at(11, 0), at(11, 15), false},
		{"a microsecond too long", at(9, 0), at(9, 50).Add(time.Microsecond), false},
		{"a microsecond too early", at(11, 15).Add(-time.Microsecond), at(12, 0), false},
		{"up to the buffer", at(9, 0), at(9, 50), true},
		{"from the end of the buffer", at(11, 15), at(12, 0), true},
		{"the day after", at(34, 0), at(35, 0), true},
		{"the day before", at(-14, 0), at(-13, 0), true},
	}
	for i, test := range tests {
		resource := fmt.Sprintf("dr-%d", i)
		r := appointment(resource, at(10, 0))
		r.Booking.Blocked = booking.Interval{Start: at(9, 50), End: at(11, 15)}
		f.mustBook(r)
		_, _, err := f.Book(f.Context(), lasting(appointment(resource, test.from), test.to.Sub(test.from)))
		if test.free && err != nil || !test.free && !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("%s: %v; want free = %v", test.name, err, test.free)
		}
	}
	f.checkNoOverlap()
}

func testCandidatesInOrder(f *fixture) {
	both := []booking.Assignment{{{ResourceID: "dr-lee", Number: 1}}, {{ResourceID: "dr-khan", Number: 1}}}
	for _, want := range []string{"dr-lee", "dr-khan", ""} {
		r := appointment("", at(9, 0))
		r.Candidates = both
		b, _, err := f.Book(f.Context(), r)
		switch {
		case want == "" && !errors.Is(err, booking.ErrOccupied):
			f.Errorf("the third booking: %v; want ErrOccupied", err)
		case want != "" && (err != nil || b.Units[0].ResourceID != want):
			f.Errorf("booked %v, %v; want %s", b.Units, err, want)
		}
	}
}

// pool lists single-unit candidates, numbers 1 to n of a resource.
func pool(resource string, n int) []booking.Assignment {
	candidates := make([]booking.Assignment, n)
	for i := range candidates {
		candidates[i] = booking.Assignment{{ResourceID: resource, Number: i + 1}}
	}
	return candidates
}

func testUnits(f *fixture) {
	const capacity = 3
	seen := map[int]bool{}
	for range capacity {
		r := appointment("", at(9, 0))
		r.Candidates = pool("chair", capacity)
		seen[f.mustBook(r).Units[0].Number] = true
	}
	if len(seen) != capacity {
		f.Errorf("%d bookings use units %v", capacity, seen)
	}
	r := appointment("", at(9, 30))
	r.Candidates = pool("chair", capacity)
	if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("one more: %v; want ErrOccupied", err)
	}
	f.checkNoOverlap()
}

// testSeveralResources needs a person and a room at once: either both are booked or neither.
func testSeveralResources(f *fixture) {
	pair := func(person string, room, hour int) booking.NewBooking {
		r := appointment("", at(hour, 0))
		r.Candidates = []booking.Assignment{{{ResourceID: person, Number: 1}, {ResourceID: "room", Number: room}}}
		return r
	}
	f.mustBook(pair("dr-khan", 1, 9))
	for name, r := range map[string]booking.NewBooking{
		"the room is taken": pair("dr-lee", 1, 9), "the person is taken": pair("dr-khan", 2, 9),
	} {
		if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("%s: %v; want ErrOccupied", name, err)
		}
	}
	// The refused bookings have not kept the half that was free.
	second := pair("dr-lee", 2, 9)
	second.Candidates = append([]booking.Assignment{{{ResourceID: "dr-lee", Number: 1}, {ResourceID: "room", Number: 1}}}, second.Candidates...)
	b := f.mustBook(second)
	if b.Units[1].Number != 2 {
		f.Errorf("booked %v; want room 2, since room 1 is taken", b.Units)
	}
	// One of the two alone is in the way as well.
	if _, _, err := f.Book(f.Context(), appointment("dr-lee", at(9, 30))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("the person alone: %v; want ErrOccupied", err)
	}
	f.checkNoOverlap()
}

// testHoldExpires needs no sweeper: the slot is free as soon as the database's clock says so.
func testHoldExpires(f *fixture) {
	const ttl = 300 * time.Millisecond
	before := f.now()
	hold := f.mustBook(held(appointment("dr-khan", at(9, 0)), ttl))
	if hold.Status != booking.StatusHeld || hold.HoldExpiresAt.Before(before.Add(ttl-time.Millisecond)) {
		f.Fatalf("hold is %s until %v; want held for %v from %v on", hold.Status, hold.HoldExpiresAt, ttl, before)
	}
	_, _, err := f.Book(f.Context(), appointment("dr-khan", at(9, 0)))
	if now := f.now(); err == nil && now.Before(hold.HoldExpiresAt) {
		f.Fatalf("the held slot was booked at %v, before %v", now, hold.HoldExpiresAt)
	} else if err != nil && !errors.Is(err, booking.ErrOccupied) {
		f.Fatalf("booking a held slot: %v; want ErrOccupied", err)
	}
	f.until("the hold has run out", func() bool { return f.now().After(hold.HoldExpiresAt) })

	if got := f.mustGet(hold.ID); got.Status != booking.StatusExpired {
		f.Errorf("status = %s; want expired", got.Status)
	}
	if err != nil { // unless the machine was so slow that the first try already won it
		occupied, err := f.Occupied(f.Context(), []string{"dr-khan"}, booking.Interval{Start: at(0, 0), End: at(24, 0)})
		if err != nil || len(occupied) != 0 {
			f.Errorf("Occupied = %v, %v; want nothing", occupied, err)
		}
		f.mustBook(appointment("dr-khan", at(8, 30))) // across the start of what was held
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: hold.ID}); !errors.Is(err, booking.ErrNotLive) {
		f.Errorf("cancel of an expired hold: %v; want ErrNotLive", err)
	}
	f.checkNoOverlap()
}

func testHoldExpiresInLimits(f *fixture) {
	limits := []booking.Limit{
		{Kind: booking.LimitPerDay, Max: 1, Within: booking.Interval{Start: at(0, 0), End: at(24, 0)}},
		{Kind: booking.LimitOpenPerCustomer, Max: 1},
	}
	first := held(appointment("dr-khan", at(9, 0)), 300*time.Millisecond)
	first.Limits = limits
	hold := f.mustBook(first)
	f.until("the hold has run out", func() bool { return f.now().After(hold.HoldExpiresAt) })
	second := appointment("dr-khan", at(9, 0))
	second.Booking.Customer, second.Limits = hold.Customer, limits
	f.mustBook(second)
}

func testOccupied(f *fixture) {
	r := appointment("dr-khan", at(10, 0))
	r.Booking.Blocked = booking.Interval{Start: at(9, 50), End: at(11, 15)}
	f.mustBook(r)
	f.mustBook(appointment("dr-khan", at(8, 0)))
	f.mustBook(held(appointment("dr-khan", at(12, 0)), time.Hour))
	f.mustBook(appointment("dr-lee", at(10, 0)))
	f.mustBook(appointment("dr-other", at(10, 0)))
	two := appointment("dr-lee", at(10, 0))
	two.Candidates[0][0].Number = 2
	f.mustBook(two)
	f.mustBook(appointment("dr-khan", at(34, 0))) // another day

	occupied, err := f.Occupied(f.Context(), []string{"dr-lee", "dr-khan", "dr-lee", "nobody"}, booking.Interval{Start: at(9, 0), End: at(24, 0)})
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, o := range occupied {
		got = append(got, fmt.Sprintf("%s/%d %s-%s", o.Unit.ResourceID, o.Unit.Number, o.Blocked.Start.Format("15:04"), o.Blocked.End.Format("15:04")))
	}
	want := []string{"dr-khan/1 09:50-11:15", "dr-khan/1 12:00-13:00", "dr-lee/1 10:00-11:00", "dr-lee/2 10:00-11:00"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.Errorf("Occupied = %v; want %v", got, want)
	}
	// Touching is not overlapping, at both ends.
	touching, err := f.Occupied(f.Context(), []string{"dr-khan"}, booking.Interval{Start: at(11, 15), End: at(12, 0)})
	if err != nil || len(touching) != 0 {
		f.Errorf("Occupied between two bookings = %v, %v; want nothing", touching, err)
	}
}
