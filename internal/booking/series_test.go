package booking_test

import (
	"errors"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// farAhead takes bookings for most of a year.
func farAhead(doc *tenantconfig.Document) { doc.Policies[0].Notice.MaximumDays = 300 }

func weekly(request booking.Request, weeks int) booking.SeriesRequest {
	return booking.SeriesRequest{Request: request, Weeks: weeks}
}

func TestSeriesKeepsTheLocalTime(t *testing.T) {
	t.Parallel()
	d := openDesk(t, farAhead)
	// British clocks go back on 27 October 2030.
	series, replayed, err := d.BookSeries(t.Context(), weekly(wish("checkup", "2030-10-15 10:00", keyed("s", "a")), 4))
	if err != nil || replayed || len(series.Bookings) != 4 {
		t.Fatalf("BookSeries = %+v, replayed %t, %v", series, replayed, err)
	}
	for i, want := range []string{"2030-10-15 10:00", "2030-10-22 10:00", "2030-10-29 10:00", "2030-11-05 10:00"} {
		b := series.Bookings[i]
		if !b.Start.Equal(at(want)) || b.LocalStart != want[:10]+"T"+want[11:] || b.SeriesID != series.ID {
			t.Errorf("booking %d starts at %s (%s), want %s", i, b.Start, b.LocalStart, want)
		}
		if b.Units[0] != series.Bookings[0].Units[0] {
			t.Errorf("booking %d is with %v, the first with %v", i, b.Units, series.Bookings[0].Units)
		}
	}
	again, replayed, err := d.BookSeries(t.Context(), weekly(wish("checkup", "2030-10-15 10:00", keyed("s", "a")), 4))
	if err != nil || !replayed || again.ID != series.ID {
		t.Errorf("the same again: %s, replayed %t, %v", again.ID, replayed, err)
	}
	d.setClock(at("2030-10-15 10:30")) // by now the rules would refuse the first date
	if again, replayed, err = d.BookSeries(t.Context(), weekly(wish("checkup", "2030-10-15 10:00", keyed("s", "a")), 4)); err != nil || !replayed || len(again.Bookings) != 4 {
		t.Errorf("the same again, later: replayed %t, %v", replayed, err)
	}
}

func TestSeriesNamesEveryConflict(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.mustBook(t, wish("xray", "2030-06-20 10:15")) // a Thursday, as is the staff outing on the 6th
	_, _, err := d.BookSeries(t.Context(), weekly(wish("xray", "2030-06-06 10:00"), 10))
	refusal, ok := errors.AsType[*booking.Error](err)
	if !ok || refusal.Code != booking.CodeSeriesConflict {
		t.Fatalf("BookSeries = %v, want SERIES_CONFLICT", err)
	}
	want := map[string]booking.Code{
		"2030-06-06 10:00": booking.CodeClosed, "2030-06-20 10:00": booking.CodeSlotTaken, "2030-08-08 10:00": booking.CodeTooFar,
	}
	if len(refusal.Conflicts) != len(want) {
		t.Errorf("%d conflicts, want %d: %+v", len(refusal.Conflicts), len(want), refusal.Conflicts)
	}
	for _, conflict := range refusal.Conflicts {
		when := conflict.Start.In(d.Catalog().Location()).Format("2006-01-02 15:04")
		if conflict.Refusal.Code != want[when] || len(conflict.Refusal.Alternatives) == 0 {
			t.Errorf("%s: %v with %d alternatives, want %s", when, conflict.Refusal, len(conflict.Refusal.Alternatives), want[when])
		}
	}
	if kept := d.all(t); len(kept) != 1 {
		t.Errorf("%d bookings are kept, want the one from before", len(kept))
	}
}

func TestSeriesWithWhoeverIsFree(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")))
	d.mustBook(t, wish("checkup", "2030-06-11 10:00", with("dr-lee")))
	series, _, err := d.BookSeries(t.Context(), weekly(wish("checkup", "2030-06-04 10:00"), 3))
	if err != nil || series.Bookings[0].Units[0].ResourceID != "dr-lee" || series.Bookings[1].Units[0].ResourceID != "dr-khan" {
		t.Errorf("BookSeries = %+v, %v, want who is free each time", series.Bookings, err)
	}
}

func TestSeriesRefuses(t *testing.T) {
	t.Parallel()
	d := openDesk(t, farAhead, func(doc *tenantconfig.Document) { doc.Policies[0].Limits.OpenPerCustomer = 2 })
	for name, test := range map[string]struct {
		request booking.SeriesRequest
		code    booking.Code
	}{
		"no week":         {weekly(wish("xray", "2030-06-04 10:00"), 0), booking.CodeValidation},
		"too many weeks":  {weekly(wish("xray", "2030-06-04 10:00"), 53), booking.CodeValidation},
		"unknown service": {weekly(wish("massage", "2030-06-04 10:00"), 2), booking.CodeUnknownService},
		"too many open":   {weekly(wish("xray", "2030-06-04 10:00"), 3), booking.CodeLimitReached},
	} {
		if _, _, err := d.BookSeries(t.Context(), test.request); booking.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if _, err := d.Series(t.Context(), "x"); booking.CodeOf(err) != booking.CodeNotFound {
		t.Errorf("Series: %v", err)
	}
}

func TestCancelSeries(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	series, _, err := d.BookSeries(t.Context(), weekly(wish("class", "2030-06-05 10:00"), 4))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: series.Bookings[1].ID}); err != nil { // one of them
		t.Fatal(err)
	}
	rest := booking.CancelSeriesRequest{ID: series.ID, From: series.Bookings[2].Start, Reason: " Moving ", Idempotency: claim("c", "a")}
	for range 2 {
		left, _, err := d.CancelSeries(t.Context(), rest)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []booking.Status{booking.StatusConfirmed, booking.StatusCancelled, booking.StatusCancelled, booking.StatusCancelled} {
			if left.Bookings[i].Status != want {
				t.Errorf("booking %d is %s, want %s", i, left.Bookings[i].Status, want)
			}
		}
		if left.Bookings[3].CancellationReason != "Moving" {
			t.Errorf("reason %q", left.Bookings[3].CancellationReason)
		}
	}
	rest.Idempotency = nil
	if _, _, err := d.CancelSeries(t.Context(), rest); booking.CodeOf(err) != booking.CodeAlreadyCancelled {
		t.Errorf("nothing left: %v, want ALREADY_CANCELLED", err)
	}
	rest.ID = "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"
	if _, _, err := d.CancelSeries(t.Context(), rest); booking.CodeOf(err) != booking.CodeNotFound {
		t.Errorf("an unknown series: %v, want NOT_FOUND", err)
	}
}
