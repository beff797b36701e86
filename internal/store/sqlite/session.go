package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// bookPlace gives the booking a place in a session.
func bookPlace(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (booking.Booking, error) {
	seat, err := takePlace(ctx, tx, r.Booking, r.Candidates)
	if err != nil {
		return booking.Booking{}, err
	}
	holdEnds, err := holdEnd(ctx, tx, r)
	if err == nil {
		err = record(ctx, tx, r, seat, holdEnds)
	}
	if err == nil {
		err = sitDown(ctx, tx, r.Booking.ID, seat, holdEnds)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	return get(ctx, tx, r.Booking.ID)
}

// takePlace finds a place in a session that exists on one of the candidates, else opens one on the first that is
// free of anything else.
func takePlace(ctx context.Context, tx *sql.Tx, b booking.Booking, candidates []booking.Assignment) (place, error) {
	seat, found, err := findPlace(ctx, tx, b, candidates)
	if err == nil && !found {
		return openSession(ctx, tx, b, candidates)
	}
	return seat, err
}

// sitDown writes that the booking has the place.
func sitDown(ctx context.Context, tx *sql.Tx, bookingID string, seat place, holdEnds sql.NullInt64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO session_places (session_id, place, booking_id, expires_at) VALUES (?, ?, ?, ?)`,
		seat.sessionID, seat.number, bookingID, holdEnds)
	if err != nil {
		return err
	}
	return settleSession(ctx, tx, seat.sessionID)
}

// findPlaceSQL lists the sessions of service ?1 at ?2 that still hold their units, for all of [?3, ?4), with their
// lowest free place. A session may hold less than a new booking needs: it keeps the times of when it was opened.
const findPlaceSQL = `
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < (SELECT max(group_size) FROM sessions))
SELECT s.id, s.units, min(numbers.n)
FROM sessions s JOIN numbers ON numbers.n <= s.group_size
WHERE s.service_id = ?1 AND s.start_at = ?2
	AND EXISTS (SELECT 1 FROM occupancy o
		WHERE o.session_id = s.id AND o.blocked_from <= ?3 AND o.blocked_to >= ?4 AND ` + notExpired + `)
	AND NOT EXISTS (SELECT 1 FROM session_places o WHERE o.session_id = s.id AND o.place = numbers.n AND ` + notExpired + `)
GROUP BY s.id
ORDER BY s.created_at, s.id`

// findPlace looks for a session with a free place on one of the candidates.
func findPlace(
	ctx context.Context, tx *sql.Tx, b booking.Booking, candidates []booking.Assignment,
) (seat place, found bool, err error) {
	rows, err := tx.QueryContext(ctx, findPlaceSQL, b.ServiceID, b.Start.UnixMicro(), b.Blocked.Start.UnixMicro(), b.Blocked.End.UnixMicro())
	seats, err := collect(rows, err, func(rows *sql.Rows) (seat place, err error) {
		var units unitList
		err = rows.Scan(&seat.sessionID, &units, &seat.number)
		seat.units = booking.Assignment(units)
		return seat, err
	})
	if err != nil {
		return place{}, false, err
	}
	i := slices.IndexFunc(seats, func(seat place) bool {
		return slices.ContainsFunc(candidates, func(c booking.Assignment) bool { return slices.Equal(c, seat.units) })
	})
	if i < 0 {
		return place{}, false, nil
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM session_places WHERE session_id = ? AND place = ? AND expires_at <= `+clock,
		seats[i].sessionID, seats[i].number)
	return seats[i], true, err
}

// openSession occupies the first candidate that is free of anything else.
func openSession(ctx context.Context, tx *sql.Tx, b booking.Booking, candidates []booking.Assignment) (place, error) {
	units, err := firstFree(ctx, tx, b.Blocked, candidates)
	if err != nil {
		return place{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return place{}, err
	}
	seat := place{units: units, sessionID: id.String(), number: 1}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO sessions (id, service_id, start_at, group_size, units, created_at) VALUES (?, ?, ?, ?, ?, `+clock+`)`,
		seat.sessionID, b.ServiceID, b.Start.UnixMicro(), b.GroupSize, unitList(units).String())
	if err != nil {
		return place{}, err
	}
	return seat, occupy(ctx, tx, owner{sessionID: seat.sessionID}, units, b.Blocked, sql.NullInt64{})
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
