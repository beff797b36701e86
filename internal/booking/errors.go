package booking

import (
	"errors"
	"fmt"
	"time"
)

// Code is the machine-readable name of an error. Codes are part of the API: they never change.
type Code string

// The codes, with the HTTP status that the API gives them.
const (
	CodeValidation           Code = "VALIDATION_ERROR"       // 422
	CodeNotFound             Code = "NOT_FOUND"              // 404
	CodeUnknownService       Code = "UNKNOWN_SERVICE"        // 422
	CodeUnknownResource      Code = "UNKNOWN_RESOURCE"       // 422
	CodeSlotTaken            Code = "SLOT_TAKEN"             // 409
	CodeOutsideHours         Code = "OUTSIDE_HOURS"          // 422
	CodeClosed               Code = "CLOSED"                 // 422
	CodeOffGrid              Code = "OFF_GRID"               // 422
	CodeInThePast            Code = "IN_THE_PAST"            // 422
	CodeTooSoon              Code = "TOO_SOON"               // 422
	CodeTooFar               Code = "TOO_FAR"                // 422
	CodeLimitReached         Code = "LIMIT_REACHED"          // 409
	CodeWindowTooLarge       Code = "WINDOW_TOO_LARGE"       // 422
	CodeTooLateToCancel      Code = "TOO_LATE_TO_CANCEL"     // 409
	CodeAlreadyCancelled     Code = "ALREADY_CANCELLED"      // 409
	CodeNotCancellable       Code = "NOT_CANCELLABLE"        // 409
	CodeTooLateToReschedule  Code = "TOO_LATE_TO_RESCHEDULE" // 409
	CodeHoldExpired          Code = "HOLD_EXPIRED"           // 409
	CodeSeriesConflict       Code = "SERIES_CONFLICT"        // 409
	CodeWrongStatus          Code = "WRONG_STATUS"           // 409
	CodeNotStarted           Code = "NOT_STARTED"            // 409
	CodeWaitlistClosed       Code = "WAITLIST_CLOSED"        // 409
	CodeNoOffer              Code = "NO_OFFER"               // 409
	CodeVersionConflict      Code = "VERSION_CONFLICT"       // 412
	CodeBusinessOnly         Code = "BUSINESS_ONLY"          // 403
	CodeIdempotencyMismatch  Code = "IDEMPOTENCY_KEY_REUSED" // 422
	CodeStorageUnavailable   Code = "STORAGE_UNAVAILABLE"    // 503
	CodeStorageFull          Code = "STORAGE_FULL"           // 507
	CodeConfigurationMissing Code = "NOT_CONFIGURED"         // 503
)

// Error is an error that a caller may see.
type Error struct {
	Code Code
	// Message says what is wrong and what to do, without internals.
	Message string
	// Field is the path of the offending input, such as customer.phone; empty when none is.
	Field string
	// Alternatives are the nearest free slots, for SLOT_TAKEN and the codes that refuse a start.
	Alternatives []Slot
	// Conflicts are the dates of a series that cannot be had, for SERIES_CONFLICT.
	Conflicts []Conflict
	// Details carries further machine-readable facts.
	Details map[string]any
	// Repeated says that the request repeats one that was refused, and is refused for that.
	Repeated bool
	cause    error
	// judged says that the Store refused the request, and would have replayed the answer of one that this repeats.
	judged bool
	// keep is the refusal as the Store keeps it; nil for one that depends on nothing that is stored.
	keep error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithField sets the offending input's path.
func (e *Error) WithField(field string) *Error { e.Field = field; return e }

// WithCause keeps the underlying error for logs; it is never shown to callers.
func (e *Error) WithCause(cause error) *Error { e.cause = cause; return e }

// CodeOf returns the code of the first *Error in err's chain, or "" when there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Slot is a start that can be booked.
type Slot struct {
	Start, End time.Time
	// Candidates lists assignments that were free when the slot was computed, best first.
	Candidates []Assignment
	// PlacesLeft is how many people can still join; 1 for an ordinary appointment.
	PlacesLeft int
}
