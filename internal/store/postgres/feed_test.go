package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestChangesAreHeardByOtherStores: a change made through one store is told by the feeds of the others, soon and not by
// its own; refusals and replays are not told. After an interruption one is told in any case.
func TestChangesAreHeardByOtherStores(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	own, other := openStore(t, url), openStore(t, url)
	ctx, stop := context.WithCancel(t.Context())
	ownChanges, otherChanges := changesOf(ctx, t, own), changesOf(ctx, t, other)
	awaitChange(t, ownChanges, "listening began")
	awaitChange(t, otherChanges, "listening began")

	r := request(noon)
	b, _, err := own.Book(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	took := awaitChange(t, otherChanges, "a booking")
	t.Logf("a change was heard after %s", took)
	if _, _, err := own.Cancel(t.Context(), booking.Cancellation{BookingID: b.ID}); err != nil {
		t.Fatal(err)
	}
	awaitChange(t, otherChanges, "a cancellation")

	r.Booking.ID = request(noon).Booking.ID
	if _, replayed, err := other.Book(t.Context(), r); err != nil || !replayed {
		t.Fatalf("replayed: %t, %v", replayed, err)
	}
	if _, _, err := other.Book(t.Context(), request(noon.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	// What is heard first is the other store's booking: neither its replay nor the own changes before were told here.
	awaitChange(t, ownChanges, "the other store's booking")
	select {
	case <-ownChanges:
		t.Error("a change was told that nobody else made")
	default:
	}

	if _, err := own.Pool().Exec(t.Context(), `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%bookings%'`); err != nil {
		t.Fatal(err)
	}
	awaitChange(t, ownChanges, "an interruption")
	awaitChange(t, otherChanges, "an interruption")
	stop()
	for _, changes := range []<-chan struct{}{ownChanges, otherChanges} {
		for range changes { // ends when the feed has
		}
	}
}

func changesOf(ctx context.Context, t *testing.T, feed booking.ChangeFeed) <-chan struct{} {
	t.Helper()
	changes, err := feed.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func awaitChange(t *testing.T, changes <-chan struct{}, what string) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case <-changes:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s was not told", what)
	}
	return time.Since(began)
}
