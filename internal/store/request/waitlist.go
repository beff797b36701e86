package request

import (
	"context"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// CheckJoin refuses, with booking.ErrInvalidRequest, an entry that no store could keep.
func CheckJoin(r booking.NewWaitlistEntry) error {
	e := r.Entry
	switch {
	case !IsUUID(e.ID):
		return invalid("entry id %q is not a UUID", e.ID)
	case e.Customer.Phone == "" && e.Customer.Email == "":
		return invalid("the customer has neither a phone number nor an e-mail address")
	case len(e.Windows) == 0:
		return invalid("an entry needs a window")
	}
	for i, window := range e.Windows {
		if !window.Start.Before(window.End) || i > 0 && window.Start.Before(e.Windows[i-1].End) {
			return invalid("the windows of an entry are in order and do not overlap")
		}
	}
	if err := checkIndexed(append(claimText(r.Idempotency), e.ServiceID, e.ResourceID, e.Customer.Phone, e.Customer.Email)...); err != nil {
		return err
	}
	return checkText(e.Customer.Name, e.Notes, e.Channel, r.Actor.Principal, r.Actor.Channel)
}

// CheckLeaving refuses, with booking.ErrInvalidRequest, text that no store could keep.
func CheckLeaving(r booking.Leaving) error { return CheckActor(r.Actor, r.Idempotency) }

// CheckWaitlistFilter refuses, with booking.ErrInvalidRequest, a filter that no listing can serve.
func CheckWaitlistFilter(f booking.WaitlistFilter) error {
	return CheckFilter(booking.Filter{ServiceID: f.ServiceID, ResourceID: f.ResourceID, Phone: f.Phone, After: f.After, Limit: f.Limit})
}

// LeaveRefusal says why an entry of this status, by the clock, cannot leave; nil when it can.
func LeaveRefusal(status booking.WaitStatus) error {
	switch status {
	case booking.WaitLeft:
		return booking.ErrNotLive
	case booking.WaitBooked:
		return booking.ErrWrongStatus
	}
	return nil
}

// JoinRefusal says why a customer with so many open entries, so many of them for the same service and resource, cannot
// join; nil when nothing is in the way.
func JoinRefusal(open, alike int) error {
	switch {
	case alike > 0:
		return &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitWaitingAlike, Max: 1}}
	case open >= booking.MaxWaitlistEntries:
		return &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitWaiting, Max: booking.MaxWaitlistEntries}}
	}
	return nil
}

// MaxProposals bounds how many of those in line are considered for one freed time: who is passed over has reached a
// limit, or was just offered another time.
const MaxProposals = 16

// EndsHandOn says whether an error about one lapsed hold would be met with every other one, too. Any other error does not
// keep those who wait for the others from their offers.
func EndsHandOn(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, booking.ErrUnavailable) || errors.Is(err, booking.ErrStorageFull)
}

// FirstEvent is the event that makes a booking.
func FirstEvent(b booking.Booking) booking.EventType {
	if b.WaitlistEntryID != "" {
		return booking.EventOffered
	}
	return EventType(b.Status)
}
