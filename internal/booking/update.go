package booking

import (
	"context"
	"errors"
)

// UpdateRequest is a wish to change what a booking says about itself.
type UpdateRequest struct {
	ID string
	// Notes has at most 2000 characters; nil leaves the notes as they are.
	Notes *string
	// CustomFields sets the named fields, and removes those that are nil here. Others stay.
	CustomFields map[string]*string
	// Version is the version that the caller has read; 0 changes whatever there is.
	Version int
	Actor   Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Update changes a booking's notes and custom fields. The second result is that of Book. Errors: VALIDATION_ERROR,
// NOT_FOUND, VERSION_CONFLICT, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Update(ctx context.Context, request UpdateRequest) (Booking, bool, error) {
	id, err := bookingID(request.ID)
	if err != nil {
		return Booking{}, false, err
	}
	if err := request.clean(); err != nil {
		return Booking{}, false, err
	}
	booking, replayed, err := s.store.Update(ctx, Update{
		BookingID: id, Notes: request.Notes, CustomFields: request.CustomFields, Version: request.Version,
		Actor: request.Actor, Idempotency: request.Idempotency,
	})
	switch {
	case err == nil:
		return booking, replayed, nil
	case errors.Is(err, ErrInvalidRequest):
		return Booking{}, false, tooManyCustomFields().WithCause(err) // what else there is to refuse was refused above
	default:
		return Booking{}, false, storeError(err)
	}
}

func (r *UpdateRequest) clean() error {
	if r.Notes == nil && len(r.CustomFields) == 0 {
		return invalid("", "There is nothing to change. Send notes or customFields.")
	}
	if r.Notes != nil {
		notes, err := cleanNotes(*r.Notes)
		if err != nil {
			return err
		}
		r.Notes = &notes
	}
	for name, text := range r.CustomFields {
		value := ""
		if text != nil {
			value = *text
		}
		if err := checkCustomField(name, value); err != nil {
			return err
		}
	}
	return nil
}
