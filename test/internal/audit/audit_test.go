package audit

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

var nine = time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)

func booked(id, resource string, unit int, from, minutes int, status string) Booking {
	start := nine.Add(time.Duration(from) * time.Minute)
	return Booking{ID: id, Status: status, Resource: resource, Unit: unit, From: start, To: start.Add(time.Duration(minutes) * time.Minute)}
}

func TestFindOverlaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list []Booking
		want int
	}{
		"none":           {nil, 0},
		"adjacent":       {[]Booking{booked("a", "r", 1, 0, 30, "confirmed"), booked("b", "r", 1, 30, 30, "confirmed")}, 0},
		"a minute":       {[]Booking{booked("a", "r", 1, 0, 31, "confirmed"), booked("b", "r", 1, 30, 30, "pending")}, 1},
		"cancelled":      {[]Booking{booked("a", "r", 1, 0, 31, "cancelled"), booked("b", "r", 1, 30, 30, "confirmed")}, 0},
		"another unit":   {[]Booking{booked("a", "r", 1, 0, 31, "confirmed"), booked("b", "r", 2, 30, 30, "confirmed")}, 0},
		"another room":   {[]Booking{booked("a", "r", 1, 0, 31, "confirmed"), booked("b", "s", 1, 30, 30, "confirmed")}, 0},
		"over a shorter": {[]Booking{booked("a", "r", 1, 0, 90, "confirmed"), booked("b", "r", 1, 10, 10, "confirmed"), booked("c", "r", 1, 60, 10, "confirmed")}, 2},
	} {
		if got := FindOverlaps(c.list); len(got) != c.want {
			t.Errorf("%s: %d overlaps, want %d: %+v", name, len(got), c.want, got)
		}
	}
}

// TestReadsTheTables plants an overlap and a repeated event behind the store's back.
func TestReadsTheTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bookings.db")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	insert(t, db, `INSERT INTO customers (id, identity, name, phone, email, created_at, updated_at) VALUES ('c', 'c', '', '', '', 0, 0)`)
	for _, id := range []string{"a", "b"} {
		insert(t, db, `INSERT INTO bookings (id, service_id, customer_id, start_at, end_at, blocked_from, blocked_to, time_zone, local_start, status,
			units, group_size, place, notes, channel, created_at, updated_at)
			VALUES (?, 's', 'c', 1, 10, 1, 10, 'UTC', '', 'confirmed', '[["room",1],["chair",2]]', 1, 1, 'key-' || ?, 'api', 0, 0)`, id, id)
		insert(t, db, `INSERT INTO booking_events (booking_id, type, at, actor, channel) VALUES ('a', 'booking.confirmed', 0, '', '')`)
	}
	list, err := Bookings(context.Background(), SQLite, path)
	if err != nil || len(list) != 4 || list[0].Resource != "chair" || list[0].Unit != 2 || list[0].Notes != "key-a" || !list[0].To.Equal(time.UnixMicro(10)) {
		t.Errorf("%+v %v", list, err)
	}
	if overlaps, err := Overlaps(context.Background(), SQLite, path); err != nil || len(overlaps) != 2 {
		t.Errorf("%d overlaps, want one on each unit: %v", len(overlaps), err)
	}
	if repeated, err := RepeatedEvents(context.Background(), SQLite, path); err != nil || repeated != 1 {
		t.Errorf("%d repeated events: %v", repeated, err)
	}
}

func insert(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
