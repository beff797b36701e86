package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// bookPlace gives the booking a place in a session that exists, else opens one on the first candidate that is
// free of anything else.
func bookPlace(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (booking.Booking, error) {
	seat, found, err := findPlace(ctx, tx, r)
	if err == nil && !found {
		seat, err = openSession(ctx, tx, r)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	if seat.holdEnds, err = holdEnd(ctx, tx, r); err != nil {
		return booking.Booking{}, err
	}
	if err := record(ctx, tx, r, seat); err != nil {
		return booking.Booking{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO session_places (session_id, place, booking_id, expires_at) VALUES (?, ?, ?, ?)`,
		seat.sessionID, seat.place, r.Booking.ID, seat.holdEnds)
	if err == nil {
		err = settleSession(ctx, tx, seat.sessionID)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	return get(ctx, tx, r.Booking.ID)
}

// findPlaceSQL lists the sessions of service ?1 at ?2 that still hold their units, with their lowest free place.
const findPlaceSQL = `
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < (SELECT max(group_size) FROM sessions))
SELECT s.id, s.units, min(numbers.n)
FROM sessions s JOIN numbers ON numbers.n <= s.group_size
WHERE s.service_id = ?1 AND s.start_at = ?2
	AND EXISTS (SELECT 1 FROM occupancy o WHERE o.session_id = s.id AND ` + notExpired + `)
	AND NOT EXISTS (SELECT 1 FROM session_places o WHERE o.session_id = s.id AND o.place = numbers.n AND ` + notExpired + `)
GROUP BY s.id
ORDER BY s.created_at, s.id`

// findPlace looks for a session with a free place on one of the candidates.
func findPlace(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (seat recorded, found bool, err error) {
	rows, err := tx.QueryContext(ctx, findPlaceSQL, r.Booking.ServiceID, r.Booking.Start.UnixMicro())
	if err != nil {
		return recorded{}, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() && !found {
		var units unitList
		if err := rows.Scan(&seat.sessionID, &units, &seat.place); err != nil {
			return recorded{}, false, err
		}
		seat.units = booking.Assignment(units)
		found = slices.ContainsFunc(r.Candidates, func(c booking.Assignment) bool { return slices.Equal(c, seat.units) })
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || !found {
		return recorded{}, false, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM session_places WHERE session_id = ? AND place = ? AND expires_at <= `+clock,
		seat.sessionID, seat.place)
	return seat, true, err
}

// openSession occupies the first candidate that is free of anything else.
func openSession(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (recorded, error) {
	units, err := firstFree(ctx, tx, r)
	if err != nil {
		return recorded{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return recorded{}, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO sessions (id, service_id, start_at, group_size, units, created_at) VALUES (?, ?, ?, ?, ?, `+clock+`)`,
		id.String(), r.Booking.ServiceID, r.Booking.Start.UnixMicro(), r.Booking.GroupSize, unitList(units).String())
	if err == nil {
		err = occupy(ctx, tx, owner{sessionID: id.String()}, units, r.Booking.Blocked, sql.NullInt64{})
	}
	return recorded{units: units, sessionID: id.String(), place: 1}, err
}

// settleSession makes a session hold its units for as long as any of its places is held: for ever, until the
// last hold expires, or not at all.
func settleSession(ctx context.Context, tx *sql.Tx, sessionID string) error {
	var places, kept int
	var last sql.NullInt64
	err := tx.QueryRowContext(ctx, `
		SELECT count(*), count(*) - count(expires_at), max(expires_at) FROM session_places WHERE session_id = ?`, sessionID).
		Scan(&places, &kept, &last)
	switch {
	case err != nil:
		return err
	case places == 0:
		_, err = tx.ExecContext(ctx, `DELETE FROM occupancy WHERE session_id = ?`, sessionID)
		return err
	case kept > 0:
		last = sql.NullInt64{}
	}
	_, err = tx.ExecContext(ctx, `UPDATE occupancy SET expires_at = ?1 WHERE session_id = ?2 AND expires_at IS NOT ?1`, last, sessionID)
	return err
}
