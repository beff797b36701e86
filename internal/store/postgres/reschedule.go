package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Reschedule implements booking.Store.
func (s *Store) Reschedule(ctx context.Context, r booking.Rescheduling) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckRescheduling(r); err != nil {
		return booking.Booking{}, false, err
	}
	c := changing{id: r.BookingID, claim: r.Idempotency, actor: r.Actor, offering: r.Offering}
	c.names = func(from booking.Assignment) []string { return request.MoveLocks(r, from) }
	return s.once(ctx, "reschedule", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		return s.changeBooking(ctx, c, func(tx pgx.Tx, b current) (booking.EventType, error) {
			if err := checkMovable(ctx, tx, b, r); err != nil {
				return "", err
			}
			return booking.EventRescheduled, move(ctx, tx, b, r)
		})
	})
}

func checkMovable(ctx context.Context, tx pgx.Tx, b current, r booking.Rescheduling) error {
	if !b.Status.Live() {
		return booking.ErrNotLive
	}
	if r.MaxTimes > 0 && b.Reschedules >= r.MaxTimes {
		return &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitReschedules, Max: r.MaxTimes}}
	}
	var inTime bool
	err := tx.QueryRow(ctx, `SELECT clock_timestamp() < $1::timestamptz - $2::bigint * interval '1 microsecond'`,
		b.Start, r.CutOff.Microseconds()).Scan(&inTime)
	if err == nil && !inTime {
		err = booking.ErrTooLate
	}
	return err
}

// move gives the old time back first, so that the new one may overlap it. Others see neither before the commit, and
// if there is no new time the transaction is undone.
func move(ctx context.Context, tx pgx.Tx, b current, r booking.Rescheduling) error {
	if err := release(ctx, tx, b); err != nil {
		return err
	}
	batch, taken := &pgx.Batch{}, map[int]bool(nil)
	for _, limit := range r.Limits {
		queueLimit(batch, limit, "", b.ID)
	}
	queueTaken(batch, r.Blocked, r.Candidates, &taken)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	b.Start, b.Blocked = r.Start, r.Blocked
	seat, err := takeNew(ctx, tx, b, r.Candidates, taken)
	if err != nil {
		return err
	}
	resources, numbers := unzipUnits(seat.units)
	_, err = tx.Exec(ctx, `
		UPDATE bookings SET start_at = $2, end_at = $3, blocked = tstzrange($4, $5), time_zone = $6, local_start = $7,
			resource_ids = $8, unit_numbers = $9, session_id = nullif($10, '')::uuid, place = $11, reschedules = reschedules + 1
		WHERE id = $1`,
		b.ID, r.Start, r.End, r.Blocked.Start, r.Blocked.End, r.TimeZone, r.LocalStart, resources, numbers, seat.sessionID, seat.place)
	return err
}

// takeNew occupies the new time for the booking, or takes a place in a session then.
func takeNew(
	ctx context.Context, tx pgx.Tx, b current, candidates []booking.Assignment, taken map[int]bool,
) (place, error) {
	expires := optionalTime(b.HoldExpiresAt)
	if !request.IsGroup(b.Booking) {
		units, found := request.FirstFree(candidates, taken)
		if !found {
			return place{}, booking.ErrOccupied
		}
		return place{place: 1, units: units}, occupy(ctx, tx, owner{bookingID: &b.ID}, units, b.Blocked, expires)
	}
	seat, err := takePlace(ctx, tx, b.Booking, candidates, taken)
	if err != nil {
		return place{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO session_places (session_id, place, booking_id, expires_at) VALUES ($1, $2, $3, $4)`,
		seat.sessionID, seat.place, b.ID, expires)
	if err != nil {
		return place{}, err
	}
	return seat, settleSession(ctx, tx, seat.sessionID)
}
