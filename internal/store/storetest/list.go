package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func testListFilters(f *fixture) {
	who := somebody()
	book := func(resource, service string, hour int, change func(*booking.NewBooking)) string {
		r := appointment(resource, at(hour, 0))
		r.Booking.ServiceID = service
		if change != nil {
			change(&r)
		}
		return f.mustBook(r).ID
	}
	khan9 := book("khan", "checkup", 9, func(r *booking.NewBooking) { r.Booking.Customer = who })
	lee9 := book("lee", "hygiene", 9, nil)
	held10 := book("khan", "checkup", 10, func(r *booking.NewBooking) { *r = held(*r, time.Hour) })
	pending11 := book("lee", "checkup", 11, func(r *booking.NewBooking) { r.Booking.Status = booking.StatusPending })
	pair12 := book("", "hygiene", 12, func(r *booking.NewBooking) {
		r.Candidates = []booking.Assignment{{{ResourceID: "lee", Number: 1}, {ResourceID: "room", Number: 1}}}
		r.Booking.Customer = who
	})
	gone13 := book("khan", "checkup", 13, nil)
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: gone13}); err != nil {
		f.Fatal(err)
	}
	nine := []string{khan9, lee9}
	slices.Sort(nine)
	all := append(slices.Clone(nine), held10, pending11, pair12, gone13)
	customerID := f.mustGet(khan9).Customer.ID

	for name, test := range map[string]struct {
		filter booking.Filter
		want   []string
	}{
		"everything": {booking.Filter{}, all},
		"from":       {booking.Filter{From: at(10, 0)}, []string{held10, pending11, pair12, gone13}},
		"to":         {booking.Filter{To: at(10, 0)}, nine},
		"from and to, in another zone": {booking.Filter{From: at(10, 0).In(time.FixedZone("", 3600)), To: at(12, 0)},
			[]string{held10, pending11}},
		"one status":           {booking.Filter{Statuses: []booking.Status{booking.StatusHeld}}, []string{held10}},
		"two statuses":         {booking.Filter{Statuses: []booking.Status{booking.StatusPending, booking.StatusCancelled}}, []string{pending11, gone13}},
		"expired":              {booking.Filter{Statuses: []booking.Status{booking.StatusExpired}}, nil},
		"service":              {booking.Filter{ServiceID: "hygiene"}, []string{lee9, pair12}},
		"resource":             {booking.Filter{ResourceID: "khan"}, []string{khan9, held10, gone13}},
		"second resource":      {booking.Filter{ResourceID: "room"}, []string{pair12}},
		"customer":             {booking.Filter{CustomerID: customerID}, []string{khan9, pair12}},
		"customer by no id":    {booking.Filter{CustomerID: "x"}, nil},
		"phone":                {booking.Filter{Phone: who.Phone}, []string{khan9, pair12}},
		"last digits of phone": {booking.Filter{Phone: who.Phone[3:]}, nil},
		"all at once": {booking.Filter{From: at(12, 0), To: at(13, 0), Statuses: []booking.Status{booking.StatusConfirmed}, ServiceID: "hygiene",
			ResourceID: "room", CustomerID: customerID, Phone: who.Phone}, []string{pair12}},
		"after":           {booking.Filter{After: booking.Position{Start: at(10, 0), ID: held10}}, []string{pending11, pair12, gone13}},
		"after, and from": {booking.Filter{After: booking.Position{Start: at(9, 0), ID: nine[0]}, From: at(8, 0)}, all[1:]},
		"from later than after": {booking.Filter{After: booking.Position{Start: at(9, 0), ID: nine[1]}, From: at(12, 0)},
			[]string{pair12, gone13}},
	} {
		f.checkList(name, test.filter, test.want)
	}
}

// checkList compares the ids of a listing.
func (f *fixture) checkList(name string, filter booking.Filter, want []string) {
	f.Helper()
	filter.Limit = 100
	list, err := f.List(f.Context(), filter)
	if err != nil {
		f.Errorf("%s: %v", name, err)
	}
	var got []string
	for _, b := range list {
		got = append(got, b.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s: List differs (-want +got):\n%s", name, diff)
	}
}

// testListPagesWhileInserting pages through a list while others insert before, at and behind the position: what was
// there from the start comes exactly once, and in order.
func testListPagesWhileInserting(f *fixture) {
	const n = 60
	want := map[string]bool{}
	for i := range n {
		want[f.mustBook(appointment(fmt.Sprintf("r%d", i), at(9+i/20, 0))).ID] = true
	}
	stop := f.keepInserting()
	seen := map[string]bool{}
	filter := booking.Filter{Limit: 7}
	for {
		page, err := f.List(f.Context(), filter)
		if err != nil {
			f.Fatal(err)
		}
		for _, b := range page {
			position := booking.Position{Start: b.Start, ID: b.ID}
			if seen[b.ID] || b.Start.Before(filter.After.Start) || b.Start.Equal(filter.After.Start) && b.ID <= filter.After.ID {
				f.Fatalf("%v comes twice or out of order", position)
			}
			seen[b.ID] = true
			filter.After = position
		}
		// New bookings land on the pages ahead as well: stop at the end of the list, or well behind the old ones.
		if len(page) < filter.Limit || filter.After.Start.After(at(11, 30)) {
			break
		}
	}
	stop()
	for id := range want {
		if !seen[id] {
			f.Errorf("booking %s is missing from the pages", id)
		}
	}
}

// keepInserting books all over the day until it is stopped.
func (f *fixture) keepInserting() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if _, _, err := f.Book(f.Context(), appointment(fmt.Sprintf("new%d", i), at(8+i%5, 0))); err != nil {
				f.Errorf("Book: %v", err)
				return
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

func testEvents(f *fixture) {
	if events := f.events(newID()); len(events) != 0 {
		f.Errorf("an unknown booking has %d events", len(events))
	}
	for status, want := range map[booking.Status]booking.EventType{
		booking.StatusHeld: booking.EventHeld, booking.StatusPending: booking.EventRequested, booking.StatusConfirmed: booking.EventConfirmed,
	} {
		r := appointment(string(status), at(9, 0))
		r.Booking.Status, r.HoldTTL = status, time.Hour
		r.Actor = booking.Actor{Principal: "key:7", Channel: "voice"}
		r.Idempotency = claim(string(status), 1)
		b := f.mustBook(r)
		for range 2 { // neither a replay nor a refusal is an event
			if _, _, err := f.Book(f.Context(), r); err != nil {
				f.Fatal(err)
			}
			if _, _, err := f.Book(f.Context(), appointment(string(status), at(9, 0))); err == nil {
				f.Fatal("the slot was booked twice")
			}
		}
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Actor: booking.Actor{Principal: "customer", Channel: "sms"}}); err != nil {
			f.Fatal(err)
		}
		events := f.events(b.ID)
		if len(events) != 2 {
			f.Fatalf("%d events; want 2", len(events))
		}
		for i, e := range []booking.Event{
			{BookingID: b.ID, Type: want, Actor: "key:7", Channel: "voice"},
			{BookingID: b.ID, Type: booking.EventCancelled, Actor: "customer", Channel: "sms"},
		} {
			e.Sequence, e.At = events[i].Sequence, events[i].At
			if diff := cmp.Diff(e, events[i]); diff != "" {
				f.Errorf("event %d differs (-want +got):\n%s", i, diff)
			}
		}
		if events[0].Sequence >= events[1].Sequence || events[1].At.Before(events[0].At) || !isUTC(events[0].At) {
			f.Errorf("events are out of order: %+v", events)
		}
	}
}

func testCountByStatus(f *fixture) {
	f.mustBook(appointment("a", at(0, 0)))
	f.mustBook(appointment("b", at(10, 0)))
	f.mustBook(appointment("a", at(24, 0))) // the next day
	pending := appointment("a", at(11, 0))
	pending.Booking.Status = booking.StatusPending
	f.mustBook(pending)
	f.mustBook(held(appointment("a", at(14, 0)), time.Hour))
	lapsed := f.mustBook(held(appointment("a", at(15, 0)), time.Millisecond))
	f.until("the hold has lapsed", func() bool { return f.mustGet(lapsed.ID).Status == booking.StatusExpired })
	gone := f.mustBook(appointment("a", at(12, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: gone.ID}); err != nil {
		f.Fatal(err)
	}
	want := map[booking.Status]int{
		booking.StatusConfirmed: 2, booking.StatusPending: 1, booking.StatusHeld: 1, booking.StatusExpired: 1, booking.StatusCancelled: 1,
	}
	got, err := f.CountByStatus(f.Context(), wholeDay())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		f.Errorf("CountByStatus: %v (-want +got):\n%s", err, diff)
	}
	if got, err := f.CountByStatus(f.Context(), booking.Interval{Start: at(48, 0), End: at(72, 0)}); err != nil || len(got) != 0 {
		f.Errorf("on a day without bookings: %v, %v", got, err)
	}
}
