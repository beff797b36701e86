package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	store "github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
	"github.com/frontdesk-dev/frontdesk/test/bench/loadgen"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const pgbenchOutput = `transaction type: least.sql
number of transactions actually processed: 300
number of failed transactions: 0 (0.000%)
latency average = 1.0 ms
tps = 99.5 (without initial connection time)
`

func TestPgbenchMustKeepWhatItCounts(t *testing.T) {
	t.Parallel()
	if rate, err := parsePgbench(pgbenchOutput, 300); err != nil || rate != 99.5 {
		t.Errorf("%f %v", rate, err)
	}
	for name, c := range map[string]struct {
		output string
		kept   int
	}{
		"slots that were taken":  {pgbenchOutput, 299},
		"failed transactions":    {strings.Replace(pgbenchOutput, "transactions: 0", "transactions: 1", 1), 300},
		"no rate":                {"pgbench: error", 300},
		"nothing done, and kept": {strings.Replace(pgbenchOutput, "processed: 300", "processed: 0", 1), 0},
	} {
		if rate, err := parsePgbench(c.output, c.kept); err == nil {
			t.Errorf("%s: counts as %f/s", name, rate)
		}
	}
}

func TestSubstituteKnowsEveryParameter(t *testing.T) {
	t.Parallel()
	text, err := substitute("SELECT $1::uuid[], $12 -- a remark: $99\nFROM x")
	if err != nil || strings.Contains(text, "remark") || !strings.Contains(text, "ARRAY["+uuidExpression+"]::uuid[], ARRAY['api']") {
		t.Errorf("%q %v", text, err)
	}
	if _, err := substitute("SELECT $1, $99"); err == nil || !strings.Contains(err.Error(), "$99") {
		t.Errorf("a parameter without a value: %v", err)
	}
}

// TestTheBaselinesRun holds the parameters that this benchmark knows against the statement that the store really uses:
// when that changes, they must follow.
func TestTheBaselinesRun(t *testing.T) {
	t.Parallel()
	postgres, err := pgtest.Start(t.Context(), postgresSettings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{postgres: postgres, folder: t.TempDir()}
	url, err := b.database(t.Context(), "bookings")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	least, full, err := newBaselines(t.Context(), b, url, func() error { return bookForAWhile(t.Context(), opened) })
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []*pgbench{least, full} {
		if rate, err := script.run(t.Context(), 2, time.Second); err != nil || rate <= 0 {
			t.Errorf("%f/s: %v", rate, err)
		}
	}
}

// bookForAWhile books one slot after the other for long enough to be seen.
func bookForAWhile(ctx context.Context, opened *store.Store) error {
	start := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	for until := time.Now().Add(500 * time.Millisecond); time.Now().Before(until); start = start.Add(duration) {
		_, _, err := opened.Book(ctx, booking.NewBooking{
			Booking: booking.Booking{
				ID: uuid.Must(uuid.NewV7()).String(), ServiceID: visit, Start: start, End: start.Add(duration),
				Blocked: booking.Interval{Start: start, End: start.Add(duration)}, Status: booking.StatusConfirmed, Customer: booking.Customer{Email: "ann@example.com"},
			},
			Candidates: []booking.Assignment{{{ResourceID: rig.ResourceID(0), Number: 1}}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMedianAndPercentile(t *testing.T) {
	t.Parallel()
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median %f", got)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("median of four %f", got)
	}
	if got := percentile([]float64{3, 1, 2}, 99); got != 3 {
		t.Errorf("p99 %f", got)
	}
}

func TestTheRaceNoticesWhatItDidNotExpect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wish     wish
		answer   string
		status   int
		expected bool
	}{
		"a booking":            {wish{does: "book"}, `{"data":{"id":"a"}}`, 201, true},
		"a slot taken":         {wish{does: "book"}, `{"code":"SLOT_TAKEN"}`, 409, true},
		"another refusal":      {wish{does: "book"}, `{"code":"LIMIT_REACHED"}`, 409, false},
		"a failure":            {wish{does: "book"}, `{"code":"SERVER_ERROR"}`, 500, false},
		"a cancelled booking":  {wish{"cancel", "a"}, `{"data":{"id":"a"}}`, 200, true},
		"one that was no more": {wish{"cancel", "a"}, `{"code":"ALREADY_CANCELLED"}`, 409, false},
		"a move":               {wish{"move", "a"}, `{"data":{"id":"a"}}`, 200, true},
		"no JSON":              {wish{"move", "a"}, `oops`, 422, false},
	} {
		r := newRacers(nil)
		r.wishes[3] = c.wish
		r.done(3, loadgen.Answer{Status: c.status, Body: []byte(c.answer), Took: time.Millisecond})
		if expected := len(r.unexpected) == 0; expected != c.expected {
			t.Errorf("%s: expected %t", name, expected)
		}
	}
}

func TestEngineMeasuresRealQuestions(t *testing.T) {
	t.Parallel()
	for _, busy := range []int{0, 100} {
		snapshot, err := practice(2, busy)
		if err != nil || len(snapshot.Resources) != 2 || len(snapshot.Resources[0].Busy) != busy {
			t.Errorf("%d bookings: %v", busy, err)
		}
	}
	if _, err := practice(1, 100_000); err == nil {
		t.Error("more bookings than there is room for")
	}
}
