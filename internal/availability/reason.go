package availability

import "time"

// Code says in one word why a time is or is not offered. Codes are stable and
// part of the API.
type Code string

// The codes, in the order in which conditions are judged.
const (
	// OK: it is offered.
	OK Code = "OK"
	// Past: it lies before now.
	Past Code = "PAST"
	// TooSoon: the minimum notice is not kept. Reason.Bound is the first instant
	// that keeps it.
	TooSoon Code = "TOO_SOON"
	// TooFar: it lies beyond the booking horizon. Reason.Bound is the first
	// instant beyond it.
	TooFar Code = "TOO_FAR"
	// Closed: the whole local date is closed. Reason.Detail names the exception
	// or public holiday, if it is one.
	Closed Code = "CLOSED"
	// OutsideHours: the appointment is not within one open span. Reason.Detail
	// names the exception that set the day's hours, if one did.
	OutsideHours Code = "OUTSIDE_HOURS"
	// OffGrid: appointments do not start at this time.
	OffGrid Code = "OFF_GRID"
	// LimitReached: Reason.Limit says which.
	LimitReached Code = "LIMIT_REACHED"
	// ExternalBusy: busy time from elsewhere is in the way.
	ExternalBusy Code = "EXTERNAL_BUSY"
	// SlotTaken: bookings or holds are in the way.
	SlotTaken Code = "SLOT_TAKEN"
	// Full: the sessions at this time have too few places left.
	Full Code = "FULL"
)

// Limit names one of [Limits].
type Limit string

// The limits.
const (
	PerDay          Limit = "perDay"
	PerWeek         Limit = "perWeek"
	OpenPerCustomer Limit = "openPerCustomer"
)

// Reason says why a time is or is not offered. Where several resources could
// have served, it is the reason of the one that came closest.
type Reason struct {
	Code Code `json:"code"`
	// Resource is the ID of the resource that the reason is about; empty when it
	// is about none in particular.
	Resource string `json:"resource,omitempty"`
	// Detail is the reason given for an exception, or a public holiday's name.
	Detail string `json:"detail,omitempty"`
	// Limit says which limit is reached.
	Limit Limit `json:"limit,omitempty"`
	// Bound is the first instant that keeps the notice (TOO_SOON) or that is
	// beyond the horizon (TOO_FAR), in the policy's zone.
	Bound time.Time `json:"bound,omitzero"`
}

// OK reports whether the time is offered.
func (r Reason) OK() bool { return r.Code == OK }

// Text says the reason in a sentence for people, in English. Names of resources
// are their IDs.
func (r Reason) Text() string {
	switch r.Code {
	case OK:
		return "This time can be booked."
	case Past:
		return "This time is in the past."
	case TooSoon:
		return "This is too short notice: the earliest time that can be booked now is " + spoken(r.Bound) + "."
	case TooFar:
		return "This is too far ahead: only times before " + spoken(r.Bound) + " can be booked now."
	case Closed:
		return "Closed on this day" + because(r.Detail) + "."
	case OutsideHours:
		return "The appointment would not lie within opening hours" + because(r.Detail) + "."
	case OffGrid:
		return "Appointments do not start at this time."
	case LimitReached:
		return r.Limit.text()
	case ExternalBusy:
		return "The calendar of " + r.Resource + " has another entry at this time."
	case SlotTaken:
		if r.Resource == "" {
			return "What this appointment needs is not free together at this time."
		}
		return r.Resource + " is already booked at this time."
	case Full:
		return "There are not enough places left at this time."
	default:
		return "This time cannot be booked."
	}
}

func (l Limit) text() string {
	switch l {
	case PerDay:
		return "No more bookings are taken for this day."
	case PerWeek:
		return "No more bookings are taken for this week."
	default:
		return "The customer already has as many open bookings as are allowed."
	}
}

func because(detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + detail + ")"
}

func spoken(t time.Time) string {
	return t.Format("Monday 2 January 2006, 15:04")
}
