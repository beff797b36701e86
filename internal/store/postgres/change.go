package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// current is a booking as a change finds it, with its row locked.
type current struct {
	booking.Booking
	sessionID *string
	// now is the database's clock when the row was locked.
	now time.Time
}

// changing is a change of one booking.
type changing struct {
	id    string
	claim *booking.IdempotencyClaim
	actor booking.Actor
	// offering is nil for changes that free no time that could still be used.
	offering *booking.Offering
	// names says which locks a booking on these units needs.
	names func(units booking.Assignment) []string
}

// changeBooking runs fn on a live or finished booking in a transaction that holds the named locks and the booking's
// row, offers what it frees, and writes event and key.
func (s *Store) changeBooking(
	ctx context.Context, c changing, fn func(tx pgx.Tx, b current) (booking.EventType, error),
) (b booking.Booking, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		freed, err := lineUp(ctx, tx, c.offering, c.id, 0)
		if err != nil {
			return err
		}
		_, units, err := sessionOf(ctx, tx, c.id)
		if err != nil {
			return err
		}
		var found current
		batch := &pgx.Batch{}
		queueLocks(batch, append(c.names(units), freed.locks()...))
		queueClaimCheck(batch, c.claim)
		queueLockBooking(batch, c.id, &found)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if !slices.Equal(found.Units, units) || !freed.unchanged(found.Version) {
			return errNotWon // it was moved in between: other locks are needed
		}
		event, err := fn(tx, found)
		if err != nil {
			return err
		}
		if _, err := freed.offer(ctx, tx); err != nil {
			return err
		}
		b, err = finishChange(ctx, tx, c.id, event, c.actor, c.claim)
		return err
	})
	return b, err
}

// queueLockBooking locks the booking's row and reads it. The statement comes after the locks and so sees what their
// previous owners committed.
func queueLockBooking(batch *pgx.Batch, id string, found *current) {
	batch.Queue(`
		SELECT `+bookingColumns+`, b.session_id, clock_timestamp() FROM bookings b JOIN customers c ON c.id = b.customer_id
		WHERE b.id = $1 FOR UPDATE OF b`, id).QueryRow(func(row pgx.Row) (err error) {
		found.Booking, err = scanBooking(row, &found.sessionID, &found.now)
		if errors.Is(err, pgx.ErrNoRows) {
			err = booking.ErrNotFound
		}
		return err
	})
}

// finishChange writes event and key, counts the version up and returns the booking as it is now.
func finishChange(
	ctx context.Context, tx pgx.Tx, id string, event booking.EventType, actor booking.Actor, claim *booking.IdempotencyClaim,
) (b booking.Booking, err error) {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE bookings SET version = version + 1, updated_at = clock_timestamp() WHERE id = $1`, id)
	batch.Queue(`INSERT INTO booking_events (booking_id, type, actor, channel) VALUES ($1, $2, $3, $4)`,
		id, string(event), actor.Principal, actor.Channel)
	if claim != nil {
		batch.Queue(`INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id) VALUES ($1, $2, $3, $4, $5)`,
			append(claimArgs(claim), id)...)
	}
	batch.Queue(`SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE b.id = $1`, id).
		QueryRow(func(row pgx.Row) (err error) {
			b, err = scanBooking(row)
			return err
		})
	return b, tx.SendBatch(ctx, batch).Close()
}

// owner is the booking or the session that an occupancy belongs to; one of the two.
type owner struct{ bookingID, sessionID *string }

// occupySomeSQL frees expired holds in the way of the units $1 (resources) and $2 (numbers) and occupies them for
// booking $3 or session $4 in [$5, $6), until $7 if that is set.
const occupySomeSQL = `WITH pick AS (
	SELECT c.resource_id, c.unit FROM unnest($1::text[], $2::integer[]) AS c (resource_id, unit)
), freed AS (` + freeExpired + `
), won AS (
	INSERT INTO occupancy (booking_id, session_id, resource_id, unit, blocked, expires_at)
	SELECT $3::uuid, $4::uuid, c.resource_id, c.unit, tstzrange($5, $6), $7::timestamptz FROM pick c
	WHERE (SELECT count(*) FROM freed) >= 0 -- freed must run first
	ORDER BY c.resource_id, c.unit
	ON CONFLICT DO NOTHING RETURNING 1
)
SELECT count(*) FROM won`

// occupy fails with errNotWon when a booking that needs no lock was faster: the transaction is then undone and
// tried again.
func occupy(
	ctx context.Context, tx pgx.Tx, by owner, units booking.Assignment, blocked booking.Interval, expires *time.Time,
) error {
	batch := &pgx.Batch{}
	queueOccupy(batch, by, units, blocked, expires)
	return tx.SendBatch(ctx, batch).Close()
}

func queueOccupy(batch *pgx.Batch, by owner, units booking.Assignment, blocked booking.Interval, expires *time.Time) {
	resources, numbers := unzipUnits(units)
	batch.Queue(occupySomeSQL, resources, numbers, by.bookingID, by.sessionID, blocked.Start, blocked.End, expires).
		QueryRow(func(row pgx.Row) error {
			var won int
			err := row.Scan(&won)
			if err == nil && won < len(units) {
				err = errNotWon
			}
			return err
		})
}

// releaseSQL frees the units of booking $1.
const releaseSQL = `DELETE FROM occupancy WHERE booking_id = $1`

// release frees what the booking occupies: its units, or its place and with the last place the session's units.
func release(ctx context.Context, tx pgx.Tx, b current) error {
	if _, err := tx.Exec(ctx, releaseSQL, b.ID); err != nil || b.sessionID == nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM session_places WHERE booking_id = $1`, b.ID); err != nil {
		return err
	}
	return settleSession(ctx, tx, *b.sessionID)
}

// Transition implements booking.Store.
func (s *Store) Transition(ctx context.Context, r booking.Transition) (booking.Booking, bool, error) {
	if !request.IsUUID(r.BookingID) {
		return booking.Booking{}, false, booking.ErrNotFound
	}
	if err := request.CheckTransition(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "change status", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		c := changing{id: r.BookingID, claim: r.Idempotency, actor: r.Actor, names: request.ResourceLocks}
		return s.changeBooking(ctx, c, func(tx pgx.Tx, b current) (booking.EventType, error) {
			if err := request.AllowTransition(r, b.Status); err != nil {
				return "", err
			}
			return request.EventType(r.To), transition(ctx, tx, b, r.To)
		})
	})
}

// transition writes the status, and keeps or frees what the booking occupies.
func transition(ctx context.Context, tx pgx.Tx, b current, to booking.Status) error {
	if to.Over() {
		var started bool
		if err := tx.QueryRow(ctx, `SELECT clock_timestamp() >= $1`, b.Start).Scan(&started); err != nil {
			return err
		}
		if !started {
			return booking.ErrTooEarly
		}
		if err := release(ctx, tx, b); err != nil {
			return err
		}
	} else if b.Status == booking.StatusHeld {
		if err := keep(ctx, tx, b); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE bookings SET status = $2, hold_expires_at = NULL WHERE id = $1`, b.ID, string(to))
	return err
}

// keep makes a hold's occupancy last. The expiry is checked again on the very rows: whoever wants their time may
// have removed them the moment they ran out.
func keep(ctx context.Context, tx pgx.Tx, b current) error {
	sql, rows := `UPDATE occupancy SET expires_at = NULL WHERE booking_id = $1 AND expires_at > clock_timestamp()`, len(b.Units)
	if b.sessionID != nil {
		if err := lockUnits(ctx, tx, *b.sessionID, b.Units); err != nil {
			return err // the next attempt finds that the hold has run out
		}
		sql, rows = `UPDATE session_places SET expires_at = NULL WHERE booking_id = $1 AND expires_at > clock_timestamp()`, 1
	}
	tag, err := tx.Exec(ctx, sql, b.ID)
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() != int64(rows):
		return booking.ErrNotLive
	case b.sessionID != nil:
		return settleSession(ctx, tx, *b.sessionID)
	}
	return nil
}
