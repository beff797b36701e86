package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func wholeDay() booking.Interval { return booking.Interval{Start: at(0, 0), End: at(24, 0)} }

// raceForLimit sends n requests at once and checks that exactly max are accepted and the rest refused by the limit.
func (f *fixture) raceForLimit(n, limit int, kind booking.LimitKind, request func(i int) booking.NewBooking) {
	f.Helper()
	var won atomic.Int64
	race(n, func(i int) {
		_, _, err := f.Book(f.Context(), request(i))
		if err == nil {
			won.Add(1)
			return
		}
		refusal, ok := errors.AsType[*booking.LimitError](err)
		if !ok || refusal.Limit.Kind != kind {
			f.Errorf("request %d: %v; want a refusal by %s", i, err, kind)
		}
	})
	if won.Load() != int64(limit) {
		f.Errorf("%d requests were accepted; want %d", won.Load(), limit)
	}
}

func testLimitPerDayRace(f *fixture) {
	f.raceForLimit(40, 5, booking.LimitPerDay, func(i int) booking.NewBooking {
		r := appointment(fmt.Sprintf("dr-%d", i%8), at(i/8*2, 0))
		r.Limits = []booking.Limit{
			{Kind: booking.LimitPerDay, Max: 5, Within: wholeDay()},
			{Kind: booking.LimitPerWeek, Max: 100, Within: booking.Interval{Start: at(0, 0), End: at(7*24, 0)}},
		}
		return r
	})
	nextDay := appointment("dr-0", at(24, 0))
	nextDay.Limits = []booking.Limit{{Kind: booking.LimitPerDay, Max: 5, Within: booking.Interval{Start: at(24, 0), End: at(48, 0)}}}
	f.mustBook(nextDay)
}

// testLimitOfResources lets bookings on a and b count together, and those on c not.
func testLimitOfResources(f *fixture) {
	limits := []booking.Limit{{Kind: booking.LimitPerDay, Max: 3, Within: wholeDay(), Resources: []string{"a", "b"}}}
	for hour := range 5 {
		f.mustBook(appointment("c", at(hour, 0)))
	}
	f.raceForLimit(20, 3, booking.LimitPerDay, func(i int) booking.NewBooking {
		r := appointment([]string{"a", "b"}[i%2], at(i, 0))
		r.Limits = limits
		return r
	})
}

func testLimitOpenPerCustomerRace(f *fixture) {
	who := somebody()
	f.raceForLimit(20, 2, booking.LimitOpenPerCustomer, func(i int) booking.NewBooking {
		r := appointment(fmt.Sprintf("dr-%d", i), at(9, 0))
		r.Booking.Customer = who
		r.Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 2}}
		return r
	})
	// Past and cancelled bookings are not open, and somebody else has a count of his own.
	other := somebody()
	past := appointment("dr-past", f.now().Add(-2*time.Hour))
	past.Booking.Customer = other
	f.mustBook(past)
	cancelled := appointment("dr-cancelled", at(9, 0))
	cancelled.Booking.Customer = other
	b := f.mustBook(cancelled)
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); err != nil {
		f.Fatal(err)
	}
	open := appointment("dr-open", at(9, 0))
	open.Booking.Customer, open.Limits = other, []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 1}}
	f.mustBook(open)
}

func testCountByStart(f *fixture) {
	f.mustBook(appointment("a", at(11, 0)))
	f.mustBook(appointment("a", at(9, 0)))
	f.mustBook(appointment("b", at(10, 0)))
	f.mustBook(held(appointment("a", at(14, 0)), time.Hour))
	gone := f.mustBook(appointment("a", at(12, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: gone.ID}); err != nil {
		f.Fatal(err)
	}
	f.mustBook(appointment("a", at(24, 0)))
	for _, test := range []struct {
		resources []string
		want      []time.Time
	}{
		{nil, []time.Time{at(9, 0), at(10, 0), at(11, 0), at(14, 0)}},
		{[]string{"a"}, []time.Time{at(9, 0), at(11, 0), at(14, 0)}},
		{[]string{"a", "b", "c"}, []time.Time{at(9, 0), at(10, 0), at(11, 0), at(14, 0)}},
		{[]string{"c"}, nil},
	} {
		got, err := f.CountByStart(f.Context(), test.resources, wholeDay())
		if err != nil || fmt.Sprint(got) != fmt.Sprint(test.want) {
			f.Errorf("CountByStart(%v) = %v, %v; want %v", test.resources, got, err, test.want)
		}
	}
}
