package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func testLifecycle(f *fixture) {
	version, err := f.SchemaVersion(f.Context())
	if err != nil || version < 1 {
		f.Fatalf("SchemaVersion = %d, %v; want at least 1", version, err)
	}
	if err := f.Ping(f.Context()); err != nil {
		f.Fatalf("Ping: %v", err)
	}
	if now := f.now(); !isUTC(now) || time.Since(now).Abs() > time.Minute {
		f.Errorf("Now = %v; want this machine's time in UTC", now)
	}
	if list := f.all(); len(list) != 0 {
		f.Errorf("a fresh store lists %d bookings", len(list))
	}
	if _, err := f.Get(f.Context(), newID()); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("Get of an unknown id: %v; want ErrNotFound", err)
	}
	if _, err := f.Get(f.Context(), "no-uuid'; --"); !errors.Is(err, booking.ErrNotFound) {
		f.Errorf("Get of no id at all: %v; want ErrNotFound", err)
	}

	b := f.mustBook(appointment("dr-khan", at(9, 0)))
	f.makeWay()
	again := open(f, f.engine, f.location)
	got, err := again.Get(f.Context(), b.ID)
	if err != nil {
		f.Fatalf("Get after opening again: %v", err)
	}
	sameBooking(f, got, b)
}

func testKeepsEveryField(f *fixture) {
	r := appointment("dr-khan", at(9, 0))
	r.Booking.Blocked = booking.Interval{Start: at(8, 50), End: at(10, 20)}
	r.Booking.Customer = booking.Customer{Name: "Zoë Ünal", Phone: "+442079460001", Email: "Zoe@Example.com"}
	r.Booking.Notes = "first visit\nnervous"
	r.Booking.Channel = "voice"
	r.Booking.Status = booking.StatusPending
	r.Candidates = []booking.Assignment{{{ResourceID: "room-2", Number: 3}, {ResourceID: "dr-khan", Number: 1}}}
	before := f.now()
	b := f.mustBook(r)
	after := f.now()

	want := r.Booking
	want.Units, want.Place, want.Version = r.Candidates[0], 1, 1
	// What the store decides by itself is checked apart.
	want.Customer.ID, want.CreatedAt, want.UpdatedAt = b.Customer.ID, b.CreatedAt, b.UpdatedAt
	sameBooking(f, b, want)
	sameBooking(f, f.mustGet(b.ID), b)
	if b.Customer.ID == "" {
		f.Error("the customer has no id")
	}
	// SQLite's clock counts milliseconds.
	if b.CreatedAt.Before(before.Add(-time.Millisecond)) || b.CreatedAt.After(after.Add(time.Millisecond)) {
		f.Errorf("created at %v; want between %v and %v", b.CreatedAt, before, after)
	}
	for name, instant := range map[string]time.Time{
		"Start": b.Start, "End": b.End, "Blocked.Start": b.Blocked.Start, "CreatedAt": b.CreatedAt, "UpdatedAt": b.UpdatedAt,
	} {
		if !isUTC(instant) {
			f.Errorf("%s is %v; want UTC", name, instant)
		}
	}
}

func testCustomersByPhone(f *fixture) {
	first := appointment("dr-khan", at(9, 0))
	first.Booking.Customer = booking.Customer{Name: "Ann", Phone: "+442079460002", Email: "ann@example.com"}
	second := appointment("dr-khan", at(10, 0))
	second.Booking.Customer = booking.Customer{Name: "Ben", Phone: "+442079460002"}
	third := appointment("dr-khan", at(11, 0))
	third.Booking.Customer = booking.Customer{Name: "Ann", Phone: "+442079460002", Email: "ann@new.example"}
	a, b, c := f.mustBook(first), f.mustBook(second), f.mustBook(third)
	if a.Customer.ID != b.Customer.ID {
		f.Errorf("one number made two customers, %s and %s", a.Customer.ID, b.Customer.ID)
	}
	// People share a number: each booking keeps the name it was made under.
	want := booking.Customer{ID: a.Customer.ID, Name: "Ben", Phone: "+442079460002", Email: "ann@example.com"}
	if diff := cmp.Diff(want, b.Customer); diff != "" {
		f.Errorf("the second booking has its own name and the known address (-want +got):\n%s", diff)
	}
	names := map[string]string{}
	for _, listed := range f.all() {
		names[listed.ID] = listed.Customer.Name
		if listed.Customer.Email != "ann@new.example" {
			f.Errorf("%s is reached at %q; want the newest address", listed.Customer.Name, listed.Customer.Email)
		}
	}
	if diff := cmp.Diff(map[string]string{a.ID: "Ann", b.ID: "Ben", c.ID: "Ann"}, names); diff != "" {
		f.Errorf("names differ (-want +got):\n%s", diff)
	}
}

func testCustomersByEmail(f *fixture) {
	first := appointment("dr-khan", at(9, 0))
	first.Booking.Customer = booking.Customer{Name: "Ann", Email: "ann@example.com"}
	second := appointment("dr-khan", at(10, 0))
	second.Booking.Customer = booking.Customer{Name: "Ann", Email: "ANN@example.com"}
	third := appointment("dr-khan", at(11, 0))
	third.Booking.Customer = booking.Customer{Name: "Ann", Email: "ann@example.com", Phone: "+442079460003"}
	a, b, c := f.mustBook(first), f.mustBook(second), f.mustBook(third)
	if a.Customer.ID != b.Customer.ID {
		f.Error("one address in two spellings made two customers")
	}
	if a.Customer.ID == c.Customer.ID {
		f.Error("a number is what identifies: it must not be merged with somebody who only gave an address")
	}
}

func testHostileText(f *fixture) {
	texts := []string{
		`'; DROP TABLE bookings; --`, `" OR ""="`, `\'; SELECT pg_sleep(10); --`, `%s%d$1?1:name@name`, "مريم العلي", "שלום\u202eolleh",
		"emoji 👩🏽‍⚕️ family", "zero\u200bwidth", "tab\tnew\nline\r", `{"a":[1]}`, "<script>&amp;</script>", "\u2028", "NULL", "\x01\x7f",
	}
	for i, text := range texts {
		r := appointment(text, at(9, 0))
		r.Booking.ServiceID, r.Booking.Customer.Name, r.Booking.Notes = text, text, text
		r.Booking.Customer.Email, r.Booking.Channel, r.Booking.TimeZone, r.Booking.LocalStart = text, text, text, text
		r.Actor = booking.Actor{Principal: text, Channel: text}
		r.Idempotency = claim(text, byte(i))
		b := f.mustBook(r)
		want := r.Booking
		want.Units, want.Place, want.Version = r.Candidates[0], 1, 1
		want.Customer.ID, want.CreatedAt, want.UpdatedAt = b.Customer.ID, b.CreatedAt, b.UpdatedAt
		sameBooking(f, f.mustGet(b.ID), want)

		list, err := f.List(f.Context(), booking.Filter{ServiceID: text, ResourceID: text, Limit: 10})
		if err != nil || len(list) != 1 {
			f.Errorf("List of %q = %d bookings, %v; want 1", text, len(list), err)
		}
		occupied, err := f.Occupied(f.Context(), []string{text}, booking.Interval{Start: at(0, 0), End: at(24, 0)})
		if err != nil || len(occupied) != 1 || occupied[0].Unit.ResourceID != text {
			f.Errorf("Occupied of %q = %v, %v; want 1", text, occupied, err)
		}
		cancelled, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Reason: text, Actor: r.Actor})
		if err != nil || cancelled.CancellationReason != text {
			f.Errorf("Cancel with %q = %q, %v", text, cancelled.CancellationReason, err)
		}
	}
}

func testRefusesWhatItCannotKeep(f *fixture) {
	spoil := map[string]func(*booking.NewBooking){
		"NUL byte in the name":     func(r *booking.NewBooking) { r.Booking.Customer.Name = "a\x00b" },
		"broken UTF-8 in notes":    func(r *booking.NewBooking) { r.Booking.Notes = "a\xffb" },
		"NUL byte in the resource": func(r *booking.NewBooking) { r.Candidates[0][0].ResourceID = "\x00" },
		"NUL byte in the key":      func(r *booking.NewBooking) { r.Idempotency = claim("\x00", 1) },
		"endless key": func(r *booking.NewBooking) {
			r.Idempotency = claim(string(make([]byte, 100_000)), 1)
		},
		"no candidate":          func(r *booking.NewBooking) { r.Candidates = nil },
		"empty candidate":       func(r *booking.NewBooking) { r.Candidates = []booking.Assignment{{}} },
		"unit twice":            func(r *booking.NewBooking) { r.Candidates[0] = append(r.Candidates[0], r.Candidates[0][0]) },
		"unit 0":                func(r *booking.NewBooking) { r.Candidates[0][0].Number = 0 },
		"id that is no UUID":    func(r *booking.NewBooking) { r.Booking.ID = "1" },
		"no time at all":        func(r *booking.NewBooking) { r.Booking.End = r.Booking.Start },
		"ends before it starts": func(r *booking.NewBooking) { r.Booking.End = r.Booking.Start.Add(-time.Hour) },
		"blocks less than it takes": func(r *booking.NewBooking) {
			r.Booking.Blocked.End = r.Booking.End.Add(-time.Minute)
		},
		"born cancelled":                 func(r *booking.NewBooking) { r.Booking.Status = booking.StatusCancelled },
		"hold without an end":            func(r *booking.NewBooking) { r.Booking.Status = booking.StatusHeld },
		"customer who cannot be reached": func(r *booking.NewBooking) { r.Booking.Customer.Phone = "" },
		"unknown limit": func(r *booking.NewBooking) {
			r.Limits = []booking.Limit{{Kind: "perCentury", Max: 1}}
		},
	}
	for name, change := range spoil {
		r := appointment("dr-khan", at(9, 0))
		change(&r)
		if _, _, err := f.Book(f.Context(), r); !errors.Is(err, booking.ErrInvalidRequest) {
			f.Errorf("%s: %v; want ErrInvalidRequest", name, err)
		}
	}
	b := f.mustBook(appointment("dr-khan", at(9, 0))) // nothing above occupies the slot
	if _, _, err := f.Cancel(f.Context(), booking.Cancellation{BookingID: b.ID, Reason: "\x00"}); !errors.Is(err, booking.ErrInvalidRequest) {
		f.Errorf("Cancel with a NUL byte: %v; want ErrInvalidRequest", err)
	}
	for _, filter := range []booking.Filter{{}, {Limit: booking.MaxPageSize + 2}, {Limit: 10, ServiceID: "\x00"}, {Limit: 10, After: booking.Position{ID: "x"}}} {
		if _, err := f.List(f.Context(), filter); !errors.Is(err, booking.ErrInvalidRequest) {
			f.Errorf("List %+v: %v; want ErrInvalidRequest", filter, err)
		}
	}
	if list := f.all(); len(list) != 1 {
		f.Errorf("%d bookings exist; want 1", len(list))
	}
}

func testExtremeTimes(f *fixture) {
	for _, start := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Microsecond), time.Date(1969, 12, 31, 23, 30, 0, 0, time.UTC),
		time.Date(2040, 3, 25, 1, 30, 0, 123456000, time.UTC), time.Date(9999, 12, 31, 22, 59, 59, 999999000, time.UTC),
	} {
		b := f.mustBook(appointment("dr-khan", start.In(time.FixedZone("", 5*3600+1800))))
		if got := f.mustGet(b.ID); !got.Start.Equal(start) || !isUTC(got.Start) {
			f.Errorf("start = %v; want %v", got.Start, start)
		}
		if _, _, err := f.Book(f.Context(), appointment("dr-khan", start.Add(time.Minute))); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("booking across %v: %v; want ErrOccupied", start, err)
		}
	}
}

func testCancelledContext(f *fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if _, _, err := f.Book(ctx, appointment("dr-khan", at(9, 0))); !errors.Is(err, context.Canceled) {
		f.Errorf("Book: %v; want context.Canceled", err)
	}
	if _, err := f.Get(ctx, newID()); !errors.Is(err, context.Canceled) {
		f.Errorf("Get: %v; want context.Canceled", err)
	}
	if _, err := f.List(ctx, booking.Filter{Limit: 1}); !errors.Is(err, context.Canceled) {
		f.Errorf("List: %v; want context.Canceled", err)
	}
	if list := f.all(); len(list) != 0 {
		f.Errorf("%d bookings were made for a caller who had gone", len(list))
	}
}

func testClosedStore(f *fixture) {
	f.makeWay()
	store, err := f.engine.Open(f.Context(), f.location)
	if err != nil {
		f.Fatal(err)
	}
	if err := store.Close(); err != nil {
		f.Fatal(err)
	}
	if _, _, err := store.Book(f.Context(), appointment("dr-khan", at(9, 0))); !errors.Is(err, booking.ErrUnavailable) {
		f.Errorf("Book: %v; want ErrUnavailable", err)
	}
	if err := store.Ping(f.Context()); !errors.Is(err, booking.ErrUnavailable) {
		f.Errorf("Ping: %v; want ErrUnavailable", err)
	}
}

// testManyOpenAtOnce starts servers on an empty database at the same time: all must come up.
func testManyOpenAtOnce(f *fixture) {
	empty := f.engine.NewEmpty
	if empty == nil {
		empty = f.engine.New
	}
	location := empty(f)
	stores := make([]booking.Store, 4)
	use := func(i int) {
		if stores[i] == nil {
			return
		}
		if _, _, err := stores[i].Book(f.Context(), appointment("dr-khan", at(9+i, 0))); err != nil {
			f.Errorf("server %d: %v", i, err)
		}
		if err := stores[i].Close(); err != nil {
			f.Error(err)
		}
	}
	race(len(stores), func(i int) {
		var err error
		if stores[i], err = f.engine.Open(f.Context(), location); err != nil {
			f.Errorf("server %d did not come up: %v", i, err)
		}
		if f.engine.Exclusive { // the next one waits for it
			use(i)
		}
	})
	for i := range stores {
		if !f.engine.Exclusive {
			use(i)
		}
	}
}

var _ testing.TB = (*fixture)(nil)
