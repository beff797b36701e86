package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestCustomersStayForTheirBookings: no foreign key watches new bookings, so customers with bookings must not be
// deleted or get another id, not even while a booking is being made.
func TestCustomersStayForTheirBookings(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	b, _, err := store.Book(t.Context(), request(noon))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{`DELETE FROM customers WHERE id = $1`, `UPDATE customers SET id = gen_random_uuid() WHERE id = $1`} {
		_, err := store.Pool().Exec(t.Context(), change, b.Customer.ID)
		if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "23503" {
			t.Errorf("%s: %v", change, err)
		}
	}
	// A customer without bookings, whose row a booking that is being made has written.
	_, err = store.Pool().Exec(t.Context(), `
		INSERT INTO customers (id, identity, name, phone, email) VALUES (gen_random_uuid(), 'mailto:new@example.com', 'New', '', 'new@example.com')`)
	if err != nil {
		t.Fatal(err)
	}
	making := begin(t, store, `UPDATE customers SET updated_at = clock_timestamp() WHERE identity = 'mailto:new@example.com'`)
	deleted := inBackground(func() error {
		_, err := store.Pool().Exec(t.Context(), `DELETE FROM customers WHERE identity = 'mailto:new@example.com'`)
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	_, err = making.Exec(t.Context(), `UPDATE bookings SET customer_id = (SELECT id FROM customers WHERE identity = 'mailto:new@example.com') WHERE id = $1`, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := making.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if refused, ok := errors.AsType[*pgconn.PgError](<-deleted); !ok || refused.Code != "23503" {
		t.Errorf("a customer was deleted whose booking was being made: %v", refused)
	}
}

// TestEntriesFollowTheirPeople does to people what a server from before there was a waitlist does, which runs beside new
// ones while they are rolled out: the entries must not keep who it was, nor stay with who is no longer there.
func TestEntriesFollowTheirPeople(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	join := func(phone string) booking.WaitlistEntry {
		e, _, err := store.Join(t.Context(), booking.NewWaitlistEntry{Entry: booking.WaitlistEntry{
			ID: uuid.Must(uuid.NewV7()).String(), ServiceID: "checkup", Notes: "after surgery", Customer: booking.Customer{Name: "Ann", Phone: phone},
			Windows: []booking.Interval{{Start: noon, End: noon.Add(time.Hour)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	erased, merged, kept := join("+442079460001"), join("+442079460002"), join("+442079460003")
	asBefore := func(sql string, args ...any) {
		if _, err := store.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	asBefore(`UPDATE waitlist SET joined_for = 'Anna' WHERE id = $1`, erased.ID)
	asBefore(`UPDATE customers SET identity = 'erased:' || id, erased_at = clock_timestamp(), name = '', phone = '' WHERE id = $1`, erased.Customer.ID)
	asBefore(`UPDATE customers SET identity = 'merged:' || id, merged_into = $2, name = '', phone = '' WHERE id = $1`, merged.Customer.ID, kept.Customer.ID)
	for _, test := range []struct {
		entry booking.WaitlistEntry
		want  booking.WaitlistEntry
	}{
		{erased, booking.WaitlistEntry{Status: booking.WaitLeft, Customer: booking.Customer{ID: erased.Customer.ID}}},
		{merged, booking.WaitlistEntry{Status: booking.WaitWaiting, Notes: "after surgery", Customer: kept.Customer}},
	} {
		got, err := store.WaitlistEntry(t.Context(), test.entry.ID)
		if err != nil || got.Status != test.want.Status || got.Notes != test.want.Notes || got.Customer != test.want.Customer {
			t.Errorf("got %+v, %v; want %+v", got, err, test.want)
		}
	}
}
