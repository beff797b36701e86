package lead

import (
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// The codes of this package beside those of package booking, with the HTTP status that the API gives them.
const (
	// CodeVersionMismatch: the person changed since the version that the caller has seen (412).
	CodeVersionMismatch booking.Code = "VERSION_MISMATCH"
	// CodeInvalidTransition: a person of this status cannot be given that one by hand (409).
	CodeInvalidTransition booking.Code = "INVALID_TRANSITION"
	// CodeNumberTaken: another person has the number (409).
	CodeNumberTaken booking.Code = "NUMBER_TAKEN"
	// CodeOptedOut: the person must not be contacted (409).
	CodeOptedOut booking.Code = "OPTED_OUT"
	// CodeUnreadableFile: an import is no CSV or JSON at all, or names no column for the number (422).
	CodeUnreadableFile booking.Code = "UNREADABLE_FILE"
	// CodeBodyTooLarge: an import is larger than allowed (413).
	CodeBodyTooLarge booking.Code = "BODY_TOO_LARGE"
)

// The errors by which a Store reports an outcome, beside booking.ErrNotFound, booking.ErrIdempotencyMismatch,
// booking.ErrInvalidRequest and booking.ErrUnavailable; the Service turns them into *booking.Error.
var (
	// ErrNumberTaken: another person has the number that a change would give.
	ErrNumberTaken = errors.New("another person has this number")
	// ErrVersion: the person's version is not the one that the change was made for.
	ErrVersion = errors.New("the person has another version")
)

// invalid makes a VALIDATION_ERROR about a field.
func invalid(field, format string, args ...any) error {
	return booking.Errorf(booking.CodeValidation, format, args...).WithField(field)
}

// storeError turns what a Store reports into what a caller is told.
func storeError(err error) error {
	if _, told := errors.AsType[*booking.Error](err); told || err == nil {
		return err
	}
	switch {
	case errors.Is(err, booking.ErrNotFound):
		return booking.Errorf(booking.CodeNotFound, "There is no such person. Check the id.")
	case errors.Is(err, ErrNumberTaken):
		return booking.Errorf(CodeNumberTaken, "Another person has this number. Merge the two instead.").WithField("phone")
	case errors.Is(err, ErrVersion):
		return booking.Errorf(CodeVersionMismatch, "Somebody changed this person in the meantime. Read it again and repeat the change if it still makes sense.")
	case errors.Is(err, booking.ErrIdempotencyMismatch):
		return booking.Errorf(booking.CodeIdempotencyMismatch, "This Idempotency-Key was used for another request. Use a new key for a new request.")
	case errors.Is(err, booking.ErrStorageFull):
		return booking.StorageFull(err)
	case errors.Is(err, booking.ErrUnavailable):
		return booking.Errorf(booking.CodeStorageUnavailable, "The database cannot be reached right now. Try again shortly.").WithCause(err)
	}
	return err
}
