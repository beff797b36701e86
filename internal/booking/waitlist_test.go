package booking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func withWaitlist(doc *tenantconfig.Document) {
	doc.Policies[0].Waitlist.OfferTTL = tenantconfig.Duration(time.Hour)
}

// joining asks to wait for a service between two London times.
func joining(service, from, to string, changes ...func(*booking.JoinRequest)) booking.JoinRequest {
	request := booking.JoinRequest{
		ServiceID: service, Windows: []booking.Interval{{Start: at(from), End: at(to)}},
		Customer: booking.Customer{Name: "Ben Waiter", Phone: "020 7946 0199"},
		Actor:    booking.Actor{Principal: "customer", Channel: "voice"},
	}
	for _, change := range changes {
		change(&request)
	}
	return request
}

func (d *desk) mustJoin(t testing.TB, request booking.JoinRequest) booking.WaitlistEntry {
	t.Helper()
	entry, replayed, err := d.Join(t.Context(), request)
	if err != nil || replayed {
		t.Fatalf("Join = replayed %t, %v", replayed, err)
	}
	return entry
}

func (d *desk) mustCancel(t testing.TB, id string) {
	t.Helper()
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: id, Actor: booking.Actor{Principal: "customer", Override: true}}); err != nil {
		t.Fatalf("Cancel: %v", err)
	}
}

func (d *desk) entry(t testing.TB, id string) booking.WaitlistEntry {
	t.Helper()
	entry, err := d.WaitlistEntry(t.Context(), id)
	if err != nil {
		t.Fatalf("WaitlistEntry: %v", err)
	}
	return entry
}

func TestJoinWithoutWaitlist(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	request := joining("xray", "2030-06-04 09:00", "2030-06-04 12:00")
	_, _, err := d.Join(t.Context(), request)
	if booking.CodeOf(err) != booking.CodeWaitlistClosed || !strings.Contains(err.Error(), "Book one of the free times") {
		t.Fatalf("Join = %v; want WAITLIST_CLOSED and what to do", err)
	}
	// Who joined while there was one can still be read, leave, and repeat the request.
	d.reload(t, withWaitlist)
	request.Idempotency = claim("join", "x")
	entry := d.mustJoin(t, request)
	d.reload(t)
	if again, replayed, err := d.Join(t.Context(), request); err != nil || !replayed || again.ID != entry.ID {
		t.Errorf("the same again: %s, replayed %t, %v", again.ID, replayed, err)
	}
	if left, _, err := d.Leave(t.Context(), booking.ChangeRequest{ID: entry.ID}); err != nil || left.Status != booking.WaitLeft {
		t.Errorf("Leave = %s, %v", left.Status, err)
	}
	if offers, err := d.HandOn(t.Context()); offers != 0 || err != nil {
		t.Errorf("HandOn = %d, %v", offers, err)
	}
}

func TestJoinMergesWindows(t *testing.T) {
	t.Parallel()
	d := openDesk(t, withWaitlist)
	entry := d.mustJoin(t, joining("checkup", "2030-06-05 09:00", "2030-06-05 12:00", func(r *booking.JoinRequest) {
		r.Windows = append(r.Windows, booking.Interval{Start: at("2030-06-05 12:00"), End: at("2030-06-05 13:00")},
			booking.Interval{Start: at("2030-06-04 09:00"), End: at("2030-06-04 10:00")}, booking.Interval{Start: at("2030-06-05 10:00"), End: at("2030-06-05 11:00")})
	}))
	want := []booking.Interval{
		{Start: at("2030-06-04 09:00").UTC(), End: at("2030-06-04 10:00").UTC()}, {Start: at("2030-06-05 09:00").UTC(), End: at("2030-06-05 13:00").UTC()},
	}
	if len(entry.Windows) != 2 || entry.Windows[0] != want[0] || entry.Windows[1] != want[1] {
		t.Errorf("windows %v; want %v", entry.Windows, want)
	}
}

// TestOffersObeyTheRules: what the public could not book is not offered either.
func TestOffersObeyTheRules(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*tenantconfig.Document)
		clock  string
		want   booking.WaitStatus
	}{
		"as it was":         {func(*tenantconfig.Document) {}, "2030-06-03 08:00", booking.WaitOffered},
		"within the notice": {func(*tenantconfig.Document) {}, "2030-06-04 13:00", booking.WaitWaiting},
		"closed since":      {func(doc *tenantconfig.Document) { doc.Policies[0].Exceptions[0].From = "2030-06-04" }, "2030-06-03 08:00", booking.WaitWaiting},
		"served by others":  {func(doc *tenantconfig.Document) { doc.Services[1].Requires = anyOf("dr-lee") }, "2030-06-03 08:00", booking.WaitWaiting},
		"no longer offered": {func(doc *tenantconfig.Document) { doc.Services = doc.Services[2:] }, "2030-06-03 08:00", booking.WaitWaiting},
		"needs more than one": {func(doc *tenantconfig.Document) {
			doc.Services[1].Requires = append(doc.Services[1].Requires, anyOf("chairs")...)
		}, "2030-06-03 08:00", booking.WaitWaiting},
		"now too long": {func(doc *tenantconfig.Document) { doc.Services[1].Duration *= 2 }, "2030-06-03 08:00", booking.WaitWaiting},
	} {
		d := openDesk(t, withWaitlist)
		made := d.mustBook(t, wish("xray", "2030-06-04 14:00"))
		d.mustBook(t, wish("xray", "2030-06-04 14:30"))
		entry := d.mustJoin(t, joining("xray", "2030-06-04 14:00", "2030-06-04 18:00", func(r *booking.JoinRequest) { r.Notes = "soon" }))
		d.reload(t, withWaitlist, test.change)
		d.setClock(at(test.clock))
		d.mustCancel(t, made.ID)
		if got := d.entry(t, entry.ID); got.Status != test.want {
			t.Errorf("%s: %s; want %s", name, got.Status, test.want)
		}
	}
}

func TestOfferEndsBeforeTheAppointment(t *testing.T) {
	t.Parallel()
	d := openDesk(t, withWaitlist, func(doc *tenantconfig.Document) { doc.Policies[0].Notice.Minimum = 0 })
	made := d.mustBook(t, wish("xray", "2030-06-04 14:00"))
	entry := d.mustJoin(t, joining("xray", "2030-06-04 14:00", "2030-06-04 18:00"))
	d.setClock(at("2030-06-04 13:50"))
	before := time.Now()
	d.mustCancel(t, made.ID)
	offer, err := d.Get(t.Context(), d.entry(t, entry.ID).OfferID)
	if err != nil || offer.HoldExpiresAt.Sub(before) > 11*time.Minute {
		t.Errorf("the offer of an appointment in 10 minutes lasts until %v (%v), asked at %v", offer.HoldExpiresAt, err, before)
	}
}

// TestAcceptedOfferMayWait: where the business confirms by itself, accepting is asking.
func TestAcceptedOfferMayWait(t *testing.T) {
	t.Parallel()
	d := openDesk(t, withWaitlist, func(doc *tenantconfig.Document) { doc.Policies[0].Confirmation = tenantconfig.ConfirmManual })
	made := d.mustBook(t, wish("xray", "2030-06-04 14:00"))
	entry := d.mustJoin(t, joining("xray", "2030-06-04 14:00", "2030-06-04 18:00"))
	if _, _, err := d.Decline(t.Context(), booking.DeclineRequest{ID: made.ID, Actor: booking.Actor{Override: true}}); err != nil {
		t.Fatal(err)
	}
	accepted, _, err := d.AcceptOffer(t.Context(), booking.OfferRequest{EntryID: entry.ID})
	if err != nil || accepted.Status != booking.WaitBooked {
		t.Fatalf("AcceptOffer = %s, %v", accepted.Status, err)
	}
	if b, err := d.Get(t.Context(), accepted.OfferID); err != nil || b.Status != booking.StatusPending {
		t.Errorf("the accepted booking is %s, %v; want pending", b.Status, err)
	}
}

// TestWaitlistIsBounded: nobody waits twice for the same, nor for everything.
func TestWaitlistIsBounded(t *testing.T) {
	t.Parallel()
	d := openDesk(t, withWaitlist)
	d.mustJoin(t, joining("xray", "2030-06-04 14:00", "2030-06-04 18:00"))
	refused := func(request booking.JoinRequest, kind booking.LimitKind, most int) {
		t.Helper()
		_, _, err := d.Join(t.Context(), request)
		refusal, ok := errors.AsType[*booking.Error](err)
		if !ok || refusal.Code != booking.CodeLimitReached || refusal.Details["limit"] != kind || refusal.Details["maximum"] != most {
			t.Errorf("Join = %v; want LIMIT_REACHED by %s", err, kind)
		}
	}
	refused(joining("xray", "2030-06-05 09:00", "2030-06-05 12:00"), booking.LimitWaitingAlike, 1)
	for _, wish := range []struct{ service, resource string }{
		{"xray", "dr-khan"}, {"checkup", ""}, {"checkup", "dr-khan"}, {"checkup", "dr-lee"}, {"hygiene", ""}, {"hygiene", "dr-khan"},
		{"hygiene", "dr-lee"}, {"surgery", ""}, {"class", ""},
	} {
		d.mustJoin(t, joining(wish.service, "2030-06-04 14:00", "2030-06-04 18:00", func(r *booking.JoinRequest) { r.ResourceID = wish.resource }))
	}
	refused(joining("class", "2030-06-04 14:00", "2030-06-04 18:00", func(r *booking.JoinRequest) { r.ResourceID = "classroom" }),
		booking.LimitWaiting, booking.MaxWaitlistEntries)
}
