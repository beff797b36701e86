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
