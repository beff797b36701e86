package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// bookPlace gives the booking a place in a session that exists, else opens one on the first candidate that is
// not taken. The caller holds the locks of all candidates' resources.
func bookPlace(
	ctx context.Context, tx pgx.Tx, r booking.NewBooking, args []any, taken map[int]bool,
) (booking.Booking, error) {
	sessionID, place, err := findPlace(ctx, tx, r)
	if err == nil && sessionID == "" {
		place = 1
		sessionID, err = openSession(ctx, tx, r, taken)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	b, err := scanBooking(tx.QueryRow(ctx, bookPlaceSQL, append(args, sessionID, place)...))
	if err != nil {
		return booking.Booking{}, err
	}
	return b, settleSession(ctx, tx, sessionID)
}

// findPlaceSQL lists the sessions of service $1 at $2 that still hold their units, with their lowest free place.
const findPlaceSQL = `
SELECT s.id, s.resource_ids, s.unit_numbers, free.place
FROM sessions s
CROSS JOIN LATERAL (
	SELECT min(p) AS place FROM generate_series(1, s.group_size) AS p
	WHERE NOT EXISTS (SELECT FROM session_places o WHERE o.session_id = s.id AND o.place = p AND ` + notExpired + `)
) free
WHERE s.service_id = $1 AND s.start_at = $2 AND free.place IS NOT NULL
	AND EXISTS (SELECT FROM occupancy o WHERE o.session_id = s.id AND ` + notExpired + `)
ORDER BY s.created_at, s.id`

// findPlace looks for a session with a free place on one of the candidates; no session is an empty id.
func findPlace(ctx context.Context, tx pgx.Tx, r booking.NewBooking) (sessionID string, place int, err error) {
	rows, err := tx.Query(ctx, findPlaceSQL, r.Booking.ServiceID, r.Booking.Start)
	if err != nil {
		return "", 0, err
	}
	var (
		id        string
		free      int
		resources []string
		numbers   []int
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &resources, &numbers, &free}, func() error {
		units := zipUnits(resources, numbers)
		if sessionID == "" && slices.ContainsFunc(r.Candidates, func(c booking.Assignment) bool { return slices.Equal(c, units) }) {
			sessionID, place = id, free
		}
		return nil
	})
	if err != nil || sessionID == "" {
		return "", 0, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM session_places WHERE session_id = $1 AND place = $2 AND expires_at <= clock_timestamp()`,
		sessionID, place)
	return sessionID, place, err
}

// openSession occupies the first candidate that is free of anything else.
func openSession(ctx context.Context, tx pgx.Tx, r booking.NewBooking, taken map[int]bool) (string, error) {
	units, found := firstFree(r, taken)
	if !found {
		return "", booking.ErrOccupied
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	resources, numbers := unzipUnits(units)
	var won int
	err = tx.QueryRow(ctx, `
		WITH session AS (
			INSERT INTO sessions (id, service_id, start_at, group_size, resource_ids, unit_numbers)
			VALUES ($1, $2, $3, $4, $7, $8)
		), pick AS (
			SELECT c.resource_id, c.unit FROM unnest($7::text[], $8::integer[]) AS c (resource_id, unit)
		), freed AS (
			DELETE FROM occupancy o USING pick c WHERE `+overlaps+` AND o.expires_at <= clock_timestamp() RETURNING 1
		), won AS (
			INSERT INTO occupancy (session_id, resource_id, unit, blocked)
			SELECT $1, c.resource_id, c.unit, tstzrange($5, $6) FROM pick c
			WHERE (SELECT count(*) FROM freed) >= 0 -- freed must run first
			ORDER BY c.resource_id, c.unit
			ON CONFLICT DO NOTHING RETURNING 1
		)
		SELECT count(*) FROM won`,
		id.String(), r.Booking.ServiceID, r.Booking.Start, r.Booking.GroupSize,
		r.Booking.Blocked.Start, r.Booking.Blocked.End, resources, numbers).Scan(&won)
	switch {
	case err != nil:
		return "", err
	case won < len(units):
		return "", errNotWon // a booking of one unit was faster; the transaction is undone and tried again
	}
	return id.String(), nil
}

// settleSession makes a session hold its units for as long as any of its places is held: for ever, until the
// last hold expires, or not at all.
func settleSession(ctx context.Context, tx pgx.Tx, sessionID string) error {
	_, err := tx.Exec(ctx, `
		WITH places AS (
			SELECT count(*) AS n, bool_or(expires_at IS NULL) AS kept, max(expires_at) AS last
			FROM session_places WHERE session_id = $1
		), closed AS (
			DELETE FROM occupancy WHERE session_id = $1 AND (SELECT n FROM places) = 0
		)
		UPDATE occupancy o SET expires_at = CASE WHEN places.kept THEN NULL ELSE places.last END
		FROM places WHERE o.session_id = $1 AND places.n > 0
			AND o.expires_at IS DISTINCT FROM CASE WHEN places.kept THEN NULL ELSE places.last END`, sessionID)
	return err
}

// sessionOf returns the session and the units of a booking; no session is an empty id.
func sessionOf(ctx context.Context, tx pgx.Tx, bookingID string) (string, booking.Assignment, error) {
	var (
		sessionID *string
		resources []string
		numbers   []int
	)
	err := tx.QueryRow(ctx, `SELECT session_id, resource_ids, unit_numbers FROM bookings WHERE id = $1`, bookingID).
		Scan(&sessionID, &resources, &numbers)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", nil, booking.ErrNotFound
	case err != nil:
		return "", nil, err
	case sessionID == nil:
		return "", zipUnits(resources, numbers), nil
	}
	return *sessionID, zipUnits(resources, numbers), nil
}

// lockSession takes the locks under which a session's places change.
func lockSession(ctx context.Context, tx pgx.Tx, units booking.Assignment) error {
	batch := &pgx.Batch{}
	queueLocks(batch, request.ResourceLocks(units))
	return tx.SendBatch(ctx, batch).Close()
}
