package request

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// MaxIndexed bounds, in bytes, each text that a store keeps in an index: Postgres refuses index rows of more than
// about 2,700 bytes.
const MaxIndexed = 512

// CheckNew refuses, with booking.ErrInvalidRequest, a new booking that no store could keep.
func CheckNew(r booking.NewBooking) error {
	b := r.Booking
	switch {
	case !IsUUID(b.ID):
		return invalid("booking id %q is not a UUID", b.ID)
	case !b.Status.Live():
		return invalid("a new booking cannot be %q", b.Status)
	case b.Status == booking.StatusHeld && r.HoldTTL <= 0:
		return invalid("a held booking needs a time to live")
	case b.Customer.Phone == "" && b.Customer.Email == "":
		return invalid("the customer has neither a phone number nor an e-mail address")
	}
	if err := checkTimes(b.Start, b.End, b.Blocked); err != nil {
		return err
	}
	if err := checkCandidates(r.Candidates); err != nil {
		return err
	}
	if err := checkIndexed(append(claimText(r.Idempotency), b.ServiceID, b.Customer.Phone, b.Customer.Email)...); err != nil {
		return err
	}
	for _, limit := range r.Limits {
		if !knownLimit(limit.Kind) {
			return invalid("limit %q is unknown", limit.Kind)
		}
	}
	for name, text := range b.CustomFields {
		if err := checkText(name, text); err != nil {
			return err
		}
	}
	return checkText(b.Customer.Name, b.TimeZone, b.LocalStart, b.Notes, b.Channel, r.Actor.Principal, r.Actor.Channel)
}

// CheckUpdate refuses, with booking.ErrInvalidRequest, text that no store could keep.
func CheckUpdate(r booking.Update) error {
	if err := checkIndexed(claimText(r.Idempotency)...); err != nil {
		return err
	}
	texts := []string{r.Actor.Principal, r.Actor.Channel}
	if r.Notes != nil {
		texts = append(texts, *r.Notes)
	}
	for name, text := range r.CustomFields {
		texts = append(texts, name)
		if text != nil {
			texts = append(texts, *text)
		}
	}
	return checkText(texts...)
}

// CheckCancellation refuses, with booking.ErrInvalidRequest, text that no store could keep.
func CheckCancellation(r booking.Cancellation) error {
	if err := checkIndexed(claimText(r.Idempotency)...); err != nil {
		return err
	}
	return checkText(r.Reason, r.Actor.Principal, r.Actor.Channel)
}

// CheckTransition refuses, with booking.ErrInvalidRequest, text that no store could keep.
func CheckTransition(r booking.Transition) error {
	if err := checkIndexed(claimText(r.Idempotency)...); err != nil {
		return err
	}
	return checkText(r.Actor.Principal, r.Actor.Channel)
}

// CheckRescheduling refuses, with booking.ErrInvalidRequest, a new time that no store could keep.
func CheckRescheduling(r booking.Rescheduling) error {
	if err := checkTimes(r.Start, r.End, r.Blocked); err != nil {
		return err
	}
	if err := checkCandidates(r.Candidates); err != nil {
		return err
	}
	for _, limit := range r.Limits {
		if !knownLimit(limit.Kind) || limit.Kind == booking.LimitOpenPerCustomer {
			return invalid("limit %q does not apply to a change of time", limit.Kind)
		}
	}
	if err := checkIndexed(claimText(r.Idempotency)...); err != nil {
		return err
	}
	return checkText(r.TimeZone, r.LocalStart, r.Actor.Principal, r.Actor.Channel)
}

// CheckClaim refuses, with booking.ErrInvalidRequest, a key that no store could keep.
func CheckClaim(claim booking.IdempotencyClaim) error { return checkIndexed(claimText(&claim)...) }

// IsUUID says whether s is a UUID in its canonical form, the only one that stores keep.
func IsUUID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

// IsText says whether s can be stored: UTF-8 without NUL bytes, which Postgres refuses.
func IsText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

func checkTimes(start, end time.Time, blocked booking.Interval) error {
	switch {
	case !start.Before(end):
		return invalid("the booking ends at or before its start")
	case start.Before(blocked.Start) || end.After(blocked.End):
		return invalid("the blocked range does not cover the booking")
	}
	return nil
}

func checkCandidates(candidates []booking.Assignment) error {
	if len(candidates) == 0 {
		return invalid("there is no candidate")
	}
	for _, candidate := range candidates {
		if len(candidate) == 0 {
			return invalid("a candidate is empty")
		}
		seen := make(map[booking.Unit]bool, len(candidate))
		for _, unit := range candidate {
			if seen[unit] {
				return invalid("a candidate names unit %d of %q twice", unit.Number, unit.ResourceID)
			}
			seen[unit] = true
			if unit.Number < 1 {
				return invalid("a candidate names unit %d; units count from 1", unit.Number)
			}
			if err := checkIndexed(unit.ResourceID); err != nil {
				return err
			}
		}
	}
	return nil
}

func knownLimit(kind booking.LimitKind) bool {
	switch kind {
	case booking.LimitPerDay, booking.LimitPerWeek, booking.LimitOpenPerCustomer:
		return true
	}
	return false
}

func claimText(claim *booking.IdempotencyClaim) []string {
	if claim == nil {
		return nil
	}
	return []string{claim.Principal, claim.Route, claim.Key}
}

func checkIndexed(texts ...string) error {
	for _, text := range texts {
		if len(text) > MaxIndexed {
			return invalid("an id, key, phone number or e-mail address has more than %d bytes", MaxIndexed)
		}
	}
	return checkText(texts...)
}

func checkText(texts ...string) error {
	for _, text := range texts {
		if !IsText(text) {
			return invalid("text is not UTF-8 or holds a NUL byte")
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{booking.ErrInvalidRequest}, args...)...)
}

// MaxPage is the largest page of a listing: the Service's largest, and the one booking more by which it knows
// whether there is a next page.
const MaxPage = booking.MaxPageSize + 1

// CheckFilter refuses, with booking.ErrInvalidRequest, a filter that no listing can serve.
func CheckFilter(f booking.Filter) error {
	if f.Limit < 1 || f.Limit > MaxPage {
		return invalid("a page has 1 to %d bookings, not %d", MaxPage, f.Limit)
	}
	if f.After != (booking.Position{}) && !IsUUID(f.After.ID) {
		return invalid("the position's id %q is not a UUID", f.After.ID)
	}
	return checkText(f.ServiceID, f.ResourceID, f.CustomerID, f.Phone)
}
