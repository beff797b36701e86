package jsonfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/jsonfile"
)

func openStore(t *testing.T, path string) *jsonfile.Store {
	t.Helper()
	store, err := jsonfile.Open(t.Context(), jsonfile.Options{Path: path})
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

// appointment is an hour of Dr Khan, so many hours after noon.
func appointment(id string, hour int) booking.NewBooking {
	start := time.Date(2040, 1, 2, 12+hour, 0, 0, 0, time.UTC)
	end := start.Add(time.Hour)
	return booking.NewBooking{
		Booking: booking.Booking{
			ID: id, ServiceID: "checkup", Customer: booking.Customer{Name: "Zoë <Ann> \"&\"", Phone: "+442079460000"},
			Start: start, End: end, Blocked: booking.Interval{Start: start, End: end}, Status: booking.StatusConfirmed,
		},
		Candidates:  []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}}},
		Idempotency: &booking.IdempotencyClaim{Principal: "key:1", Route: "POST /bookings", Key: id, BodyHash: [32]byte{1, 2, 255}},
	}
}

// written is a file with two bookings in it.
func written(t *testing.T) (path string, text []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.json")
	store := openStore(t, path)
	for hour, id := range []string{acknowledgedID, interruptedID} {
		if _, _, err := store.Book(t.Context(), appointment(id, hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, text
}

func TestFileIsReadable(t *testing.T) {
	t.Parallel()
	path, text := written(t)
	if !json.Valid(text) {
		t.Fatalf("not JSON:\n%s", text)
	}
	for _, want := range []string{`"format": "frontdesk-data"`, `"name":"Zoë <Ann> \"&\""`, `"id":"` + acknowledgedID + `"`, `"resource_id":"dr-khan"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s is not in the file:\n%s", want, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	// Opening, reading and asking again write nothing.
	store := openStore(t, path)
	if _, replayed, err := store.Book(t.Context(), appointment(acknowledgedID, 0)); err != nil || !replayed {
		t.Errorf("the same request again: replayed %v, %v", replayed, err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, text) {
		t.Errorf("the file is another one after nothing has changed (%v):\n%s", err, again)
	}
}

// TestNumbersAreNotUsedAgain: histories are followed by number, so one that is gone must not come back.
func TestNumbersAreNotUsedAgain(t *testing.T) {
	t.Parallel()
	path, text := written(t)
	// As if the last events had been removed.
	raised := bytes.Replace(text, []byte(`{"name":"booking_events","seq":2}`), []byte(`{"name":"booking_events","seq":41}`), 1)
	if bytes.Equal(raised, text) {
		t.Fatalf("the file keeps no last number:\n%s", text)
	}
	if err := os.WriteFile(path, raised, 0o600); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, path)
	if _, _, err := store.Cancel(t.Context(), booking.Cancellation{BookingID: acknowledgedID}); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Contains(after, []byte(`"sequence":42`)) {
		t.Errorf("the next event has not the number 42 (%v):\n%s", err, after)
	}
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.json")
	store, err := jsonfile.Open(t.Context(), jsonfile.Options{Path: path, MaxSize: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for hour := 0; err == nil; hour++ {
		id := uuid.Must(uuid.NewV7()).String()
		if _, _, err = store.Book(t.Context(), appointment(id, hour)); err == nil {
			kept = append(kept, id)
		}
	}
	if !errors.Is(err, booking.ErrStorageFull) || len(kept) < 5 {
		t.Fatalf("after %d bookings: %v; want ErrStorageFull", len(kept), err)
	}
	if _, _, err := store.Book(t.Context(), appointment(kept[0], 0)); err != nil {
		t.Errorf("a repeated request, which needs no room: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, path) // with room
	list, err := again.List(t.Context(), booking.Filter{Limit: 200})
	if err != nil || len(list) != len(kept) {
		t.Errorf("%d bookings are left of %d, %v", len(list), len(kept), err)
	}
	if _, _, err := again.Book(t.Context(), appointment(uuid.NewString(), len(kept))); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	_, good := written(t)
	replaced := func(old, with string) string {
		t.Helper()
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%s is not in the file:\n%s", old, good)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	firstCustomer := regexp.MustCompile(`"customers": \[\s*(\{.*\})`).FindSubmatch(good)[1]
	noon := time.Date(2040, 1, 2, 12, 0, 0, 0, time.UTC).UnixMicro()
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty":               {"", jsonfile.ErrForeign},
		"a text":              {"dear diary", jsonfile.ErrForeign},
		"another's JSON":      {`{"name": "package.json", "version": "1.0.0"}`, jsonfile.ErrForeign},
		"a list":              {`[1, 2]`, jsonfile.ErrForeign},
		"cut off":             {string(good[:len(good)/2]), jsonfile.ErrDamaged},
		"a byte short":        {string(good[:len(good)-3]), jsonfile.ErrDamaged},
		"doubled":             {string(good) + string(good), jsonfile.ErrDamaged},
		"a newer format":      {replaced(`"version": 1`, `"version": 2`), jsonfile.ErrNewer},
		"no version":          {replaced(`"version": 1`, `"version": 0`), jsonfile.ErrDamaged},
		"a newer migration":   {replaced(`"migrations": [1,`, `"migrations": [999999,1,`), jsonfile.ErrNewer},
		"a migration twice":   {replaced(`"migrations": [1,`, `"migrations": [1,1,`), jsonfile.ErrDamaged},
		"another property":    {replaced(`"tables": {`, `"extra": 1, "tables": {`), jsonfile.ErrDamaged},
		"an unknown table":    {replaced(`"tables": {`, `"tables": {"surprise": [{"a": 1}],`), jsonfile.ErrDamaged},
		"SQL for a table":     {replaced(`"tables": {`, `"tables": {"bookings\"; DROP TABLE customers; --": [{"a": 1}],`), jsonfile.ErrDamaged},
		"an unknown column":   {replaced(`"id":"`+acknowledgedID, `"surprise":1,"id":"`+acknowledgedID), jsonfile.ErrDamaged},
		"a missing column":    {replaced(`"reschedules":0,`, ``), jsonfile.ErrDamaged},
		"an empty row":        {replaced(`"customers": [`, `"customers": [{},`), jsonfile.ErrDamaged},
		"a row twice":         {replaced(`"customers": [`, `"customers": [`+string(firstCustomer)+","), jsonfile.ErrDamaged},
		"a fraction":          {replaced(`"reschedules":0,`, `"reschedules":0.5,`), jsonfile.ErrDamaged},
		"a boolean":           {replaced(`"reschedules":0,`, `"reschedules":true,`), jsonfile.ErrDamaged},
		"a number too large":  {replaced(`"reschedules":0,`, `"reschedules":99999999999999999999,`), jsonfile.ErrDamaged},
		"bytes that are none": {replaced(`{"base64":"`, `{"base64":"?`), jsonfile.ErrDamaged},
		"an unknown status":   {replaced(`"status":"confirmed"`, `"status":"perhaps"`), jsonfile.ErrDamaged},
		"nobody's booking":    {replaced(`"booking_id":"`+acknowledgedID, `"booking_id":"`+uuid.NewString()), jsonfile.ErrDamaged},
		"an overlap":          {replaced(fmt.Sprintf(`"blocked_to":%d,"booking_id"`, noon+3_600_000_000), fmt.Sprintf(`"blocked_to":%d,"booking_id"`, noon+3_600_000_001)), jsonfile.ErrDamaged},
	} {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := jsonfile.Open(t.Context(), jsonfile.Options{Path: path})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want %v with the path", name, err, test.want)
		}
		if err == nil {
			_ = store.Close() // the test has failed
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != test.text {
			t.Errorf("%s: the file was touched: %v", name, err)
		}
	}
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"no path":                  {"", "set the path"},
		"the folder is a file":     {filepath.Join(file, "a.json"), "cannot be written"},
		"a folder that takes none": {"/proc/frontdesk/a.json", "cannot be written"},
		"the file is a folder":     {folder, "is a directory"},
	} {
		if _, err := jsonfile.Open(t.Context(), jsonfile.Options{Path: test.path}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want an error with %q", name, err, test.want)
		}
	}
}
