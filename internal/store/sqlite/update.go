package sqlite

import (
	"context"
	"database/sql"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Update implements booking.Store.
func (s *Store) Update(ctx context.Context, r booking.Update) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckUpdate(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "update", r.Idempotency, func(tx *sql.Tx) (booking.Booking, error) {
		b, err := get(ctx, tx, r.BookingID)
		if err != nil {
			return booking.Booking{}, err
		}
		notes, fields, err := request.Updated(b, r)
		if err != nil {
			return booking.Booking{}, err
		}
		_, err = tx.ExecContext(ctx, `UPDATE bookings SET notes = ?, custom_fields = ? WHERE id = ?`,
			notes, fieldMap(fields).String(), b.ID)
		if err != nil {
			return booking.Booking{}, err
		}
		return finishChange(ctx, tx, b.ID, booking.EventUpdated, r.Actor)
	})
}
