package booking

import (
	"context"
	"time"
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
	// Taken is where what is taken is read, for an answer that may be a little old; nil is the Store.
	Taken Taken
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
	// CustomFields has at most MaxCustomFields, each text of at most 500 characters.
	CustomFields map[string]string
	Actor        Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// ChangeRequest names a booking that is to be changed in a way that needs no further words.
type ChangeRequest struct {
	ID    string
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

// Get returns a booking. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Get(ctx context.Context, id string) (Booking, error) {
	id, err := bookingID(id)
	if err != nil {
		return Booking{}, err
	}
	booking, err := s.store.Get(ctx, id)
	if err != nil {
		return Booking{}, storeError(err)
	}
	return booking, nil
}

// Events returns a booking's history in order. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Events(ctx context.Context, id string) ([]Event, error) {
	id, err := bookingID(id)
	if err != nil {
		return nil, err
	}
	events, err := s.store.Events(ctx, id)
	if err != nil {
		return nil, storeError(err)
	}
	if len(events) == 0 { // every booking has the event that made it
		return nil, storeError(ErrNotFound)
	}
	return events, nil
}

func (s *Service) region() string { return s.catalog.document.Tenant.Region }
