package booking

import (
	"context"
	"time"
)

// The bounds of an entry of the waitlist.
const (
	// MaxWaitlistWindows bounds how many windows one entry has.
	MaxWaitlistWindows = 10
	// MaxWaitlistWindowDays bounds how long each of them is.
	MaxWaitlistWindowDays = 62
	// MaxWaitlistEntries bounds how many entries of one customer are open, that is waiting or offered something, at a time.
	MaxWaitlistEntries = 10
)

// WaitStatus is where somebody stands in the waitlist.
type WaitStatus string

// The statuses of an entry. Two of them come by the clock, as with holds: an entry whose offer has lapsed waits again, and
// one whose windows have all passed is expired.
const (
	// WaitWaiting is in line.
	WaitWaiting WaitStatus = "waiting"
	// WaitOffered has an offer that can be accepted until it lapses.
	WaitOffered WaitStatus = "offered"
	// WaitBooked accepted an offer.
	WaitBooked WaitStatus = "booked"
	// WaitLeft no longer wants anything.
	WaitLeft WaitStatus = "left"
	// WaitExpired is past all its windows. It is never stored.
	WaitExpired WaitStatus = "expired"
)

var waitStatuses = []WaitStatus{WaitWaiting, WaitOffered, WaitBooked, WaitLeft, WaitExpired}

// WaitlistEntry is one customer's wish for a time that is taken.
type WaitlistEntry struct {
	// ID is a UUID (version 7).
	ID        string
	ServiceID string
	// ResourceID is the one resource that is wanted; empty for any.
	ResourceID string
	Customer   Customer
	// Windows are those in which the appointment may start, [Start, End), in order and without overlap.
	Windows []Interval
	Notes   string
	// Channel is how the entry came: api, web, voice, sms.
	Channel string
	Status  WaitStatus
	// OfferID is the booking that was offered last, or that was accepted; empty when there is none or it was declined.
	OfferID string
	// JoinedAt is the entry's place in line.
	JoinedAt  time.Time
	UpdatedAt time.Time
}

// EventWaitlistJoined and EventWaitlistLeft are the events of an entry itself. What becomes of its offers are events of
// those bookings.
const (
	EventWaitlistJoined EventType = "waitlist.joined"
	EventWaitlistLeft   EventType = "waitlist.left"
)

// NewWaitlistEntry is what the Service asks a Store to keep. The Store sets Customer.ID, Status, JoinedAt and UpdatedAt.
type NewWaitlistEntry struct {
	Entry       WaitlistEntry
	Actor       Actor
	Idempotency *IdempotencyClaim
}

// Leaving is a request to take an entry off the waitlist.
type Leaving struct {
	EntryID string
	// Offering hands the entry's offer on to the next in line; nil frees its time.
	Offering    *Offering
	Actor       Actor
	Idempotency *IdempotencyClaim
}

// Offering says how time that a change frees is offered to those who wait for it: those who wait for the service, at that
// start, with one of those resources or any, whose customers were not offered that start before. The first in line for whom Offer
// agrees gets it.
type Offering struct {
	// Offer makes the booking to offer: held, with HoldTTL, and with the freed booking's units as its only candidate. It
	// reports false when today's rules do not offer the time. It is called within the transaction, perhaps several times,
	// and neither reads nor changes anything.
	Offer func(to WaitlistEntry, freed Booking) (NewBooking, bool)
}

// WaitlistFilter selects entries. Zero fields do not restrict.
type WaitlistFilter struct {
	Statuses   []WaitStatus
	ServiceID  string
	ResourceID string
	// Phone is in E.164 form.
	Phone string
	// After continues behind this position, whose Start is the time of joining.
	After Position
	// Limit is as in Filter.
	Limit int
}

// WaitlistStore keeps the waitlist beside the bookings. What it guarantees: time that a change with an Offering frees is,
// in the same transaction, either free or the hold of one offer; and of a Join and such a change one comes after the other
// and sees it.
type WaitlistStore interface {
	// Join puts an entry at the end of the line. Errors: *LimitError when the customer has MaxWaitlistEntries open ones, or
	// one for this service and resource; ErrIdempotencyMismatch, ErrInvalidRequest.
	Join(ctx context.Context, request NewWaitlistEntry) (entry WaitlistEntry, replayed bool, err error)
	// Leave takes an entry off the waitlist; its offer is declined. Errors: ErrNotFound, ErrNotLive when it left
	// before, ErrWrongStatus when its offer was accepted, ErrIdempotencyMismatch.
	Leave(ctx context.Context, request Leaving) (entry WaitlistEntry, replayed bool, err error)
	// HandOn offers the time of holds that have lapsed, offers or not, to those who wait for it, and says how many offers
	// it made. Nothing depends on it being called in time. What fails with one hold does not end it, but is in its error.
	HandOn(ctx context.Context, offering Offering) (offers int, err error)
	// ReplayEntry is Replay for a claim of Join.
	ReplayEntry(ctx context.Context, claim IdempotencyClaim) (WaitlistEntry, error)
	// WaitlistEntry returns an entry. Errors: ErrNotFound.
	WaitlistEntry(ctx context.Context, id string) (WaitlistEntry, error)
	// Waitlist returns entries in the order in which they joined.
	Waitlist(ctx context.Context, filter WaitlistFilter) ([]WaitlistEntry, error)
	// WaitlistEvents returns what happened to an entry and to its offers, in order. BookingID names the offer, if it was
	// one.
	WaitlistEvents(ctx context.Context, entryID string) ([]Event, error)
}
