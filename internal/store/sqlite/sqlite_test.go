package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
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

var noon = time.Date(2040, 1, 2, 12, 0, 0, 0, time.UTC)

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

// TestDatabaseRefusesOverlap goes around the store: the rule is the database's own.
func TestDatabaseRefusesOverlap(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "a.db"))
	if _, _, err := store.Book(t.Context(), request(noon)); err != nil {
		t.Fatal(err)
	}
	far := request(noon.AddDate(0, 0, 7))
	if _, _, err := store.Book(t.Context(), far); err != nil {
		t.Fatal(err)
	}
	from, to := noon.UnixMicro(), noon.Add(time.Hour).UnixMicro()
	insert := `INSERT INTO occupancy (booking_id, resource_id, unit, blocked_from, blocked_to) SELECT id, ?, ?, ?, ? FROM bookings LIMIT 1`
	for _, test := range []struct {
		resource string
		unit     int
		from, to int64
		refused  bool
	}{
		{"dr-khan", 1, from, to, true}, {"dr-khan", 1, from + 1, to - 1, true}, {"dr-khan", 1, from - 1, to + 1, true},
		{"dr-khan", 1, to - 1, to + 5, true}, {"dr-khan", 1, from - 5, from + 1, true},
		{"dr-khan", 1, from - 5, from - 5, true}, {"dr-khan", 1, from - 5, from - 6, true},
		{"dr-khan", 1, to, to + 5, false}, {"dr-khan", 1, from - 5, from, false}, {"dr-khan", 2, from, to, false}, {"dr-lee", 1, from, to, false},
	} {
		_, err := store.Writer().ExecContext(t.Context(), insert, test.resource, test.unit, test.from, test.to)
		if refused := err != nil; refused != test.refused {
			t.Errorf("insert of %+v: %v", test, err)
		}
	}
	_, err := store.Writer().ExecContext(t.Context(), `UPDATE occupancy SET blocked_from = ?, blocked_to = ? WHERE booking_id = ?`,
		from+1, to, far.Booking.ID)
	if err == nil || !strings.Contains(err.Error(), "occupancy_no_overlap") {
		t.Errorf("moving a booking onto another: %v; want a refusal", err)
	}
	_, err = store.Writer().ExecContext(t.Context(), `UPDATE occupancy SET blocked_to = blocked_to + 1 WHERE booking_id = ?`, far.Booking.ID)
	if err != nil {
		t.Errorf("a booking is in its own way: %v", err)
	}
}

func TestKeysExpireAfterADay(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "a.db"))
	old, young := request(noon), request(noon.Add(time.Hour))
	for _, r := range []booking.NewBooking{old, young} {
		if _, _, err := store.Book(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	age := func(r booking.NewBooking) {
		t.Helper()
		if _, err := store.Writer().ExecContext(t.Context(), `UPDATE idempotency_keys SET created_at = created_at - ? WHERE key = ?`,
			(25 * time.Hour).Microseconds(), r.Idempotency.Key); err != nil {
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
	if removed, err := store.KeepHouse(t.Context()); err != nil || removed != 1 {
		t.Fatalf("%d removed, %v; want the old one", removed, err)
	}
	var left, key string
	if err := store.Reader().QueryRowContext(t.Context(), `SELECT count(*), max(key) FROM idempotency_keys`).Scan(&left, &key); err != nil {
		t.Fatal(err)
	}
	if left != "1" || key != young.Idempotency.Key {
		t.Errorf("%s keys are left, among them %s; want the young one", left, key)
	}
}

// TestHousekeepingRemovesAllThatLapsed leaves more behind than one portion of housekeeping removes.
func TestHousekeepingRemovesAllThatLapsed(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "a.db"))
	hold := request(noon)
	hold.Booking.Status, hold.HoldTTL = booking.StatusHeld, time.Millisecond
	if _, _, err := store.Book(t.Context(), hold); err != nil {
		t.Fatal(err)
	}
	const count = 2500
	_, err := store.Writer().ExecContext(t.Context(), `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO occupancy (booking_id, resource_id, unit, blocked_from, blocked_to, expires_at)
		SELECT ?, 'dr-lee', i, ?, ?, ? FROM n`,
		count, hold.Booking.ID, noon.UnixMicro(), noon.Add(time.Hour).UnixMicro(), time.Now().Add(-25*time.Hour).UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := store.KeepHouse(t.Context()); err != nil || removed != count {
		t.Errorf("%d removed, %v; want %d", removed, err, count)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "odd ?name#%41.db"))
	for _, test := range []struct{ pragma, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "5000"}, {"query_only", "0"},
	} {
		var got string
		if err := store.Writer().QueryRowContext(t.Context(), `PRAGMA `+test.pragma).Scan(&got); err != nil || got != test.want {
			t.Errorf("%s = %s, %v; want %s", test.pragma, got, err, test.want)
		}
	}
	if _, err := store.Reader().ExecContext(t.Context(), `DELETE FROM customers`); err == nil {
		t.Error("a reading connection may write")
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "made", "here")
	path := filepath.Join(folder, "odd ?name#%41.db")
	store := openStore(t, path)
	if _, _, err := store.Book(t.Context(), request(noon)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the database is not where it should be: %v", err)
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v; others can read it", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("this is not a database, but a text that is long enough to be read as its header"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"no path":                  {"", "set the path"},
		"the folder is a file":     {filepath.Join(file, "a.db"), "cannot be written"},
		"a folder that takes none": {"/proc/frontdesk/a.db", "cannot be written"},
		"the file is a folder":     {folder, "cannot be written"},
		"the file is no database":  {file, "not a database"},
	} {
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: test.path}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want an error with %q", name, err, test.want)
		}
	}
}

// TestListOfAPersonUsesTheIndex: bookings of one person are found by that person, however many others there are.
func TestListOfAPersonUsesTheIndex(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "a.db"))
	for name, filter := range map[string]booking.Filter{
		"by id": {CustomerID: "018f0000-0000-7000-8000-000000000001"}, "by number": {Phone: "+442079460000"},
	} {
		plan, err := store.ListPlan(t.Context(), filter)
		if err != nil || !strings.Contains(plan, "bookings_customer") {
			t.Errorf("%s: %v\n%s", name, err, plan)
		}
	}
}
