package storetest

import (
	"errors"
	"fmt"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// merged makes a person with two numbers, and returns the one that was merged away.
func (f *leadFixture) merged() (p lead.Person, old string) {
	f.Helper()
	p, other := f.create(draft()), f.create(draft())
	if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: p.ID, OtherID: other.ID, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	return p, other.Phone
}

// testMergedAddress: an address that was merged away is an identity like a number. Another cannot take it; the person
// that is left can have it back.
func testMergedAddress(f *leadFixture) {
	person := func(name string) string {
		r := appointment(name, at(9, 0))
		r.Booking.Customer = booking.Customer{Name: name, Email: name + "@example.com"}
		return f.mustBook(r).Customer.ID
	}
	ann, bea, cleo := person("ann"), person("bea"), person("cleo")
	if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: ann, OtherID: bea, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	asBea := func(p *lead.Person) { p.Email = "bea@example.com" }
	if p, err := f.change(cleo, asBea); !errors.Is(err, lead.ErrNumberTaken) {
		f.Errorf("another takes it: %+v, %v; want %v", p, err, lead.ErrNumberTaken)
	}
	if p, err := f.change(ann, asBea); err != nil || p.Email != "bea@example.com" {
		f.Errorf("the person takes it back: %+v, %v", p, err)
	}
}

// testMergedNumber: who comes with a number that was merged away is the person that is left, whatever is booked.
func testMergedNumber(f *leadFixture) {
	p, old := f.merged()
	either, both := appointment("pool", at(9, 0)), appointment("chair", at(9, 0))
	either.Candidates = append(either.Candidates, booking.Assignment{{ResourceID: "pool", Number: 2}})
	both.Candidates[0] = append(both.Candidates[0], booking.Unit{ResourceID: "drill", Number: 1})
	for name, r := range map[string]booking.NewBooking{
		"one unit":    appointment("one", at(9, 0)),
		"either unit": either,
		"both units":  both,
		"a place":     class(at(9, 0)),
		"a limit":     limited(appointment("rare", at(9, 0)), 100),
	} {
		r.Booking.Customer = booking.Customer{Phone: old}
		if b := f.mustBook(r); b.Customer.ID != p.ID || b.Customer.Phone != p.Phone {
			f.Errorf("%s was booked for %+v; want %s", name, b.Customer, p.ID)
		}
	}
	series := weekly(appointment("often", at(9, 0)), 2)
	for i := range series.Bookings {
		series.Bookings[i].Booking.Customer = booking.Customer{Phone: old}
	}
	made, _, err := f.BookSeries(f.Context(), series)
	if err != nil || made[0].Customer.ID != p.ID || made[1].Customer.ID != p.ID {
		f.Errorf("the series = %+v, %v; want it to be for %s", made, err, p.ID)
	}
	wish := waiting()
	wish.Entry.Customer = booking.Customer{Phone: old}
	if e := f.join(wish); e.Customer.ID != p.ID {
		f.Errorf("%+v joined; want %s", e.Customer, p.ID)
	}
	if people := f.list(lead.Filter{}); len(people) != 1 {
		f.Errorf("there are %d people; want one", len(people))
	}
}

// testMergedNumberRace: requests that come together with both numbers of one person are all for that person.
func testMergedNumberRace(f *leadFixture) {
	p, old := f.merged()
	numbers := []string{p.Phone, old}
	race(24, func(i int) {
		r := appointment(fmt.Sprintf("dr-%d", i), at(9, 0))
		r.Booking.Customer = booking.Customer{Phone: numbers[i%2]}
		if b, _, err := f.Book(f.Context(), r); err != nil || b.Customer.ID != p.ID {
			f.Errorf("request %d: %+v, %v; want it to be for %s", i, b.Customer, err, p.ID)
		}
	})
	if people := f.list(lead.Filter{}); len(people) != 1 {
		f.Errorf("there are %d people; want one", len(people))
	}
}

// testMergedNumberLimit: one limit counts the bookings that come with any number of a person.
func testMergedNumberLimit(f *leadFixture) {
	p, old := f.merged()
	numbers := []string{p.Phone, old}
	f.raceForLimit(20, 2, booking.LimitOpenPerCustomer, func(i int) booking.NewBooking {
		r := limited(appointment(fmt.Sprintf("dr-%d", i), at(9, 0)), 2)
		r.Booking.Customer = booking.Customer{Phone: numbers[i%2]}
		return r
	})
	for _, number := range numbers {
		series := weekly(limited(appointment("often", at(9, 0)), 3), 2)
		for i := range series.Bookings {
			series.Bookings[i].Booking.Customer = booking.Customer{Phone: number}
		}
		if made, _, err := f.BookSeries(f.Context(), series); !isSeriesError(err) {
			f.Errorf("the series = %d bookings, %v; want one of its two to be refused by the limit", len(made), err)
		}
	}
}

func isSeriesError(err error) bool {
	_, ok := errors.AsType[*booking.SeriesError](err)
	return ok
}

// limited lets a booking's customer have so many to come.
func limited(r booking.NewBooking, open int) booking.NewBooking {
	r.Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: open}}
	return r
}
