package booking_test

import (
	"context"
	"errors"
	"strings"
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

// What was refused because of what is booked stays refused under its key, even when the reason is gone; a new key tries anew.
func TestRefusalIsRepeated(t *testing.T) {
	t.Parallel()
	const pool = booking.MaxCandidates + 8
	tests := map[string]struct {
		change  func(*tenantconfig.Document)
		service string
		// inTheWay is how many bookings there are that refuse another one.
		inTheWay int
		code     booking.Code
	}{
		"a taken slot": {func(*tenantconfig.Document) {}, "xray", 1, booking.CodeSlotTaken},
		"a full class": {func(*tenantconfig.Document) {}, "class", 3, booking.CodeSlotTaken},
		"more ways than are tried at once": {func(doc *tenantconfig.Document) {
			doc.Resources[2].Capacity = pool
			doc.Services[1].Requires = anyOf("chairs")
		}, "xray", pool, booking.CodeSlotTaken},
		"a full day":            {func(doc *tenantconfig.Document) { doc.Policies[0].Limits.PerDay = 1 }, "xray", 1, booking.CodeLimitReached},
		"a class on a full day": {func(doc *tenantconfig.Document) { doc.Policies[0].Limits.PerDay = 1 }, "class", 1, booking.CodeLimitReached},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openDesk(t, tt.change)
			var inTheWay []booking.Booking
			for range tt.inTheWay {
				inTheWay = append(inTheWay, d.mustBook(t, wish(tt.service, "2030-06-04 10:00")))
			}
			request := func(key, body string) booking.Request { return wish(tt.service, "2030-06-04 10:00", keyed(key, body)) }
			if refusal := d.refused(t, request("k", "a"), tt.code); refusal.Repeated {
				t.Errorf("the first refusal says that it repeats one: %s", refusal.Message)
			}
			if refusal := d.refused(t, request("k", "a"), tt.code); !refusal.Repeated {
				t.Errorf("while nothing has changed the repetition does not say what it is: %s", refusal.Message)
			}
			for _, b := range inTheWay {
				if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: b.ID}); err != nil {
					t.Fatal(err)
				}
			}
			refusal := d.refused(t, request("k", "a"), tt.code)
			if !refusal.Repeated || !strings.Contains(refusal.Message, "new idempotency key") {
				t.Errorf("the repetition does not say what it is: %s", refusal.Message)
			}
			d.refused(t, request("k", "b"), booking.CodeIdempotencyMismatch)
			d.mustBook(t, request("new", "a"))
		})
	}
}

// refusedChanges are requests to change a confirmed booking that begins in a few hours and was moved once. Each is refused for a
// reason that is kept.
var refusedChanges = map[string]struct {
	request func(context.Context, *desk, booking.Booking, *booking.IdempotencyClaim) error
	code    booking.Code
	// says is what a repetition is told of then.
	says string
	// moves are the rules about moving.
	moves tenantconfig.Rescheduling
}{
	"recorded before it began": {func(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
		_, _, err := d.Complete(ctx, booking.ChangeRequest{ID: b.ID, Actor: owner, Idempotency: key})
		return err
	}, booking.CodeNotStarted, "had not begun", tenantconfig.Rescheduling{}},
	"confirmed twice": {func(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
		_, _, err := d.Confirm(ctx, booking.ChangeRequest{ID: b.ID, Actor: owner, Idempotency: key})
		return err
	}, booking.CodeWrongStatus, "did not allow", tenantconfig.Rescheduling{}},
	"declined, though confirmed": {func(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
		_, _, err := d.Decline(ctx, booking.DeclineRequest{ID: b.ID, Actor: owner, Idempotency: key})
		return err
	}, booking.CodeWrongStatus, "did not allow", tenantconfig.Rescheduling{}},
	"cancelled too late": {func(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
		_, _, err := d.Cancel(ctx, booking.CancelRequest{ID: b.ID, Idempotency: key})
		return err
	}, booking.CodeTooLateToCancel, "too late", tenantconfig.Rescheduling{}},
	"a series cancelled too late": {func(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
		_, _, err := d.CancelSeries(ctx, booking.CancelSeriesRequest{ID: b.SeriesID, Idempotency: key})
		return err
	}, booking.CodeTooLateToCancel, "too late", tenantconfig.Rescheduling{}},
	"moved too late": {moveOn, booking.CodeTooLateToReschedule, "too late",
		tenantconfig.Rescheduling{Until: tenantconfig.Duration(24 * time.Hour), Times: 3}},
	"moved too often": {moveOn, booking.CodeLimitReached, "limit had been reached", tenantconfig.Rescheduling{Times: 1}},
}

func moveOn(ctx context.Context, d *desk, b booking.Booking, key *booking.IdempotencyClaim) error {
	_, _, err := d.Reschedule(ctx, booking.RescheduleRequest{ID: b.ID, Start: b.Start.Add(4 * time.Hour), Idempotency: key})
	return err
}

// What a change was refused for is told again, in words about then: by now the booking is another one's business.
func TestRefusedChangesAreRepeated(t *testing.T) {
	t.Parallel()
	for name, tt := range refusedChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openDesk(t, alwaysOpen, func(doc *tenantconfig.Document) { doc.Policies[0].Rescheduling = tt.moves })
			now := time.Now().Truncate(time.Minute) // what is too late is for the database's clock to say
			d.setClock(now.AddDate(0, 0, -3))
			soon := wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = now.Add(2 * time.Hour) })
			series, _, err := d.BookSeries(t.Context(), weekly(soon, 1))
			if err != nil {
				t.Fatal(err)
			}
			b := d.mustMove(t, booking.RescheduleRequest{ID: series.Bookings[0].ID, Start: soon.Start.Add(time.Hour), Actor: owner})
			first, ok := errors.AsType[*booking.Error](tt.request(t.Context(), d, b, claim("k", "a")))
			if !ok || first.Code != tt.code || first.Repeated {
				t.Fatalf("the first time: %v; want %s, and not that it is a repetition", first, tt.code)
			}
			if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: b.ID, Actor: owner}); err != nil {
				t.Fatal(err)
			}
			again, ok := errors.AsType[*booking.Error](tt.request(t.Context(), d, b, claim("k", "a")))
			if !ok || again.Code != tt.code || !again.Repeated {
				t.Fatalf("again: %v; want %s, and that it is a repetition", again, tt.code)
			}
			if !strings.Contains(again.Message, tt.says) || strings.Count(again.Message, "new idempotency key") != 1 {
				t.Errorf("again: %q; want what it was refused for then, and what to do", again.Message)
			}
		})
	}
}

// A repetition that the rules refuse by now is told what it was refused for then.
func TestRefusalOutlivesTheRules(t *testing.T) {
	t.Parallel()
	d := openDesk(t, movable)
	d.mustBook(t, wish("xray", "2030-06-04 10:00"))
	gone := d.mustBook(t, wish("xray", "2030-06-04 14:00"))
	request := func(key string) error {
		_, _, err := d.Book(t.Context(), wish("xray", "2030-06-04 10:00", keyed(key, "a")))
		return err
	}
	moving := func(key string) error {
		_, _, err := d.Reschedule(t.Context(), move(gone, "2030-06-04 10:00", func(r *booking.RescheduleRequest) { r.Idempotency = claim(key, "m") }))
		return err
	}
	expect := func(what string, err error, code booking.Code, repeated bool) {
		t.Helper()
		refusal, ok := errors.AsType[*booking.Error](err)
		if !ok || refusal.Code != code || refusal.Repeated != repeated {
			t.Errorf("%s: %v; want %s, repeated %t", what, err, code, repeated)
		}
	}
	expect("a request", request("k"), booking.CodeSlotTaken, false)
	expect("a move", moving("m"), booking.CodeSlotTaken, false)
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: gone.ID}); err != nil {
		t.Fatal(err)
	}
	d.setClock(at("2030-06-04 09:30"))
	expect("a new request", request("new"), booking.CodeTooSoon, false)
	expect("a new move", moving("new move"), booking.CodeWrongStatus, false)
	expect("the request again", request("k"), booking.CodeSlotTaken, true)
	expect("the move again", moving("m"), booking.CodeSlotTaken, true)
}

// What is refused whatever is booked claims nothing.
func TestRefusalByTheRulesClaimsNothing(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	request := wish("xray", "2030-06-06 10:00", keyed("k", "a"))
	d.refused(t, request, booking.CodeClosed)
	d.reload(t, func(doc *tenantconfig.Document) { doc.Policies[0].Exceptions = nil })
	d.mustBook(t, request)
}

func TestRefusedMovesAndSeriesAreRepeated(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	moved := d.mustBook(t, wish("xray", "2030-06-04 14:00"))
	inTheWay := d.mustBook(t, wish("xray", "2030-06-11 10:00"))
	requests := map[booking.Code]func(key string) error{
		booking.CodeSlotTaken: func(key string) error {
			_, _, err := d.Reschedule(t.Context(), booking.RescheduleRequest{
				ID: moved.ID, Start: inTheWay.Start, Actor: booking.Actor{Override: true}, Idempotency: claim(key, "move")})
			return err
		},
		booking.CodeSeriesConflict: func(key string) error {
			_, _, err := d.BookSeries(t.Context(), weekly(wish("xray", "2030-06-04 10:00", keyed(key, "series")), 3))
			return err
		},
	}
	expect := func(code booking.Code, err error, repeated bool) *booking.Error {
		t.Helper()
		refusal, ok := errors.AsType[*booking.Error](err)
		if !ok || refusal.Code != code || refusal.Repeated != repeated {
			t.Fatalf("%v; want %s, repeated %t", err, code, repeated)
		}
		return refusal
	}
	for code, request := range requests {
		_ = expect(code, request(string(code)), false)
	}
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: inTheWay.ID}); err != nil {
		t.Fatal(err)
	}
	for code, request := range requests {
		refusal := expect(code, request(string(code)), true)
		if code == booking.CodeSeriesConflict && (len(refusal.Conflicts) != 1 || !refusal.Conflicts[0].Start.Equal(inTheWay.Start)) {
			t.Errorf("conflicts %+v; want the one of then", refusal.Conflicts)
		}
	}
	if err := requests[booking.CodeSlotTaken]("new"); err != nil {
		t.Errorf("with a new key: %v", err)
	}
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
