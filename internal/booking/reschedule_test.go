package booking_test

import (
	"errors"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// movable lets customers move their bookings three times.
func movable(doc *tenantconfig.Document) { doc.Policies[0].Rescheduling.Times = 3 }

func move(b booking.Booking, start string, changes ...func(*booking.RescheduleRequest)) booking.RescheduleRequest {
	request := booking.RescheduleRequest{ID: b.ID, Start: at(start), Actor: booking.Actor{Principal: "key:abc123", Channel: "web"}}
	for _, change := range changes {
		change(&request)
	}
	return request
}

func (d *desk) mustMove(t testing.TB, request booking.RescheduleRequest) booking.Booking {
	t.Helper()
	moved, replayed, err := d.Reschedule(t.Context(), request)
	if err != nil || replayed {
		t.Fatalf("Reschedule(to %s) = replayed %t, %v", request.Start, replayed, err)
	}
	return moved
}

func TestRescheduleMayOverlapItself(t *testing.T) {
	t.Parallel()
	d := openDesk(t, movable, func(doc *tenantconfig.Document) {
		doc.Policies[0].Buffers.After = tenantconfig.Duration(10 * time.Minute)
	})
	made := d.mustBook(t, wish("surgery", "2030-06-04 10:00")) // takes both chairs
	moved := d.mustMove(t, move(made, "2030-06-04 10:15"))
	if !moved.Start.Equal(at("2030-06-04 10:15")) || moved.LocalStart != "2030-06-04T10:15" || moved.Reschedules != 1 ||
		!moved.Blocked.End.Equal(at("2030-06-04 11:25")) {
		t.Errorf("moved to %s (%s), blocking %v, %d times", moved.Start, moved.LocalStart, moved.Blocked, moved.Reschedules)
	}
	events, err := d.Events(t.Context(), made.ID)
	if err != nil || len(events) != 2 || events[1].Type != booking.EventRescheduled || events[1].Channel != "web" {
		t.Errorf("Events = %+v, %v, want the move last", events, err)
	}
}

func TestRescheduleKeepsWhoServes(t *testing.T) {
	t.Parallel()
	d := openDesk(t, movable)
	for range 8 { // by chance it would be the other one half of the time
		made := d.mustBook(t, wish("hygiene", "2030-06-04 10:00", with("dr-lee")))
		moved := d.mustMove(t, move(made, "2030-06-04 10:30"))
		if moved.Units[0].ResourceID != "dr-lee" {
			t.Errorf("moved from %v to %v, want the same people", made.Units, moved.Units)
		}
		if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: made.ID}); err != nil {
			t.Fatal(err)
		}
	}
	made := d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-lee")))
	d.mustBook(t, wish("checkup", "2030-06-04 15:00", with("dr-lee")))
	if moved := d.mustMove(t, move(made, "2030-06-04 15:00")); moved.Units[0].ResourceID != "dr-khan" {
		t.Errorf("moved to %v, want whoever is free", moved.Units)
	}
	back := d.mustMove(t, move(made, "2030-06-04 15:30", func(r *booking.RescheduleRequest) { r.ResourceID = "dr-lee" }))
	if back.Units[0].ResourceID != "dr-lee" {
		t.Errorf("moved to %v, want the one that was asked for", back.Units)
	}
}

func TestRescheduleOfALastPlace(t *testing.T) {
	t.Parallel()
	d := openDesk(t, movable)
	alone := d.mustBook(t, wish("class", "2030-06-05 10:00"))
	if moved := d.mustMove(t, move(alone, "2030-06-05 10:15")); moved.Place != 1 {
		t.Errorf("place %d of the new session, want 1", moved.Place)
	}
	d.mustBook(t, wish("class", "2030-06-05 10:15"))
	_, _, err := d.Reschedule(t.Context(), move(alone, "2030-06-05 10:30"))
	if booking.CodeOf(err) != booking.CodeSlotTaken {
		t.Errorf("moving away from a session that others stay in, to a time within it: %v, want SLOT_TAKEN", err)
	}
}

func TestRescheduleRefuses(t *testing.T) {
	t.Parallel()
	d := openDesk(t, movable, func(doc *tenantconfig.Document) { doc.Policies[0].Limits.PerDay = 2 })
	made := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	other := d.mustBook(t, wish("xray", "2030-06-04 11:00"))
	d.mustBook(t, wish("xray", "2030-06-05 11:00"))
	d.mustBook(t, wish("xray", "2030-06-05 12:00"))
	gone := d.mustBook(t, wish("xray", "2030-06-07 11:00"))
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: gone.ID}); err != nil {
		t.Fatal(err)
	}
	unknown := gone
	unknown.ID = "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"
	for name, test := range map[string]struct {
		request      booking.RescheduleRequest
		code         booking.Code
		alternatives bool
	}{
		"onto another":        {move(made, "2030-06-04 11:15"), booking.CodeSlotTaken, true},
		"outside hours":       {move(made, "2030-06-04 20:00"), booking.CodeOutsideHours, true},
		"off the grid":        {move(made, "2030-06-04 14:07"), booking.CodeOffGrid, true},
		"on a closed day":     {move(made, "2030-06-06 14:00"), booking.CodeClosed, true},
		"too soon":            {move(made, "2030-06-03 09:00"), booking.CodeTooSoon, true},
		"too far":             {move(made, "2031-06-03 09:00"), booking.CodeTooFar, true},
		"a full day":          {move(made, "2030-06-05 14:00"), booking.CodeLimitReached, true},
		"to where it is":      {move(made, "2030-06-04 10:00"), booking.CodeValidation, false},
		"without a start":     {booking.RescheduleRequest{ID: made.ID}, booking.CodeValidation, false},
		"to another resource": {move(made, "2030-06-04 10:00", func(r *booking.RescheduleRequest) { r.ResourceID = "dr-lee" }), booking.CodeUnknownResource, false},
		"a cancelled one":     {move(gone, "2030-06-07 14:00"), booking.CodeWrongStatus, false},
		"an unknown one":      {move(unknown, "2030-06-07 14:00"), booking.CodeNotFound, false},
	} {
		_, _, err := d.Reschedule(t.Context(), test.request)
		refusal, ok := errors.AsType[*booking.Error](err)
		if !ok || refusal.Code != test.code || (len(refusal.Alternatives) > 0) != test.alternatives {
			t.Errorf("%s: %v with %d alternatives, want %s", name, err, len(refusal.Alternatives), test.code)
		}
	}
	if kept, err := d.Get(t.Context(), made.ID); err != nil || kept.Version != 1 || !kept.Start.Equal(made.Start) {
		t.Errorf("the booking is at %s, version %d, %v, want it untouched", kept.Start, kept.Version, err)
	}
	// The booking's own day is full with it, which is no reason against another time on that day.
	d.mustMove(t, move(other, "2030-06-04 15:00"))
}

func TestRescheduleAsOftenAsThePolicySays(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) { doc.Policies[0].Rescheduling.Times = 1 })
	made := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	keyed := move(made, "2030-06-04 11:00", func(r *booking.RescheduleRequest) { r.Idempotency = claim("m", "a") })
	d.mustMove(t, keyed)
	if _, replayed, err := d.Reschedule(t.Context(), keyed); err != nil || !replayed {
		t.Errorf("the same again: replayed %t, %v", replayed, err)
	}
	again := move(made, "2030-06-04 12:00")
	_, _, err := d.Reschedule(t.Context(), again)
	if refusal, ok := errors.AsType[*booking.Error](err); !ok || refusal.Code != booking.CodeLimitReached || refusal.Details["maximum"] != 1 {
		t.Errorf("moved a second time: %v, want LIMIT_REACHED", err)
	}
	d.reload(t) // a policy that says 0 times means never
	if _, _, err := d.Reschedule(t.Context(), again); booking.CodeOf(err) != booking.CodeLimitReached {
		t.Errorf("moved where nobody may: %v, want LIMIT_REACHED", err)
	}
	again.Actor.Override = true
	d.mustMove(t, again)
}
