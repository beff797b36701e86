package transfer_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
	"github.com/frontdesk-dev/frontdesk/internal/store/transfer"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// fill has a row in every table, and what is hard to carry over: NULLs, empty lists, hostile text, instants before 1970 and
// with microseconds, a person merged into another one.
const fill = `
INSERT INTO customers (id, identity, name, phone, email, created_at, updated_at, tags, custom_fields, last_contacted_at, merged_into) VALUES
	('0b9a1c52-0000-4000-8000-000000000001', '+442079460000', 'Åsa ''"\ 漢字' || char(10) || '\.', '+442079460000', '', 1772366400123456, -1, '["vip","a,b","{}"]', '{"b": [1, 2.5, null], "a": "x"}', NULL, '0b9a1c52-0000-4000-8000-000000000002'),
	('0b9a1c52-0000-4000-8000-000000000002', 'mailto:a@b.example', 'B', '', 'a@b.example', 0, 0, '[]', '{}', 5, NULL);
INSERT INTO customer_aliases VALUES ('+442079460001', '0b9a1c52-0000-4000-8000-000000000002');
INSERT INTO sessions VALUES ('0b9a1c52-0000-4000-8000-000000000003', 'class', 1772366400000000, 12, '[["room-2",1],["dr-lee",2]]', 7);
INSERT INTO bookings (id, service_id, customer_id, start_at, end_at, blocked_from, blocked_to, time_zone, local_start, status, units, session_id, group_size, place, hold_expires_at, notes, channel, created_at, updated_at, booked_for, custom_fields, series_id) VALUES
	('0b9a1c52-0000-4000-8000-000000000004', 'checkup', '0b9a1c52-0000-4000-8000-000000000001', 1772366400000000, 1772368200000000, 1772366400000000, 1772368800000001, 'Europe/London', '2026-03-01T12:00', 'held', '[["dr-khan",1]]', NULL, 1, 1, 1772366999000000, '', 'web', 1, 2, 'her son', '{"k": "v"}', '0b9a1c52-0000-4000-8000-000000000009'),
	('0b9a1c52-0000-4000-8000-000000000005', 'class', '0b9a1c52-0000-4000-8000-000000000002', 1772366400000000, 1772368200000000, 1772366400000000, 1772368800000000, 'Europe/London', '2026-03-01T12:00', 'confirmed', '[]', '0b9a1c52-0000-4000-8000-000000000003', 12, 3, NULL, 'n', 'phone', 1, 2, NULL, '{}', NULL);
INSERT INTO occupancy (id, booking_id, session_id, resource_id, unit, blocked_from, blocked_to, expires_at) VALUES
	(71, '0b9a1c52-0000-4000-8000-000000000004', NULL, 'dr-khan', 1, 1772366400000000, 1772368800000001, 1772366999000000),
	(72, NULL, '0b9a1c52-0000-4000-8000-000000000003', 'room-2', 1, 1772366400000000, 1772368800000000, NULL);
INSERT INTO session_places VALUES ('0b9a1c52-0000-4000-8000-000000000003', 3, '0b9a1c52-0000-4000-8000-000000000005', NULL);
INSERT INTO booking_events VALUES (41, '0b9a1c52-0000-4000-8000-000000000004', 'booking.held', 1, 'key:x', 'web'), (57, '0b9a1c52-0000-4000-8000-000000000005', 'booking.confirmed', 2, 'key:x', 'web');
INSERT INTO idempotency_keys VALUES ('p', 'r', 'k', x'00ff', '0b9a1c52-0000-4000-8000-000000000004', 9000000000000000, NULL),
	('p', 'r', 'refused', x'00', NULL, 9000000000000000, '{"reason":"occupied"}');
INSERT INTO opt_outs VALUES (zeroblob(32), '0b9a1c52-0000-4000-8000-000000000006', NULL, 'STOP', 'SMS', 'customer', 1);
INSERT INTO tenant_secrets VALUES ('opt_outs', x'0102');
INSERT INTO lead_events VALUES (3, '0b9a1c52-0000-4000-8000-000000000001', 'lead.created', 1, 'a', 'web', '{"fields": ["name"]}');
INSERT INTO lead_claims VALUES ('p', 'r', 'k', x'01', NULL, '', 9000000000000000);
INSERT INTO waitlist (id, service_id, resource_id, customer_id, joined_for, windows, ends_at, notes, channel, status, offer_id, offer_expires_at, joined_at, updated_at) VALUES
	('0b9a1c52-0000-4000-8000-00000000000a', 'checkup', '', '0b9a1c52-0000-4000-8000-000000000001', NULL, '[[1772366400000000,1772370000000001],[1772452800000000,1772456400000000]]', 1772456400000000, '', 'web', 'offered', '0b9a1c52-0000-4000-8000-000000000004', 1772366999000000, 1, 2);
INSERT INTO api_keys VALUES ('abc', 'hash', NULL, NULL, 'n', '["admin"]', 'x', 1, NULL, NULL, NULL);
`

// filled is an SQLite file with a row in every table.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "frontdesk.db")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path+"?_foreign_keys=1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func options(from, to string) transfer.Options {
	return transfer.Options{Tenant: "dental/bright-smile", From: from, To: to, Logger: slog.New(slog.DiscardHandler)}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func one[T any](t *testing.T, conn *pgx.Conn, query string) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func TestCopy(t *testing.T) {
	t.Parallel()
	from, to := filled(t), pgtest.EmptyURL(t)
	before, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	report, err := transfer.Copy(t.Context(), options(from, to))
	if err != nil {
		t.Fatal(err)
	}
	for table, rows := range report.Rows {
		if rows == 0 {
			t.Errorf("this test puts no row into %s, so that nobody knows whether it can be copied: extend fill", table)
		}
	}
	conn := connect(t, to)
	for query, want := range map[string]string{
		`SELECT name FROM customers WHERE phone <> ''`:                                                                                          "Åsa '\"\\ 漢字\n\\.",
		`SELECT array_to_string(tags, '|') FROM customers WHERE phone <> ''`:                                                                    "vip|a,b|{}",
		`SELECT (created_at AT TIME ZONE 'UTC')::text FROM customers WHERE phone <> ''`:                                                         "2026-03-01 12:00:00.123456",
		`SELECT (updated_at AT TIME ZONE 'UTC')::text FROM customers WHERE phone <> ''`:                                                         "1969-12-31 23:59:59.999999",
		`SELECT custom_fields->'b'->>1 FROM customers WHERE phone <> ''`:                                                                        "2.5",
		`SELECT (upper(blocked) - lower(blocked))::text FROM bookings WHERE status = 'held'`:                                                    "00:40:00.000001",
		`SELECT resource_ids[2] || unit_numbers[2] FROM sessions`:                                                                               "dr-lee2",
		`SELECT (window_ends[1] - window_starts[1])::text FROM waitlist`:                                                                        "01:00:00.000001",
		`SELECT coalesce(booked_for, 'nobody') FROM bookings WHERE status = 'confirmed'`:                                                        "nobody",
		`SELECT encode(body_hash, 'hex') FROM idempotency_keys WHERE booking_id IS NOT NULL`:                                                    "00ff",
		`SELECT refusal FROM idempotency_keys WHERE booking_id IS NULL`:                                                                         `{"reason":"occupied"}`,
		`SELECT count(*)::text FROM occupancy WHERE lower_inc(blocked) AND NOT upper_inc(blocked)`:                                              "2",
		`INSERT INTO booking_events (booking_id, type, actor, channel) SELECT id, 't', 'a', 'c' FROM bookings LIMIT 1 RETURNING sequence::text`: "58",
	} {
		if got := one[string](t, conn, query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	if after, err := os.ReadFile(from); err != nil || string(after) != string(before) {
		t.Errorf("the source was changed (%v)", err)
	}
}

func TestCopyAgainIsDoneAlready(t *testing.T) {
	t.Parallel()
	from, to := filled(t), pgtest.EmptyURL(t)
	first, err := transfer.Copy(t.Context(), options(from, to))
	if err != nil {
		t.Fatal(err)
	}
	again, err := transfer.Copy(t.Context(), options(from, to))
	if err != nil || !again.Before {
		t.Errorf("the second time: %+v %v", again, err)
	}
	if diff := cmp.Diff(first.Rows, again.Rows); diff != "" {
		t.Errorf("rows (-first +again):\n%s", diff)
	}
	other := options(from, to)
	other.Tenant = "dental/other"
	if _, err := transfer.Copy(t.Context(), other); !isNotEmpty(err) {
		t.Errorf("another tenant's copy: %v", err)
	}
}

// A copy whose end nobody heard of counts as failed, and the source serves on. What it takes meanwhile is not in the target.
func TestCopyAgainRefusesASourceThatHasChanged(t *testing.T) {
	t.Parallel()
	from, to := filled(t), pgtest.EmptyURL(t)
	if _, err := transfer.Copy(t.Context(), options(from, to)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE bookings SET notes = 'taken meanwhile' WHERE status = 'confirmed'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = transfer.Copy(t.Context(), options(from, to))
	if changed, ok := errors.AsType[*transfer.ChangedError](err); !ok || changed.Table != "bookings" {
		t.Errorf("got %v, want that bookings have changed", err)
	}
}

func isNotEmpty(err error) bool {
	_, ok := errors.AsType[*transfer.NotEmptyError](err)
	return ok
}

func TestCopyRefusesWhatIsNotEmpty(t *testing.T) {
	t.Parallel()
	to := pgtest.URL(t)
	conn := connect(t, to)
	if _, err := conn.Exec(t.Context(), `INSERT INTO tenant_secrets VALUES ('opt_outs', 'x')`); err != nil {
		t.Fatal(err)
	}
	_, err := transfer.Copy(t.Context(), options(filled(t), to))
	if !isNotEmpty(err) || !strings.Contains(err.Error(), "tenant_secrets") {
		t.Errorf("got %v", err)
	}
	if rows := one[int](t, conn, `SELECT count(*) FROM bookings`); rows != 0 {
		t.Errorf("%d bookings were copied all the same", rows)
	}
}

// TestCopyIsWholeOrNotAtAll: what changes on its way, is not accepted, or has no place, leaves nothing behind.
func TestCopyIsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ target, source, want string }{
		"a value that changes on its way": {
			target: `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.reason := ''other''; RETURN NEW; END';
				CREATE TRIGGER spoil BEFORE INSERT ON opt_outs FOR EACH ROW EXECUTE FUNCTION spoil()`,
			want: "does not read back",
		},
		"a row that is lost": {
			target: `CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
				CREATE TRIGGER lose BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION lose()`,
			want: "1 rows written, 0 read",
		},
		"a row that is not accepted":  {target: `ALTER TABLE lead_events ADD CHECK (sequence > 100)`, want: "lead_events"},
		"a table of the source alone": {source: `CREATE TABLE extra (x TEXT)`, want: "extra.x"},
		"a table of the target alone": {target: `CREATE TABLE extra (x text)`, want: "extra"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := filled(t), pgtest.URL(t)
			conn := connect(t, to)
			if _, err := conn.Exec(t.Context(), test.target); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", from)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), test.source); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			_, err = transfer.Copy(t.Context(), options(from, to))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want something about %q", err, test.want)
			}
			if rows := one[int](t, conn, `SELECT count(*) FROM customers`); rows != 0 {
				t.Errorf("%d people were left behind in the target", rows)
			}
		})
	}
}

func TestCopyNeedsASource(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, err := transfer.Copy(t.Context(), options(missing, pgtest.EmptyURL(t))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Error("an empty database was made in the source's place")
	}
}
