package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func testPeopleFilters(f *leadFixture) {
	ann := f.create(lead.Draft{Name: "Ann Müller", Phone: newNumber(), Email: "Ann@Example.com", Tags: []string{"a", "b"}, Source: "web"})
	bob := f.create(lead.Draft{Name: "Bob ÖZTÜRK", Phone: newNumber(), Tags: []string{"b"}, Source: "csv", Status: lead.StatusEngaged})
	middle := f.now()
	f.until("the clock moves on", func() bool { return f.now().After(middle.Add(2 * time.Millisecond)) })
	cyd := f.create(lead.Draft{Name: "محمد", Phone: newNumber(), Status: lead.StatusNoAnswer})
	for name, test := range map[string]struct {
		filter lead.Filter
		want   []lead.Person
	}{
		"all, newest first": {lead.Filter{}, []lead.Person{cyd, bob, ann}},
		"one status":        {lead.Filter{Statuses: []lead.Status{lead.StatusEngaged}}, []lead.Person{bob}},
		"two statuses":      {lead.Filter{Statuses: []lead.Status{lead.StatusEngaged, lead.StatusNew}}, []lead.Person{bob, ann}},
		"a tag":             {lead.Filter{Tags: []string{"b"}}, []lead.Person{bob, ann}},
		"both tags":         {lead.Filter{Tags: []string{"b", "a"}}, []lead.Person{ann}},
		"no such tag":       {lead.Filter{Tags: []string{"a", "z"}}, nil},
		"sources":           {lead.Filter{Sources: []string{"csv", "web"}}, []lead.Person{bob, ann}},
		"text in a name":    {lead.Filter{Text: "mÜLL"}, []lead.Person{ann}},
		"folded text":       {lead.Filter{Text: "öztürk"}, []lead.Person{bob}},
		"Arabic":            {lead.Filter{Text: "محم"}, []lead.Person{cyd}},
		"text in an e-mail": {lead.Filter{Text: "ann@ex"}, []lead.Person{ann}},
		"text in a number":  {lead.Filter{Text: bob.Phone[3:]}, []lead.Person{bob}},
		"wildcards are not": {lead.Filter{Text: "%"}, nil},
		"a number":          {lead.Filter{Phone: cyd.Phone}, []lead.Person{cyd}},
		"since":             {lead.Filter{CreatedSince: middle.Add(time.Millisecond)}, []lead.Person{cyd}},
		"behind":            {lead.Filter{After: bob.ID}, []lead.Person{ann}},
		"limit":             {lead.Filter{Limit: 2}, []lead.Person{cyd, bob}},
	} {
		if diff := cmp.Diff(idsOf(test.want), idsOf(f.list(test.filter))); diff != "" {
			f.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func idsOf(people []lead.Person) (ids []string) {
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

func testPeoplePages(f *leadFixture) {
	want := map[string]bool{}
	for range 25 {
		want[f.create(draft()).ID] = true
	}
	filter, seen := lead.Filter{Limit: 7}, map[string]bool{}
	for {
		page := f.list(filter)
		for _, p := range page {
			if seen[p.ID] {
				f.Fatalf("%s comes twice", p.ID)
			}
			seen[p.ID] = true
		}
		f.create(draft()) // newer than every page to come
		if len(page) < filter.Limit {
			break
		}
		filter.After = page[len(page)-1].ID
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		f.Errorf("pages (-want +got):\n%s", diff)
	}
}

// bookFor books an hour for a number.
func (f *leadFixture) bookFor(phone string, hour int, change func(*booking.NewBooking)) booking.Booking {
	f.Helper()
	r := appointment(fmt.Sprintf("chair-%d", hour), at(hour, 0))
	r.Booking.Customer = booking.Customer{Name: "From Booking", Phone: phone}
	if change != nil {
		change(&r)
	}
	return f.mustBook(r)
}

func testBookingMakesBooked(f *leadFixture) {
	p := f.create(draft())
	status := func(want lead.Status) {
		f.Helper()
		if got := f.person(p.ID).Status; got != want {
			f.Fatalf("status %q; want %q", got, want)
		}
	}
	hold := f.bookFor(p.Phone, 8, func(r *booking.NewBooking) { *r = held(*r, time.Hour) })
	if hold.Customer.ID != p.ID {
		f.Fatalf("the booking's customer is %s, not the lead %s", hold.Customer.ID, p.ID)
	}
	status(lead.StatusNew)
	if _, _, err := f.Transition(f.Context(), booking.Transition{BookingID: hold.ID, To: booking.StatusConfirmed, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	status(lead.StatusBooked)
	second := f.bookFor(p.Phone, 9, nil)
	cancel := func(id string) {
		f.Helper()
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: id, Actor: owner}); err != nil {
			f.Fatal(err)
		}
	}
	cancel(hold.ID)
	status(lead.StatusBooked) // the second is still there
	cancel(second.ID)
	status(lead.StatusCancelled)
	f.bookFor(p.Phone, 10, nil)
	status(lead.StatusBooked)

	// Who was never a lead becomes one by booking.
	fresh := newNumber()
	f.bookFor(fresh, 11, nil)
	held := newNumber()
	f.bookFor(held, 12, func(r *booking.NewBooking) { *r = heldFor(*r) })
	for phone, want := range map[string]lead.Status{fresh: lead.StatusBooked, held: lead.StatusEngaged} {
		if found := f.list(lead.Filter{Phone: phone}); len(found) != 1 || found[0].Status != want || found[0].Name != "From Booking" {
			f.Errorf("unexpected: %+v", found)
		}
	}
}

func heldFor(r booking.NewBooking) booking.NewBooking { return held(r, time.Hour) }

func testBookingBringsName(f *leadFixture) {
	p := f.create(lead.Draft{Phone: newNumber()})
	b := f.bookFor(p.Phone, 9, nil)
	after := f.person(p.ID)
	if after.Name != "From Booking" || after.Version != 2 {
		f.Errorf("name %q, version %d; want the booking's name and 2", after.Name, after.Version)
	}
	if _, _, err := f.leads.Change(f.Context(), lead.Change{ID: p.ID, Version: 1, Actor: owner, Apply: func(p lead.Person) (lead.Person, error) { return p, nil }}); !errors.Is(err, lead.ErrVersion) {
		f.Errorf("a change made for the person before the booking: %v", err)
	}
	if _, err := f.change(p.ID, func(p *lead.Person) { p.Name = "Renamed" }); err != nil {
		f.Fatal(err)
	}
	if got := f.mustGet(b.ID).Customer.Name; got != "Renamed" {
		f.Errorf("the booking's customer is called %q", got)
	}
	f.bookFor(p.Phone, 10, nil) // under another name: the person keeps the own one, and is booked already
	if again := f.person(p.ID); again.Version != 3 || again.Name != "Renamed" {
		f.Errorf("%+v", again)
	}
}

func testMerge(f *leadFixture) {
	a := f.create(lead.Draft{Phone: newNumber(), Name: "Ann", Tags: []string{"x"}, Notes: "first", Custom: map[string]string{"k": "a"}})
	b := f.create(lead.Draft{Phone: newNumber(), Name: "Annie", Email: "ann@example.com", Tags: []string{"y"}, Notes: "second", Custom: map[string]string{"k": "b", "l": "b"}, Status: lead.StatusEngaged})
	appointment := f.bookFor(b.Phone, 9, func(r *booking.NewBooking) { r.Booking.Customer.Name = "Annie" })
	p, replayed, err := f.leads.Merge(f.Context(), lead.Merging{ID: a.ID, OtherID: b.ID, Actor: owner, Idempotency: claim("m", 1)})
	if err != nil || replayed {
		f.Fatal(err)
	}
	samePerson(f, p, lead.Person{
		ID: a.ID, Name: "Ann", Phone: a.Phone, Email: "ann@example.com", OtherPhones: []string{b.Phone}, Status: lead.StatusBooked, Tags: []string{"x", "y"},
		Notes: "first\nsecond", Custom: map[string]string{"k": "a", "l": "b"}, CreatedAt: a.CreatedAt, UpdatedAt: p.UpdatedAt, Version: 2,
	})
	if again, replayed, err := f.leads.Merge(f.Context(), lead.Merging{ID: a.ID, OtherID: b.ID, Actor: owner, Idempotency: claim("m", 1)}); err != nil || !replayed || again.ID != a.ID {
		f.Errorf("repeated: %v, %v", replayed, err)
	}
	if got := f.person(b.ID); got.ID != a.ID {
		f.Errorf("the other's id finds %s", got.ID)
	}
	if got := f.mustGet(appointment.ID).Customer; got.ID != a.ID || got.Phone != a.Phone {
		f.Errorf("the booking belongs to %+v", got)
	}
	if got := f.create(lead.Draft{Phone: b.Phone}); got.ID != a.ID {
		f.Error("the other's number is somebody else's now")
	}
	if people := f.list(lead.Filter{}); len(people) != 1 {
		f.Errorf("%d people are left", len(people))
	}
	if _, err := f.change(f.create(draft()).ID, func(p *lead.Person) { p.Phone = b.Phone }); !errors.Is(err, lead.ErrNumberTaken) {
		f.Errorf("taking an alias: %v", err)
	}
	types := f.types(a.ID)
	for _, want := range []string{"lead.created", "lead.merged", "lead.updated", "booking.confirmed"} {
		if !slices.Contains(types, want) {
			f.Errorf("the timeline %v lacks %s", types, want)
		}
	}
	// A third time round, into a person who was merged into before.
	c := f.create(draft())
	if p, _, err = f.leads.Merge(f.Context(), lead.Merging{ID: c.ID, OtherID: a.ID, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	if f.person(b.ID).ID != c.ID || f.person(a.ID).ID != c.ID || len(p.OtherPhones) != 2 {
		f.Errorf("the chain is broken: %+v", p)
	}
}

func testMergeRace(f *leadFixture) {
	var people []lead.Person
	for range 6 {
		people = append(people, f.create(draft()))
	}
	race(24, func(i int) {
		a, b := people[i%6], people[(i*5+1)%6]
		if a.ID == b.ID {
			return
		}
		_, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: a.ID, OtherID: b.ID, Actor: owner})
		if err != nil && !errors.Is(err, booking.ErrNotFound) {
			f.Error(err)
		}
	})
	for _, p := range people {
		if _, err := f.leads.Get(f.Context(), p.ID); err != nil {
			f.Errorf("%s is lost: %v", p.ID, err)
		}
	}
	numbers := 0
	for _, p := range f.list(lead.Filter{}) {
		numbers += len(p.Numbers())
	}
	if numbers != 6 {
		f.Errorf("%d numbers are left of 6", numbers)
	}
}

func testErase(f *leadFixture) {
	d := draft()
	d.Name = "Erasmus Secretus"
	p := f.create(d)
	b := f.bookFor(p.Phone, 9, func(r *booking.NewBooking) {
		r.Booking.Customer.Name, r.Booking.Notes = "Erasmus Filius", "Erasmus Secretus has an allergy"
	})
	other := f.create(lead.Draft{Phone: newNumber(), Name: "Erasmus Secretus II"})
	if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: p.ID, OtherID: other.ID, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	before := f.types(p.ID)
	if err := f.leads.Erase(f.Context(), p.ID, owner); err != nil {
		f.Fatal(err)
	}
	for _, id := range []string{p.ID, other.ID} {
		if _, err := f.leads.Get(f.Context(), id); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Get(%s): %v", id, err)
		}
	}
	kept := f.mustGet(b.ID)
	if kept.Status != booking.StatusConfirmed || !kept.Start.Equal(b.Start) {
		f.Errorf("the booking changed: %+v", kept)
	}
	if text := fmt.Sprintf("%+v", kept); strings.Contains(text, "Erasmus") || strings.Contains(text, p.Phone) || strings.Contains(text, "ann@example.com") {
		f.Errorf("the booking still says who it was for: %s", text)
	}
	if diff := cmp.Diff(append(before, "lead.erased"), f.types(p.ID)); diff != "" {
		f.Errorf("history (-want +got):\n%s", diff)
	}
	if err := f.leads.Erase(f.Context(), p.ID, owner); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("erasing twice: %v", err)
	}
	for _, phone := range []string{p.Phone, other.Phone} {
		if again := f.create(lead.Draft{Phone: phone}); again.ID == p.ID || again.Name != "" || again.Version != 1 {
			f.Errorf("who comes again is not new: %+v", again)
		}
	}
}

// testWaitlistOfPerson: entries of the waitlist go with a person who is merged, and forget one who is erased.
func testWaitlistOfPerson(f *leadFixture) {
	p, other := f.create(draft()), f.create(draft())
	join := func(phone, resource string) booking.WaitlistEntry {
		f.Helper()
		r := waiting()
		r.Entry.Customer, r.Entry.Notes = booking.Customer{Name: "Erasmus Filius", Phone: phone}, "Erasmus Secretus has an allergy"
		r.Entry.ResourceID = resource
		return f.join(r)
	}
	entries := []booking.WaitlistEntry{join(p.Phone, ""), join(other.Phone, ""), join(p.Phone, "dr-khan")}
	f.wantTypes(other.ID, "lead.created", "waitlist.joined")
	if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: p.ID, OtherID: other.ID, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	if got := f.entry(entries[1].ID); got.Customer.ID != p.ID || got.Customer.Name != "Erasmus Filius" {
		f.Errorf("the entry of who was merged is of %+v", got.Customer)
	}
	f.entryHistory(entries[1].ID, "waitlist.joined by customer via sms")
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	f.cancelFor(b.ID, time.Hour)
	offer := f.offered(entries[0].ID)
	if offer.Customer.ID != p.ID {
		f.Errorf("the offer is to %s; want %s", offer.Customer.ID, p.ID)
	}
	f.confirm(offer.ID)
	b = f.mustBook(appointment("dr-khan", at(11, 0)))
	f.cancelFor(b.ID, time.Hour)
	if err := f.leads.Erase(f.Context(), p.ID, owner); err != nil {
		f.Fatal(err)
	}
	f.stands(entries, booking.WaitBooked, booking.WaitLeft, booking.WaitLeft)
	for _, e := range f.waitlist() {
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "Erasmus") || strings.Contains(text, p.Phone) || strings.Contains(text, other.Phone) {
			f.Errorf("the waitlist still says who it was: %s", text)
		}
	}
}

// confirm makes a hold a booking.
func (f *leadFixture) confirm(id string) {
	f.Helper()
	if _, _, err := f.Transition(f.Context(), booking.Transition{BookingID: id, To: booking.StatusConfirmed, Actor: owner}); err != nil {
		f.Fatal(err)
	}
}

func testTimeline(f *leadFixture) {
	p := f.create(draft())
	b := f.bookFor(p.Phone, 9, func(r *booking.NewBooking) { r.Booking.Customer.Name = p.Name })
	if _, err := f.change(p.ID, func(p *lead.Person) { p.Notes, p.Tags = "secret", nil }); err != nil {
		f.Fatal(err)
	}
	if _, _, err := f.leads.OptOut(f.Context(), lead.NewOptOut{Phone: p.Phone, Reason: "STOP", Actor: booking.Actor{Principal: "customer", Channel: "sms"}}); err != nil {
		f.Fatal(err)
	}
	want := []string{"lead.created", "booking.confirmed", "lead.updated", "lead.opted_out", "lead.status_changed"}
	all, err := f.leads.Timeline(f.Context(), p.ID, lead.Position{}, 100)
	if err != nil || len(all) != len(want) {
		f.Fatalf("%d entries, %v", len(all), err)
	}
	var paged []lead.Entry
	for after := (lead.Position{}); ; {
		page, err := f.leads.Timeline(f.Context(), p.ID, after, 2)
		if err != nil {
			f.Fatal(err)
		}
		paged = append(paged, page...)
		if len(page) < 2 {
			break
		}
		after = page[1].Position
	}
	if diff := cmp.Diff(all, paged); diff != "" {
		f.Errorf("pages differ from the whole (-whole +pages):\n%s", diff)
	}
	for _, entry := range all {
		if strings.Contains(fmt.Sprint(entry), "secret") {
			f.Errorf("an event holds what the field holds: %+v", entry)
		}
		if (entry.BookingID == b.ID) != (entry.Type == "booking.confirmed") || !isUTC(entry.Position.At) {
			f.Errorf("unexpected: %+v", entry)
		}
		switch entry.Type {
		case lead.EventUpdated:
			if entry.Details["fields"] != "tags,notes" {
				f.Errorf("details %v", entry.Details)
			}
		case lead.EventOptedOut:
			if entry.Actor != "customer" || entry.Channel != "sms" {
				f.Errorf("by %s via %s", entry.Actor, entry.Channel)
			}
		}
	}
	got := f.types(p.ID)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("types (-want +got):\n%s", diff)
	}
	if other, err := f.leads.Timeline(f.Context(), newID(), lead.Position{}, 10); err != nil || len(other) != 0 {
		f.Errorf("nobody's timeline: %v, %v", other, err)
	}
}
