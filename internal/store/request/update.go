package request

import (
	"maps"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// Updated is what a booking says about itself after the update. The error is booking.ErrVersionConflict, or
// booking.ErrInvalidRequest when there would be too many custom fields.
func Updated(b booking.Booking, r booking.Update) (notes string, fields map[string]string, err error) {
	if r.Version != 0 && r.Version != b.Version {
		return "", nil, booking.ErrVersionConflict
	}
	notes, fields = b.Notes, map[string]string{}
	if r.Notes != nil {
		notes = *r.Notes
	}
	maps.Copy(fields, b.CustomFields)
	for name, text := range r.CustomFields {
		if text == nil {
			delete(fields, name)
		} else {
			fields[name] = *text
		}
	}
	if len(fields) > booking.MaxCustomFields {
		return "", nil, invalid("a booking has at most %d custom fields", booking.MaxCustomFields)
	}
	return notes, fields, nil
}

// CancelEvent is the event that a cancellation causes.
func CancelEvent(r booking.Cancellation) booking.EventType {
	if r.Declines {
		return booking.EventDeclined
	}
	return booking.EventCancelled
}
