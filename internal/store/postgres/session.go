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

// bookPlace gives the booking a place in a session. The caller holds the locks of all candidates' resources.
func bookPlace(
	ctx context.Context, tx pgx.Tx, r booking.NewBooking, args []any, taken map[int]bool,
) (booking.Booking, error) {
	seat, err := takePlace(ctx, tx, r.Booking, r.Candidates, taken)
	if err != nil {
		return booking.Booking{}, err
	}
	b, err := scanBooking(tx.QueryRow(ctx, bookPlaceSQL, append(args, seat.sessionID, seat.place)...))
	if err != nil {
		return booking.Booking{}, err
	}
	return b, settleSession(ctx, tx, seat.sessionID)
}

// place is a place in a session on these units.
type place struct {
	sessionID string
	place     int
	units     booking.Assignment
}

// takePlace finds a place in a session that exists on one of the candidates, else opens one on the first that is
// not taken. The place itself is written by the caller.
func takePlace(
	ctx context.Context, tx pgx.Tx, b booking.Booking, candidates []booking.Assignment, taken map[int]bool,
) (place, error) {
	seat, found, err := findPlace(ctx, tx, b, candidates)
	if err == nil && !found {
		return openSession(ctx, tx, b, candidates, taken)
	}
	return seat, err
}

// findPlaceSQL lists the sessions of service $1 at $2 that still hold their units, for all of [$3, $4), with their
// lowest free place. A session may hold less than a new booking needs: it keeps the times of when it was opened.
const findPlaceSQL = `
SELECT s.id, s.resource_ids, s.unit_numbers, free.place
FROM sessions s
CROSS JOIN LATERAL (
	SELECT min(p) AS place FROM generate_series(1, s.group_size) AS p
	WHERE NOT EXISTS (SELECT FROM session_places o WHERE o.session_id = s.id AND o.place = p AND ` + notExpired + `)
) free
WHERE s.service_id = $1 AND s.start_at = $2 AND free.place IS NOT NULL
	AND EXISTS (SELECT FROM occupancy o WHERE o.session_id = s.id AND o.blocked @> tstzrange($3, $4) AND ` + notExpired + `)
ORDER BY s.created_at, s.id`

// findPlace looks for a session with a free place on one of the candidates.
func findPlace(
	ctx context.Context, tx pgx.Tx, b booking.Booking, candidates []booking.Assignment,
) (seat place, found bool, err error) {
	rows, err := tx.Query(ctx, findPlaceSQL, b.ServiceID, b.Start, b.Blocked.Start, b.Blocked.End)
	if err != nil {
		return place{}, false, err
	}
	var (
		id        string
		number    int
		resources []string
		numbers   []int
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &resources, &numbers, &number}, func() error {
		units := zipUnits(resources, numbers)
		if !found && slices.ContainsFunc(candidates, func(c booking.Assignment) bool { return slices.Equal(c, units) }) {
			seat, found = place{sessionID: id, place: number, units: units}, true
		}
		return nil
	})
	if err != nil || !found {
		return place{}, false, err
	}
	if err := lockUnits(ctx, tx, seat.sessionID, seat.units); err != nil {
		return place{}, false, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM session_places WHERE session_id = $1 AND place = $2 AND expires_at <= clock_timestamp()`,
		seat.sessionID, seat.place)
	return seat, true, err
}

// lockUnits makes sure that a session still holds its units, and keeps it so until the end of the transaction. A
// session of holds only can lose its units the moment the last one runs out, to a booking that needs no lock: that
// is errNotWon.
func lockUnits(ctx context.Context, tx pgx.Tx, sessionID string, units booking.Assignment) error {
	tag, err := tx.Exec(ctx, `SELECT FROM occupancy o WHERE session_id = $1 AND `+notExpired+` FOR UPDATE`, sessionID)
	if err == nil && tag.RowsAffected() != int64(len(units)) {
		err = errNotWon
	}
	return err
}

// openSession occupies the first candidate that is not taken.
func openSession(
	ctx context.Context, tx pgx.Tx, b booking.Booking, candidates []booking.Assignment, taken map[int]bool,
) (place, error) {
	units, found := request.FirstFree(candidates, taken)
	if !found {
		return place{}, booking.ErrOccupied
	}
	id, err := uuid.NewV7()
	if err != nil {
		return place{}, err
	}
	seat := place{sessionID: id.String(), place: 1, units: units}
	resources, numbers := unzipUnits(units)
	_, err = tx.Exec(ctx, `
		INSERT INTO sessions (id, service_id, start_at, group_size, resource_ids, unit_numbers) VALUES ($1, $2, $3, $4, $5, $6)`,
		seat.sessionID, b.ServiceID, b.Start, b.GroupSize, resources, numbers)
	if err != nil {
		return place{}, err
	}
	return seat, occupy(ctx, tx, owner{sessionID: &seat.sessionID}, units, b.Blocked, nil)
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
func sessionOf(ctx context.Context, db querier, bookingID string) (string, booking.Assignment, error) {
	var (
		sessionID *string
		resources []string
		numbers   []int
	)
	err := db.QueryRow(ctx, `SELECT session_id, resource_ids, unit_numbers FROM bookings WHERE id = $1`, bookingID).
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
