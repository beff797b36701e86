package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// offering offers whatever is freed to whoever waits, for a while.
func offering(ttl time.Duration) *booking.Offering {
	return &booking.Offering{Offer: func(to booking.WaitlistEntry, freed booking.Booking) (booking.NewBooking, bool) {
		offer := booking.NewBooking{
			Booking: freed, HoldTTL: ttl, Candidates: []booking.Assignment{freed.Units},
			Actor: booking.Actor{Principal: "system", Channel: to.Channel},
		}
		offer.Booking.ID, offer.Booking.Customer, offer.Booking.Status = newID(), to.Customer, booking.StatusHeld
		offer.Booking.WaitlistEntryID, offer.Booking.Notes, offer.Booking.Channel = to.ID, to.Notes, to.Channel
		return offer, true
	}}
}

// waiting asks to wait for a checkup on that day.
func waiting(windows ...booking.Interval) booking.NewWaitlistEntry {
	if len(windows) == 0 {
		windows = []booking.Interval{wholeDay()}
	}
	return booking.NewWaitlistEntry{
		Entry: booking.WaitlistEntry{ID: newID(), ServiceID: "checkup", Customer: somebody(), Windows: windows, Channel: "sms"},
		Actor: booking.Actor{Principal: "customer", Channel: "sms"},
	}
}

func (f *fixture) join(r booking.NewWaitlistEntry) booking.WaitlistEntry {
	f.Helper()
	e, replayed, err := f.Join(f.Context(), r)
	if err != nil || replayed {
		f.Fatalf("Join = replayed %v, %v; want a new entry", replayed, err)
	}
	return e
}

func (f *fixture) entry(id string) booking.WaitlistEntry {
	f.Helper()
	e, err := f.WaitlistEntry(f.Context(), id)
	if err != nil {
		f.Fatalf("WaitlistEntry: %v", err)
	}
	return e
}

// cancelFor cancels a booking for those who wait.
func (f *fixture) cancelFor(id string, ttl time.Duration) {
	f.Helper()
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: id, Offering: offering(ttl), Actor: staff}); err != nil {
		f.Fatalf("Cancel: %v", err)
	}
}

// offered returns the live offer of an entry, which must have one.
func (f *fixture) offered(id string) booking.Booking {
	f.Helper()
	e := f.entry(id)
	if e.Status != booking.WaitOffered {
		f.Fatalf("the entry is %s; want an offer", e.Status)
	}
	return f.mustGet(e.OfferID)
}

// stands checks where entries stand, in their order.
func (f *fixture) stands(entries []booking.WaitlistEntry, want ...booking.WaitStatus) {
	f.Helper()
	var got []booking.WaitStatus
	for _, e := range entries {
		got = append(got, f.entry(e.ID).Status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("entries (-want +got):\n%s", diff)
	}
}

func testWaitlistKeepsEveryField(f *fixture) {
	r := waiting(booking.Interval{Start: at(9, 0), End: at(10, 0)}, booking.Interval{Start: at(30, 0), End: at(40, 0)})
	r.Entry.ResourceID, r.Entry.Notes = "dr-khan", `"; DROP TABLE waitlist; -- مريم`
	r.Entry.Customer = booking.Customer{Name: "Zoë", Phone: "+442079460077", Email: "zoe@example.com"}
	e := f.join(r)
	want := r.Entry
	want.Customer.ID, want.JoinedAt, want.UpdatedAt, want.Status = e.Customer.ID, e.JoinedAt, e.JoinedAt, booking.WaitWaiting
	if diff := cmp.Diff(want, e, cmpopts.EquateApproxTime(time.Millisecond)); diff != "" || e.Customer.ID == "" {
		f.Errorf("entry (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(e, f.entry(e.ID)); diff != "" {
		f.Errorf("read again (-want +got):\n%s", diff)
	}
	// As with bookings, people share a number.
	other := waiting()
	other.Entry.Customer = booking.Customer{Name: "Ben", Phone: "+442079460077"}
	if second := f.join(other); second.Customer.ID != e.Customer.ID || second.Customer.Name != "Ben" || f.entry(e.ID).Customer.Name != "Zoë" {
		f.Errorf("unexpected: %+v", second.Customer)
	}
	past := f.join(waiting(booking.Interval{Start: f.now().Add(-2 * time.Hour), End: f.now().Add(-time.Hour)}))
	f.stands([]booking.WaitlistEntry{e, past}, booking.WaitWaiting, booking.WaitExpired)
	for _, id := range []string{newID(), "", "1; DROP TABLE waitlist"} {
		if _, err := f.WaitlistEntry(f.Context(), id); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("WaitlistEntry(%q): %v; want ErrNotFound", id, err)
		}
		if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: id}); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Leave(%q): %v; want ErrNotFound", id, err)
		}
		if events, err := f.WaitlistEvents(f.Context(), id); err != nil || len(events) != 0 {
			f.Errorf("WaitlistEvents(%q) = %v, %v", id, events, err)
		}
	}
	for name, spoil := range map[string]func(*booking.NewWaitlistEntry){
		"NUL byte":            func(r *booking.NewWaitlistEntry) { r.Entry.Notes = "\x00" },
		"no window":           func(r *booking.NewWaitlistEntry) { r.Entry.Windows = nil },
		"backward window":     func(r *booking.NewWaitlistEntry) { r.Entry.Windows[0].End = at(-1, 0) },
		"windows in a tangle": func(r *booking.NewWaitlistEntry) { r.Entry.Windows = append(r.Entry.Windows, r.Entry.Windows[0]) },
		"nobody":              func(r *booking.NewWaitlistEntry) { r.Entry.Customer.Phone = "" },
		"no id":               func(r *booking.NewWaitlistEntry) { r.Entry.ID = "1" },
	} {
		r := waiting()
		spoil(&r)
		if _, _, err := f.Join(f.Context(), r); !errors.Is(err, booking.ErrInvalidRequest) {
			f.Errorf("%s: %v; want ErrInvalidRequest", name, err)
		}
	}
}

func testWaitlistFilters(f *fixture) {
	a := f.join(waiting())
	other := waiting()
	other.Entry.ServiceID, other.Entry.ResourceID = "massage", "dr-lee"
	b := f.join(other)
	c := f.join(waiting())
	if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: c.ID}); err != nil {
		f.Fatal(err)
	}
	for name, test := range map[string]struct {
		filter booking.WaitlistFilter
		want   []booking.WaitlistEntry
	}{
		"all":         {booking.WaitlistFilter{}, []booking.WaitlistEntry{a, b, c}},
		"status":      {booking.WaitlistFilter{Statuses: []booking.WaitStatus{booking.WaitLeft}}, []booking.WaitlistEntry{c}},
		"two":         {booking.WaitlistFilter{Statuses: []booking.WaitStatus{booking.WaitLeft, booking.WaitWaiting}}, []booking.WaitlistEntry{a, b, c}},
		"service":     {booking.WaitlistFilter{ServiceID: "massage"}, []booking.WaitlistEntry{b}},
		"resource":    {booking.WaitlistFilter{ResourceID: "dr-lee"}, []booking.WaitlistEntry{b}},
		"phone":       {booking.WaitlistFilter{Phone: a.Customer.Phone}, []booking.WaitlistEntry{a}},
		"first page":  {booking.WaitlistFilter{Limit: 2}, []booking.WaitlistEntry{a, b}},
		"second page": {booking.WaitlistFilter{After: booking.Position{Start: b.JoinedAt, ID: b.ID}}, []booking.WaitlistEntry{c}},
	} {
		if test.filter.Limit == 0 {
			test.filter.Limit = 10
		}
		got, err := f.Waitlist(f.Context(), test.filter)
		if err != nil {
			f.Fatal(err)
		}
		if diff := cmp.Diff(entryIDs(test.want), entryIDs(got)); diff != "" {
			f.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := f.Waitlist(f.Context(), booking.WaitlistFilter{}); !errors.Is(err, booking.ErrInvalidRequest) {
		f.Errorf("a page of nothing: %v", err)
	}
}

func entryIDs(entries []booking.WaitlistEntry) (ids []string) {
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// testWaitlistOffersInOrder: the first in line whom the time suits gets it, as a reservation that nobody else can have.
func testWaitlistOffersInOrder(f *fixture) {
	nine := appointment("dr-khan", at(9, 0))
	nine.Booking.Blocked.End = at(10, 15)
	b := f.mustBook(nine)
	unsuited := map[string]func(*booking.NewWaitlistEntry){
		"another service":  func(r *booking.NewWaitlistEntry) { r.Entry.ServiceID = "massage" },
		"another resource": func(r *booking.NewWaitlistEntry) { r.Entry.ResourceID = "dr-lee" },
		"later": func(r *booking.NewWaitlistEntry) {
			r.Entry.Windows[0] = booking.Interval{Start: at(9, 1), End: at(9, 30)}
		},
		"earlier": func(r *booking.NewWaitlistEntry) { r.Entry.Windows[0].End = at(9, 0) },
	}
	for _, change := range unsuited {
		r := waiting()
		change(&r)
		f.join(r)
	}
	gone := f.join(waiting())
	if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: gone.ID}); err != nil {
		f.Fatal(err)
	}
	exact := waiting(booking.Interval{Start: at(1, 0), End: at(2, 0)}, booking.Interval{Start: at(9, 0), End: at(9, 1)})
	exact.Entry.ResourceID, exact.Entry.Notes = "dr-khan", "please"
	first, second := f.join(exact), f.join(waiting())
	f.cancelFor(b.ID, time.Hour)
	offer := f.offered(first.ID)
	if offer.Status != booking.StatusHeld || !offer.Start.Equal(b.Start) || !slices.Equal(offer.Units, b.Units) || offer.Blocked != b.Blocked ||
		offer.WaitlistEntryID != first.ID || offer.Customer != first.Customer || offer.Notes != "please" || offer.Channel != "sms" {
		f.Errorf("unexpected offer: %+v", offer)
	}
	if left := offer.HoldExpiresAt.Sub(f.now()); left < 59*time.Minute || left > time.Hour {
		f.Errorf("the offer lasts %s; want an hour", left)
	}
	if _, _, err := f.Book(f.Context(), appointment("dr-khan", at(9, 30))); !errors.Is(err, booking.ErrOccupied) {
		f.Errorf("booking what is offered: %v; want ErrOccupied", err)
	}
	f.stands([]booking.WaitlistEntry{first, second}, booking.WaitOffered, booking.WaitWaiting)

	// Who has an offer is out of the line.
	ten := f.mustBook(appointment("dr-khan", at(11, 0)))
	f.cancelFor(ten.ID, time.Hour)
	if got := f.offered(second.ID); !got.Start.Equal(at(11, 0)) {
		f.Errorf("the second was offered %v", got.Start)
	}
	third := f.mustBook(appointment("dr-khan", at(13, 0)))
	f.cancelFor(third.ID, time.Hour)
	f.mustBook(appointment("dr-khan", at(13, 0))) // nobody is left to wait for it
	f.checkNoOverlap()

	for _, e := range f.events(offer.ID) {
		if e.Type != booking.EventOffered || e.Actor != "system" || e.Channel != "sms" {
			f.Errorf("unexpected event of the offer: %+v", e)
		}
	}
	f.entryHistory(first.ID, "waitlist.joined by customer via sms", "booking.offered by system via sms")
	f.entryHistory(gone.ID, "waitlist.joined by customer via sms", "waitlist.left by  via ")
}

func (f *fixture) entryHistory(id string, want ...string) {
	f.Helper()
	events, err := f.WaitlistEvents(f.Context(), id)
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, string(e.Type)+" by "+e.Actor+" via "+e.Channel)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("history of the entry (-want +got):\n%s", diff)
	}
}

func testWaitlistAnswers(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	line := []booking.WaitlistEntry{f.join(waiting()), f.join(waiting()), f.join(waiting())}
	f.cancelFor(b.ID, time.Hour)
	decline := booking.Cancellation{
		BookingID: f.offered(line[0].ID).ID, Declines: true, Offering: offering(time.Hour), Actor: staff, Idempotency: claim("decline", 1),
	}
	declined, _, err := f.Cancel(f.Context(), decline)
	if err != nil || declined.Status != booking.StatusCancelled {
		f.Fatalf("decline: %s, %v", declined.Status, err)
	}
	if again, replayed, err := f.Cancel(f.Context(), decline); err != nil || !replayed || again.ID != declined.ID {
		f.Errorf("the same again: replayed %v, %v", replayed, err)
	}
	f.stands(line, booking.WaitWaiting, booking.WaitOffered, booking.WaitWaiting)
	if e := f.entry(line[0].ID); e.OfferID != "" {
		f.Errorf("a declined offer is still there: %s", e.OfferID)
	}
	offer := f.offered(line[1].ID)
	accepted, _, err := f.Transition(f.Context(), booking.Transition{BookingID: offer.ID, To: booking.StatusConfirmed, Actor: staff})
	if err != nil || accepted.Status != booking.StatusConfirmed {
		f.Fatalf("accept: %s, %v", accepted.Status, err)
	}
	f.stands(line, booking.WaitWaiting, booking.WaitBooked, booking.WaitWaiting)
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: offer.ID, Declines: true}); !errors.Is(err, booking.ErrWrongStatus) {
		f.Errorf("declining what was accepted: %v; want ErrWrongStatus", err)
	}
	hold := f.mustBook(held(appointment("dr-lee", at(9, 0)), time.Hour))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: hold.ID, Declines: true}); !errors.Is(err, booking.ErrWrongStatus) {
		f.Errorf("declining an ordinary hold: %v; want ErrWrongStatus", err)
	}
	if _, _, err := f.Leave(f.Context(), booking.Leaving{EntryID: line[1].ID}); !errors.Is(err, booking.ErrWrongStatus) {
		f.Errorf("leaving after accepting: %v; want ErrWrongStatus", err)
	}
	// An accepted offer that is called off goes on like any booking, but not to those who declined that start.
	f.cancelFor(offer.ID, time.Hour)
	f.stands(line, booking.WaitWaiting, booking.WaitBooked, booking.WaitOffered)
	f.entryHistory(line[0].ID, "waitlist.joined by customer via sms", "booking.offered by system via sms", "booking.declined by key:staff via "+staff.Channel)
}
