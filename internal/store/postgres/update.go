package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

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
	return s.once(ctx, "update", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		c := changing{id: r.BookingID, claim: r.Idempotency, actor: r.Actor, names: noLocks}
		return s.changeBooking(ctx, c, func(_ pgx.Tx, b current, last *pgx.Batch) (booking.EventType, error) {
			notes, fields, err := request.Updated(b.Booking, r)
			if err != nil {
				return "", err
			}
			last.Queue(`UPDATE bookings SET notes = $2, custom_fields = $3 WHERE id = $1`, b.ID, notes, customFields(fields))
			return booking.EventUpdated, nil
		})
	})
}

// noLocks is for changes that touch nothing but the booking's own row, which changeBooking locks.
func noLocks(booking.Assignment) []string { return nil }
