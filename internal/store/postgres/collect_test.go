package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestServerHasNothingToWarnOf: what the server warns of stands in its log, a line for each statement.
func TestServerHasNothingToWarnOf(t *testing.T) {
	t.Parallel()
	var (
		mu       sync.Mutex
		warnings []string
	)
	store, err := postgres.OpenHearing(t.Context(), pgtest.URL(t), func(notice *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		warnings = append(warnings, notice.Message)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	two := []booking.NewBooking{request(noon), request(noon.Add(time.Hour))}
	two[1].Booking.Customer.Phone = "+442079460001" // else they are written one after the other
	if _, errs := store.BookTogether(t.Context(), two); errors.Join(errs...) != nil {
		t.Fatal(errs)
	}
	if list, err := store.List(t.Context(), booking.Filter{Limit: 10}); err != nil || len(list) != 2 {
		t.Fatalf("%d bookings, %v", len(list), err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(warnings) > 0 {
		t.Errorf("the server warns: %q", warnings)
	}
}

// TestBookingsWrittenTogether writes bookings in one transaction, one of which the database refuses and one of which
// has lost its slot: the others must not suffer, and each must get its own answer.
func TestBookingsWrittenTogether(t *testing.T) {
	t.Parallel()
	for name, faulty := range map[string]bool{"all in order": false, "one is refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := openStore(t, pgtest.URL(t))
			var requests []booking.NewBooking
			for i := range 4 {
				requests = append(requests, request(noon.Add(time.Duration(3-i)*time.Hour)))
			}
			requests = append(requests, request(noon)) // the slot of another one
			for i := range requests {                  // else they are written one after the other
				requests[i].Booking.Customer = booking.Customer{Name: "Ann", Email: fmt.Sprintf("ann%d@example.com", i)}
			}
			if faulty {
				requests[1].Booking.Status = "no status of ours"
			}
			bookings, errs := store.BookTogether(t.Context(), requests)
			won := 0
			for i, err := range errs {
				_, refused := errors.AsType[*pgconn.PgError](err)
				switch {
				case faulty && i == 1:
					if !refused {
						t.Errorf("the faulty booking: %v", err)
					}
				case err == nil && bookings[i].ID == requests[i].Booking.ID:
					won++
				case !requests[i].Booking.Start.Equal(noon) || refused:
					t.Errorf("booking %d: %v", i, err)
				}
			}
			want := 4
			if faulty {
				want = 3
			}
			if kept := kept(t, store); won != want || kept != want {
				t.Errorf("%d were acknowledged and %d kept, want %d", won, kept, want)
			}
			if used := transactions(t, store); !faulty && used != 1 {
				t.Errorf("%d transactions were used", used)
			}
		})
	}
}

// TestARepetitionDoesNotUndoTheOthers has the repetition of a refused request arrive together with others, when the slot that it
// was refused is free.
func TestARepetitionDoesNotUndoTheOthers(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	var requests []booking.NewBooking
	for i := range 3 {
		requests = append(requests, request(noon.Add(time.Duration(i)*time.Hour)))
		requests[i].Booking.Customer.Phone += fmt.Sprint(i) // else they are written one after the other
	}
	const refused = 1
	if _, err := store.Refuse(t.Context(), *requests[refused].Idempotency, booking.ErrOccupied); !errors.Is(err, booking.ErrOccupied) {
		t.Fatal(err)
	}
	_, errs := store.BookTogether(t.Context(), requests)
	for i, err := range errs {
		if (err == nil) != (i != refused) {
			t.Errorf("booking %d: %v", i, err)
		}
	}
	if kept, used := kept(t, store), transactions(t, store); kept != len(requests)-1 || used != 1 {
		t.Errorf("%d were kept by %d transactions; want %d by one", kept, used, len(requests)-1)
	}
	if _, _, err := store.Book(t.Context(), requests[refused]); !errors.As(err, new(*booking.RefusedError)) {
		t.Errorf("the repetition: %v; want what it was refused for", err)
	}
}

// TestManyArriveTogether books from many callers at once, most of them for slots that others want too.
func TestManyArriveTogether(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	const callers, slots = 64, 40
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		won  = map[time.Time]int{}
	)
	for caller := range callers {
		wait.Go(func() {
			for i := range slots {
				r := request(noon.Add(time.Duration((i*7+caller)%slots) * time.Hour))
				r.Booking.Customer = booking.Customer{Name: "Ann", Email: fmt.Sprintf("ann%d@example.com", i%5)} // shared
				_, _, err := store.Book(t.Context(), r)
				switch {
				case err == nil:
					mu.Lock()
					won[r.Booking.Start]++
					mu.Unlock()
				case !errors.Is(err, booking.ErrOccupied):
					t.Errorf("book: %v", err)
				}
			}
		})
	}
	wait.Wait()
	if len(won) != slots || kept(t, store) != slots {
		t.Errorf("%d slots were won and %d bookings kept, want %d", len(won), kept(t, store), slots)
	}
}

// TestACallerWhoLeavesDoesNotHarmTheOthers cancels a call that waits in a transaction with others.
func TestACallerWhoLeavesDoesNotHarmTheOthers(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := store.Book(gone, request(noon)); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has left: %v", err)
	}
	if _, _, err := store.Book(t.Context(), request(noon.Add(time.Hour))); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func kept(t *testing.T, store *postgres.Store) (n int) {
	t.Helper()
	err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM bookings b JOIN occupancy o ON o.booking_id = b.id
		JOIN booking_events e ON e.booking_id = b.id JOIN idempotency_keys k ON k.booking_id = b.id`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// transactions counts those that wrote the bookings: a row carries the number of its own.
func transactions(t *testing.T, store *postgres.Store) (n int) {
	t.Helper()
	if err := store.Pool().QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text) FROM bookings`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// One of those who share a statement wants what is locked. The others have their bookings meanwhile, long before it gives up.
func TestOneThatWaitsKeepsNoneOfThoseBesideIt(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	blocker := begin(t, store, `INSERT INTO occupancy (booking_id, resource_id, unit, blocked)
		VALUES (gen_random_uuid(), 'dr-khan', 1, tstzrange($1, $2))`, noon.Add(time.Hour), noon.Add(2*time.Hour))
	var requests []booking.NewBooking
	for i := range 3 {
		r := request(noon.Add(time.Duration(i) * time.Hour)) // the second of them is locked
		r.Booking.Customer.Phone += fmt.Sprint(i)
		requests = append(requests, r)
	}
	all := inBackground(func() error {
		_, errs := store.BookTogether(t.Context(), requests)
		return errors.Join(errs...)
	})
	awaitCount(t, store.Pool(), 2, `SELECT count(*) FROM bookings`)
	if err := blocker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-all; err != nil {
		t.Errorf("all three, when nothing is locked any more: %v", err)
	}
}
