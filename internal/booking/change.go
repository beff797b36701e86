package booking

import "time"

// Transition is a request to give a booking another status. Cancelling has rules of its own: see Cancellation.
//
//	held                → pending, confirmed   before the hold expires, by the database's clock
//	pending             → confirmed
//	pending, confirmed  → completed, no_show   from the start on; what it still occupies is freed
//	completed           ↔ no_show              to correct a mistake
type Transition struct {
	BookingID   string
	To          Status
	Actor       Actor
	Idempotency *IdempotencyClaim
}

// AllowedFrom says whether a booking of this status, by the clock, may be asked for the transition.
func (t Transition) AllowedFrom(status Status) bool {
	switch t.To {
	case StatusPending:
		return status == StatusHeld
	case StatusConfirmed:
		return status == StatusHeld || status == StatusPending
	case StatusCompleted:
		return status == StatusPending || status == StatusConfirmed || status == StatusNoShow
	case StatusNoShow:
		return status == StatusPending || status == StatusConfirmed || status == StatusCompleted
	}
	return false
}

// Over says whether the status is one that a booking gets after it took place.
func (s Status) Over() bool { return s == StatusCompleted || s == StatusNoShow }

// Rescheduling is a request to move a live booking.
type Rescheduling struct {
	BookingID string
	// Start, End, Blocked, TimeZone and LocalStart replace those of the booking.
	Start, End           time.Time
	Blocked              Interval
	TimeZone, LocalStart string
	// Candidates are tried as for a new booking. A place in a session moves to another session.
	Candidates []Assignment
	// Limits are counted without the booking itself; LimitOpenPerCustomer does not change and is not accepted.
	Limits []Limit
	// CutOff is how long before the present start moving ends: later is ErrTooLate.
	CutOff time.Duration
	// MaxTimes is how often a booking may be moved; 0 is without limit. More is a *LimitError of LimitReschedules.
	MaxTimes int
	// Offering offers the time that is left to those who wait for it; nil frees it for everybody.
	Offering    *Offering
	Actor       Actor
	Idempotency *IdempotencyClaim
}

// Update is a request to change what a booking of any status says about itself.
type Update struct {
	BookingID string
	// Notes replaces the notes; nil leaves them.
	Notes *string
	// CustomFields sets the named fields, and removes those that are nil here. Others stay.
	CustomFields map[string]*string
	// Version is the version that the change is meant for; 0 is any. Another one is ErrVersionConflict.
	Version     int
	Actor       Actor
	Idempotency *IdempotencyClaim
}
