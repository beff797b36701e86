package postgres

import (
	"context"
	"errors"

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
	tries := 0
	return s.once(ctx, "reschedule", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		seen, err := s.turnAway(ctx, r)
		if err != nil {
			return booking.Booking{}, err
		}
		if tries++; tries == 1 {
			if b, err := s.moveTogether(ctx, r, seen); !errors.Is(err, errNotWon) {
				return b, err
			}
		}
		return s.moveLooking(ctx, r, seen)
	})
}

// moveLooking moves a booking in a transaction of its own, which decides when it has the locks and has seen everything.
func (s *Store) moveLooking(ctx context.Context, r booking.Rescheduling, seen seen) (booking.Booking, error) {
	c := changing{id: r.BookingID, claim: r.Idempotency, actor: r.Actor, offering: r.Offering, units: seen.units}
	c.names = func(from booking.Assignment) []string { return request.MoveLocks(r, from) }
	c.check = func(b current) error { return checkMovable(b, r) }
	if seen.inSession {
		return s.changeBooking(ctx, c, func(tx pgx.Tx, b current, _ *pgx.Batch) (booking.EventType, error) {
			return booking.EventRescheduled, moveToPlace(ctx, tx, b, r)
		})
	}
	taken := map[int]bool(nil)
	// The old time is given back first, so that the new one may overlap it. Others see neither before the commit, and if
	// there is no new time the transaction is undone.
	c.look = func(batch *pgx.Batch) {
		batch.Queue(releaseSQL, r.BookingID)
		queueWanted(batch, r, &taken)
	}
	return s.changeBooking(ctx, c, func(_ pgx.Tx, b current, last *pgx.Batch) (booking.EventType, error) {
		return booking.EventRescheduled, queueMove(last, b, r, taken)
	})
}

// seen is what was read of a booking before its locks were waited for.
type seen struct {
	version int
	units   booking.Assignment
	// line is the number of the lock of the line in which people wait for its time.
	line      int64
	inSession bool
	// movable says that the rules let the booking be moved.
	movable bool
	// taken are the candidates of which another booking has a unit.
	taken map[int]bool
}

// turnAwaySQL reads version, units and line of booking $6, whether it is a place in a session, whether it may be moved at all, and which
// candidates have a unit that another booking has in [$1, $2). What sessions have is left out: the booking may be one
// that joins them.
var turnAwaySQL = `
SELECT b.version, b.resource_ids, b.unit_numbers, ` + lineOf(`b.service_id`) + `, b.session_id IS NOT NULL,
	` + isLive + ` AND ($8::integer = 0 OR b.reschedules < $8) AND clock_timestamp() < b.start_at - $7::bigint * interval '1 microsecond',
	(SELECT coalesce(array_agg(DISTINCT c.candidate), '{}')
	FROM unnest($3::integer[], $4::text[], $5::integer[]) AS c (candidate, resource_id, unit)
	WHERE EXISTS (
		SELECT FROM occupancy o
		WHERE ` + onUnit + ` AND o.blocked && tstzrange($1::timestamptz, $2::timestamptz)
			AND ` + notExpired + ` AND o.booking_id <> $6))
FROM bookings b WHERE b.id = $6::uuid`

// turnAway refuses a move to a time that others have before it waits for locks, and others for those that it holds. It
// decides nothing else: everybody else comes to the same checks again under the locks, which the units name that it reads.
func (s *Store) turnAway(ctx context.Context, r booking.Rescheduling) (b seen, err error) {
	var (
		resources      []string
		numbers, taken []int
	)
	err = s.pool.QueryRow(ctx, turnAwaySQL, append(takenArgs(r.Blocked, r.Candidates), r.BookingID, r.CutOff.Microseconds(), r.MaxTimes)...).
		Scan(&b.version, &resources, &numbers, &b.line, &b.inSession, &b.movable, &taken)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = booking.ErrNotFound
	case err == nil && b.movable && len(r.Candidates) > 0 && len(taken) == len(r.Candidates):
		err = booking.ErrOccupied
	}
	b.units, b.taken = zipUnits(resources, numbers), set(taken)
	return b, err
}

func checkMovable(b current, r booking.Rescheduling) error {
	switch {
	case !b.Status.Live():
		return booking.ErrNotLive
	case r.MaxTimes > 0 && b.Reschedules >= r.MaxTimes:
		return &booking.LimitError{Limit: booking.Limit{Kind: booking.LimitReschedules, Max: r.MaxTimes}}
	case !b.now.Before(b.Start.Add(-r.CutOff)):
		return booking.ErrTooLate
	}
	return nil
}

// queueMove occupies the new time and writes it into the booking, whose old time has been released.
func queueMove(batch *pgx.Batch, b current, r booking.Rescheduling, taken map[int]bool) error {
	units, found := request.FirstFree(r.Candidates, taken)
	if !found {
		return booking.ErrOccupied
	}
	queueOccupy(batch, owner{bookingID: &b.ID}, units, r.Blocked, optionalTime(b.HoldExpiresAt))
	queueMoved(batch, b, r, place{place: 1, units: units})
	return nil
}

// moveToPlace moves a booking of a group to a place in a session at the new time.
func moveToPlace(ctx context.Context, tx pgx.Tx, b current, r booking.Rescheduling) error {
	if err := release(ctx, tx, b); err != nil {
		return err
	}
	batch, taken := &pgx.Batch{}, map[int]bool(nil)
	queueWanted(batch, r, &taken)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	expires := optionalTime(b.HoldExpiresAt)
	b.Start, b.Blocked = r.Start, r.Blocked
	seat, err := takePlace(ctx, tx, b.Booking, r.Candidates, taken)
	if err != nil {
		return err
	}
	batch = &pgx.Batch{}
	batch.Queue(`INSERT INTO session_places (session_id, place, booking_id, expires_at) VALUES ($1, $2, $3, $4)`,
		seat.sessionID, seat.place, b.ID, expires)
	queueMoved(batch, b, r, seat)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return settleSession(ctx, tx, seat.sessionID)
}

// queueWanted counts the limits and finds out which candidates are taken.
func queueWanted(batch *pgx.Batch, r booking.Rescheduling, taken *map[int]bool) {
	for _, limit := range r.Limits {
		queueLimit(batch, limit, "", r.BookingID, refuseAtLimit)
	}
	queueTaken(batch, r.Blocked, r.Candidates, taken)
}

// queueMoved writes the new time into the booking.
func queueMoved(batch *pgx.Batch, b current, r booking.Rescheduling, seat place) {
	resources, numbers := unzipUnits(seat.units)
	batch.Queue(`
		UPDATE bookings SET start_at = $2, end_at = $3, blocked = tstzrange($4, $5), time_zone = $6, local_start = $7,
			resource_ids = $8, unit_numbers = $9, session_id = nullif($10, '')::uuid, place = $11, reschedules = reschedules + 1
		WHERE id = $1`,
		b.ID, r.Start, r.End, r.Blocked.Start, r.Blocked.End, r.TimeZone, r.LocalStart, resources, numbers, seat.sessionID, seat.place)
}
