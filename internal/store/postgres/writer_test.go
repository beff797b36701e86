package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// occupyByHand has somebody else's transaction take a unit for two days.
const occupyByHand = `INSERT INTO occupancy (booking_id, resource_id, unit, blocked)
	SELECT gen_random_uuid(), id, 1, tstzrange('2040-01-02 12:00Z', '2040-01-04 12:00Z') FROM unnest(ARRAY['dr-khan', 'room-2']) AS r (id)`

// TestLocksThatAreHeldStopNobodyElse has far more changes wait for what a session of somebody else has locked than there are
// connections. Meanwhile others book and read, and when the lock is free each of those who waited gets its answer.
func TestLocksThatAreHeldStopNobodyElse(t *testing.T) {
	t.Parallel()
	const pool, waiting = 8, 4 * 8
	for name, test := range map[string]struct {
		lock string
		// request is that of the i-th who waits; one of a unit, by a person of his own, if it is nil.
		request func(r *booking.NewBooking, i int)
		// blocked is how many of them wait at the database.
		blocked int
		end     func(pgx.Tx, context.Context) error
		want    error
	}{
		"a unit, which is taken then": {lock: occupyByHand, blocked: 2, end: pgx.Tx.Commit, want: booking.ErrOccupied},
		"a unit":                      {lock: occupyByHand, blocked: 2, end: pgx.Tx.Rollback},
		"either of two units": {lock: occupyByHand, blocked: 2, end: pgx.Tx.Rollback, request: func(r *booking.NewBooking, _ int) {
			r.Candidates = append(r.Candidates, booking.Assignment{{ResourceID: "room-2", Number: 1}})
		}},
		"two units, in turns": {lock: occupyByHand, blocked: 1, end: pgx.Tx.Rollback, request: func(r *booking.NewBooking, _ int) {
			r.Candidates[0] = append(r.Candidates[0], booking.Unit{ResourceID: "room-2", Number: 1})
		}},
		"a person": {lock: `SELECT FROM customers FOR UPDATE`, blocked: 2, end: pgx.Tx.Rollback, request: func(r *booking.NewBooking, _ int) {
			r.Booking.Customer.Phone = "+442079460000"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, outside := openSmall(t, pool)
			mustBook(t, store, request(noon.AddDate(0, 0, -1))) // the person
			holding := hold(t, outside, test.lock)
			var done []<-chan error
			for i := range waiting {
				r := request(noon.Add(time.Duration(i) * time.Hour))
				r.Booking.Customer.Phone = fmt.Sprintf("+4420794602%02d", i)
				if test.request != nil {
					test.request(&r, i)
				}
				done = append(done, inBackground(func() error {
					b, replayed, err := store.Book(t.Context(), r)
					if err == nil && (replayed || b.ID != r.Booking.ID) {
						err = fmt.Errorf("it is answered with booking %s, replayed: %t", b.ID, replayed)
					}
					return err
				}))
			}
			awaitAgain(t, outside, test.blocked)
			others := bookAndRead(t, store)
			if err := test.end(holding, t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, answer := range done {
				if err := <-answer; !errors.Is(err, test.want) {
					t.Errorf("%d of those who waited: %v; want %v", i, err, test.want)
				}
			}
			want := 1 + others
			if test.want == nil {
				want += waiting
			}
			if kept := bookings(t, store); kept != want {
				t.Errorf("%d bookings are kept; want %d", kept, want)
			}
		})
	}
}

// awaitAgain waits until so many sessions wait for a lock whose statements began when the first ones had been given up.
func awaitAgain(t *testing.T, pool *pgxpool.Pool, want int) {
	t.Helper()
	awaitBlocked(t, pool, 1)
	var first time.Time
	if err := pool.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&first); err != nil {
		t.Fatal(err)
	}
	awaitCount(t, pool, want, `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND query_start > $1::timestamptz + interval '200 ms'`, first)
}

// bookAndRead does what has nothing to do with what is locked, in less time than a lock is waited for, and says how many it has booked.
func bookAndRead(t *testing.T, store *postgres.Store) (booked int) {
	t.Helper()
	limited, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	for ; booked < 10; booked++ {
		r := elsewhere(request(noon.Add(time.Duration(booked) * time.Hour)))
		if _, _, err := store.Book(limited, r); err != nil {
			t.Errorf("a booking of something else: %v", err)
			return booked
		}
		occupied, err := store.Occupied(limited, []string{"dr-khan", "dr-lee"}, booking.Interval{Start: noon, End: noon.AddDate(0, 0, 1)})
		if err != nil || len(occupied) != booked+1 {
			t.Errorf("what is occupied: %d units, %v; want %d", len(occupied), err, booked+1)
		}
	}
	return booked
}

// TestWhoMissesALockIsToldInTime waits for a lock that is not let go of: until the store gives up, or the caller does.
func TestWhoMissesALockIsToldInTime(t *testing.T) {
	t.Parallel()
	store, outside := openSmall(t, 4)
	holding := hold(t, outside, occupyByHand)
	r := request(noon)
	store.WaitInAll(time.Millisecond)
	if _, _, err := store.Book(t.Context(), r); !errors.Is(err, booking.ErrUnavailable) {
		t.Errorf("waited in vain: %v; want ErrUnavailable", err)
	}
	store.WaitInAll(time.Minute)
	limited, cancel := context.WithCancel(t.Context())
	given := inBackground(func() error {
		_, _, err := store.Book(limited, r)
		return err
	})
	awaitBlocked(t, outside, 1)
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has left: %v", err)
	}
	if err := holding.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, _, err := store.Book(t.Context(), r); err != nil || b.ID != r.Booking.ID || bookings(t, store) != 1 {
		t.Errorf("the same request again: %q, %v, and %d bookings are kept", b.ID, err, bookings(t, store))
	}
}

// openSmall opens a store with so many connections, whose changes wait as long as a test may take, and a pool beside it.
func openSmall(t *testing.T, connections int) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.URL(t)
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConnections: connections})
	if err != nil {
		t.Fatal(err)
	}
	store.WaitInAll(2 * time.Minute)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	outside, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(outside.Close)
	return store, outside
}

// bookings counts them.
func bookings(t *testing.T, store *postgres.Store) (n int) {
	t.Helper()
	if err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM bookings`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
