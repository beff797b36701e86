package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

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
	booking := begin(t, store, `UPDATE customers SET updated_at = clock_timestamp() WHERE identity = 'mailto:new@example.com'`)
	deleted := inBackground(func() error {
		_, err := store.Pool().Exec(t.Context(), `DELETE FROM customers WHERE identity = 'mailto:new@example.com'`)
		return err
	})
	awaitBlocked(t, store.Pool(), 1)
	_, err = booking.Exec(t.Context(), `UPDATE bookings SET customer_id = (SELECT id FROM customers WHERE identity = 'mailto:new@example.com') WHERE id = $1`, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := booking.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if refused, ok := errors.AsType[*pgconn.PgError](<-deleted); !ok || refused.Code != "23503" {
		t.Errorf("a customer was deleted whose booking was being made: %v", refused)
	}
}
