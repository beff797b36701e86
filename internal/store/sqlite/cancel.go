package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Cancel implements booking.Store.
func (s *Store) Cancel(ctx context.Context, r booking.Cancellation) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckCancellation(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "cancel", r.Idempotency, func(tx *sql.Tx) (booking.Booking, error) { return cancel(ctx, tx, r) })
}

func cancel(ctx context.Context, tx *sql.Tx, r booking.Cancellation) (booking.Booking, error) {
	if err := checkCancellable(ctx, tx, r); err != nil {
		return booking.Booking{}, err
	}
	freed, err := get(ctx, tx, r.BookingID)
	if err != nil {
		return booking.Booking{}, err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE bookings SET status = 'cancelled', cancelled_at = `+clock+`, updated_at = `+clock+`, version = version + 1,
			cancellation_reason = ?, hold_expires_at = NULL
		WHERE id = ?`, r.Reason, r.BookingID)
	if err == nil {
		err = release(ctx, tx, r.BookingID)
	}
	if err == nil {
		err = addEvent(ctx, tx, r.BookingID, request.CancelEvent(r), r.Actor)
	}
	if err == nil {
		_, err = offer(ctx, tx, r.Offering, freed)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	return get(ctx, tx, r.BookingID)
}

func checkCancellable(ctx context.Context, tx *sql.Tx, r booking.Cancellation) error {
	var live, inTime, declinable bool
	err := tx.QueryRowContext(ctx, `SELECT `+isLive+`, `+clock+` < b.start_at - ?,
			b.status = 'pending' OR b.status = 'held' AND b.waitlist_entry_id IS NOT NULL FROM bookings b WHERE b.id = ?`,
		r.CutOff.Microseconds(), r.BookingID).Scan(&live, &inTime, &declinable)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return booking.ErrNotFound
	case err != nil:
		return err
	case !live:
		return booking.ErrNotLive
	case r.Declines && !declinable:
		return booking.ErrWrongStatus
	case !inTime:
		return booking.ErrTooLate
	}
	return nil
}

// release frees what the booking occupies: its units, or its place and with the last place the session's units.
func release(ctx context.Context, tx *sql.Tx, bookingID string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM occupancy WHERE booking_id = ?`, bookingID); err != nil {
		return err
	}
	var sessionID string
	err := tx.QueryRowContext(ctx, `DELETE FROM session_places WHERE booking_id = ? RETURNING session_id`, bookingID).Scan(&sessionID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return settleSession(ctx, tx, sessionID)
}
