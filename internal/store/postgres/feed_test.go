package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
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

// TestChangesOfThoseWhoHangUpAreHeard: callers leave while their changes share statements that wait for a lock. The changes are made
// then, and whoever looks again only when he is told so must not go on without them, this server's own readers included.
func TestChangesOfThoseWhoHangUpAreHeard(t *testing.T) {
	t.Parallel()
	const callers = 32
	for name, requestOf := range map[string]func(i int) booking.NewBooking{
		"of one unit": func(i int) booking.NewBooking { return request(noon.Add(time.Duration(i) * time.Hour)) },
		"in turns":    func(i int) booking.NewBooking { return pair(noon.Add(time.Duration(i)*time.Hour), "dr-khan", "room-2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := openInOrder(t, pgtest.URL(t))
			store.DoubtLong()
			changes := changesOf(t.Context(), t, store)
			awaitChange(t, changes, "listening began")
			holding := begin(t, store, occupyByHand)
			leaving, leave := context.WithCancel(t.Context())
			var left []<-chan error
			for i := range callers {
				r := requestOf(i)
				r.Booking.Customer.Phone = fmt.Sprintf("+4420794602%02d", i)
				left = append(left, inBackground(func() error {
					_, _, err := store.Book(leaving, r)
					return err
				}))
			}
			awaitBlocked(t, store.Pool(), 1)
			leave()
			for _, done := range left {
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("a caller who has left: %v", err)
				}
			}
			if err := holding.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			for seen := 0; seen == 0; seen = bookings(t, store) {
				awaitChange(t, changes, "a change whose caller has left")
			}
		})
	}
}

// TestDoubtfulChangesAreHeardOfAgain: of a change that lost its caller or its connection it is not known when it ends.
func TestDoubtfulChangesAreHeardOfAgain(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	b := mustBook(t, store, request(noon))
	changes := changesOf(t.Context(), t, store)
	awaitChange(t, changes, "listening began")
	begin(t, store, `SELECT FROM bookings WHERE id = $1 FOR UPDATE`, b.ID)
	leaving, leave := context.WithCancel(t.Context())
	cancelled := inBackground(func() error {
		_, _, err := store.Cancel(leaving, booking.Cancellation{BookingID: b.ID})
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	leave()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has left: %v", err)
	}
	awaitChange(t, changes, "a change of which nobody knows")
}

// TestRefusedLeavesAreNotAnnounced listens to what a store tells the others. It tells everything before it is closed.
func TestRefusedLeavesAreNotAnnounced(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	other := openStore(t, url)
	e, _, err := other.Join(t.Context(), booking.NewWaitlistEntry{Entry: booking.WaitlistEntry{
		ID: uuid.Must(uuid.NewV7()).String(), ServiceID: "checkup", Customer: booking.Customer{Phone: "+442079460000"},
		Windows: []booking.Interval{{Start: noon, End: noon.Add(time.Hour)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close(context.WithoutCancel(t.Context())) })
	if _, err := connection.Exec(t.Context(), `LISTEN frontdesk_bookings`); err != nil {
		t.Fatal(err)
	}
	claim := &booking.IdempotencyClaim{Principal: "key:1", Route: "POST /waitlist", Key: "leave"}
	for _, step := range []struct {
		name     string
		leaving  booking.Leaving
		refusal  error
		replayed bool
		told     int
	}{
		{"nobody", booking.Leaving{EntryID: uuid.Must(uuid.NewV7()).String()}, booking.ErrNotFound, false, 0},
		{"who waits", booking.Leaving{EntryID: e.ID, Idempotency: claim}, nil, false, 1},
		{"the same again", booking.Leaving{EntryID: e.ID, Idempotency: claim}, nil, true, 0},
		{"who has left", booking.Leaving{EntryID: e.ID}, booking.ErrNotLive, false, 0},
	} {
		own, err := postgres.Open(t.Context(), postgres.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		_, replayed, err := own.Leave(t.Context(), step.leaving)
		if !errors.Is(err, step.refusal) || replayed != step.replayed {
			t.Errorf("%s: replayed %t, %v", step.name, replayed, err)
		}
		if err := own.Close(); err != nil {
			t.Fatal(err)
		}
		if told := toldBefore(t, connection, step.name); told != step.told {
			t.Errorf("%s: told %d times; want %d", step.name, told, step.told)
		}
	}
}

// toldBefore counts the announcements that were made until now.
func toldBefore(t *testing.T, connection *pgx.Conn, now string) (count int) {
	t.Helper()
	if _, err := connection.Exec(t.Context(), `SELECT pg_notify('frontdesk_bookings', $1)`, now); err != nil {
		t.Fatal(err)
	}
	for {
		notification, err := connection.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if notification.Payload == now {
			return count
		}
		count++
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
