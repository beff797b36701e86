package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func testUpdate(f *fixture) {
	r := appointment("dr-khan", at(9, 0))
	r.Booking.Notes = "first visit"
	r.Booking.CustomFields = map[string]string{"insurer": `Acme "Gold"`, "room": "<b>&\u2028", "note": "مريم"}
	b := f.mustBook(r)
	want := b
	want.CustomFields = r.Booking.CustomFields
	sameBooking(f, b, want)

	notes, gold := "nervous", "Acme"
	update := booking.Update{
		BookingID: b.ID, Notes: &notes, Version: 1, Actor: staff, Idempotency: claim("update", 1),
		CustomFields: map[string]*string{"insurer": &gold, "room": nil, "absent": nil},
	}
	got, replayed, err := f.Update(f.Context(), update)
	if err != nil || replayed {
		f.Fatalf("Update = replayed %v, %v", replayed, err)
	}
	want.Notes, want.CustomFields = notes, map[string]string{"insurer": "Acme", "note": "مريم"}
	want.Version, want.UpdatedAt = 2, got.UpdatedAt
	sameBooking(f, got, want)
	sameBooking(f, f.mustGet(b.ID), want)
	if events := f.events(b.ID); len(events) != 2 || events[1].Type != booking.EventUpdated || events[1].Channel != staff.Channel {
		f.Errorf("events = %+v; want the update last", events)
	}
	// The repetition is meant for a version that is gone, and still gets its answer.
	if got, replayed, err = f.Update(f.Context(), update); err != nil || !replayed || got.Version != 2 {
		f.Errorf("the same again: version %d, replayed %v, %v", got.Version, replayed, err)
	}
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID}); err != nil {
		f.Fatal(err)
	}
	if got, _, err = f.Update(f.Context(), booking.Update{BookingID: b.ID, Notes: &notes}); err != nil || got.Status != booking.StatusCancelled {
		f.Errorf("an update of a cancelled booking: %s, %v", got.Status, err)
	}
}

func testUpdateRefused(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	text, nul := "x", "a\x00b"
	many := map[string]*string{}
	for i := range booking.MaxCustomFields + 1 {
		many[fmt.Sprint(i)] = &text
	}
	for name, test := range map[string]struct {
		update booking.Update
		want   error
	}{
		"an older version": {booking.Update{BookingID: b.ID, Notes: &text, Version: 7}, booking.ErrVersionConflict},
		"unknown":          {booking.Update{BookingID: newID(), Notes: &text}, booking.ErrNotFound},
		"no id":            {booking.Update{BookingID: "x", Notes: &text}, booking.ErrNotFound},
		"a NUL byte":       {booking.Update{BookingID: b.ID, Notes: &nul}, booking.ErrInvalidRequest},
		"too many fields":  {booking.Update{BookingID: b.ID, CustomFields: many}, booking.ErrInvalidRequest},
	} {
		if _, _, err := f.Update(f.Context(), test.update); !errors.Is(err, test.want) {
			f.Errorf("%s: %v; want %v", name, err, test.want)
		}
	}
	sameBooking(f, f.mustGet(b.ID), b)
}

// testUpdateRace: of updates that are meant for one version one is made; updates of any version are all made.
func testUpdateRace(f *fixture) {
	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	var won atomic.Int64
	race(20, func(i int) {
		notes := strings.Repeat("x", i)
		_, _, err := f.Update(f.Context(), booking.Update{BookingID: b.ID, Notes: &notes, Version: 1})
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, booking.ErrVersionConflict) {
			f.Errorf("Update: %v", err)
		}
	})
	if won.Load() != 1 {
		f.Errorf("%d updates of one version were made", won.Load())
	}
	race(20, func(i int) {
		text := "x"
		if _, _, err := f.Update(f.Context(), booking.Update{BookingID: b.ID, CustomFields: map[string]*string{fmt.Sprint(i): &text}}); err != nil {
			f.Errorf("Update: %v", err)
		}
	})
	if got := f.mustGet(b.ID); len(got.CustomFields) != 20 || got.Version != 22 {
		f.Errorf("%d fields at version %d; want 20 at 22", len(got.CustomFields), got.Version)
	}
}

func testDecline(f *fixture) {
	r := appointment("dr-khan", at(9, 0))
	r.Booking.Status = booking.StatusPending
	group := class(at(9, 0))
	group.Booking.Status = booking.StatusPending
	for _, r := range []booking.NewBooking{r, group} {
		b := f.mustBook(r)
		got, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Declines: true, Reason: "full", Actor: staff})
		if err != nil || got.Status != booking.StatusCancelled || got.CancellationReason != "full" {
			f.Errorf("decline = %s, %v", got.Status, err)
		}
		if events := f.events(b.ID); events[len(events)-1].Type != booking.EventDeclined {
			f.Errorf("events = %+v; want the refusal last", events)
		}
		if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Declines: true}); !errors.Is(err, booking.ErrNotLive) {
			f.Errorf("declined twice: %v; want ErrNotLive", err)
		}
		f.mustBook(renewed(r))
	}
	confirmed := f.mustBook(appointment("dr-lee", at(9, 0)))
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: confirmed.ID, Declines: true}); !errors.Is(err, booking.ErrWrongStatus) {
		f.Errorf("a confirmed booking declined: %v; want ErrWrongStatus", err)
	}
}
