package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// These tests hold a lock by hand, so that changes meet in one certain order: races of which a contention test would
// hit the moment once in many thousand runs.

// TestCancelSeesTheMoveThatItWaitedFor queues a reschedule and then a cancellation on the booking's row. The
// cancellation must free the time that the booking was moved to, which its first snapshot cannot see.
func TestCancelSeesTheMoveThatItWaitedFor(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	r := request(noon)
	b, _, err := store.Book(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	blocker := begin(t, store, `SELECT FROM bookings WHERE id = $1 FOR UPDATE`, b.ID)
	later := noon.Add(3 * time.Hour)
	moved := inBackground(func() error {
		_, _, err := store.Reschedule(t.Context(), booking.Rescheduling{
			BookingID: b.ID, Start: later, End: later.Add(time.Hour), Candidates: r.Candidates,
			Blocked: booking.Interval{Start: later, End: later.Add(time.Hour)},
		})
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	cancelled := inBackground(func() error {
		_, _, err := store.Cancel(t.Context(), booking.Cancellation{BookingID: b.ID})
		return err
	})
	awaitBlocked(t, store.Pool(), 2)
	if err := blocker.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-moved, <-cancelled); err != nil {
		t.Fatal(err)
	}
	occupied, err := store.Occupied(t.Context(), []string{"dr-khan"}, booking.Interval{Start: noon.AddDate(0, 0, -1), End: noon.AddDate(0, 0, 1)})
	if err != nil || len(occupied) != 0 {
		t.Errorf("the cancelled booking occupies %v, %v", occupied, err)
	}
}

// TestRefusedRequestStaysRefused: a statement waits for a booking that is being called off; the caller, who has lost its
// server, repeats the request at another one, and is refused. Then the slot is free, and the statement goes on: it must
// not book what its caller was refused. That the first server is alive here, and learns of it, makes no difference to Postgres.
func TestRefusedRequestStaysRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	lost, other := openInOrder(t, url), openInOrder(t, url)
	taken, _, err := lost.Book(t.Context(), request(noon))
	if err != nil {
		t.Fatal(err)
	}
	r := request(noon)
	callingOff := begin(t, lost, `DELETE FROM occupancy WHERE booking_id = $1`, taken.ID)
	late := inBackground(func() error {
		_, _, err := lost.Book(t.Context(), r)
		return err
	})
	awaitBlocked(t, other.Pool(), 1)

	r.Booking.ID = uuid.Must(uuid.NewV7()).String()
	other.ExpectLosers() // else it waits for the slot, too
	if _, _, err := other.Book(t.Context(), r); !errors.Is(err, booking.ErrOccupied) {
		t.Fatalf("repeated at another server: %v; want ErrOccupied", err)
	}
	if err := callingOff.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-late; !errors.Is(err, booking.ErrOccupied) {
		t.Errorf("the late statement: %v; want ErrOccupied", err)
	}
	occupied, err := other.Occupied(t.Context(), []string{"dr-khan"}, booking.Interval{Start: noon, End: noon.Add(time.Hour)})
	if err != nil || len(occupied) != 0 {
		t.Errorf("the refused request occupies %v, %v", occupied, err)
	}
	if _, _, err := other.Book(t.Context(), r); !errors.Is(err, booking.ErrOccupied) {
		t.Errorf("repeated once more: %v; want ErrOccupied", err)
	}
}

// TestRefusalWaitsForTheBookingUnderWay: the statement with the same key has done everything but commit when the request is
// refused elsewhere. The caller is told of the booking.
func TestRefusalWaitsForTheBookingUnderWay(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	b, _, err := store.Book(t.Context(), request(noon))
	if err != nil {
		t.Fatal(err)
	}
	claim := booking.IdempotencyClaim{Principal: "key:1", Route: "POST /bookings", Key: "under way"}
	underWay := begin(t, store, `INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id) VALUES ($1, $2, $3, $4, $5)`,
		claim.Principal, claim.Route, claim.Key, claim.BodyHash[:], b.ID)
	var got booking.Booking
	refused := inBackground(func() (err error) {
		got, err = store.Refuse(t.Context(), claim, booking.ErrOccupied)
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	if err := underWay.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; err != nil || got.ID != b.ID {
		t.Errorf("the refusal ends in %q, %v; want the booking %s", got.ID, err, b.ID)
	}
}

// TestNobodyJoinsASessionThatLosesItsRoom takes the room of a session whose last hold runs out, in the middle of
// somebody's joining it.
func TestNobodyJoinsASessionThatLosesItsRoom(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	class := func() booking.NewBooking {
		r := request(noon)
		r.Booking.GroupSize = 12
		return r
	}
	first := class()
	first.Booking.Status, first.HoldTTL = booking.StatusHeld, time.Hour
	if _, _, err := store.Book(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	// What an ordinary booking does to an expired occupancy. It takes no lock but that of the row.
	taker := begin(t, store, `DELETE FROM occupancy WHERE resource_id = 'dr-khan'`)
	other := uuid.Must(uuid.NewV7()).String()
	_, err := taker.Exec(t.Context(), `INSERT INTO occupancy (booking_id, resource_id, unit, blocked) VALUES ($1, 'dr-khan', 1, tstzrange($2, $3))`,
		other, noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	joined := inBackground(func() error {
		_, _, err := store.Book(t.Context(), class())
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	if err := taker.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-joined; !errors.Is(err, booking.ErrOccupied) {
		t.Errorf("joining a session that has no room any more: %v; want ErrOccupied", err)
	}
}

// TestServicesHaveLinesOfTheirOwn has somebody stand in the door of one service's line: he waits for his own row and holds
// the line meanwhile. What happens to other services does not wait for him.
func TestServicesHaveLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	b, _, err := store.Book(t.Context(), request(noon))
	if err != nil {
		t.Fatal(err)
	}
	join := func(service, phone string) error {
		_, _, err := store.Join(t.Context(), booking.NewWaitlistEntry{Entry: booking.WaitlistEntry{
			ID: uuid.Must(uuid.NewV7()).String(), ServiceID: service, Customer: booking.Customer{Name: "Ann", Phone: phone},
			Windows: []booking.Interval{{Start: noon, End: noon.Add(time.Hour)}},
		}})
		return err
	}
	blocker := begin(t, store, `SELECT FROM customers WHERE id = $1 FOR UPDATE`, b.Customer.ID)
	standing := inBackground(func() error { return join("hygiene", b.Customer.Phone) })
	awaitBlocked(t, store.Pool(), 1)

	other, _, err := store.Book(t.Context(), elsewhere(request(noon)))
	if err != nil {
		t.Fatal(err)
	}
	nobody := &booking.Offering{Offer: func(booking.WaitlistEntry, booking.Booking) (booking.NewBooking, bool) {
		return booking.NewBooking{}, false
	}}
	passing := inBackground(func() error {
		_, _, err := store.Cancel(t.Context(), booking.Cancellation{BookingID: other.ID, Offering: nobody})
		return errors.Join(err, join("checkup", "+442079460002"))
	})
	select {
	case err := <-passing:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a change of one service waits for the line of another")
		defer func() { <-passing }()
	}
	if err := errors.Join(blocker.Commit(t.Context()), <-standing); err != nil {
		t.Error(err)
	}
}

// elsewhere makes a request one of somebody else for other time.
func elsewhere(r booking.NewBooking) booking.NewBooking {
	r.Booking.Customer = booking.Customer{Name: "Bea", Phone: "+442079460001"}
	r.Candidates = []booking.Assignment{{{ResourceID: "dr-lee", Number: 1}}}
	return r
}

// TestNothingIsHalfBooked takes the second of two units while a booking of both waits for it, after it has the first.
func TestNothingIsHalfBooked(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	taker := begin(t, store, `INSERT INTO occupancy (booking_id, resource_id, unit, blocked)
		VALUES (gen_random_uuid(), 'room-2', 1, tstzrange($1, $2))`, noon, noon.Add(time.Hour))
	r := request(noon)
	r.Candidates = []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}, {ResourceID: "room-2", Number: 1}}}
	booked := inBackground(func() error {
		_, _, err := store.Book(t.Context(), r)
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	if err := taker.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-booked; !errors.Is(err, booking.ErrOccupied) {
		t.Errorf("booking a room that another one has: %v", err)
	}
	var left int
	err := store.Pool().QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM occupancy WHERE resource_id = 'dr-khan') + (SELECT count(*) FROM bookings)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows are left of a booking that failed, %v", left, err)
	}
}

// openInOrder opens a store whose changes wait for locks in the order in which they came.
func openInOrder(t *testing.T, url string) *postgres.Store {
	t.Helper()
	store := openStore(t, url)
	store.KeepOrder()
	return store
}

// begin starts a transaction with one statement.
func begin(t *testing.T, store *postgres.Store, sql string, args ...any) pgx.Tx {
	t.Helper()
	return hold(t, store.Pool(), sql, args...)
}

// hold is begin on another pool than a store's.
func hold(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(context.WithoutCancel(t.Context())); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
	})
	if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
	return tx
}

func inBackground(fn func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- fn() }()
	return done
}

// awaitBlocked waits until so many sessions of the database wait for a lock.
func awaitBlocked(t *testing.T, pool *pgxpool.Pool, want int) {
	t.Helper()
	awaitCount(t, pool, want, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
}

// awaitCount waits until a query counts so many sessions that wait.
func awaitCount(t *testing.T, pool *pgxpool.Pool, want int, query string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var waiting int
		if err := pool.QueryRow(t.Context(), query, args...).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions wait for a lock; want %d", waiting, want)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}
