package booking

import (
	"context"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// The bounds of single requests.
const (
	// MaxWindowDays bounds the window of one question for slots.
	MaxWindowDays = 62
	// DefaultWindowDays is the window of a question that names no end.
	DefaultWindowDays = 7
	// MaxPageSize and DefaultPageSize bound one page of a listing.
	MaxPageSize     = 200
	DefaultPageSize = 50
	// MaxCandidates bounds how many assignments a Store is asked to try for one booking.
	MaxCandidates = 32
	// MaxAlternatives bounds how many slots are proposed instead of a refused one.
	MaxAlternatives = 5
)

// Service makes, reads and cancels the bookings of one tenant. It is immutable and safe for
// concurrent use; a changed configuration makes a new Service on the same Store.
type Service struct {
	store   Store
	catalog *Catalog
	clock   func() time.Time
}

// NewService puts a Service together. The clock says what is "now" for notice, horizon and the past;
// holds and cut-offs go by the Store's own clock.
func NewService(store Store, catalog *Catalog, clock func() time.Time) *Service {
	return &Service{store: store, catalog: catalog, clock: clock}
}

// Catalog returns what the Service offers.
func (s *Service) Catalog() *Catalog { return s.catalog }

// SlotQuery asks for what can be booked.
type SlotQuery struct {
	ServiceID string
	// ResourceID restricts the answer to one resource; empty for any.
	ResourceID string
	// From and To bound the starts, [From, To), at most MaxWindowDays apart. A zero From, or one in the
	// past, means now; a zero To means DefaultWindowDays after From.
	From, To time.Time
	// Limit bounds the number of slots; 0 means all.
	Limit int
}

// Request is a wish to book.
type Request struct {
	ServiceID string
	// ResourceID asks for one resource; empty for any.
	ResourceID string
	// Start is the start of the appointment, in whole seconds.
	Start    time.Time
	Customer Customer
	// Notes has at most 2000 characters.
	Notes string
	Actor Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// CancelRequest is a wish to call a booking off.
type CancelRequest struct {
	ID string
	// Reason has at most 500 characters and may be empty.
	Reason string
	Actor  Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Slots lists what can be booked, in order of time. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE,
// UNKNOWN_RESOURCE, WINDOW_TOO_LARGE, STORAGE_UNAVAILABLE.
func (s *Service) Slots(ctx context.Context, query SlotQuery) ([]Slot, error) {
	return nil, nil
}

// Book makes a booking. The second result says that the request repeats an earlier one, whose booking
// is returned as it is now. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE, UNKNOWN_RESOURCE, SLOT_TAKEN,
// LIMIT_REACHED, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE, and the codes that refuse a start:
// IN_THE_PAST, TOO_SOON, TOO_FAR, CLOSED, OUTSIDE_HOURS, OFF_GRID. Those and SLOT_TAKEN carry alternatives.
func (s *Service) Book(ctx context.Context, request Request) (Booking, bool, error) {
	return Booking{}, false, nil
}

// Cancel calls a booking off. The second result is that of Book. Errors: VALIDATION_ERROR, NOT_FOUND,
// TOO_LATE_TO_CANCEL, ALREADY_CANCELLED, NOT_CANCELLABLE, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Cancel(ctx context.Context, request CancelRequest) (Booking, bool, error) {
	return Booking{}, false, nil
}

// Get returns a booking. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Get(ctx context.Context, id string) (Booking, error) {
	return Booking{}, nil
}

// List returns one page of bookings in the order of start, then id; the position from which the next
// page continues; and whether there is one. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, filter Filter) ([]Booking, Position, bool, error) {
	return nil, Position{}, false, nil
}

// Events returns a booking's history in order. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Events(ctx context.Context, id string) ([]Event, error) {
	return nil, nil
}

// Explain says why a start is or is not offered. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE,
// UNKNOWN_RESOURCE, STORAGE_UNAVAILABLE.
func (s *Service) Explain(ctx context.Context, serviceID, resourceID string, start time.Time) (availability.Reason, error) {
	return availability.Reason{}, nil
}
