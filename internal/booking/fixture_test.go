package booking_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// business is a dental practice in London: Dr Khan and Dr Lee, a room with two chairs, a classroom. It is
// open on weekdays, 09:00 to 12:30 and 13:30 to 18:00, and books every quarter of an hour.
func business() *tenantconfig.Document {
	const minute = tenantconfig.Duration(time.Minute)
	weekdays := []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri"}
	return &tenantconfig.Document{
		Version: tenantconfig.Current(),
		Tenant: tenantconfig.Tenant{
			Name: "bright-smile", DisplayName: "Bright Smile Dental", TimeZone: "Europe/London", Region: "GB",
			Contact: tenantconfig.Contact{Phone: "+442079460000"},
		},
		DefaultPolicy: "standard",
		Policies: []tenantconfig.Policy{{
			Name:         "standard",
			Hours:        []tenantconfig.Hours{{Days: weekdays, Spans: []tenantconfig.Span{{From: 9 * 60, To: 12*60 + 30}, {From: 13*60 + 30, To: 18 * 60}}}},
			Exceptions:   []tenantconfig.Exception{{From: "2030-06-06", Reason: "Staff outing"}},
			Slots:        tenantconfig.SlotGrid{Interval: 15 * minute, Anchor: tenantconfig.AnchorSpanStart},
			Notice:       tenantconfig.Notice{Minimum: 120 * minute, MaximumDays: 60},
			Holds:        tenantconfig.Holds{TTL: 5 * minute},
			Cancellation: tenantconfig.Cancellation{Until: 24 * 60 * minute},
			Confirmation: tenantconfig.ConfirmAutomatic,
		}},
		Resources: []tenantconfig.Resource{
			{ID: "dr-khan", Kind: tenantconfig.ResourceStaff, Name: "Dr Khan", Capacity: 1},
			{ID: "dr-lee", Kind: tenantconfig.ResourceStaff, Name: "Dr Lee", Capacity: 1},
			{ID: "chairs", Kind: tenantconfig.ResourceRoom, Name: "Treatment room", Capacity: 2},
			{ID: "classroom", Kind: tenantconfig.ResourceRoom, Name: "Classroom", Capacity: 1},
		},
		Services: []tenantconfig.Service{
			{ID: "checkup", Name: "Check-up", Duration: 30 * minute, GroupSize: 1, Requires: anyOf("dr-khan", "dr-lee")},
			{ID: "xray", Name: "X-ray", Duration: 30 * minute, GroupSize: 1, Requires: anyOf("dr-khan")},
			{ID: "hygiene", Name: "Hygienist", Duration: 45 * minute, GroupSize: 1, Requires: append(anyOf("dr-khan", "dr-lee"), anyOf("chairs")...)},
			{ID: "surgery", Name: "Surgery", Duration: 60 * minute, GroupSize: 1, Requires: append(anyOf("chairs"), anyOf("chairs")...)},
			{ID: "class", Name: "Brushing class", Duration: 60 * minute, GroupSize: 3, Requires: anyOf("classroom")},
		},
		Database: tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: "frontdesk.db"},
	}
}

// alwaysOpen takes bookings for any minute, for tests around the real now.
func alwaysOpen(doc *tenantconfig.Document) {
	doc.Policies[0].Hours = []tenantconfig.Hours{{
		Days:  []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
		Spans: []tenantconfig.Span{{From: 0, To: 24 * 60}},
	}}
	doc.Policies[0].Slots = tenantconfig.SlotGrid{Interval: tenantconfig.Duration(time.Minute), Anchor: tenantconfig.AnchorClock}
	doc.Policies[0].Exceptions = nil
}

func anyOf(ids ...string) []tenantconfig.Requirement {
	return []tenantconfig.Requirement{{AnyOf: ids}}
}

// desk is a business's Service on a real store, with a clock that the test sets.
type desk struct {
	*booking.Service
	store *countingStore
	clock *atomic.Pointer[time.Time]
}

// openDesk starts a desk on an empty SQLite file. Its clock says Monday 3 June 2030, 08:00 in London;
// for the database everything that it books lies ahead.
func openDesk(t testing.TB, changes ...func(*tenantconfig.Document)) *desk {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "frontdesk.db")})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	d := &desk{store: &countingStore{Store: store}, clock: &atomic.Pointer[time.Time]{}}
	d.setClock(at("2030-06-03 08:00"))
	d.reload(t, changes...)
	return d
}

// reload gives the desk another configuration, on the same store.
func (d *desk) reload(t testing.TB, changes ...func(*tenantconfig.Document)) {
	t.Helper()
	doc := business()
	for _, change := range changes {
		change(doc)
	}
	catalog, err := booking.NewCatalog(doc)
	if err != nil {
		t.Fatalf("NewCatalog: %v", err)
	}
	d.Service = booking.NewService(d.store, catalog, func() time.Time { return *d.clock.Load() })
}

func (d *desk) setClock(now time.Time) { d.clock.Store(&now) }

// countingStore counts the calls that the Service makes; everything else is the real store's.
type countingStore struct {
	booking.Store
	books, reads atomic.Int64
}

func (s *countingStore) Book(ctx context.Context, r booking.NewBooking) (booking.Booking, bool, error) {
	s.books.Add(1)
	return s.Store.Book(ctx, r)
}

func (s *countingStore) Replay(ctx context.Context, c booking.IdempotencyClaim) (booking.Booking, error) {
	s.reads.Add(1)
	return s.Store.Replay(ctx, c)
}

func (s *countingStore) Get(ctx context.Context, id string) (booking.Booking, error) {
	s.reads.Add(1)
	return s.Store.Get(ctx, id)
}

func (s *countingStore) List(ctx context.Context, f booking.Filter) ([]booking.Booking, error) {
	s.reads.Add(1)
	return s.Store.List(ctx, f)
}

func (s *countingStore) Occupied(ctx context.Context, ids []string, within booking.Interval) ([]booking.Occupied, error) {
	s.reads.Add(1)
	return s.Store.Occupied(ctx, ids, within)
}

func (s *countingStore) CountByStart(ctx context.Context, ids []string, within booking.Interval) ([]time.Time, error) {
	s.reads.Add(1)
	return s.Store.CountByStart(ctx, ids, within)
}

func (s *countingStore) Now(ctx context.Context) (time.Time, error) {
	s.reads.Add(1)
	return s.Store.Now(ctx)
}

// calls returns the number of calls since the last time it was asked: to Book, and to anything that reads.
func (s *countingStore) calls() (books, reads int64) { return s.books.Swap(0), s.reads.Swap(0) }

// at reads a wall-clock time in London.
func at(text string) time.Time { return in("Europe/London", text) }

// in reads a wall-clock time in a zone. The tests use it for times that exist once.
func in(zone, text string) time.Time {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		panic(err)
	}
	return moment
}

// wish is a good request for a service at a London time; tests change what they are about.
func wish(service, start string, changes ...func(*booking.Request)) booking.Request {
	request := booking.Request{
		ServiceID: service,
		Start:     at(start),
		Customer:  booking.Customer{Name: "Ann Miller", Phone: "020 7946 0123"},
		Actor:     booking.Actor{Principal: "key:abc123", Channel: "api"},
	}
	for _, change := range changes {
		change(&request)
	}
	return request
}

func with(resource string) func(*booking.Request) {
	return func(r *booking.Request) { r.ResourceID = resource }
}

// keyed ties a request to an idempotency key; requests with the same body hash the same.
func keyed(key, body string) func(*booking.Request) {
	return func(r *booking.Request) { r.Idempotency = claim(key, body) }
}

func claim(key, body string) *booking.IdempotencyClaim {
	return &booking.IdempotencyClaim{Principal: "key:abc123", Route: "POST /test", Key: key, BodyHash: sha256.Sum256([]byte(body))}
}

// mustBook books what must be free.
func (d *desk) mustBook(t testing.TB, request booking.Request) booking.Booking {
	t.Helper()
	made, replayed, err := d.Book(t.Context(), request)
	if err != nil {
		t.Fatalf("Book(%s at %s) = %v", request.ServiceID, request.Start, err)
	}
	if replayed {
		t.Fatalf("Book(%s at %s) is a replay", request.ServiceID, request.Start)
	}
	return made
}

// refused returns the error that a request meets, which must have the code.
func (d *desk) refused(t testing.TB, request booking.Request, code booking.Code) booking.Error {
	t.Helper()
	made, _, err := d.Book(t.Context(), request)
	refusal, ok := errors.AsType[*booking.Error](err)
	if !ok {
		t.Fatalf("Book(%s at %s) = %+v, %v, want %s", request.ServiceID, request.Start, made, err, code)
	}
	if refusal.Code != code {
		t.Fatalf("Book(%s at %s) = %v, want %s", request.ServiceID, request.Start, refusal, code)
	}
	return *refusal
}

// all returns every booking there is.
func (d *desk) all(t testing.TB) []booking.Booking {
	t.Helper()
	bookings, _, more, err := d.List(t.Context(), booking.Filter{Limit: booking.MaxPageSize})
	if err != nil || more {
		t.Fatalf("List = more %t, %v", more, err)
	}
	return bookings
}

// times writes the starts of slots as local times of the catalog's zone.
func (d *desk) times(slots []booking.Slot) string {
	texts := make([]string, len(slots))
	for i, slot := range slots {
		texts[i] = slot.Start.In(d.Catalog().Location()).Format("Mon 15:04")
	}
	return strings.Join(texts, ", ")
}
