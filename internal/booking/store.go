package booking

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The errors by which a Store reports an outcome; the Service turns them into *Error.
var (
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
	// ErrOccupied: every candidate assignment overlaps a live booking, or the group is full.
	ErrOccupied = errors.New("occupied")
	// ErrIdempotencyMismatch: the key was used for another request body.
	ErrIdempotencyMismatch = errors.New("idempotency key was used with another request")
	// ErrNotLive: the booking is no longer held, pending or confirmed.
	ErrNotLive = errors.New("booking is not live")
	// ErrTooLate: the change came after its cut-off by the database's clock.
	ErrTooLate = errors.New("too late")
	// ErrTooEarly: the change may be made only after the booking's start, by the database's clock.
	ErrTooEarly = errors.New("too early")
	// ErrWrongStatus: a booking of its status cannot get the status that was asked for.
	ErrWrongStatus = errors.New("wrong status")
	// ErrVersionConflict: the booking has changed since the version that the change was meant for.
	ErrVersionConflict = errors.New("version conflict")
	// ErrUnavailable: the database cannot be reached or cannot take the request now. Whether a change took
	// effect is unknown; repeating it with the same idempotency key is safe.
	ErrUnavailable = errors.New("database unavailable")
	// ErrStorageFull: there is no room for the change, and nothing of it was kept.
	ErrStorageFull = errors.New("storage is full")
	// ErrInvalidRequest: the request can never be kept: no candidate, an empty interval, an id that is
	// no UUID, or text that is not UTF-8 or holds a NUL byte. The Service refuses such input earlier.
	ErrInvalidRequest = errors.New("invalid request")
)

// SeriesError says which bookings of a series were refused, by their number, and why: ErrOccupied or *LimitError.
type SeriesError struct{ Refused map[int]error }

func (e *SeriesError) Error() string {
	return fmt.Sprintf("%d bookings of the series were refused", len(e.Refused))
}

// RefusedError says that the request repeats one that was refused, and what for: Refusal is the error of then. Of a limit
// only its kind and its maximum are known.
type RefusedError struct{ Refusal error }

func (e *RefusedError) Error() string { return "refused before: " + e.Refusal.Error() }

func (e *RefusedError) Unwrap() error { return e.Refusal }

// LimitError says which counted limit refused a booking.
type LimitError struct{ Limit Limit }

func (e *LimitError) Error() string { return "limit reached: " + string(e.Limit.Kind) }

// LimitKind names a counted limit.
type LimitKind string

// The counted limits.
const (
	// LimitPerDay and LimitPerWeek count live, completed and missed bookings, of any service, whose
	// start falls in Within.
	LimitPerDay  LimitKind = "perDay"
	LimitPerWeek LimitKind = "perWeek"
	// LimitOpenPerCustomer counts the customer's live bookings that start after now.
	LimitOpenPerCustomer LimitKind = "openPerCustomer"
	// LimitReschedules counts how often one booking has been moved. It is only ever reported, see Rescheduling.
	LimitReschedules LimitKind = "reschedules"
	// LimitWaiting counts the customer's open entries of the waitlist, and LimitWaitingAlike those of them for one service
	// and resource. They are only ever reported, see WaitlistStore.
	LimitWaiting      LimitKind = "waitlistEntries"
	LimitWaitingAlike LimitKind = "sameWaitlistEntry"
)

// Limit is a counted limit that must hold after the booking is made.
type Limit struct {
	Kind LimitKind
	Max  int
	// Within is the local day or week, as instants; unused for LimitOpenPerCustomer.
	Within Interval
	// Resources restricts the day and week limits to bookings that occupy one of these; empty for all.
	Resources []string
}

// IdempotencyClaim ties a mutating request to a key, so that a repeated request has one effect.
type IdempotencyClaim struct {
	// Principal and Route scope the key: two callers, or two routes, may use the same key.
	Principal, Route, Key string
	// BodyHash is the SHA-256 of the canonical request. The same key with another hash is refused.
	BodyHash [32]byte
	// Tentative says that the caller knows more to try, or else calls Refuse: ErrOccupied and *SeriesError then say nothing of
	// the key and leave it alone.
	Tentative bool
}

// tentative is the claim of a try that may not be the last.
func (c *IdempotencyClaim) tentative(last bool) *IdempotencyClaim {
	if c == nil || last {
		return c
	}
	try := *c
	try.Tentative = true
	return &try
}

// NewBooking is what the Service asks a Store to keep.
type NewBooking struct {
	// Booking is complete but for Units, Place, Customer.ID, HoldExpiresAt, Version, CreatedAt and
	// UpdatedAt, which the Store sets. Status is held, pending or confirmed.
	Booking Booking
	// HoldTTL is how long a held booking keeps its slot, by the database's clock.
	HoldTTL time.Duration
	// Candidates are tried in order until one is free; there is at least one and at most MaxCandidates.
	// For a group, a candidate whose session has a place left is free.
	Candidates []Assignment
	// Limits are counted under a lock; none means that the single-statement path may be used.
	Limits []Limit
	Actor  Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Cancellation is a request to call a booking off.
type Cancellation struct {
	BookingID string
	Reason    string
	// CutOff is how long before the start cancelling ends: later is ErrTooLate. 0 allows it until the start.
	CutOff time.Duration
	// Declines says that somebody turns the booking down: the business one that is pending, a customer one that was
	// offered from the waitlist. Any other is ErrWrongStatus.
	Declines bool
	// Offering offers the freed time to those who wait for it; nil frees it for everybody.
	Offering    *Offering
	Actor       Actor
	Idempotency *IdempotencyClaim
}

// NewSeries are bookings to be kept together.
type NewSeries struct {
	// ID is a UUID.
	ID string
	// Bookings are at least one, in the order of their starts, of one customer, on different days; none is a hold,
	// and their own idempotency claims are not read.
	Bookings    []NewBooking
	Idempotency *IdempotencyClaim
}

// SeriesCancellation is a request to call off the live bookings of a series.
type SeriesCancellation struct {
	SeriesID string
	// From leaves alone what starts before; zero for all.
	From time.Time
	// Cancellation is that of each booking, whose id it does not name.
	Cancellation
}

// Concerns says whether a booking of the series, as it is by the clock, is to be called off.
func (r SeriesCancellation) Concerns(b Booking) bool {
	return b.Status.Live() && !b.Start.Before(r.From)
}

// Occupied is a stretch of time in which a unit is not free: a live booking's blocked range.
type Occupied struct {
	Unit    Unit
	Blocked Interval
	// Session is set when the occupancy belongs to a group session, which others may still join.
	Session *Session
}

// Session is a group session.
type Session struct {
	ID        string
	ServiceID string
	Start     time.Time
	Units     Assignment
	GroupSize int
	Taken     int
}

// Filter selects bookings. Zero fields do not restrict.
type Filter struct {
	// From and To select bookings that start in [From, To).
	From, To   time.Time
	Statuses   []Status
	ServiceID  string
	ResourceID string
	CustomerID string
	// Phone is in E.164 form.
	Phone string
	// After continues behind this position; see Page.
	After Position
	// Limit is the number of bookings wanted: 1 to MaxPageSize, and for a Store one more, by which the
	// Service knows whether there is a next page.
	Limit int
}

// Position is a place in the order of a listing (start, then id). The zero Position is before everything.
type Position struct {
	Start time.Time
	ID    string
}

// Taken is what is known of what is taken.
type Taken interface {
	// Occupied returns what blocks the given resources anywhere in the interval, ordered by unit and start.
	// Expired holds are left out.
	Occupied(ctx context.Context, resourceIDs []string, within Interval) ([]Occupied, error)
	// CountByStart returns, for the day and week limits, the starts (ascending) of counted bookings in the
	// interval that occupy one of the resources (all when empty).
	CountByStart(ctx context.Context, resourceIDs []string, within Interval) ([]time.Time, error)
}

// Store keeps one tenant's bookings. Every implementation passes storetest. Times are kept to the
// microsecond. Any method may fail with ErrUnavailable or with the context's error,
// and any that changes something with ErrStorageFull.
//
// What all implementations guarantee: two live bookings never overlap on one unit (half-open
// ranges, widened by frozen buffers); a hold stops occupying its slot the moment it expires by the
// database's clock, without any sweeper; a change is durable before the call returns; a booking and
// its event are written together or not at all; a claimed idempotency key is written together with
// its effect, so that of any number of concurrent identical requests one takes effect and the rest
// return its booking.
//
// A refusal that another moment could turn into its opposite is kept under the key before it is returned: ErrOccupied,
// *LimitError, *SeriesError, ErrTooLate, ErrTooEarly and ErrWrongStatus. Whatever is still under way for the same key, such
// as a statement of a server that has died, does nothing from then on, and repetitions get *RefusedError.
// Unlike changes, refusals need not be durable: a crash of the database may forget those of its last moments.
type Store interface {
	// Book keeps a new booking under the first candidate that is free. replayed is true when the
	// idempotency claim had been made before and the booking is the one made then, as it is now.
	// A booking with GroupSize above 1 joins the session of its service and start on one of the candidates
	// while that has a free place, or opens one.
	// Errors: ErrOccupied, *LimitError, ErrIdempotencyMismatch, ErrInvalidRequest.
	Book(ctx context.Context, request NewBooking) (booking Booking, replayed bool, err error)
	// BookSeries keeps all bookings of a series or none. Each gets the first of its candidates that is free.
	// Errors: *SeriesError with every booking that was refused, ErrIdempotencyMismatch, ErrInvalidRequest.
	BookSeries(ctx context.Context, request NewSeries) (bookings []Booking, replayed bool, err error)
	// Series returns a series' bookings in the order of start. Errors: ErrNotFound.
	Series(ctx context.Context, id string) ([]Booking, error)
	// CancelSeries calls off every live booking of a series that is still before its cut-off, and returns the whole series.
	// Errors: ErrNotFound; ErrTooLate and ErrNotLive when it can call off none; ErrIdempotencyMismatch.
	CancelSeries(ctx context.Context, request SeriesCancellation) (bookings []Booking, replayed bool, err error)
	// Cancel calls a live booking off and frees its slot. Errors: ErrNotFound, ErrNotLive, ErrWrongStatus,
	// ErrTooLate, ErrIdempotencyMismatch.
	Cancel(ctx context.Context, request Cancellation) (booking Booking, replayed bool, err error)
	// Transition gives a booking another status; see Transition for which. Errors: ErrNotFound, ErrNotLive,
	// ErrWrongStatus, ErrTooEarly, ErrIdempotencyMismatch.
	Transition(ctx context.Context, request Transition) (booking Booking, replayed bool, err error)
	// Reschedule moves a live booking to another time, other units, or both, in one step: if it fails, the
	// booking keeps what it had. The new time may overlap the old one. A hold keeps its expiry. Errors:
	// ErrNotFound, ErrNotLive, ErrTooLate, ErrOccupied, *LimitError, ErrIdempotencyMismatch, ErrInvalidRequest.
	Reschedule(ctx context.Context, request Rescheduling) (booking Booking, replayed bool, err error)
	// Update changes what a booking says about itself. Errors: ErrNotFound, ErrVersionConflict,
	// ErrIdempotencyMismatch, ErrInvalidRequest.
	Update(ctx context.Context, request Update) (booking Booking, replayed bool, err error)
	// Replay returns the booking that a claim was made for, as it is now, and changes nothing. The Service
	// asks when the rules refuse a request that may be the repetition of one they accepted. Errors:
	// ErrNotFound when the key was never claimed or has expired, *RefusedError, ErrIdempotencyMismatch.
	Replay(ctx context.Context, claim IdempotencyClaim) (Booking, error)
	// Refuse keeps a refusal at which the Service arrived by itself, one of those that are kept, or returns the booking that
	// the claim was made for before. Errors: the refusal when it is kept, *RefusedError, ErrIdempotencyMismatch,
	// ErrInvalidRequest.
	Refuse(ctx context.Context, claim IdempotencyClaim, refusal error) (Booking, error)
	// Get returns a booking. Errors: ErrNotFound.
	Get(ctx context.Context, id string) (Booking, error)
	// List returns bookings in the order of start, then id.
	List(ctx context.Context, filter Filter) ([]Booking, error)
	Taken
	// CountByStatus counts the bookings that start in [within.Start, within.End) by their status by the clock.
	CountByStatus(ctx context.Context, within Interval) (map[Status]int, error)
	// Events returns a booking's history in order.
	Events(ctx context.Context, bookingID string) ([]Event, error)
	WaitlistStore

	// Now is the database's clock.
	Now(ctx context.Context) (time.Time, error)
	// SchemaVersion is the number of the newest migration applied.
	SchemaVersion(ctx context.Context) (int64, error)
	// Ping checks that the database answers.
	Ping(ctx context.Context) error
	// Close releases every connection once running calls have ended.
	Close() error
}
