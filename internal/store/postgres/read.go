package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Get implements booking.Store.
func (s *Store) Get(ctx context.Context, id string) (booking.Booking, error) {
	if !request.IsUUID(id) {
		return booking.Booking{}, booking.ErrNotFound
	}
	b, err := scanBooking(s.pool.QueryRow(ctx, `
		SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE b.id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return booking.Booking{}, booking.ErrNotFound
	}
	return b, wrap("get booking", err)
}

// listSQL has one condition for each field of a filter; a null parameter does not restrict.
const listSQL = `
SELECT ` + bookingColumns + `
FROM bookings b JOIN customers c ON c.id = b.customer_id
WHERE ($1::timestamptz IS NULL OR b.start_at >= $1)
	AND ($2::timestamptz IS NULL OR b.start_at < $2)
	AND ($3::text[] IS NULL OR ` + currentStatus + ` = ANY ($3))
	AND ($4::text IS NULL OR b.service_id = $4)
	AND ($5::text IS NULL OR $5 = ANY (b.resource_ids))
	AND ($6::uuid IS NULL OR b.customer_id = $6)
	AND ($7::text IS NULL OR c.phone = $7)
	AND ($8::timestamptz IS NULL OR (b.start_at, b.id) > ($8, $9::uuid))
ORDER BY b.start_at, b.id
LIMIT $10`

// List implements booking.Store.
func (s *Store) List(ctx context.Context, filter booking.Filter) ([]booking.Booking, error) {
	if err := request.CheckFilter(filter); err != nil {
		return nil, err
	}
	if filter.CustomerID != "" && !request.IsUUID(filter.CustomerID) {
		return nil, nil // nobody has such an id
	}
	var statuses []string
	for _, status := range filter.Statuses {
		statuses = append(statuses, string(status))
	}
	var afterStart, afterID any
	if filter.After != (booking.Position{}) {
		afterStart, afterID = filter.After.Start, filter.After.ID
	}
	rows, err := s.pool.Query(ctx, listSQL, optionalTime(filter.From), optionalTime(filter.To), statuses,
		optional(filter.ServiceID), optional(filter.ResourceID), optional(filter.CustomerID), optional(filter.Phone),
		afterStart, afterID, filter.Limit)
	if err != nil {
		return nil, wrap("list bookings", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Booking, error) { return scanBooking(row) })
	return list, wrap("list bookings", err)
}

// occupiedSQL probes the index once for each resource of $1; the interval is [$2, $3).
const occupiedSQL = `
SELECT o.resource_id, o.unit, lower(o.blocked), upper(o.blocked),
	s.id, s.service_id, s.start_at, s.resource_ids, s.unit_numbers, s.group_size,
	(SELECT count(*) FROM session_places p WHERE p.session_id = s.id AND (p.expires_at IS NULL OR p.expires_at > clock_timestamp()))
FROM (SELECT DISTINCT unnest($1::text[])) AS r (id)
JOIN occupancy o ON o.resource_id = r.id AND o.blocked && tstzrange($2, $3)
LEFT JOIN sessions s ON s.id = o.session_id
WHERE ` + notExpired + `
ORDER BY o.resource_id COLLATE "C", o.unit, lower(o.blocked)`

// Occupied implements booking.Store.
func (s *Store) Occupied(ctx context.Context, resourceIDs []string, within booking.Interval) ([]booking.Occupied, error) {
	if len(resourceIDs) == 0 || !within.Start.Before(within.End) {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, occupiedSQL, resourceIDs, within.Start, within.End)
	if err != nil {
		return nil, wrap("read occupancy", err)
	}
	list, err := collectOccupied(rows)
	return list, wrap("read occupancy", err)
}

// collectOccupied reads all rows into the same variables: a week of a busy practice has hundreds.
func collectOccupied(rows pgx.Rows) (list []booking.Occupied, err error) {
	var (
		o                    booking.Occupied
		sessionID, serviceID *string
		start                *time.Time
		resources            []string
		numbers              []int
		groupSize            *int
		taken                int
	)
	_, err = pgx.ForEachRow(rows, []any{
		&o.Unit.ResourceID, &o.Unit.Number, &o.Blocked.Start, &o.Blocked.End,
		&sessionID, &serviceID, &start, &resources, &numbers, &groupSize, &taken,
	}, func() error {
		found := booking.Occupied{Unit: o.Unit, Blocked: booking.Interval{Start: o.Blocked.Start.UTC(), End: o.Blocked.End.UTC()}}
		if sessionID != nil {
			found.Session = &booking.Session{
				ID: *sessionID, ServiceID: *serviceID, Start: start.UTC(), Units: zipUnits(resources, numbers),
				GroupSize: *groupSize, Taken: taken,
			}
		}
		list = append(list, found)
		return nil
	})
	return list, err
}

// CountByStart implements booking.Store.
func (s *Store) CountByStart(ctx context.Context, resourceIDs []string, within booking.Interval) ([]time.Time, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT b.start_at FROM bookings b
		WHERE b.start_at >= $1 AND b.start_at < $2 AND `+isCounted+` AND `+onAnyOf+`
		ORDER BY b.start_at`, within.Start, within.End, resourceIDs)
	if err != nil {
		return nil, wrap("count bookings", err)
	}
	starts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (start time.Time, err error) {
		err = row.Scan(&start)
		return start.UTC(), err
	})
	return starts, wrap("count bookings", err)
}

// Events implements booking.Store.
func (s *Store) Events(ctx context.Context, bookingID string) ([]booking.Event, error) {
	if !request.IsUUID(bookingID) {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT sequence, booking_id, type, at, actor, channel FROM booking_events WHERE booking_id = $1 ORDER BY sequence`, bookingID)
	if err != nil {
		return nil, wrap("read events", err)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	return events, wrap("read events", err)
}

func scanEvent(row pgx.CollectableRow) (e booking.Event, err error) {
	err = row.Scan(&e.Sequence, &e.BookingID, &e.Type, &e.At, &e.Actor, &e.Channel)
	e.At = e.At.UTC()
	return e, err
}

func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
