package booking_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

var owner = booking.Actor{Principal: "key:owner1", Channel: "web", Override: true}

func manual(doc *tenantconfig.Document) { doc.Policies[0].Confirmation = tenantconfig.ConfirmManual }

func TestHoldThenConfirm(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	held, _, err := d.Hold(t.Context(), wish("xray", "2030-06-04 10:00", keyed("h", "a")))
	if err != nil || held.Status != booking.StatusHeld {
		t.Fatalf("Hold = %s, %v", held.Status, err)
	}
	if left := held.HoldExpiresAt.Sub(held.CreatedAt); left < 299*time.Second || left > 301*time.Second {
		t.Errorf("the hold lasts %s, want five minutes", left)
	}
	if again, replayed, err := d.Hold(t.Context(), wish("xray", "2030-06-04 10:00", keyed("h", "a"))); err != nil || !replayed || again.ID != held.ID {
		t.Errorf("the same again: %s, replayed %t, %v", again.ID, replayed, err)
	}
	d.refused(t, wish("xray", "2030-06-04 10:15"), booking.CodeSlotTaken)
	request := booking.ChangeRequest{ID: held.ID, Actor: booking.Actor{Principal: "customer", Channel: "voice"}, Idempotency: claim("c", "a")}
	confirmed, _, err := d.Confirm(t.Context(), request)
	if err != nil || confirmed.Status != booking.StatusConfirmed || !confirmed.HoldExpiresAt.IsZero() {
		t.Fatalf("Confirm = %+v, %v", confirmed, err)
	}
	if _, replayed, err := d.Confirm(t.Context(), request); err != nil || !replayed {
		t.Errorf("confirmed again with its key: replayed %t, %v", replayed, err)
	}
	request.Idempotency = nil
	if _, _, err := d.Confirm(t.Context(), request); booking.CodeOf(err) != booking.CodeWrongStatus || !strings.Contains(err.Error(), "it is confirmed") {
		t.Errorf("confirmed twice: %v", err)
	}
}

func TestManualConfirmation(t *testing.T) {
	t.Parallel()
	d := openDesk(t, manual)
	customer := booking.Actor{Principal: "customer", Channel: "sms"}
	asked := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	held, _, err := d.Hold(t.Context(), wish("xray", "2030-06-04 11:00"))
	if err != nil {
		t.Fatal(err)
	}
	pending, _, err := d.Confirm(t.Context(), booking.ChangeRequest{ID: held.ID, Actor: customer})
	if err != nil || pending.Status != booking.StatusPending {
		t.Fatalf("a confirmed hold is %s, %v, want it to wait for the business", pending.Status, err)
	}
	if _, _, err := d.Confirm(t.Context(), booking.ChangeRequest{ID: asked.ID, Actor: customer}); booking.CodeOf(err) != booking.CodeBusinessOnly {
		t.Errorf("confirmed by the customer: %v", err)
	}
	if _, _, err := d.Decline(t.Context(), booking.DeclineRequest{ID: asked.ID, Actor: customer}); booking.CodeOf(err) != booking.CodeBusinessOnly {
		t.Errorf("declined by the customer: %v", err)
	}
	if confirmed, _, err := d.Confirm(t.Context(), booking.ChangeRequest{ID: asked.ID, Actor: owner}); err != nil || confirmed.Status != booking.StatusConfirmed {
		t.Errorf("confirmed by the business: %s, %v", confirmed.Status, err)
	}
	if _, _, err := d.Decline(t.Context(), booking.DeclineRequest{ID: asked.ID, Actor: owner}); booking.CodeOf(err) != booking.CodeWrongStatus {
		t.Errorf("a confirmed booking declined: %v", err)
	}
	if declined, _, err := d.Decline(t.Context(), booking.DeclineRequest{ID: held.ID, Actor: owner, Reason: " Full "}); err != nil ||
		declined.Status != booking.StatusCancelled || declined.CancellationReason != "Full" {
		t.Errorf("Decline = %+v, %v", declined, err)
	}
	d.mustBook(t, wish("xray", "2030-06-04 11:00"))
	direct, _, err := d.Hold(t.Context(), wish("xray", "2030-06-04 14:00"))
	if err != nil {
		t.Fatal(err)
	}
	if confirmed, _, err := d.Confirm(t.Context(), booking.ChangeRequest{ID: direct.ID, Actor: owner}); err != nil || confirmed.Status != booking.StatusConfirmed {
		t.Errorf("a hold confirmed by the business: %s, %v", confirmed.Status, err)
	}
}

// expiringStore keeps holds for a moment only. No policy may say so, and no test should wait for one that does.
type expiringStore struct{ booking.Store }

func (s expiringStore) Book(ctx context.Context, r booking.NewBooking) (booking.Booking, bool, error) {
	r.HoldTTL = time.Millisecond
	return s.Store.Book(ctx, r)
}

func TestConfirmTooLate(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.Service = booking.NewService(expiringStore{d.store}, d.Catalog(), func() time.Time { return *d.clock.Load() })
	held, _, err := d.Hold(t.Context(), wish("xray", "2030-06-04 10:00"))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); held.Status != booking.StatusExpired; held, err = d.Get(t.Context(), held.ID) {
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the hold does not lapse: %s, %v", held.Status, err)
		}
	}
	_, _, err = d.Confirm(t.Context(), booking.ChangeRequest{ID: held.ID})
	refusal, ok := errors.AsType[*booking.Error](err)
	if !ok || refusal.Code != booking.CodeHoldExpired || len(refusal.Alternatives) == 0 {
		t.Fatalf("Confirm = %v, want HOLD_EXPIRED with alternatives", err)
	}
	if !strings.Contains(d.times(refusal.Alternatives), "Tue 10:00") {
		t.Errorf("alternatives %s, want the lapsed time itself among them: it is free", d.times(refusal.Alternatives))
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Slots.Interval, doc.Policies[0].Slots.Anchor = tenantconfig.Duration(time.Minute), tenantconfig.AnchorClock
		doc.Policies[0].Hours = []tenantconfig.Hours{{
			Days:  []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
			Spans: []tenantconfig.Span{{From: 0, To: 24 * 60}},
		}}
	})
	now := time.Now().Truncate(time.Minute) // what has begun is for the database's clock to say
	d.setClock(now.AddDate(0, 0, -3))
	begun := d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = now.Add(-10 * time.Minute) }))
	coming := d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = now.Add(time.Hour) }))
	type change func(booking.ChangeRequest) (booking.Booking, bool, error)
	complete := func(r booking.ChangeRequest) (booking.Booking, bool, error) { return d.Complete(t.Context(), r) }
	noShow := func(r booking.ChangeRequest) (booking.Booking, bool, error) { return d.NoShow(t.Context(), r) }
	for _, test := range []struct {
		name   string
		change change
		id     string
		actor  booking.Actor
		status booking.Status
		code   booking.Code
	}{
		{"by the customer", complete, begun.ID, booking.Actor{}, "", booking.CodeBusinessOnly},
		{"before it began", complete, coming.ID, owner, "", booking.CodeNotStarted},
		{"missed before it began", noShow, coming.ID, owner, "", booking.CodeNotStarted},
		{"missed", noShow, begun.ID, owner, booking.StatusNoShow, ""},
		{"twice", noShow, begun.ID, owner, "", booking.CodeWrongStatus},
		{"corrected", complete, begun.ID, owner, booking.StatusCompleted, ""},
		{"unknown", complete, "x", owner, "", booking.CodeNotFound},
	} {
		got, _, err := test.change(booking.ChangeRequest{ID: test.id, Actor: test.actor})
		if got.Status != test.status || booking.CodeOf(err) != test.code {
			t.Errorf("%s: %s, %v, want %q, %q", test.name, got.Status, err, test.status, test.code)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	made := d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.CustomFields = map[string]string{"insurer": "Acme"} }))
	text := func(s string) *string { return &s }
	updated, _, err := d.Update(t.Context(), booking.UpdateRequest{ID: made.ID, Version: 1, Notes: text(" Nervous\n"),
		CustomFields: map[string]*string{"insurer": nil, "room": text("2")}, Actor: owner})
	if err != nil || updated.Notes != "Nervous" || len(updated.CustomFields) != 1 || updated.CustomFields["room"] != "2" || updated.Version != 2 {
		t.Fatalf("Update = %+v, %v", updated, err)
	}
	for name, test := range map[string]struct {
		request booking.UpdateRequest
		code    booking.Code
	}{
		"an old version":  {booking.UpdateRequest{ID: made.ID, Version: 1, Notes: text("x")}, booking.CodeVersionConflict},
		"nothing":         {booking.UpdateRequest{ID: made.ID}, booking.CodeValidation},
		"long notes":      {booking.UpdateRequest{ID: made.ID, Notes: text(strings.Repeat("x", 2001))}, booking.CodeValidation},
		"a bad name":      {booking.UpdateRequest{ID: made.ID, CustomFields: map[string]*string{"a b": text("x")}}, booking.CodeValidation},
		"no name":         {booking.UpdateRequest{ID: made.ID, CustomFields: map[string]*string{"": text("x")}}, booking.CodeValidation},
		"a long text":     {booking.UpdateRequest{ID: made.ID, CustomFields: map[string]*string{"a": text(strings.Repeat("x", 501))}}, booking.CodeValidation},
		"a NUL byte":      {booking.UpdateRequest{ID: made.ID, CustomFields: map[string]*string{"a": text("\x00")}}, booking.CodeValidation},
		"not a booking":   {booking.UpdateRequest{ID: "x", Notes: text("x")}, booking.CodeNotFound},
		"an unknown one":  {booking.UpdateRequest{ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", Notes: text("x")}, booking.CodeNotFound},
		"too many fields": {booking.UpdateRequest{ID: made.ID, CustomFields: manyFields()}, booking.CodeValidation},
	} {
		if _, _, err := d.Update(t.Context(), test.request); booking.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

func manyFields() map[string]*string {
	fields, text := map[string]*string{}, "x"
	for i := range booking.MaxCustomFields { // one less than too many, but the booking has one
		fields[string(rune('a'+i%26))+strings.Repeat("x", i)] = &text
	}
	return fields
}
