package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// move is a task that moves a booking to one candidate.
type move struct {
	wanted booking.Rescheduling
	seen   seen
	units  booking.Assignment
	moved  booking.Booking
}

// moveSQL moves booking $1 from version $2 of it to [$3, $4) on the units $7 (resources) and $8 (numbers), blocking
// [$5, $6). It returns nothing, and changes nothing, if the booking was changed since, may not be moved, is to be offered
// to somebody who waits for its time ($13), if a unit is not free, or if the key is known. The booking's own old time is not in its way.
//
// When a booking of one unit, which takes no lock, is faster at a unit, the event has no type, which its table refuses
// (isPartlyWon), and everything is undone.
const moveSQL = `WITH moved AS (
	UPDATE bookings b SET start_at = $3, end_at = $4, blocked = tstzrange($5, $6), resource_ids = $7, unit_numbers = $8,
		time_zone = $9, local_start = $10, reschedules = reschedules + 1, version = version + 1, updated_at = clock_timestamp()
	WHERE b.id = $1::uuid AND b.version = $2::integer AND b.session_id IS NULL AND ` + isLive + `
		AND ($11::integer = 0 OR b.reschedules < $11) AND clock_timestamp() < b.start_at - $12::bigint * interval '1 microsecond'
		AND NOT ($13::boolean AND EXISTS (SELECT FROM waitlist e WHERE ` + awaits + `))
		AND NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.principal = $16 AND k.route = $17 AND k.key = $18)
		AND NOT EXISTS (
			SELECT FROM unnest($7::text[], $8::integer[]) AS c (resource_id, unit)
			WHERE EXISTS (SELECT FROM occupancy o WHERE ` + overlaps + ` AND ` + notExpired + ` AND o.booking_id IS DISTINCT FROM $1::uuid OFFSET 0))
	RETURNING *
), pick AS (
	SELECT c.resource_id, c.unit FROM moved, unnest($7::text[], $8::integer[]) AS c (resource_id, unit)
), released AS (
	DELETE FROM occupancy WHERE booking_id = $1::uuid AND EXISTS (SELECT FROM moved) RETURNING 1
), freed AS (` + freeExpired + `
), won AS (
	INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
	SELECT $1::uuid, c.resource_id, c.unit, tstzrange($5, $6), (SELECT hold_expires_at FROM moved) FROM pick c
	WHERE (SELECT count(*) FROM released) >= 0 AND (SELECT count(*) FROM freed) >= 0 -- these must run first
	ORDER BY c.resource_id, c.unit
	ON CONFLICT DO NOTHING RETURNING 1
), event AS (
	INSERT INTO booking_events (booking_id, type, actor, channel)
	SELECT id, CASE WHEN (SELECT count(*) FROM won) = cardinality($7::text[]) THEN '` + string(booking.EventRescheduled) + `' END,
		$14::text, $15::text FROM moved
	RETURNING booking_id
), claim AS (
	INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id)
	SELECT $16::text, $17::text, $18::text, $19::bytea, booking_id FROM event WHERE $16::text IS NOT NULL
)
SELECT ` + bookingColumns + ` FROM moved b JOIN customers c ON c.id = b.customer_id`

// moveTogether moves a booking, of which seen was read, in a transaction that others may share. It fails with errNotWon when that
// takes a closer look: there are limits to count or places to find, or the booking may not be moved.
func (s *Store) moveTogether(ctx context.Context, r booking.Rescheduling, seen seen) (booking.Booking, error) {
	t := moveTask(ctx, r, seen)
	if t == nil {
		return booking.Booking{}, errNotWon
	}
	if err := s.turns.share(t); err != nil {
		return booking.Booking{}, err
	}
	return t.move.moved, nil
}

// moveTask is nil when one statement does not do.
func moveTask(ctx context.Context, r booking.Rescheduling, seen seen) *task {
	units, found := request.FirstFree(r.Candidates, seen.taken)
	if seen.inSession || !seen.movable || len(r.Limits) > 0 || !found {
		return nil
	}
	names := request.ResourceLocks(slices.Concat(seen.units, units))
	return newTask(ctx, names, nil, &move{wanted: r, seen: seen, units: units})
}

// queue moves the booking and tells the task's error, which is errNotWon until then.
func (m *move) queue(batch *pgx.Batch, outcome *error) {
	r := m.wanted
	resources, numbers := unzipUnits(m.units)
	args := []any{
		r.BookingID, m.seen.version, r.Start, r.End, r.Blocked.Start, r.Blocked.End, resources, numbers, r.TimeZone, r.LocalStart,
		r.MaxTimes, r.CutOff.Microseconds(), r.Offering != nil, r.Actor.Principal, r.Actor.Channel,
	}
	batch.Queue(moveSQL, append(args, claimArgs(r.Idempotency)...)...).QueryRow(func(row pgx.Row) error {
		return answerRow(row, &m.moved, outcome)
	})
}
