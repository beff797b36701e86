package booking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// How moments are written for people, in the tenant's zone.
const (
	spokenDay    = "Monday 2 January 2006"
	spokenMoment = "Monday 2 January 2006, 15:04"
)

// storeError turns an error of the Store into one for the caller.
func storeError(err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return Errorf(CodeNotFound, "There is no such booking. Check its number.")
	case errors.Is(err, ErrVersionConflict):
		return Errorf(CodeVersionConflict, "The booking has changed since you read it. Read it again, and change what it says now.")
	case errors.Is(err, ErrIdempotencyMismatch):
		return Errorf(CodeIdempotencyMismatch, "This idempotency key was used for a different request. Use a new key for a new request.")
	case errors.Is(err, ErrInvalidRequest):
		return Errorf(CodeValidation, "The request has something in it that cannot be kept. Send plain text without control characters.").WithCause(err)
	case errors.Is(err, ErrStorageFull):
		return StorageFull(err)
	default:
		return unavailable(err)
	}
}

// StorageFull is the error for a caller whose change there is no room for.
func StorageFull(cause error) *Error {
	return Errorf(CodeStorageFull, "There is no room to keep this; what was kept before is safe. Whoever runs the system must make room or choose a larger database.").
		WithCause(cause)
}

func unavailable(cause error) error {
	return Errorf(CodeStorageUnavailable, "The booking system cannot reach its records right now. Try again in a moment.").WithCause(cause)
}

// refuse says why a start cannot be booked, with what can be booked instead. Alternatives are a
// courtesy: when they cannot be read, the refusal stands without them.
func (a *attempt) refuse(ctx context.Context, reason availability.Reason) error {
	refusal := a.refusal(reason)
	refusal.judged, refusal.keep = a.judged, kept(reason)
	if a.repeated {
		refusal.repeats()
	}
	if reason.Code == availability.LimitReached && reason.Limit == availability.OpenPerCustomer {
		return refusal // another time would not help
	}
	alternatives, err := a.alternatives(ctx, reason)
	if err != nil {
		return refusal.WithCause(err)
	}
	refusal.Alternatives = alternatives
	return refusal
}

// repeats says that the request was refused before and what that means.
func (e *Error) repeats() {
	e.Repeated = true
	e.Message += " This request was refused when it first came. To try again, send it with a new idempotency key."
}

// refusedBefore is the answer to a request that repeats a refused one, if that is what an error of the Store says. Code and
// words are those of then: how the booking stands by now has nothing to do with it. Different requests have different codes
// for ErrTooLate; tooLate is the one of this.
func refusedBefore(err error, tooLate Code) (then *Error, repeated bool) {
	if _, refused := errors.AsType[*RefusedError](err); !refused {
		return nil, false
	}
	limit, limited := errors.AsType[*LimitError](err)
	series, ofDates := errors.AsType[*SeriesError](err)
	if ofDates {
		limit, limited = series.ofCustomer()
	}
	switch {
	case limited:
		then = Errorf(CodeLimitReached, "A limit had been reached.")
		then.Details = details(availability.Reason{Code: availability.LimitReached, Limit: availability.Limit(limit.Limit.Kind)})
	case ofDates:
		then = Errorf(CodeSeriesConflict, "Some of the dates could not be booked, so none was.")
	case errors.Is(err, ErrTooLate):
		then = Errorf(tooLate, "It was too late for this.")
	case errors.Is(err, ErrTooEarly):
		then = Errorf(CodeNotStarted, "The appointment had not begun.")
	case errors.Is(err, ErrWrongStatus):
		then = Errorf(CodeWrongStatus, "The booking's status did not allow this.")
	default:
		then = Errorf(CodeSlotTaken, "The time was taken.").WithField("start")
		then.Details = details(availability.Reason{Code: availability.SlotTaken})
	}
	then.judged = true
	then.repeats()
	return then, true
}

// asOf is the refusal of then with what can be had instead by now, which the refusal of today knows; nil if there is none.
func (e *Error) asOf(today *Error) *Error {
	switch {
	case today == nil:
		return e
	case today.Code == e.Code:
		today.repeats() // its words say more
		return today
	default:
		e.Alternatives = today.Alternatives
		return e
	}
}

// decided says of a refusal that the Store arrived at it: whether the request repeats another one has been asked.
func decided(err error) error {
	if refusal, ok := errors.AsType[*Error](err); ok {
		refusal.judged = true
	}
	return err
}

// kept is a refusal as the Store keeps it; nil for a reason that depends on nothing that is stored.
func kept(reason availability.Reason) error {
	switch reason.Code {
	case availability.SlotTaken, availability.Full:
		return ErrOccupied
	case availability.LimitReached:
		return &LimitError{Limit{Kind: LimitKind(reason.Limit)}}
	}
	return nil
}

func (a *attempt) refusal(reason availability.Reason) *Error {
	location := a.service.catalog.location
	moment := a.start.In(location).Format(spokenMoment)
	day := a.start.In(location).Format(spokenDay)
	var refusal *Error
	switch reason.Code {
	case availability.Past:
		refusal = Errorf(CodeInThePast, "%s has passed. Choose a time that is still to come.", moment)
	case availability.TooSoon:
		refusal = Errorf(CodeTooSoon, "Bookings are taken at least %s ahead. Choose a time from %s.",
			spoken(a.service.catalog.rules.Notice.Minimum.Std()), reason.Bound.In(location).Format(spokenMoment))
	case availability.TooFar:
		refusal = Errorf(CodeTooFar, "Bookings are taken up to %d days ahead. Choose a time before %s.",
			a.service.catalog.rules.Notice.MaximumDays, reason.Bound.In(location).Format(spokenDay))
	case availability.Closed:
		refusal = Errorf(CodeClosed, "%s on %s%s. Choose another day.", a.who(reason, "is closed", "is not in"), day, because(reason))
	case availability.OutsideHours:
		refusal = Errorf(CodeOutsideHours, "%s takes %s and does not fit into the opening hours%s at %s%s. Choose another time.",
			a.offer.service.Name, spoken(a.plan.service.Duration), a.whose(reason), moment, because(reason))
	case availability.OffGrid:
		refusal = Errorf(CodeOffGrid, "Appointments do not begin at %s. Choose one of the offered times.", a.start.In(location).Format("15:04:05"))
	case availability.LimitReached:
		return a.limitRefusal(reason, day)
	case availability.Full:
		refusal = Errorf(CodeSlotTaken, "%s at %s is full. Choose another time.", a.offer.service.Name, moment)
	default:
		refusal = Errorf(CodeSlotTaken, "%s is already taken. Choose another time.", moment)
	}
	refusal.Details = details(reason)
	return refusal.WithField("start")
}

func (a *attempt) limitRefusal(reason availability.Reason, day string) *Error {
	limits := a.service.catalog.rules.Limits
	var refusal *Error
	switch reason.Limit {
	case availability.OpenPerCustomer:
		refusal = Errorf(CodeLimitReached, "This customer has as many bookings to come as are allowed (%d). Cancel one, or book again after one has taken place.",
			limits.OpenPerCustomer)
	case availability.PerWeek:
		refusal = Errorf(CodeLimitReached, "The week of %s is fully booked. Choose another week.", day).WithField("start")
	default:
		refusal = Errorf(CodeLimitReached, "%s is fully booked. Choose another day.", day).WithField("start")
	}
	refusal.Details = details(reason)
	return refusal
}

// who names the one that a reason is about: a resource, else the business.
func (a *attempt) who(reason availability.Reason, business, person string) string {
	if resource, found := a.service.catalog.Resource(reason.Resource); found && resource.Policy != "" {
		return resource.Name + " " + person
	}
	return a.service.catalog.document.Tenant.DisplayName + " " + business
}

func (a *attempt) whose(reason availability.Reason) string {
	if resource, found := a.service.catalog.Resource(reason.Resource); found && resource.Policy != "" {
		return " of " + resource.Name
	}
	return ""
}

func because(reason availability.Reason) string {
	if reason.Detail == "" {
		return ""
	}
	return " (" + reason.Detail + ")"
}

// details repeats a reason for machines.
func details(reason availability.Reason) map[string]any {
	facts := map[string]any{"reason": reason.Code}
	if reason.Resource != "" {
		facts["resource"] = reason.Resource
	}
	if reason.Detail != "" {
		facts["detail"] = reason.Detail
	}
	if reason.Limit != "" {
		facts["limit"] = reason.Limit
	}
	if !reason.Bound.IsZero() {
		facts["bound"] = reason.Bound.Format(time.RFC3339)
	}
	return facts
}

// contact says how to reach the business for something that it must do itself.
func (s *Service) contact(purpose string) string {
	tenant := s.catalog.document.Tenant
	switch {
	case tenant.Contact.Phone != "":
		return fmt.Sprintf("Call %s on %s %s.", tenant.DisplayName, tenant.Contact.Phone, purpose)
	case tenant.Contact.Email != "":
		return fmt.Sprintf("Write to %s at %s %s.", tenant.DisplayName, tenant.Contact.Email, purpose)
	default:
		return fmt.Sprintf("Ask %s %s.", tenant.DisplayName, purpose)
	}
}

// spoken writes a length of time for people: "1 hour 30 minutes", "2 days".
func spoken(length time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		count := length / unit.size
		length -= count * unit.size
		switch {
		case count == 1:
			parts = append(parts, "1 "+unit.name)
		case count > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", count, unit.name))
		}
	}
	if len(parts) == 0 {
		return "no time"
	}
	return strings.Join(parts, " ")
}
