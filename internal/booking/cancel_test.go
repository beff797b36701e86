package booking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func TestCancelFreesTheSlot(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	made := d.mustBook(t, wish("hygiene", "2030-06-04 10:00"))
	actor := booking.Actor{Principal: "key:abc123", Channel: "voice"}
	cancelled, replayed, err := d.Cancel(t.Context(), booking.CancelRequest{ID: strings.ToUpper(made.ID), Reason: " Fell ill \n", Actor: actor})
	if err != nil || replayed {
		t.Fatalf("Cancel = replayed %t, %v", replayed, err)
	}
	if cancelled.Status != booking.StatusCancelled || cancelled.CancellationReason != "Fell ill" || cancelled.CancelledAt.IsZero() || cancelled.Version != 2 {
		t.Errorf("booking = %+v, want it cancelled with the reason", cancelled)
	}
	events, err := d.Events(t.Context(), made.ID)
	if err != nil || len(events) != 2 || events[1].Type != booking.EventCancelled || events[1].Channel != "voice" {
		t.Errorf("Events = %+v, %v, want the cancellation last", events, err)
	}
	for range 2 {
		d.mustBook(t, wish("hygiene", "2030-06-04 10:00"))
	}
}

func TestCancelRefuses(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	gone := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: gone.ID}); err != nil {
		t.Fatal(err)
	}
	there := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: d.mustBook(t, wish("xray", "2030-06-04 11:00")).ID, Idempotency: claim("k", "a")}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		request booking.CancelRequest
		code    booking.Code
		field   string
		message string
	}{
		{"an id that is none", booking.CancelRequest{ID: "42"}, booking.CodeNotFound, "", `There is no booking "42". Check its number.`},
		{"a UUID in braces", booking.CancelRequest{ID: "{" + there.ID + "}"}, booking.CodeNotFound, "", "There is no booking"},
		{"an unknown id", booking.CancelRequest{ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"}, booking.CodeNotFound, "", "There is no such booking. Check its number."},
		{"a cancelled booking", booking.CancelRequest{ID: gone.ID}, booking.CodeAlreadyCancelled, "", "This booking was cancelled already. There is nothing left to do."},
		{"a long reason", booking.CancelRequest{ID: there.ID, Reason: strings.Repeat("x", 501)}, booking.CodeValidation, "reason", "has 501 characters; at most 500 are allowed"},
		{"a reason with NUL", booking.CancelRequest{ID: there.ID, Reason: "a\x00"}, booking.CodeValidation, "reason", "control character U+0000"},
		{"a key of another request", booking.CancelRequest{ID: there.ID, Idempotency: claim("k", "b")}, booking.CodeIdempotencyMismatch, "", "Use a new key for a new request."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := d.Cancel(t.Context(), tt.request)
			refusal, ok := errors.AsType[*booking.Error](err)
			if !ok || refusal.Code != tt.code || refusal.Field != tt.field || !strings.Contains(refusal.Message, tt.message) {
				t.Errorf("Cancel = %v (field %q), want %s, field %q, message with %q", err, refusal.Field, tt.code, tt.field, tt.message)
			}
		})
	}
	if kept, err := d.Get(t.Context(), there.ID); err != nil || kept.Status != booking.StatusConfirmed {
		t.Errorf("the booking is %s, %v, want it untouched", kept.Status, err)
	}
}

// Cut-offs go by the database's clock, so these bookings are made around the real now, at a business that
// never closes.
func TestCancelCutOff(t *testing.T) {
	t.Parallel()
	d := openDesk(t, alwaysOpen)
	now := time.Now().Truncate(time.Minute)
	d.setClock(now.AddDate(0, 0, -3)) // so that the past can be booked
	book := func(from time.Duration) booking.Booking {
		return d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = now.Add(from) }))
	}
	early, late, begun := book(25*time.Hour), book(23*time.Hour), book(-10*time.Minute)
	tests := []struct {
		name    string
		id      string
		actor   booking.Actor
		code    booking.Code
		message string
	}{
		{"before the cut-off", early.ID, booking.Actor{}, "", ""},
		{"after the cut-off", late.ID, booking.Actor{}, booking.CodeTooLateToCancel,
			"Bookings can be cancelled until 1 day before they begin, and that moment has passed. Call Bright Smile Dental on +442079460000 to cancel it."},
		{"after the cut-off, by the business", late.ID, owner, "", ""},
		{"once it has begun, by the business", begun.ID, owner, booking.CodeTooLateToCancel, "The appointment has begun, so it can no longer be cancelled."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cancelled, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: tt.id, Actor: tt.actor})
			if tt.code == "" {
				if err != nil || cancelled.Status != booking.StatusCancelled {
					t.Errorf("Cancel = %s, %v", cancelled.Status, err)
				}
				return
			}
			refusal, ok := errors.AsType[*booking.Error](err)
			if !ok || refusal.Code != tt.code || refusal.Message != tt.message {
				t.Errorf("Cancel = %v, want %s: %s", err, tt.code, tt.message)
			}
		})
	}
}
