package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// pair asks for these units, mostly two, for somebody new.
func pair(start time.Time, resources ...string) booking.NewBooking {
	r := request(start)
	r.Booking.Customer = booking.Customer{Name: "Ann", Email: r.Booking.ID + "@example.com"}
	r.Candidates = []booking.Assignment{nil}
	for _, resource := range resources {
		r.Candidates[0] = append(r.Candidates[0], booking.Unit{ResourceID: resource, Number: 1})
	}
	return r
}

// weekly asks for the same in so many weeks.
func weekly(r booking.NewBooking, weeks int) booking.NewSeries {
	series := booking.NewSeries{ID: uuid.Must(uuid.NewV7()).String(), Idempotency: r.Idempotency}
	for week := range weeks {
		next := pair(r.Booking.Start.AddDate(0, 0, 7*week))
		next.Booking.Customer, next.Candidates = r.Booking.Customer, r.Candidates
		series.Bookings = append(series.Bookings, next)
	}
	return series
}

func moveOf(b booking.Booking, start time.Time, resources ...string) booking.Rescheduling {
	to := pair(start, resources...)
	return booking.Rescheduling{
		BookingID: b.ID, Start: to.Booking.Start, End: to.Booking.End, Blocked: to.Booking.Blocked, Candidates: to.Candidates,
		Idempotency: &booking.IdempotencyClaim{Principal: "key:1", Route: "POST /move", Key: to.Booking.ID},
	}
}

func mustBook(t *testing.T, store *postgres.Store, r booking.NewBooking) booking.Booking {
	t.Helper()
	b, _, err := store.Book(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// state is what stands in the tables of each booking: its units and time, those that it occupies, its events and its keys.
func state(t *testing.T, store *postgres.Store) map[string]string {
	t.Helper()
	rows, err := store.Pool().Query(t.Context(), `
		SELECT b.id::text, concat_ws(' ', b.resource_ids, b.unit_numbers, b.blocked, b.version, b.series_id IS NOT NULL, '|',
			(SELECT array_agg(o.resource_id || o.unit || o.blocked::text ORDER BY o.resource_id) FROM occupancy o WHERE o.booking_id = b.id), '|',
			(SELECT array_agg(e.type ORDER BY sequence) FROM booking_events e WHERE e.booking_id = b.id),
			(SELECT array_agg(k.route ORDER BY route) FROM idempotency_keys k WHERE k.booking_id = b.id))
		FROM bookings b`)
	if err != nil {
		t.Fatal(err)
	}
	var (
		id, text string
		all      = map[string]string{}
	)
	for rows.Next() {
		if err := rows.Scan(&id, &text); err != nil {
			t.Fatal(err)
		}
		all[id] = text
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return all
}

// TestTasksDoTogetherWhatTheyDoAlone has bookings, series and moves, some of which must be refused, share a transaction, and do the
// same one after the other in another database.
func TestTasksDoTogetherWhatTheyDoAlone(t *testing.T) {
	t.Parallel()
	shared, alone := openStore(t, pgtest.URL(t)), openStore(t, pgtest.URL(t))
	early, late := pair(noon.Add(-2*time.Hour), "dr-khan", "room-1"), pair(noon.Add(-time.Hour), "room-1", "dr-lee")
	taken := pair(noon.AddDate(0, 0, 7), "dr-khan")
	used := pair(noon.AddDate(0, 0, 3), "dr-lee", "room-2")
	for _, store := range []*postgres.Store{shared, alone} {
		for _, r := range []booking.NewBooking{early, late, taken} {
			mustBook(t, store, r)
		}
		if _, err := store.Refuse(t.Context(), *used.Idempotency, booking.ErrOccupied); !errors.Is(err, booking.ErrOccupied) {
			t.Fatal(err)
		}
	}
	requests := []any{
		moveOf(early.Booking, noon.Add(-90*time.Minute), "room-2", "dr-khan"), // overlaps its own old time
		moveOf(late.Booking, noon.AddDate(0, 0, 7), "dr-khan", "room-1"),      // refused: taken
		pair(noon, "room-2", "dr-khan"),
		pair(noon.Add(time.Hour), "dr-khan", "dr-lee", "room-1"),
		pair(noon.AddDate(0, 0, 7), "dr-lee", "dr-khan"), // refused: half of it is taken
		weekly(pair(noon.Add(2*time.Hour), "room-1", "dr-khan"), 4),
		weekly(pair(noon, "dr-lee", "dr-khan"), 4), // refused: the second week is taken, the first wanted
		used, // refused: its key stands for a refusal
	}
	refused := []int{1, 4, 6, 7}
	for i, err := range shared.Together(t.Context(), requests...) {
		if won := !slices.Contains(refused, i); won != (err == nil) || !won && !errors.Is(err, postgres.ErrNotWon) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	for _, r := range requests {
		alone.Together(t.Context(), r)
	}
	if diff := cmp.Diff(state(t, alone), state(t, shared)); diff != "" {
		t.Errorf("one after the other (-) and together (+):\n%s", diff)
	}
	var transactions int
	err := shared.Pool().QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text) FROM bookings WHERE id <> ALL ($1::uuid[])`,
		[]string{late.Booking.ID, taken.Booking.ID}).Scan(&transactions)
	if err != nil || transactions != 1 {
		t.Errorf("%d transactions were used, %v; want one", transactions, err)
	}
}

// TestEachTaskHasItsOwnAnswer compares answers of tasks that shared a transaction with what is read afterwards.
func TestEachTaskHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	before := mustBook(t, store, pair(noon.Add(-time.Hour), "dr-khan", "room-1"))
	held := pair(noon, "dr-lee", "room-1")
	held.Booking.Status, held.HoldTTL = booking.StatusHeld, time.Hour
	answers := store.Answers(t.Context(),
		moveOf(before, noon, "dr-khan", "room-2"), held, pair(noon.Add(time.Hour), "dr-khan", "room-1"), weekly(pair(noon.Add(2*time.Hour), "room-2", "dr-lee"), 3))
	if len(answers) != 6 {
		t.Fatalf("%d bookings; want 6", len(answers))
	}
	for i, got := range answers {
		want, err := store.Get(t.Context(), got.ID)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("answer %d: %v; what is kept (-) and what was answered (+):\n%s", i, err, diff)
		}
	}
}

// TestTasksThatCannotShareAStatement: of bookings of one person, and of those that want one unit at the same time, none undoes another.
func TestTasksThatCannotShareAStatement(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	first, same, next := pair(noon, "dr-khan", "room-1"), pair(noon.Add(30*time.Minute), "room-1", "dr-lee"), pair(noon.Add(time.Hour), "dr-khan", "room-1")
	next.Booking.Customer = first.Booking.Customer
	outcomes := store.Together(t.Context(), first, same, next)
	if outcomes[0] != nil || !errors.Is(outcomes[1], postgres.ErrNotWon) || outcomes[2] != nil {
		t.Errorf("the first, one that overlaps it, one of the same person: %v", outcomes)
	}
	if n := len(state(t, store)); n != 2 {
		t.Errorf("%d bookings were kept; want 2", n)
	}
}

// TestAFailureUndoesTheWholeTransaction has the database refuse the last statement of tasks that share a transaction: the others are
// done alone, and nothing is left of the one that failed, or of a move that fails with it.
func TestAFailureUndoesTheWholeTransaction(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	b := mustBook(t, store, pair(noon.Add(-time.Hour), "dr-khan", "room-1"))
	faulty, lost := pair(noon.Add(time.Hour), "dr-lee", "room-2"), moveOf(b, noon, "dr-khan", "room-2")
	faulty.Booking.Status = "no status of ours"
	lost.Actor.Principal = "\x00" // which Postgres refuses
	before := state(t, store)
	for i, err := range store.Together(t.Context(), lost, faulty) {
		if _, refused := errors.AsType[*pgconn.PgError](err); !refused {
			t.Errorf("faulty task %d: %v", i, err)
		}
	}
	if diff := cmp.Diff(before, state(t, store)); diff != "" {
		t.Errorf("before (-) and after (+):\n%s", diff)
	}
	outcomes := store.Together(t.Context(), moveOf(b, noon, "dr-khan", "room-2"), pair(noon, "dr-lee", "room-1"), faulty)
	if outcomes[0] != nil || outcomes[1] != nil || outcomes[2] == nil {
		t.Errorf("a move, a booking and a faulty one: %v", outcomes)
	}
	if n := len(state(t, store)); n != 2 {
		t.Errorf("%d bookings are there; want 2", n)
	}
}

// TestFasterBookingsOfOneUnit: a booking of one unit, which takes no lock, is made while tasks wait for that very unit.
func TestFasterBookingsOfOneUnit(t *testing.T) {
	t.Parallel()
	for name, loser := range map[string]func(b booking.Booking) any{
		"a booking": func(booking.Booking) any { return pair(noon, "dr-khan", "room-2") },
		"a move":    func(b booking.Booking) any { return moveOf(b, noon, "dr-khan", "room-2") },
		"a series":  func(booking.Booking) any { return weekly(pair(noon.AddDate(0, 0, -7), "dr-khan", "room-2"), 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := openInOrder(t, pgtest.URL(t))
			b := mustBook(t, store, pair(noon.Add(-time.Hour), "dr-khan", "room-1"))
			other := pair(noon.Add(3*time.Hour), "dr-khan", "room-2")
			before := state(t, store)
			taker := begin(t, store, `INSERT INTO occupancy (booking_id, resource_id, unit, blocked)
				VALUES (gen_random_uuid(), 'room-2', 1, tstzrange($1, $2))`, noon, noon.Add(time.Hour))
			var outcomes []error
			done := inBackground(func() error {
				outcomes = store.Together(t.Context(), loser(b), other)
				return nil
			})
			awaitBlocked(t, store.Pool(), 1)
			if err := errors.Join(taker.Commit(t.Context()), <-done); err != nil {
				t.Fatal(err)
			}
			if !errors.Is(outcomes[0], postgres.ErrNotWon) || outcomes[1] != nil {
				t.Errorf("%v; want only the other one won", outcomes)
			}
			after := state(t, store)
			delete(after, other.Booking.ID)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("before (-) and after (+):\n%s", diff)
			}
		})
	}
}

// TestManyTakeTurns has many book, move and make series of few chairs at once, and others one chair without any lock: everybody
// gets a right answer, without a deadlock.
func TestManyTakeTurns(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	const callers, rounds = 24, 12
	chair := func(i int) string { return fmt.Sprintf("chair-%d", i%5) }
	var waiting []<-chan error
	for caller := range callers {
		waiting = append(waiting, inBackground(func() error {
			var last booking.Booking
			for round := range rounds {
				at, i := noon.Add(time.Duration((caller*7+round*5)%60)*time.Hour), caller+round
				var err error
				switch {
				case round%3 == 2 && last.ID != "":
					last, _, err = store.Reschedule(t.Context(), moveOf(last, at, chair(i), chair(i+1+i%3)))
				case round%4 == 1:
					_, _, err = store.Book(t.Context(), pair(at, chair(i)))
				case round%5 == 3:
					_, _, err = store.BookSeries(t.Context(), weekly(pair(at, chair(i), chair(i+2)), 3))
				default:
					last, _, err = store.Book(t.Context(), pair(at, chair(i+1+i%3), chair(i)))
				}
				if _, series := errors.AsType[*booking.SeriesError](err); err != nil && !series && !errors.Is(err, booking.ErrOccupied) {
					return err
				}
			}
			return nil
		}))
	}
	for _, done := range waiting {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var broken, wrong int
	err := store.Pool().QueryRow(t.Context(), `SELECT
		(SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),
		(SELECT count(*) FROM bookings b WHERE cardinality(b.resource_ids) <>
			(SELECT count(*) FROM occupancy o WHERE o.booking_id = b.id AND o.resource_id = ANY (b.resource_ids) AND o.blocked = b.blocked))`).
		Scan(&broken, &wrong)
	if err != nil || broken != 0 || wrong != 0 || len(state(t, store)) == 0 {
		t.Errorf("%d deadlocks, %d bookings that do not occupy what they say, %v", broken, wrong, err)
	}
}
