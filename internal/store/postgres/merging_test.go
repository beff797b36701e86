package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestNumberThatIsBeingMergedAway has a request with a number wait for the merge that makes this number an alias. The
// request's snapshot is from before the merge, so it cannot know; still there must be one person only.
func TestNumberThatIsBeingMergedAway(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	at := noon
	booked := func(alter func(*booking.NewBooking)) func(string) (string, error) {
		return func(phone string) (string, error) {
			r := request(at.Add(3 * time.Hour))
			r.Booking.Customer.Phone = phone
			alter(&r)
			b, _, err := store.Book(t.Context(), r)
			return b.Customer.ID, err
		}
	}
	for i, test := range []struct {
		name string
		// with makes a request with a number and says whom it found.
		with func(phone string) (customerID string, err error)
	}{
		{"one unit", booked(func(*booking.NewBooking) {})},
		{"either unit", booked(func(r *booking.NewBooking) {
			r.Candidates = append(r.Candidates, booking.Assignment{{ResourceID: "dr-lee", Number: 1}})
		})},
		{"under locks", booked(func(r *booking.NewBooking) {
			r.Candidates[0] = append(r.Candidates[0], booking.Unit{ResourceID: "room", Number: 1})
		})},
		{"the waitlist", func(phone string) (string, error) {
			e, _, err := store.Join(t.Context(), booking.NewWaitlistEntry{Entry: booking.WaitlistEntry{
				ID: uuid.Must(uuid.NewV7()).String(), ServiceID: "checkup", Customer: booking.Customer{Name: "Ann", Phone: phone},
				Windows: []booking.Interval{{Start: noon, End: noon.Add(time.Hour)}},
			}})
			return e.Customer.ID, err
		}},
		{"a lead", func(phone string) (string, error) {
			p, _, _, err := store.Leads().Create(t.Context(), lead.NewPerson{Draft: lead.Draft{Name: "Ann", Phone: phone}})
			return p.ID, err
		}},
	} {
		at = at.AddDate(0, 0, 1)
		phone := fmt.Sprintf("+4420794601%02d", i)
		kept, finish := merging(t, store, at, phone)
		var found string
		requested := inBackground(func() (err error) {
			found, err = test.with(phone)
			return err
		})
		awaitBlocked(t, store.Pool(), 2)
		finish()
		if err := <-requested; err != nil || found != kept {
			t.Errorf("%s: found %s, %v; want %s", test.name, found, err, kept)
		}
		assertNoAliasIsAPerson(t, store)
	}
}

// TestSeriesCountsForWhoIsLeft has a series, whose person may have so many bookings only, wait for this person's lock while the
// person is merged into another one. Then it is the other one's lock that others are counted under.
func TestSeriesCountsForWhoIsLeft(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	phones := []string{"+442079460400", "+442079460401"} // the first is merged into the second
	var (
		people [2]lead.Person
		held   [2]pgx.Tx
		locks  [2]int64
	)
	for i, phone := range phones {
		var err error
		if people[i], _, _, err = store.Leads().Create(t.Context(), lead.NewPerson{Draft: lead.Draft{Name: "Ann", Phone: phone}}); err != nil {
			t.Fatal(err)
		}
		locks[i] = postgres.LockNumber("customer/" + phone)
		held[i] = begin(t, store, `SELECT pg_advisory_xact_lock($1)`, locks[i])
	}
	r := request(noon)
	r.Booking.Customer.Phone = phones[0]
	r.Limits = []booking.Limit{{Kind: booking.LimitOpenPerCustomer, Max: 1}}
	series := booking.NewSeries{ID: uuid.Must(uuid.NewV7()).String(), Bookings: []booking.NewBooking{r}}
	booked := inBackground(func() error {
		_, _, err := store.BookSeries(t.Context(), series)
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	if _, _, err := store.Leads().Merge(t.Context(), lead.Merging{ID: people[1].ID, OtherID: people[0].ID}); err != nil {
		t.Fatal(err)
	}
	if err := held[0].Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitBlockedOn(t, store.Pool(), locks[1])
	if err := errors.Join(held[1].Commit(t.Context()), <-booked); err != nil {
		t.Fatal(err)
	}
}

// awaitBlockedOn waits until a session waits for an advisory lock.
func awaitBlockedOn(t *testing.T, pool *pgxpool.Pool, lock int64) {
	t.Helper()
	awaitCount(t, pool, 1, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32) | objid::bigint = $1`, lock)
}

// TestOneBoundForTheNumbersThatAreMerged has two requests to join wait for a merge, with one number each. Together they would
// exceed what one person may wait for.
func TestOneBoundForTheNumbersThatAreMerged(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	const phone = "+442079460300"
	join := func(phone, service string) error {
		_, _, err := store.Join(t.Context(), booking.NewWaitlistEntry{Entry: booking.WaitlistEntry{
			ID: uuid.Must(uuid.NewV7()).String(), ServiceID: service, Customer: booking.Customer{Name: "Ann", Phone: phone},
			Windows: []booking.Interval{{Start: noon, End: noon.Add(time.Hour)}},
		}})
		return err
	}
	for i := range booking.MaxWaitlistEntries - 1 {
		if err := join(phone, fmt.Sprint("service-", i)); err != nil {
			t.Fatal(err)
		}
	}
	_, finish := merging(t, store, noon, phone)
	var joined []<-chan error
	for i, number := range []string{phone, phone + "9"} {
		joined = append(joined, inBackground(func() error { return join(number, fmt.Sprint("another-", i)) }))
	}
	awaitBlocked(t, store.Pool(), 3)
	finish()
	var limit *booking.LimitError
	switch first, second := <-joined[0], <-joined[1]; {
	case first == nil && second == nil:
		t.Error("both joined: the person waits for more than one may")
	case first != nil && second != nil, !errors.As(errors.Join(first, second), &limit):
		t.Errorf("%v and %v; want one to join and the other to be refused", first, second)
	}
}

// TestNobodyGetsANumberThatIsBeingMergedAway is the same for the change of somebody's number.
func TestNobodyGetsANumberThatIsBeingMergedAway(t *testing.T) {
	t.Parallel()
	store := openInOrder(t, pgtest.URL(t))
	third, _, _, err := store.Leads().Create(t.Context(), lead.NewPerson{Draft: lead.Draft{Phone: "+442079460200"}})
	if err != nil {
		t.Fatal(err)
	}
	const phone = "+442079460100"
	_, finish := merging(t, store, noon, phone)
	changed := inBackground(func() error {
		_, _, err := store.Leads().Change(t.Context(), lead.Change{ID: third.ID, Apply: func(p lead.Person) (lead.Person, error) {
			p.Phone = phone
			return p, nil
		}})
		return err
	})
	awaitBlocked(t, store.Pool(), 2)
	finish()
	if err := <-changed; !errors.Is(err, lead.ErrNumberTaken) {
		t.Errorf("changing to the number: %v; want ErrNumberTaken", err)
	}
	assertNoAliasIsAPerson(t, store)
}

// merging begins to merge who has the number, and a booking at that time, into somebody else. The merge has written both
// people and waits for the booking until finish is called. It returns who is left.
func merging(t *testing.T, store *postgres.Store, at time.Time, phone string) (kept string, finish func()) {
	t.Helper()
	r := request(at)
	r.Booking.Customer.Phone = phone
	other, _, err := store.Book(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	keep, _, _, err := store.Leads().Create(t.Context(), lead.NewPerson{Draft: lead.Draft{Name: "Ann", Phone: phone + "9"}})
	if err != nil {
		t.Fatal(err)
	}
	blocker := begin(t, store, `SELECT FROM bookings WHERE id = $1 FOR UPDATE`, other.ID)
	merged := inBackground(func() error {
		_, _, err := store.Leads().Merge(t.Context(), lead.Merging{ID: keep.ID, OtherID: other.Customer.ID})
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	return keep.ID, func() {
		t.Helper()
		if err := errors.Join(blocker.Commit(t.Context()), <-merged); err != nil {
			t.Fatal(err)
		}
	}
}

func assertNoAliasIsAPerson(t *testing.T, store *postgres.Store) {
	t.Helper()
	var count int
	err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM customers JOIN customer_aliases USING (identity)`).Scan(&count)
	if err != nil || count != 0 {
		t.Errorf("%d numbers are both a person's and an alias, %v; want none", count, err)
	}
}
