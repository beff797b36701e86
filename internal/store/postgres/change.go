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
	// units are those that the booking was on a moment ago; nil if nobody has looked yet.
	units booking.Assignment
	// names says which locks a booking on these units needs.
	names func(units booking.Assignment) []string
	// check, if set, refuses the change of a booking.
	check func(b current) error
	// look, if set, queues what is to be done as soon as the locks are held. It is undone if the change is refused.
	look func(batch *pgx.Batch)
}

// changeBooking runs fn on a live or finished booking in a transaction that holds the named locks and the booking's
// row, offers what it frees, and writes event and key. What fn queues is written before them.
func (s *Store) changeBooking(
	ctx context.Context, c changing, fn func(tx pgx.Tx, b current, last *pgx.Batch) (booking.EventType, error),
) (b booking.Booking, err error) {
	if c.units == nil {
		if _, c.units, err = sessionOf(ctx, s.pool, c.id); err != nil {
			return booking.Booking{}, err
		}
	}
	names := c.names(c.units)
	leave, err := s.turns.take(ctx, names)
	if err != nil {
		return booking.Booking{}, err
	}
	defer leave()
	err = s.writer.inTx(ctx, func(tx pgx.Tx) error {
		freed, err := lineUp(ctx, tx, c.offering, c.id, 0)
		if err != nil {
			return err
		}
		found, err := c.lock(ctx, tx, append(names, freed.locks()...))
		if err != nil {
			return err
		}
		if !freed.unchanged(found.Version) {
			return errNotWon
		}
		last := &pgx.Batch{}
		event, err := fn(tx, found, last)
		if err == nil && len(freed.proposals) > 0 { // what it occupies is not to be offered
			err = tx.SendBatch(ctx, last).Close()
			last = &pgx.Batch{}
		}
		if err != nil {
			return err
		}
		if _, err := freed.offer(ctx, tx); err != nil {
			return err
		}
		b, err = finishChange(ctx, tx, last, c, event)
		return err
	})
	return b, err
}

// lock takes the locks, locks the booking's row and reads it: a statement after the locks sees what their previous owners
// committed.
func (c changing) lock(ctx context.Context, tx pgx.Tx, names []string) (found current, err error) {
	batch := &pgx.Batch{}
	queueLocks(batch, names)
	queueClaimCheck(batch, c.claim)
	batch.Queue(`
		SELECT `+bookingColumns+`, b.session_id, clock_timestamp() FROM bookings b JOIN customers c ON c.id = b.customer_id
		WHERE b.id = $1 FOR UPDATE OF b`, c.id).QueryRow(func(row pgx.Row) (err error) {
		found.Booking, err = scanBooking(row, &found.sessionID, &found.now)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return booking.ErrNotFound
		case err != nil:
			return err
		case !slices.Equal(found.Units, c.units):
			return errNotWon // it was moved in between: other locks are needed
		case c.check != nil:
			return c.check(found)
		}
		return nil
	})
	if c.look != nil {
		c.look(batch)
	}
	err = tx.SendBatch(ctx, batch).Close()
	return found, err
}

// finishChange writes event and key, counts the version up and returns the booking as it is now, at the end of a batch.
func finishChange(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, c changing, event booking.EventType) (b booking.Booking, err error) {
	batch.Queue(`UPDATE bookings SET version = version + 1, updated_at = clock_timestamp() WHERE id = $1`, c.id)
	batch.Queue(`INSERT INTO booking_events (booking_id, type, actor, channel) VALUES ($1, $2, $3, $4)`,
		c.id, string(event), c.actor.Principal, c.actor.Channel)
	if c.claim != nil {
		batch.Queue(`INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id) VALUES ($1, $2, $3, $4, $5)`,
			append(claimArgs(c.claim), c.id)...)
	}
	queueScan(batch, &b, `SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE b.id = $1`, []any{c.id})
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
		c := changing{
			id: r.BookingID, claim: r.Idempotency, actor: r.Actor, names: request.ResourceLocks,
			check: func(b current) error { return request.AllowTransition(r, b.Status) },
		}
		return s.changeBooking(ctx, c, func(tx pgx.Tx, b current, _ *pgx.Batch) (booking.EventType, error) {
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
