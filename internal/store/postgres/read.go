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

// listSQL has one condition for each field of a filter; a null parameter does not restrict. Which index serves it depends
// on which parameters are null, so it is planned each time; and one person's bookings are asked for in a form that finds
// them by the person.
func listSQL(filter booking.Filter) string {
	ofCustomer, ofNumber := `$6::uuid IS NULL`, `$7::text IS NULL`
	if filter.CustomerID != "" {
		ofCustomer = `b.customer_id = $6`
	}
	if filter.Phone != "" {
		ofNumber = `b.customer_id = (SELECT coalesce(
			(SELECT id FROM customers WHERE identity = $7), (SELECT customer_id FROM customer_aliases WHERE identity = $7)))`
	}
	return listStart + ` AND ` + ofCustomer + ` AND ` + ofNumber + listEnd
}

const listStart = `
SELECT ` + bookingColumns + `
FROM bookings b JOIN customers c ON c.id = b.customer_id
WHERE ($1::timestamptz IS NULL OR b.start_at >= $1)
	AND ($2::timestamptz IS NULL OR b.start_at < $2)
	AND ($3::text[] IS NULL OR ` + currentStatus + ` = ANY ($3))
	AND ($4::text IS NULL OR b.service_id = $4)
	AND ($5::text IS NULL OR $5 = ANY (b.resource_ids))
	AND ($8::timestamptz IS NULL OR (b.start_at, b.id) > ($8, $9::uuid))`

const listEnd = `
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
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`)
	var list []booking.Booking
	batch.Queue(listSQL(filter), optionalTime(filter.From), optionalTime(filter.To), statuses,
		optional(filter.ServiceID), optional(filter.ResourceID), optional(filter.CustomerID), optional(filter.Phone),
		afterStart, afterID, filter.Limit).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Booking, error) { return scanBooking(row) })
		return err
	})
	err := s.pool.SendBatch(ctx, batch).Close()
	return list, wrap("list bookings", err)
}

// occupiedSQL probes the index once for each resource of $1, to which OFFSET 0 holds the planner; the interval is [$2, $3).
const occupiedSQL = `
SELECT o.resource_id, o.unit, lower(o.blocked), upper(o.blocked), coalesce(o.session_id::text, '')
FROM (SELECT DISTINCT unnest($1::text[])) AS r (id)
CROSS JOIN LATERAL (
	SELECT * FROM occupancy o WHERE ` + onResource + ` AND o.blocked && tstzrange($2, $3) AND ` + notExpired + ` OFFSET 0
) o
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
	list, sessionIDs, err := collectOccupied(rows)
	if err == nil && slices.ContainsFunc(sessionIDs, func(id string) bool { return id != "" }) {
		err = s.addSessions(ctx, list, sessionIDs)
	}
	return list, wrap("read occupancy", err)
}

// collectOccupied reads all rows into the same variables: a week of a busy practice has hundreds. It returns the
// session of each, empty without one.
func collectOccupied(rows pgx.Rows) (list []booking.Occupied, sessionIDs []string, err error) {
	var (
		o         booking.Occupied
		sessionID string
	)
	_, err = pgx.ForEachRow(rows, []any{&o.Unit.ResourceID, &o.Unit.Number, &o.Blocked.Start, &o.Blocked.End, &sessionID}, func() error {
		o.Blocked = booking.Interval{Start: o.Blocked.Start.UTC(), End: o.Blocked.End.UTC()}
		list, sessionIDs = append(list, o), append(sessionIDs, sessionID)
		return nil
	})
	return list, sessionIDs, err
}

const sessionsSQL = `
SELECT s.id, s.service_id, s.start_at, s.resource_ids, s.unit_numbers, s.group_size,
	(SELECT count(*) FROM session_places p WHERE p.session_id = s.id AND (p.expires_at IS NULL OR p.expires_at > clock_timestamp()))
FROM sessions s WHERE s.id = ANY ($1::uuid[])`

// addSessions reads the sessions that occupy, in a question of its own: most services are no groups and need not pay for
// it. A session that ends between the two still has its row, and nobody in it.
func (s *Store) addSessions(ctx context.Context, list []booking.Occupied, sessionIDs []string) error {
	ids := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(sessionIDs))), func(id string) bool { return id == "" })
	rows, err := s.pool.Query(ctx, sessionsSQL, ids)
	if err != nil {
		return err
	}
	found := make(map[string]*booking.Session, len(ids))
	var (
		session   booking.Session
		resources []string
		numbers   []int
	)
	_, err = pgx.ForEachRow(rows, []any{
		&session.ID, &session.ServiceID, &session.Start, &resources, &numbers, &session.GroupSize, &session.Taken,
	}, func() error {
		read := session
		read.Start, read.Units = session.Start.UTC(), zipUnits(resources, numbers)
		found[read.ID] = &read
		return nil
	})
	for i, id := range sessionIDs {
		list[i].Session = found[id]
	}
	return err
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

// CountByStatus implements booking.Store.
func (s *Store) CountByStatus(ctx context.Context, within booking.Interval) (map[booking.Status]int, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+currentStatus+`, count(*) FROM bookings b WHERE b.start_at >= $1 AND b.start_at < $2 GROUP BY 1`, within.Start, within.End)
	if err != nil {
		return nil, wrap("count bookings", err)
	}
	counts := map[booking.Status]int{}
	var (
		status booking.Status
		count  int
	)
	_, err = pgx.ForEachRow(rows, []any{&status, &count}, func() error {
		counts[status] = count
		return nil
	})
	return counts, wrap("count bookings", err)
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
