package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// cancelSQL calls booking $1 off if it is live and its cut-off has not passed. A place in a session is left
// alone unless $6 says that the session's locks are held. It changes nothing if the booking was changed while it
// waited for its row: what the booking occupies is looked for in the snapshot from before that. $12
// restricts it to bookings that can be declined: those that wait to be confirmed, and offers.
const cancelSQL = cancelIfSQL + cancelledSQL

// cancelUnawaitedSQL is the same for a booking whose time nobody waits for.
const cancelUnawaitedSQL = cancelIfSQL + `
		AND NOT EXISTS (SELECT FROM waitlist e WHERE ` + awaits + `)` + cancelledSQL

const cancelIfSQL = `WITH changed AS (
	UPDATE bookings b SET status = 'cancelled', cancelled_at = clock_timestamp(), updated_at = clock_timestamp(),
		version = version + 1, cancellation_reason = $2::text, hold_expires_at = NULL
	WHERE id = $1::uuid AND ` + isLive + ` AND ` + beforeCutOff + ` AND (session_id IS NULL OR $6::boolean)
		AND version = (SELECT version FROM bookings WHERE id = $1)
		AND (status = 'pending' OR waitlist_entry_id IS NOT NULL AND status = 'held' OR NOT $12::boolean)`

const cancelledSQL = `
	RETURNING *
), freed AS (
	DELETE FROM occupancy WHERE booking_id IN (SELECT id FROM changed)
), vacated AS (
	DELETE FROM session_places WHERE booking_id IN (SELECT id FROM changed)
), event AS (
	INSERT INTO booking_events (booking_id, type, actor, channel)
	SELECT id, $11::text, $4::text, $5::text FROM changed
), claim AS (
	INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id)
	SELECT $7::text, $8::text, $9::text, $10::bytea, id FROM changed WHERE $7::text IS NOT NULL
)
SELECT ` + bookingColumns + ` FROM changed b JOIN customers c ON c.id = b.customer_id`

// beforeCutOff says whether a booking b starts more than $3 microseconds from now.
const beforeCutOff = `clock_timestamp() < b.start_at - $3::bigint * interval '1 microsecond'`

// Cancel implements booking.Store.
func (s *Store) Cancel(ctx context.Context, r booking.Cancellation) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckCancellation(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "cancel", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		b, err := s.cancelAtOnce(ctx, r)
		if !errors.Is(err, pgx.ErrNoRows) {
			return b, err
		}
		inSession, err := s.whyNotCancelled(ctx, r)
		if err != nil {
			return booking.Booking{}, err
		}
		if inSession || r.Offering != nil {
			return s.cancelLocked(ctx, r)
		}
		return booking.Booking{}, errNotWon
	})
}

// cancelAtOnce cancels in one statement what is no place in a session and what nobody waits for. Where somebody could wait,
// the line is locked in the same round trip.
func (s *Store) cancelAtOnce(ctx context.Context, r booking.Cancellation) (b booking.Booking, err error) {
	err = s.writer.send(ctx, func(batch *pgx.Batch) {
		if r.Offering == nil {
			queueScan(batch, &b, cancelSQL, cancelArgs(r, false))
			return
		}
		batch.Queue(shareLineSQL, r.BookingID)
		queueScan(batch, &b, cancelUnawaitedSQL, cancelArgs(r, false))
	})
	return b, err
}

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func cancelWith(ctx context.Context, db querier, r booking.Cancellation, sessionLocked bool) (booking.Booking, error) {
	return scanBooking(db.QueryRow(ctx, cancelSQL, cancelArgs(r, sessionLocked)...))
}

// cancelArgs are the parameters of cancelSQL.
func cancelArgs(r booking.Cancellation, sessionLocked bool) []any {
	args := append([]any{
		r.BookingID, r.Reason, r.CutOff.Microseconds(), r.Actor.Principal, r.Actor.Channel, sessionLocked,
	}, claimArgs(r.Idempotency)...)
	return append(args, string(request.CancelEvent(r)), r.Declines)
}

// whyNotCancelled explains why nothing was cancelled: an error, or that the booking is in a session.
func (s *Store) whyNotCancelled(ctx context.Context, r booking.Cancellation) (inSession bool, err error) {
	var live, inTime, declinable bool
	err = s.pool.QueryRow(ctx, `
		SELECT `+isLive+`, clock_timestamp() < b.start_at - $2::bigint * interval '1 microsecond', b.session_id IS NOT NULL,
			b.status = 'pending' OR b.status = 'held' AND b.waitlist_entry_id IS NOT NULL
		FROM bookings b WHERE b.id = $1`, r.BookingID, r.CutOff.Microseconds()).Scan(&live, &inTime, &inSession, &declinable)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, booking.ErrNotFound
	case err != nil:
		return false, err
	case !live:
		return false, booking.ErrNotLive
	case r.Declines && !declinable:
		return false, booking.ErrWrongStatus
	case !inTime:
		return false, booking.ErrTooLate
	}
	return inSession, nil
}

// cancelLocked cancels a place of a session, and lets go of the session's units with the last place, or a booking whose
// time goes to somebody who waits for it.
func (s *Store) cancelLocked(ctx context.Context, r booking.Cancellation) (b booking.Booking, err error) {
	err = s.writer.inTx(ctx, func(tx pgx.Tx) error {
		freed, err := cancelForOthers(ctx, tx, r)
		if err != nil {
			return err
		}
		b = freed.booking
		_, err = freed.offer(ctx, tx)
		return err
	})
	return b, err
}
