package postgres_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func openStore(t *testing.T, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func request(start time.Time) booking.NewBooking {
	end := start.Add(time.Hour)
	id := uuid.Must(uuid.NewV7()).String()
	return booking.NewBooking{
		Booking: booking.Booking{
			ID: id, ServiceID: "checkup", Customer: booking.Customer{Name: "Ann", Phone: "+442079460000"},
			Start: start, End: end, Blocked: booking.Interval{Start: start, End: end}, Status: booking.StatusConfirmed,
		},
		Candidates:  []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}}},
		Idempotency: &booking.IdempotencyClaim{Principal: "key:1", Route: "POST /bookings", Key: id},
	}
}

var noon = time.Date(2040, 1, 2, 12, 0, 0, 0, time.UTC)

// TestDatabaseRefusesOverlap goes around the store: the rule is the database's own.
func TestDatabaseRefusesOverlap(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	const insert = `INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
		VALUES (gen_random_uuid(), 'a', 1, $1::tstzrange, $2)`
	past := noon.AddDate(-30, 0, 0)
	if _, err := store.Pool().Exec(t.Context(), insert, "[2040-01-01 10:00Z,2040-01-01 11:00Z)", past); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ blocked, state string }{
		{"[2040-01-01 10:59Z,2040-01-01 12:00Z)", "23P01"},
		{"[2040-01-01 12:00Z,2040-01-01 12:00Z)", "23514"},
		{"[2040-01-01 12:00Z,)", "23514"},
		{"[2040-01-01 12:00Z,infinity)", "23514"},
		{"(-infinity,2020-01-01 12:00Z)", "23514"},
		{"[2040-01-01 11:00Z,2040-01-01 12:00Z)", ""},
	} {
		_, err := store.Pool().Exec(t.Context(), insert, test.blocked, nil)
		state := ""
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			state = pg.Code
		}
		if state != test.state {
			t.Errorf("%s: SQLSTATE %q (%v); want %q", test.blocked, state, err, test.state)
		}
	}
}

func TestKeysExpireAfterADay(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	old, young := request(noon), request(noon.Add(time.Hour))
	for _, r := range []booking.NewBooking{old, young} {
		if _, _, err := store.Book(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	age := func(r booking.NewBooking) {
		t.Helper()
		if _, err := store.Pool().Exec(t.Context(), `UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE key = $1`,
			r.Idempotency.Key); err != nil {
			t.Fatal(err)
		}
	}
	age(old)
	if _, err := store.Replay(t.Context(), *old.Idempotency); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("Replay of an old key: %v; want ErrNotFound", err)
	}
	// An old key may be claimed anew, with another body, before any housekeeping.
	again := request(noon.Add(5 * time.Hour))
	again.Idempotency = &booking.IdempotencyClaim{Principal: "key:1", Route: "POST /bookings", Key: old.Idempotency.Key, BodyHash: [32]byte{9}}
	if b, replayed, err := store.Book(t.Context(), again); err != nil || replayed || b.ID != again.Booking.ID {
		t.Fatalf("an old key: replayed %v, %v", replayed, err)
	}
	age(again)
	// A refusal past its time gives way to another, and to a booking.
	lapsed := request(noon.Add(10 * time.Hour))
	for _, want := range []error{booking.ErrOccupied, booking.ErrTooLate} {
		if _, err := store.Refuse(t.Context(), *lapsed.Idempotency, want); !errors.Is(err, want) {
			t.Errorf("Refuse: %v; want %v", err, want)
		}
		age(lapsed)
	}
	if _, err := store.Replay(t.Context(), *lapsed.Idempotency); !errors.Is(err, booking.ErrNotFound) {
		t.Errorf("Replay of an old refusal: %v; want ErrNotFound", err)
	}
	if _, replayed, err := store.Book(t.Context(), lapsed); err != nil || replayed {
		t.Errorf("Book with the key of an old refusal: replayed %v, %v", replayed, err)
	}
	if _, err := store.Pool().Exec(t.Context(), `DELETE FROM idempotency_keys WHERE key = $1`, lapsed.Idempotency.Key); err != nil {
		t.Fatal(err)
	}
	if removed, err := store.KeepHouse(t.Context()); err != nil || removed != 1 {
		t.Fatalf("%d removed, %v; want the old one", removed, err)
	}
	var left []string
	if err := store.Pool().QueryRow(t.Context(), `SELECT array_agg(key) FROM idempotency_keys`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0] != young.Idempotency.Key {
		t.Errorf("keys left = %v; want the young one, %s", left, young.Idempotency.Key)
	}
}

// TestHousekeepingRemovesAllThatLapsed leaves more behind than one portion of housekeeping removes.
func TestHousekeepingRemovesAllThatLapsed(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	const count = 2500
	_, err := store.Pool().Exec(t.Context(), `
		INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
		SELECT gen_random_uuid(), 'dr-khan', n, tstzrange($2, $3), clock_timestamp() - interval '25 hours' FROM generate_series(1, $1) AS n`,
		count, noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := store.KeepHouse(t.Context()); err != nil || removed != count {
		t.Errorf("%d removed, %v; want %d", removed, err, count)
	}
}

// TestRestart restarts Postgres under a store that is being used. Nothing that was acknowledged is lost, failures say
// that the database is unavailable, and the pool recovers by itself.
func TestRestart(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	store := openStore(t, server.URL("postgres"))
	client := &steadyClient{t: t, store: store, next: noon, deadline: time.Now().Add(time.Minute)}
	succeeds, fails := func(err error) bool { return err == nil }, func(err error) bool { return errors.Is(err, booking.ErrUnavailable) }
	for range 2 {
		client.bookUntil("a booking", succeeds)
		if err := server.Halt(); err != nil {
			t.Fatal(err)
		}
		client.bookUntil("a failure", fails)
		if err := server.Boot(t.Context()); err != nil {
			t.Fatal(err)
		}
		client.bookUntil("a booking after the restart", succeeds)
	}
	for _, id := range client.acknowledged {
		if _, err := store.Get(t.Context(), id); err != nil {
			t.Errorf("acknowledged booking %s: %v", id, err)
		}
	}
}

// steadyClient books one hour after the other.
type steadyClient struct {
	t            *testing.T
	store        booking.Store
	next         time.Time
	deadline     time.Time
	acknowledged []string
}

// bookUntil books until an outcome is as wanted.
func (c *steadyClient) bookUntil(what string, wanted func(error) bool) {
	c.t.Helper()
	for time.Now().Before(c.deadline) {
		r := request(c.next)
		c.next = c.next.Add(time.Hour)
		_, _, err := c.store.Book(c.t.Context(), r)
		if err == nil {
			c.acknowledged = append(c.acknowledged, r.Booking.ID)
		} else if !errors.Is(err, booking.ErrUnavailable) {
			c.t.Errorf("Book: %v; want ErrUnavailable", err)
		}
		if wanted(err) {
			return
		}
	}
	c.t.Fatalf("waited a minute in vain for %s", what)
}

func TestOpenUnavailable(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Options{URL: "postgres://frontdesk:hunter2@127.0.0.1:1/frontdesk"})
	if !errors.Is(err, booking.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody listens: %v; want ErrUnavailable without the password", err)
	}
	for _, url := range []string{"postgres://frontdesk:hunter2@host:port/db", "postgres://u:hunter2@h/db?connect_timeout=x", "hunter2", ""} {
		_, err := postgres.Open(t.Context(), postgres.Options{URL: url})
		if err == nil || errors.Is(err, booking.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want a plain error without the password", url, err)
		}
	}
	wrong := strings.Replace(pgtest.EmptyURL(t), "frontdesk:", "frontdesk:hunter2", 1)
	_, err = postgres.Open(t.Context(), postgres.Options{URL: wrong})
	if err == nil || errors.Is(err, booking.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong password: %v; want a plain error without it", err)
	}
}

func TestPoolSize(t *testing.T) {
	const url = "postgres://host/db?application_name=mine"
	for _, test := range []struct {
		env     string
		options int
		want    int32
	}{{"", 0, 15}, {"7", 0, 7}, {"7", 3, 3}, {"0", 0, 0}, {"many", 0, 0}} {
		t.Setenv("DB_POOL_MAX", test.env)
		config, err := postgres.PoolConfig(postgres.Options{URL: url, MaxConnections: test.options})
		if test.want == 0 {
			if err == nil || !strings.Contains(err.Error(), "DB_POOL_MAX") {
				t.Errorf("DB_POOL_MAX=%q: %v; want an error that names it", test.env, err)
			}
			continue
		}
		if err != nil || config.MaxConns != test.want {
			t.Errorf("DB_POOL_MAX=%q, options %d: %v; want %d", test.env, test.options, err, test.want)
		}
		if got := config.ConnConfig.RuntimeParams["application_name"]; got != "mine" {
			t.Errorf("application_name = %q; want the URL's own", got)
		}
	}
}

// TestSettingsThatPromisesRestOn are not the URL's or the database's to change.
func TestSettingsThatPromisesRestOn(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("synchronous_commit", "off")
	query.Set("default_transaction_isolation", "serializable")
	address.RawQuery = query.Encode()
	store := openStore(t, address.String())
	for name, want := range map[string]string{"synchronous_commit": "on", "transaction_isolation": "read committed"} {
		var got string
		if err := store.Pool().QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
	}
}

// TestNoPersonalDataOutsideCustomers books with telling texts and looks for them in the tables that hold ids only. (The
// name of somebody else behind the same number is kept with the booking: docs/adr/0003-whose-name-a-booking-has.md.)
func TestNoPersonalDataOutsideCustomers(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	r := request(noon)
	r.Booking.Customer = booking.Customer{Name: "Telling Name", Phone: "+442079469999", Email: "telling@example.com"}
	if _, _, err := store.Book(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"bookings", "occupancy", "sessions", "session_places", "booking_events", "idempotency_keys"} {
		var found int
		err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM `+table+` r WHERE r::text ~* 'telling|9469999'`).Scan(&found)
		if err != nil || found != 0 {
			t.Errorf("%s: %d rows hold personal data, %v", table, found, err)
		}
	}
}

// TestOwnerIsEnough opens the store as a role that owns its database and may do nothing else, as tenants' roles are.
func TestOwnerIsEnough(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(pgtest.EmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.Exec(t.Context(), `
		CREATE ROLE tenant LOGIN PASSWORD 'secret' NOSUPERUSER NOCREATEDB NOCREATEROLE;
		ALTER DATABASE `+strings.TrimPrefix(address.Path, "/")+` OWNER TO tenant`)
	if err := errors.Join(err, admin.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("tenant", "secret")
	store := openStore(t, address.String())
	if _, _, err := store.Book(t.Context(), request(noon)); err != nil {
		t.Errorf("Book: %v", err)
	}
}

// TestListOfAPersonUsesTheIndex: bookings of one person are found by that person, however many others there are.
func TestListOfAPersonUsesTheIndex(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	for name, filter := range map[string]booking.Filter{
		"by id": {CustomerID: "018f0000-0000-7000-8000-000000000001"}, "by number": {Phone: "+442079460000"},
	} {
		plan, err := store.ListPlan(t.Context(), filter)
		if err != nil || !strings.Contains(plan, "bookings_customer") {
			t.Errorf("%s: %v\n%s", name, err, plan)
		}
	}
}
