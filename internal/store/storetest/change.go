package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

var staff = booking.Actor{Principal: "key:staff", Channel: "web"}

// testTransitions tries every status for every status, before and after the booking's start.
func testTransitions(f *fixture) {
	now := f.now()
	targets := []booking.Status{booking.StatusHeld, booking.StatusPending, booking.StatusConfirmed, booking.StatusCompleted,
		booking.StatusNoShow, booking.StatusCancelled, booking.StatusExpired, "nonsense"}
	// The first column is how to get there from a new booking of that status, one step at a time.
	tests := []struct {
		steps []booking.Status
		past  bool
		want  map[booking.Status]error // ErrWrongStatus where nothing is said
	}{
		{[]booking.Status{booking.StatusHeld}, false, map[booking.Status]error{
			booking.StatusPending: nil, booking.StatusConfirmed: nil}},
		{[]booking.Status{booking.StatusPending}, false, map[booking.Status]error{
			booking.StatusConfirmed: nil, booking.StatusCompleted: booking.ErrTooEarly, booking.StatusNoShow: booking.ErrTooEarly}},
		{[]booking.Status{booking.StatusConfirmed}, false, map[booking.Status]error{
			booking.StatusCompleted: booking.ErrTooEarly, booking.StatusNoShow: booking.ErrTooEarly}},
		{[]booking.Status{booking.StatusConfirmed}, true, map[booking.Status]error{
			booking.StatusCompleted: nil, booking.StatusNoShow: nil}},
		{[]booking.Status{booking.StatusPending}, true, map[booking.Status]error{
			booking.StatusConfirmed: nil, booking.StatusCompleted: nil, booking.StatusNoShow: nil}},
		{[]booking.Status{booking.StatusHeld, booking.StatusPending}, false, map[booking.Status]error{
			booking.StatusConfirmed: nil, booking.StatusCompleted: booking.ErrTooEarly, booking.StatusNoShow: booking.ErrTooEarly}},
		{[]booking.Status{booking.StatusConfirmed, booking.StatusCompleted}, true, map[booking.Status]error{booking.StatusNoShow: nil}},
		{[]booking.Status{booking.StatusConfirmed, booking.StatusNoShow}, true, map[booking.Status]error{booking.StatusCompleted: nil}},
	}
	for i, test := range tests {
		for j, to := range targets {
			start := at(9, 0)
			if test.past {
				start = now.Add(-30 * time.Minute)
			}
			r := appointment(fmt.Sprintf("%d-%d", i, j), start)
			r.Booking.Status, r.HoldTTL = test.steps[0], time.Hour
			b := f.mustBook(r)
			for _, step := range test.steps[1:] {
				b = f.mustTransition(b.ID, step)
			}
			want, allowed := test.want[to]
			if !allowed {
				want = booking.ErrWrongStatus
			}
			got, _, err := f.Transition(f.Context(), booking.Transition{BookingID: b.ID, To: to, Actor: staff})
			if !errors.Is(err, want) {
				f.Errorf("%v (past: %v) to %s: %v; want %v", test.steps, test.past, to, err, want)
			}
			after := b
			if want == nil {
				after.Status, after.Version, after.HoldExpiresAt, after.UpdatedAt = to, b.Version+1, time.Time{}, got.UpdatedAt
				sameBooking(f, got, after)
			}
			sameBooking(f, f.mustGet(b.ID), after)
			f.checkOccupies(after)
		}
	}
}

func (f *fixture) mustTransition(id string, to booking.Status) booking.Booking {
	f.Helper()
	b, replayed, err := f.Transition(f.Context(), booking.Transition{BookingID: id, To: to, Actor: staff})
	if err != nil || replayed || b.Status != to {
		f.Fatalf("Transition to %s = %s, replayed %v, %v", to, b.Status, replayed, err)
	}
	return b
}

// checkOccupies checks that a booking alone on its resource occupies it if and only if it is live.
func (f *fixture) checkOccupies(b booking.Booking) {
	f.Helper()
	for _, unit := range b.Units {
		occupied, err := f.Occupied(f.Context(), []string{unit.ResourceID}, booking.Interval{Start: b.Start.AddDate(-1, 0, 0), End: b.End.AddDate(1, 0, 0)})
		if err != nil {
			f.Fatal(err)
		}
		switch {
		case !b.Status.Live() && len(occupied) != 0:
			f.Errorf("a %s booking occupies %v", b.Status, occupied)
		case b.Status.Live() && (len(occupied) != 1 || occupied[0].Unit != unit || !occupied[0].Blocked.Start.Equal(b.Blocked.Start) ||
			!occupied[0].Blocked.End.Equal(b.Blocked.End)):
			f.Errorf("a %s booking of %v at %v occupies %v", b.Status, unit, b.Blocked, occupied)
		}
	}
}

func testTransitionRefused(f *fixture) {
	for _, id := range []string{newID(), "x"} {
		_, _, err := f.Transition(f.Context(), booking.Transition{BookingID: id, To: booking.StatusConfirmed})
		if !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Transition of %q: %v; want ErrNotFound", id, err)
		}
	}
	gone := f.mustBook(appointment("a", at(9, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: gone.ID}); err != nil {
		f.Fatal(err)
	}
	expired := f.mustBook(held(appointment("b", at(9, 0)), 200*time.Millisecond))
	f.until("the hold has run out", func() bool { return f.now().After(expired.HoldExpiresAt) })
	for name, id := range map[string]string{"cancelled": gone.ID, "expired": expired.ID} {
		for _, to := range []booking.Status{booking.StatusPending, booking.StatusConfirmed, booking.StatusCompleted} {
			if _, _, err := f.Transition(f.Context(), booking.Transition{BookingID: id, To: to}); !errors.Is(err, booking.ErrNotLive) {
				f.Errorf("%s to %s: %v; want ErrNotLive", name, to, err)
			}
		}
	}
}

func testConfirmKeepsTheSlot(f *fixture) {
	const ttl = 2 * time.Second
	pair := appointment("", at(9, 0))
	pair.Candidates = []booking.Assignment{{{ResourceID: "b", Number: 1}, {ResourceID: "c", Number: 1}}}
	requests := []booking.NewBooking{appointment("a", at(9, 0)), pair, class(at(9, 0))}
	var last time.Time
	for _, r := range requests {
		hold := f.mustBook(held(r, ttl))
		last = hold.HoldExpiresAt
		confirmed, _, err := f.Transition(f.Context(), booking.Transition{BookingID: hold.ID, To: booking.StatusConfirmed})
		if errors.Is(err, booking.ErrNotLive) && f.now().After(hold.HoldExpiresAt) {
			f.Fatalf("the machine took more than %v for two calls", ttl)
		}
		if err != nil || confirmed.Status != booking.StatusConfirmed {
			f.Fatalf("confirm = %s, %v", confirmed.Status, err)
		}
	}
	f.until("the holds would have run out", func() bool { return f.now().After(last) })
	for _, r := range requests {
		again := renewed(r)
		again.Booking.GroupSize, again.Booking.ServiceID = 1, "other"
		if _, _, err := f.Book(f.Context(), again); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("the slot of a confirmed hold on %v: %v; want ErrOccupied", r.Candidates, err)
		}
	}
}

// testConfirmRace confirms holds just as they run out, while others want the slot: it goes to one of them, never both.
func testConfirmRace(f *fixture) {
	for round := range 15 {
		resource := fmt.Sprint(round)
		r := appointment("", at(9, 0))
		r.Candidates = []booking.Assignment{{{ResourceID: resource, Number: 1}, {ResourceID: resource, Number: 2}}}
		hold := f.mustBook(held(r, 30*time.Millisecond))
		var confirmed, rebooked atomic.Int64
		race(6, func(i int) {
			if i == 0 {
				f.until("the hold is about to run out", func() bool { return f.now().After(hold.HoldExpiresAt.Add(-time.Duration(round%5) * time.Millisecond)) })
				_, _, err := f.Transition(f.Context(), booking.Transition{BookingID: hold.ID, To: booking.StatusConfirmed})
				if err == nil {
					confirmed.Add(1)
				} else if !errors.Is(err, booking.ErrNotLive) {
					f.Errorf("confirm: %v", err)
				}
				return
			}
			for rebooked.Load()+confirmed.Load() == 0 {
				one := appointment(resource, at(9, 30))
				one.Candidates[0][0].Number = 1 + i%2
				if i%2 == 1 {
					one = renewed(r)
				}
				_, _, err := f.Book(f.Context(), one)
				if err == nil {
					rebooked.Add(1)
				} else if !errors.Is(err, booking.ErrOccupied) {
					f.Errorf("Book: %v", err)
					return
				}
			}
		})
		if confirmed.Load() > 0 && rebooked.Load() > 0 {
			f.Errorf("round %d: %d confirmed and %d booked over it", round, confirmed.Load(), rebooked.Load())
		}
	}
	f.checkNoOverlap()
}

// moving asks to move a booking to another start, on the same units unless others are given.
func moving(b booking.Booking, start time.Time, candidates ...booking.Assignment) booking.Rescheduling {
	if candidates == nil {
		candidates = []booking.Assignment{b.Units}
	}
	shift := start.Sub(b.Start)
	return booking.Rescheduling{
		BookingID: b.ID, Start: start, End: b.End.Add(shift),
		Blocked:  booking.Interval{Start: b.Blocked.Start.Add(shift), End: b.Blocked.End.Add(shift)},
		TimeZone: b.TimeZone, LocalStart: start.Format("2006-01-02T15:04"), Candidates: candidates, Actor: staff,
	}
}

func testReschedule(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	for i, move := range []booking.Rescheduling{
		moving(b, at(9, 30)), // across its own old time
		moving(b, at(15, 0)),
		moving(b, at(15, 0), booking.Assignment{{ResourceID: "dr-lee", Number: 1}, {ResourceID: "room", Number: 2}}),
		moving(b, at(16, 0), booking.Assignment{{ResourceID: "dr-khan", Number: 1}}),
	} {
		got, replayed, err := f.Reschedule(f.Context(), move)
		if err != nil || replayed {
			f.Fatalf("move %d: replayed %v, %v", i, replayed, err)
		}
		want := b
		want.Start, want.End, want.Blocked, want.LocalStart = move.Start, move.End, move.Blocked, move.LocalStart
		want.Units, want.Version, want.Reschedules, want.UpdatedAt = move.Candidates[0], 2+i, 1+i, got.UpdatedAt
		sameBooking(f, got, want)
		sameBooking(f, f.mustGet(b.ID), want)
		f.checkOccupies(want)
	}
	f.mustBook(appointment("dr-lee", at(15, 0))) // given back
	events := f.events(b.ID)
	if len(events) != 5 || events[4].Type != booking.EventRescheduled || events[4].Actor != staff.Principal {
		f.Errorf("events = %+v; want four moves", events)
	}
}

func testRescheduleRefused(f *fixture) {
	now := f.now()
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	f.mustBook(appointment("dr-khan", at(12, 0)))
	gone := f.mustBook(appointment("dr-lee", at(9, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: gone.ID}); err != nil {
		f.Fatal(err)
	}
	soon := f.mustBook(appointment("dr-soon", now.Add(time.Hour)))
	full := moving(b, at(20, 0))
	full.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 1, Within: wholeDay()}}
	ownDay := moving(b, at(20, 0))
	ownDay.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 2, Within: wholeDay()}} // the booking itself is not in its way
	late := moving(soon, at(9, 0))
	late.CutOff = 2 * time.Hour
	empty := moving(b, at(20, 0))
	empty.End = empty.Start
	nowhere := moving(b, at(20, 0))
	nowhere.Candidates = nil
	unknown := moving(b, at(20, 0))
	unknown.BookingID = newID()
	often := moving(b, at(21, 0))
	often.MaxTimes = 1

	limit := func(err error) bool { _, ok := errors.AsType[*booking.LimitError](err); return ok }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for _, test := range []struct {
		name   string
		move   booking.Rescheduling
		wanted func(error) bool
	}{
		{"onto another", moving(b, at(12, 30)), is(booking.ErrOccupied)},
		{"cancelled", moving(gone, at(20, 0)), is(booking.ErrNotLive)},
		{"inside the cut-off", late, is(booking.ErrTooLate)},
		{"a full day", full, limit},
		{"no time at all", empty, is(booking.ErrInvalidRequest)},
		{"no candidate", nowhere, is(booking.ErrInvalidRequest)},
		{"unknown", unknown, is(booking.ErrNotFound)},
		{"its own day", ownDay, is(nil)},
		{"too often", often, limit},
	} {
		before, missing := f.Get(f.Context(), test.move.BookingID)
		_, _, err := f.Reschedule(f.Context(), test.move)
		if !test.wanted(err) {
			f.Errorf("%s: %v", test.name, err)
		}
		if err != nil && missing == nil { // nothing has moved
			sameBooking(f, f.mustGet(before.ID), before)
		}
	}
	if _, _, err := f.Book(f.Context(), appointment("dr-khan", at(20, 0))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("where the booking was moved to at last: %v; want ErrOccupied", err)
	}
	f.checkNoOverlap()
}

func testRescheduleIdempotency(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	move := moving(b, at(15, 0))
	move.Idempotency = claim("move", 1)
	var fresh, replays atomic.Int64
	race(20, func(int) {
		got, replayed, err := f.Reschedule(f.Context(), move)
		if err != nil || got.Reschedules != 1 || !got.Start.Equal(at(15, 0)) {
			f.Errorf("Reschedule = %v, moved %d times, %v", got.Start, got.Reschedules, err)
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
	other := moving(b, at(17, 0))
	other.Idempotency = claim("move", 2)
	if _, _, err := f.Reschedule(f.Context(), other); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("the key for another move: %v; want ErrIdempotencyMismatch", err)
	}
}

func testRescheduleHold(f *fixture) {
	hold := f.mustBook(held(appointment("dr-khan", at(9, 0)), 3*time.Second))
	moved, _, err := f.Reschedule(f.Context(), moving(hold, at(15, 0)))
	if err != nil {
		f.Fatal(err)
	}
	if moved.Status != booking.StatusHeld || !moved.HoldExpiresAt.Equal(hold.HoldExpiresAt) {
		f.Errorf("the moved hold is %s until %v; want held until %v", moved.Status, moved.HoldExpiresAt, hold.HoldExpiresAt)
	}
	f.until("the hold has run out", func() bool { return f.now().After(hold.HoldExpiresAt) })
	f.mustBook(appointment("dr-khan", at(15, 0)))
}

func testRescheduleGroup(f *fixture) {
	var members []booking.Booking
	for range 3 {
		members = append(members, f.mustBook(class(at(18, 0))))
	}
	for i, b := range members { // all move to an hour that overlaps the old one, which needs the room to be free
		got, _, err := f.Reschedule(f.Context(), moving(b, at(18, 30)))
		if last := i == len(members)-1; last && err != nil || !last && !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("member %d: %v", i, err)
		} else if err == nil && got.Place != 1 {
			f.Errorf("member %d has place %d of the new session", i, got.Place)
		}
		if _, _, err := f.Reschedule(f.Context(), moving(f.mustGet(b.ID), at(20, 0))); err != nil {
			f.Errorf("member %d to a later session: %v", i, err)
		}
	}
	occupied := f.studio()
	if len(occupied) != 1 || occupied[0].Session == nil || occupied[0].Session.Taken != 3 || !occupied[0].Session.Start.Equal(at(20, 0)) {
		f.Errorf("Occupied = %+v; want one session of three at 20:00", occupied)
	}
}

// testRescheduleRace moves bookings about on a few resources beside others who book and cancel. No deadlock may
// surface, no booking may lose its slot, and none may overlap.
func testRescheduleRace(f *fixture) {
	names := []string{"a", "b", "c"}
	var moved atomic.Int64
	var mine [racers]booking.Booking
	race(racers, func(i int) {
		random := rand.New(rand.NewPCG(3, uint64(i))) //nolint:gosec // a repeatable race
		mine[i] = f.mustBookSomewhere(random, i)
		for range 10 {
			order := random.Perm(len(names))
			units := make(booking.Assignment, 1+random.IntN(2))
			for j := range units {
				units[j] = booking.Unit{ResourceID: names[order[j]], Number: 1}
			}
			got, _, err := f.Reschedule(f.Context(), moving(mine[i], at(9, 15*random.IntN(40)), units))
			switch {
			case err == nil:
				mine[i] = got
				moved.Add(1)
			case !errors.Is(err, booking.ErrOccupied):
				f.Errorf("Reschedule: %v", err)
			}
			b, _, err := f.Book(f.Context(), lasting(appointment(names[order[0]], at(9, 15*random.IntN(40))), 15*time.Minute))
			if err == nil {
				_, _, err = f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID})
			}
			if err != nil && !errors.Is(err, booking.ErrOccupied) {
				f.Errorf("Book and Cancel: %v", err)
			}
		}
	})
	if moved.Load() == 0 {
		f.Error("nothing was moved: there was no race")
	}
	for _, b := range mine {
		sameBooking(f, f.mustGet(b.ID), b)
		if _, _, err := f.Book(f.Context(), appointment(b.Units[0].ResourceID, b.Start)); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("the slot of booking %s: %v; want ErrOccupied", b.ID, err)
		}
	}
	f.checkNoOverlap()
}

// mustBookSomewhere books a quarter of an hour on a resource of the racer's own.
func (f *fixture) mustBookSomewhere(random *rand.Rand, racer int) booking.Booking {
	b, _, err := f.Book(f.Context(), lasting(appointment(fmt.Sprint("home", racer), at(random.IntN(24), 0)), 15*time.Minute))
	if err != nil {
		f.Errorf("Book: %v", err)
	}
	return b
}
