package lead

import (
	"context"
	"iter"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// The bounds of single requests.
const (
	// MaxPageSize and DefaultPageSize bound one page of a listing.
	MaxPageSize     = 200
	DefaultPageSize = 50
)

// Outcome is what creating or importing somebody came to.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// NewPerson is a request to keep a clean draft.
type NewPerson struct {
	Draft       Draft
	Actor       booking.Actor
	Idempotency *booking.IdempotencyClaim
}

// Change is a request to change a person.
type Change struct {
	ID string
	// Version is the version that the change was made for; 0 for whatever it is.
	Version int
	// Apply computes the changed person within the transaction. It may run several times, and changes nothing itself.
	Apply       func(Person) (Person, error)
	Actor       booking.Actor
	Idempotency *booking.IdempotencyClaim
}

// Merging is a request to make one person of two. ID stays, OtherID goes.
type Merging struct {
	ID, OtherID string
	Actor       booking.Actor
	Idempotency *booking.IdempotencyClaim
}

// NewOptOut is a request to add a number to the registry.
type NewOptOut struct {
	Phone, Reason string
	Actor         booking.Actor
}

// Import is a request to keep many clean drafts at once.
type Import struct {
	// Batches yields the drafts, each number once. It can be walked more than once.
	Batches iter.Seq2[[]Draft, error]
	// DryRun counts what would happen and changes nothing.
	DryRun bool
	Actor  booking.Actor
	// Idempotency is nil when the caller gave no key. Answer is what to keep for a repetition.
	Idempotency *booking.IdempotencyClaim
	Answer      func(Counts) string
}

// Counts are what became of the drafts of an import.
type Counts struct {
	Created, Updated, Unchanged int
	// OptedOut were passed over: their numbers must not be contacted.
	OptedOut int
}

// Filter selects people. Zero fields do not restrict.
type Filter struct {
	Statuses []Status
	// Tags selects people who have all of them, Sources people who have one of them.
	Tags, Sources []string
	// Text is looked for in name, e-mail address and number, without regard to case.
	Text string
	// Phone is in E.164 form and finds aliases too.
	Phone        string
	CreatedSince time.Time
	// After is the id behind which the page starts; the newest come first.
	After string
	// Limit is the number of people wanted. A Store takes any.
	Limit int
}

// Store keeps one tenant's people. Every implementation passes storetest. Each call that changes something is one
// transaction with its events and its idempotency key. Any method may fail with booking.ErrUnavailable or with the
// context's error. Erased and merged rows are not found, but a merged one's id finds the person it became part of.
type Store interface {
	// Create keeps a new person, or brings an existing one together with the draft (Absorb). A number that is opted out
	// makes a person who is. Errors: booking.ErrIdempotencyMismatch, booking.ErrInvalidRequest.
	Create(ctx context.Context, request NewPerson) (person Person, outcome Outcome, replayed bool, err error)
	// Change changes a person. Becoming opted_out adds the numbers to the registry. Errors: booking.ErrNotFound,
	// ErrVersion, ErrNumberTaken, booking.ErrIdempotencyMismatch, what Apply returns.
	Change(ctx context.Context, request Change) (person Person, replayed bool, err error)
	// Merge moves everything of one person to another (Unite). When one of them is opted out, all numbers of both are.
	// Errors: booking.ErrNotFound, booking.ErrIdempotencyMismatch.
	Merge(ctx context.Context, request Merging) (person Person, replayed bool, err error)
	// Erase removes everything personal of a person: bookings and events stay, the registry keeps hashes only. Errors:
	// booking.ErrNotFound.
	Erase(ctx context.Context, id string, actor booking.Actor) error
	// Import keeps many drafts in one transaction, as Create would, but passes over opted-out numbers. answer is not
	// empty when the claim was made before. Errors: booking.ErrIdempotencyMismatch, what Batches yields.
	Import(ctx context.Context, request Import) (counts Counts, answer string, err error)

	// Get returns a person. Errors: booking.ErrNotFound.
	Get(ctx context.Context, id string) (Person, error)
	// List returns people, the newest first.
	List(ctx context.Context, filter Filter) ([]Person, error)
	// Timeline returns what happened to a person, the newest first, behind a position.
	Timeline(ctx context.Context, id string, after Position, limit int) ([]Entry, error)

	// OptOut adds a number to the registry; added is false when it was there. Who has the number becomes opted_out.
	OptOut(ctx context.Context, request NewOptOut) (optOut OptOut, added bool, err error)
	// OptIn removes a number from the registry; removed is false when it was not there. Who has the number becomes
	// contacted, or booked with a live booking.
	OptIn(ctx context.Context, phone string, actor booking.Actor) (removed bool, err error)
	// OptedOut returns the registry's entry of each of the numbers that has one.
	OptedOut(ctx context.Context, phones []string) (map[string]OptOut, error)
	// OptOuts lists the registry, the newest first, behind an id.
	OptOuts(ctx context.Context, after string, limit int) ([]OptOut, error)
	// CountOptOuts counts the numbers in the registry, those of erased people too.
	CountOptOuts(ctx context.Context) (int, error)
}
