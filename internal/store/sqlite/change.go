package sqlite

import (
	"context"
	"database/sql"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Transition implements booking.Store.
func (s *Store) Transition(ctx context.Context, r booking.Transition) (booking.Booking, bool, error) {
	if err := request.CheckTransition(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "change status", r.Idempotency, func(tx *sql.Tx) (booking.Booking, error) {
		b, err := get(ctx, tx, r.BookingID)
		if err == nil {
			err = request.AllowTransition(r, b.Status)
		}
		if err == nil {
			err = transition(ctx, tx, b, r.To)
		}
		if err != nil {
			return booking.Booking{}, err
		}
		return finishChange(ctx, tx, b.ID, request.EventType(r.To), r.Actor)
	})
}

// transition writes the status, and keeps or frees what the booking occupies.
func transition(ctx context.Context, tx *sql.Tx, b booking.Booking, to booking.Status) error {
	var err error
	if to.Over() {
		if err = checkStarted(ctx, tx, b); err == nil {
			err = release(ctx, tx, b.ID)
		}
	} else if b.Status == booking.StatusHeld {
		err = keep(ctx, tx, b)
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE bookings SET status = ?, hold_expires_at = NULL WHERE id = ?`, string(to), b.ID)
	return err
}

func checkStarted(ctx context.Context, tx *sql.Tx, b booking.Booking) error {
	var started bool
	err := tx.QueryRowContext(ctx, `SELECT `+clock+` >= ?`, b.Start.UnixMicro()).Scan(&started)
	if err == nil && !started {
		err = booking.ErrTooEarly
	}
	return err
}

// keep makes a hold's occupancy last. The expiry is checked on the very rows: it may have passed since the
// booking was read.
func keep(ctx context.Context, tx *sql.Tx, b booking.Booking) error {
	update, rows := `UPDATE occupancy SET expires_at = NULL WHERE booking_id = ? AND expires_at > `+clock, len(b.Units)
	if request.IsGroup(b) {
		update, rows = `UPDATE session_places SET expires_at = NULL WHERE booking_id = ? AND expires_at > `+clock, 1
	}
	result, err := tx.ExecContext(ctx, update, b.ID)
	if err != nil {
		return err
	}
	kept, err := result.RowsAffected()
	if err == nil && kept != int64(rows) {
		err = booking.ErrNotLive
	}
	if err != nil || !request.IsGroup(b) {
		return err
	}
	var sessionID string
	if err := tx.QueryRowContext(ctx, `SELECT session_id FROM session_places WHERE booking_id = ?`, b.ID).Scan(&sessionID); err != nil {
		return err
	}
	return settleSession(ctx, tx, sessionID)
}

// finishChange writes the event, counts the version up and returns the booking as it is now.
func finishChange(
	ctx context.Context, tx *sql.Tx, id string, event booking.EventType, actor booking.Actor,
) (booking.Booking, error) {
	_, err := tx.ExecContext(ctx, `UPDATE bookings SET version = version + 1, updated_at = `+clock+` WHERE id = ?`, id)
	if err == nil {
		err = addEvent(ctx, tx, id, event, actor)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	return get(ctx, tx, id)
}

// Reschedule implements booking.Store.
func (s *Store) Reschedule(ctx context.Context, r booking.Rescheduling) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckRescheduling(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "reschedule", r.Idempotency, func(tx *sql.Tx) (booking.Booking, error) {
		b, err := get(ctx, tx, r.BookingID)
		if err == nil {
			err = checkMovable(ctx, tx, b, r)
		}
		if err == nil {
			err = move(ctx, tx, b, r)
		}
		if err == nil {
			_, err = offer(ctx, tx, r.Offering, b)
		}
		if err != nil {
			return booking.Booking{}, err
		}
		return finishChange(ctx, tx, b.ID, booking.EventRescheduled, r.Actor)
	})
}

func checkMovable(ctx context.Context, tx *sql.Tx, b booking.Booking, r booking.Rescheduling) error {
	if !b.Status.Live() {
		return booking.ErrNotLive
	}
	if r.MaxTimes > 0 && b.Reschedules >= r.MaxTimes {
		return &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitReschedules, Max: r.MaxTimes}}
	}
	var inTime bool
	err := tx.QueryRowContext(ctx, `SELECT `+clock+` < ? - ?`, b.Start.UnixMicro(), r.CutOff.Microseconds()).Scan(&inTime)
	if err == nil && !inTime {
		err = booking.ErrTooLate
	}
	return err
}

// move gives the old time back first, so that the new one may overlap it. If there is no new time the transaction
// is undone, and the old one with it.
func move(ctx context.Context, tx *sql.Tx, b booking.Booking, r booking.Rescheduling) error {
	if err := release(ctx, tx, b.ID); err != nil {
		return err
	}
	for _, limit := range r.Limits {
		if err := checkLimit(ctx, tx, limit, "", b.ID); err != nil {
			return err
		}
	}
	b.Start, b.Blocked = r.Start, r.Blocked
	seat, err := takeNew(ctx, tx, b, r.Candidates)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE bookings SET start_at = ?, end_at = ?, blocked_from = ?, blocked_to = ?, time_zone = ?, local_start = ?,
			units = ?, session_id = nullif(?, ''), place = ?, reschedules = reschedules + 1
		WHERE id = ?`,
		r.Start.UnixMicro(), r.End.UnixMicro(), r.Blocked.Start.UnixMicro(), r.Blocked.End.UnixMicro(), r.TimeZone, r.LocalStart,
		unitList(seat.units).String(), seat.sessionID, seat.number, b.ID)
	return err
}

// takeNew occupies the new time for the booking, or takes a place in a session then.
func takeNew(ctx context.Context, tx *sql.Tx, b booking.Booking, candidates []booking.Assignment) (place, error) {
	holdEnds := optionalTime(b.HoldExpiresAt)
	if request.IsGroup(b) {
		seat, err := takePlace(ctx, tx, b, candidates)
		if err != nil {
			return place{}, err
		}
		return seat, sitDown(ctx, tx, b.ID, seat, holdEnds)
	}
	units, err := firstFree(ctx, tx, b.Blocked, candidates)
	if err != nil {
		return place{}, err
	}
	return place{units: units, number: 1}, occupy(ctx, tx, owner{bookingID: b.ID}, units, b.Blocked, holdEnds)
}
