package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// awaits says whether an entry e of the waitlist waits for the time of a booking b. Nobody is offered the same start twice,
// by whichever entry, else a time that nobody wants would go round for ever. What a hold left behind was free for those who joined after it
// had lapsed: they can book it, and are not offered it.
const awaits = `e.service_id = b.service_id AND e.status IN ('waiting', 'offered') AND ` + inLine + `
	AND (b.status <> 'held' OR e.joined_at < b.hold_expires_at) AND e.ends_at > b.start_at
	AND (e.resource_id = '' OR EXISTS (SELECT 1 FROM json_each(b.units) u WHERE u.value ->> 0 = e.resource_id))
	AND EXISTS (SELECT 1 FROM json_each(e.windows) w WHERE b.start_at >= w.value ->> 0 AND b.start_at < w.value ->> 1)
	AND NOT EXISTS (SELECT 1 FROM bookings o WHERE o.customer_id = e.customer_id AND o.waitlist_entry_id IS NOT NULL
		AND o.service_id = b.service_id AND o.start_at = b.start_at)`

// lineSQL lists who waits for the time of a booking as it was: service ?1, start ?2, units ?3, and when it was held until ?5.
const lineSQL = `
SELECT ` + entryColumns + `
FROM (SELECT ?1 AS service_id, ?2 AS start_at, ?3 AS units, iif(?5 IS NULL, '', 'held') AS status, ?5 AS hold_expires_at) b
	JOIN waitlist e ON ` + awaits + ` JOIN customers c ON c.id = e.customer_id
ORDER BY e.joined_at, e.id LIMIT ?4`

// offer makes the time that a booking had, and that is free now, the hold of an offer to the first in line who can have it,
// if there is anybody. A nil offering offers nothing.
func offer(ctx context.Context, tx *sql.Tx, offering *booking.Offering, freed booking.Booking) (made bool, err error) {
	if offering == nil {
		return false, nil
	}
	lapsed := sql.NullInt64{Int64: freed.HoldExpiresAt.UnixMicro(), Valid: freed.Status == booking.StatusExpired}
	rows, err := tx.QueryContext(ctx, lineSQL,
		freed.ServiceID, freed.Start.UnixMicro(), unitList(freed.Units).String(), request.MaxProposals, lapsed)
	line, err := collect(rows, err, func(rows *sql.Rows) (booking.WaitlistEntry, error) { return scanEntry(rows) })
	if err != nil {
		return false, err
	}
	for _, e := range line {
		proposal, ok := offering.Offer(e, freed)
		if !ok {
			continue
		}
		err := makeOffer(ctx, tx, proposal)
		_, limited := errors.AsType[*booking.LimitError](err)
		switch {
		case err == nil:
			return true, nil
		case limited: // he has all the bookings that he may have: the next in line
		case errors.Is(err, booking.ErrOccupied):
			return false, nil // what was freed is too short for the service as it is today, or is taken again
		default:
			return false, err
		}
	}
	return false, nil
}

// makeOffer is book for an entry of the waitlist. It writes nothing when it fails with *booking.LimitError or
// booking.ErrOccupied.
func makeOffer(ctx context.Context, tx *sql.Tx, r booking.NewBooking) error {
	made, err := book(ctx, tx, r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE waitlist SET status = 'offered', offer_id = ?, offer_expires_at = ?, updated_at = `+clock+` WHERE id = ?`,
		made.ID, made.HoldExpiresAt.UnixMicro(), r.Booking.WaitlistEntryID)
	return err
}

// lapsedSQL lists up to ?1 holds that have run out, whose time nobody has taken since, and that somebody waits for.
const lapsedSQL = `
SELECT DISTINCT b.id
FROM (
	SELECT booking_id FROM occupancy WHERE expires_at <= ` + clock + ` AND booking_id IS NOT NULL
	UNION ALL
	SELECT booking_id FROM session_places WHERE expires_at <= ` + clock + `
) lapsed
JOIN bookings b ON b.id = lapsed.booking_id
WHERE b.start_at > ` + clock + ` AND EXISTS (SELECT 1 FROM waitlist e WHERE ` + awaits + `)
LIMIT ?1`

// handOnPortion bounds how many lapsed holds one call looks at.
const handOnPortion = 100

// HandOn implements booking.WaitlistStore.
func (s *Store) HandOn(ctx context.Context, offering booking.Offering) (offers int, err error) {
	rows, err := s.read.QueryContext(ctx, lapsedSQL, handOnPortion)
	ids, err := collect(rows, err, func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return 0, wrap("look for lapsed holds", err)
	}
	var failed error
	for _, id := range ids {
		made := false
		err := s.change(ctx, "hand on", func(tx *sql.Tx) (err error) {
			made, err = handOn(ctx, tx, offering, id)
			return err
		})
		failed = errors.Join(failed, err)
		if request.EndsHandOn(ctx, err) {
			break
		}
		if made && err == nil {
			offers++
		}
	}
	return offers, failed
}

// handOn removes what a lapsed hold still occupies, if nobody has done so, and offers its time.
func handOn(ctx context.Context, tx *sql.Tx, offering booking.Offering, id string) (made bool, err error) {
	freed, err := get(ctx, tx, id)
	if err != nil || freed.Status != booking.StatusExpired {
		return false, err
	}
	table := `occupancy`
	if request.IsGroup(freed) {
		table = `session_places`
	}
	var left int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE booking_id = ?`, id).Scan(&left); err != nil || left == 0 {
		return false, err
	}
	if err := release(ctx, tx, id); err != nil {
		return false, err
	}
	return offer(ctx, tx, &offering, freed)
}

// removeLapsed deletes what up to limit holds still occupy that lapsed a day ago and more. Nobody is kept out by it, but
// whoever looks for lapsed holds would look at it again and again.
func (s *Store) removeLapsed(ctx context.Context, limit int) (count int, err error) {
	err = s.change(ctx, "remove lapsed holds", func(tx *sql.Tx) error {
		count = 0
		for _, statement := range []string{
			`DELETE FROM occupancy WHERE id IN (SELECT id FROM occupancy WHERE expires_at <= ` + clock + ` - ?1 LIMIT ?2)`,
			`DELETE FROM session_places WHERE booking_id IN (SELECT booking_id FROM session_places WHERE expires_at <= ` + clock + ` - ?1 LIMIT ?2)`,
		} {
			removed, err := execCounting(ctx, tx, statement, keyLifetime.Microseconds(), limit)
			if err != nil {
				return err
			}
			count += removed
		}
		return nil
	})
	return count, err
}
