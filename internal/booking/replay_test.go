package booking_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestIdempotentBook(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	request := wish("xray", "2030-06-04 10:00", keyed("k1", "a"))
	first := d.mustBook(t, request)
	again, replayed, err := d.Book(t.Context(), request)
	if err != nil || !replayed {
		t.Fatalf("the repeated request = replayed %t, %v", replayed, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the replay differs (-first +again):\n%s", diff)
	}
	refusal := d.refused(t, wish("xray", "2030-06-04 11:00", keyed("k1", "b")), booking.CodeIdempotencyMismatch)
	if want := "This idempotency key was used for a different request. Use a new key for a new request."; refusal.Message != want {
		t.Errorf("message %q, want %q", refusal.Message, want)
	}
	if made := d.all(t); len(made) != 1 {
		t.Errorf("%d bookings are kept, want 1", len(made))
	}
}

// What was agreed is answered again, even if the rules would refuse it by now.
func TestReplayOutlivesTheRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*testing.T, *desk)
	}{
		{"the time has come", func(_ *testing.T, d *desk) { d.setClock(at("2030-06-04 10:00")) }},
		{"the time has passed", func(_ *testing.T, d *desk) { d.setClock(at("2031-01-01 10:00")) }},
		{"the day was closed", func(t *testing.T, d *desk) {
			d.reload(t, func(doc *tenantconfig.Document) { doc.Policies[0].Exceptions[0].From = "2030-06-04" })
		}},
		{"the service is gone", func(t *testing.T, d *desk) {
			d.reload(t, func(doc *tenantconfig.Document) { doc.Services = doc.Services[2:] })
		}},
		{"the grid has changed", func(t *testing.T, d *desk) {
			d.reload(t, func(doc *tenantconfig.Document) {
				doc.Policies[0].Slots.Interval = tenantconfig.Duration(2 * time.Hour)
			})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := openDesk(t)
			first := d.mustBook(t, wish("xray", "2030-06-04 10:00", keyed("k", "a")))
			tt.change(t, d)
			again, replayed, err := d.Book(t.Context(), wish("xray", "2030-06-04 10:00", keyed("k", "a")))
			if err != nil || !replayed || again.ID != first.ID {
				t.Errorf("the repeated request = %q, replayed %t, %v, want the booking %q", again.ID, replayed, err, first.ID)
			}
			if _, _, err := d.Book(t.Context(), wish("xray", "2030-06-04 10:00", keyed("other", "a"))); err == nil {
				t.Error("a new request is accepted: the case tests nothing")
			}
			if _, _, err := d.Book(t.Context(), wish("xray", "2030-06-04 10:00", keyed("k", "b"))); booking.CodeOf(err) != booking.CodeIdempotencyMismatch {
				t.Errorf("another request with the key = %v, want IDEMPOTENCY_KEY_REUSED", err)
			}
		})
	}
}

// A refused request claims nothing: its key may be used once the reason is gone.
func TestRefusalDoesNotUseUpTheKey(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	blocker := d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	request := wish("xray", "2030-06-04 10:00", keyed("k", "a"))
	d.refused(t, request, booking.CodeSlotTaken)
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: blocker.ID}); err != nil {
		t.Fatal(err)
	}
	d.mustBook(t, request)
}

func TestReplayShowsTheBookingAsItIsNow(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	request := wish("xray", "2030-06-04 10:00", keyed("k", "a"))
	first := d.mustBook(t, request)
	cancel := booking.CancelRequest{ID: first.ID, Reason: "Fell ill", Idempotency: claim("c", "a")}
	cancelled, replayed, err := d.Cancel(t.Context(), cancel)
	if err != nil || replayed {
		t.Fatalf("Cancel = replayed %t, %v", replayed, err)
	}
	again, replayed, err := d.Cancel(t.Context(), cancel)
	if err != nil || !replayed {
		t.Fatalf("the repeated Cancel = replayed %t, %v", replayed, err)
	}
	if diff := cmp.Diff(cancelled, again); diff != "" {
		t.Errorf("the replayed Cancel differs (-first +again):\n%s", diff)
	}
	booked, replayed, err := d.Book(t.Context(), request)
	if err != nil || !replayed || booked.Status != booking.StatusCancelled {
		t.Errorf("the repeated Book = %s, replayed %t, %v, want the booking cancelled", booked.Status, replayed, err)
	}
}

func TestRacersWithOneKey(t *testing.T) {
	t.Parallel()
	const racers = 64
	d := openDesk(t)
	outcomes := race(racers, func(int) (booking.Booking, bool, error) {
		return d.Book(t.Context(), wish("checkup", "2030-06-04 10:00", keyed("k", "a")))
	})
	made, ids := 0, map[string]bool{}
	for _, outcome := range outcomes {
		if outcome.err != nil {
			t.Errorf("a request with the key = %v", outcome.err)
			continue
		}
		ids[outcome.booking.ID] = true
		if !outcome.replayed {
			made++
		}
	}
	if kept := d.all(t); made != 1 || len(ids) != 1 || len(kept) != 1 {
		t.Errorf("%d were made, %d ids answered, %d bookings kept; want 1 of each", made, len(ids), len(kept))
	}
}
