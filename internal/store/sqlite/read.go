package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Get implements booking.Store.
func (s *Store) Get(ctx context.Context, id string) (booking.Booking, error) {
	b, err := get(ctx, s.read, id)
	return b, wrap("get booking", err)
}

// listSQL has one condition for each field of a filter; a null or empty parameter does not restrict. Who asks for one
// person's bookings gets a statement of its own: a condition that may be empty keeps the index from being used.
func listSQL(filter booking.Filter) string {
	ofCustomer, ofNumber := `?6 = ''`, `?7 = ''`
	if filter.CustomerID != "" {
		ofCustomer = `b.customer_id = ?6`
	}
	if filter.Phone != "" {
		ofNumber = `b.customer_id = (SELECT coalesce(
			(SELECT id FROM customers WHERE identity = ?7), (SELECT customer_id FROM customer_aliases WHERE identity = ?7)))`
	}
	return listStart + ` AND ` + ofCustomer + ` AND ` + ofNumber + listEnd
}

const listStart = `
SELECT ` + bookingColumns + `
FROM bookings b JOIN customers c ON c.id = b.customer_id
WHERE b.start_at >= coalesce(?1, -9223372036854775808)
	AND (?2 IS NULL OR b.start_at < ?2)
	AND (json_array_length(?3) = 0 OR ` + currentStatus + ` IN (SELECT value FROM json_each(?3)))
	AND (?4 = '' OR b.service_id = ?4)
	AND (?5 = '' OR EXISTS (SELECT 1 FROM json_each(b.units) u WHERE u.value ->> 0 = ?5))
	AND (b.start_at > ?8 OR b.id > ?9)`

const listEnd = `
ORDER BY b.start_at, b.id
LIMIT ?10`

// List implements booking.Store.
func (s *Store) List(ctx context.Context, filter booking.Filter) ([]booking.Booking, error) {
	if err := request.CheckFilter(filter); err != nil {
		return nil, err
	}
	statuses := make([]string, len(filter.Statuses))
	for i, status := range filter.Statuses {
		statuses[i] = string(status)
	}
	// A page starts at the later of the filter's start and the position; the id decides among equal starts.
	from, afterStart, afterID := optionalTime(filter.From), int64(-1<<63), ""
	if filter.After != (booking.Position{}) {
		afterStart, afterID = filter.After.Start.UnixMicro(), filter.After.ID
		if !from.Valid || from.Int64 < afterStart {
			from = sql.NullInt64{Int64: afterStart, Valid: true}
		}
	}
	rows, err := s.read.QueryContext(ctx, listSQL(filter), from, optionalTime(filter.To), textList(statuses),
		filter.ServiceID, filter.ResourceID, filter.CustomerID, filter.Phone, afterStart, afterID, filter.Limit)
	list, err := collect(rows, err, func(rows *sql.Rows) (booking.Booking, error) { return scanBooking(rows) })
	return list, wrap("list bookings", err)
}

const occupiedSQL = `
SELECT o.resource_id, o.unit, o.blocked_from, o.blocked_to, s.id, s.service_id, s.start_at, s.units, s.group_size,
	(SELECT count(*) FROM session_places p WHERE p.session_id = s.id AND (p.expires_at IS NULL OR p.expires_at > ` + clock + `))
FROM occupancy o LEFT JOIN sessions s ON s.id = o.session_id
WHERE o.resource_id IN (SELECT value FROM json_each(?1)) AND o.blocked_to > ?2 AND o.blocked_from < ?3 AND ` + notExpired + `
ORDER BY o.resource_id, o.unit, o.blocked_from`

// Occupied implements booking.Store.
func (s *Store) Occupied(ctx context.Context, resourceIDs []string, within booking.Interval) ([]booking.Occupied, error) {
	if len(resourceIDs) == 0 || !within.Start.Before(within.End) {
		return nil, nil
	}
	rows, err := s.read.QueryContext(ctx, occupiedSQL, textList(resourceIDs), within.Start.UnixMicro(), within.End.UnixMicro())
	list, err := collect(rows, err, scanOccupied)
	return list, wrap("read occupancy", err)
}

func scanOccupied(rows *sql.Rows) (booking.Occupied, error) {
	var (
		o                    booking.Occupied
		from, to             int64
		sessionID, serviceID sql.NullString
		start, groupSize     sql.NullInt64
		units                sql.NullString
		taken                int
	)
	err := rows.Scan(&o.Unit.ResourceID, &o.Unit.Number, &from, &to, &sessionID, &serviceID, &start, &units, &groupSize, &taken)
	if err != nil {
		return booking.Occupied{}, err
	}
	o.Blocked = booking.Interval{Start: fromMicros(from), End: fromMicros(to)}
	if sessionID.Valid {
		var assigned unitList
		if err := assigned.Scan(units.String); err != nil {
			return booking.Occupied{}, err
		}
		o.Session = &booking.Session{
			ID: sessionID.String, ServiceID: serviceID.String, Start: fromMicros(start.Int64), Units: booking.Assignment(assigned),
			GroupSize: int(groupSize.Int64), Taken: taken,
		}
	}
	return o, nil
}

// CountByStart implements booking.Store.
func (s *Store) CountByStart(ctx context.Context, resourceIDs []string, within booking.Interval) ([]time.Time, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT b.start_at FROM bookings b
		WHERE b.start_at >= ?2 AND b.start_at < ?3 AND `+isCounted+` AND `+onAnyOf+`
		ORDER BY b.start_at`, textList(resourceIDs), within.Start.UnixMicro(), within.End.UnixMicro())
	starts, err := collect(rows, err, func(rows *sql.Rows) (time.Time, error) {
		var start int64
		err := rows.Scan(&start)
		return fromMicros(start), err
	})
	return starts, wrap("count bookings", err)
}

// CountByStatus implements booking.Store.
func (s *Store) CountByStatus(ctx context.Context, within booking.Interval) (map[booking.Status]int, error) {
	counts := map[booking.Status]int{}
	rows, err := s.read.QueryContext(ctx, `
		SELECT `+currentStatus+`, count(*) FROM bookings b WHERE b.start_at >= ? AND b.start_at < ? GROUP BY 1`,
		within.Start.UnixMicro(), within.End.UnixMicro())
	_, err = collect(rows, err, func(rows *sql.Rows) (status booking.Status, err error) {
		var count int
		err = rows.Scan(&status, &count)
		counts[status] = count
		return status, err
	})
	return counts, wrap("count bookings", err)
}

// Events implements booking.Store.
func (s *Store) Events(ctx context.Context, bookingID string) ([]booking.Event, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT sequence, booking_id, type, at, actor, channel FROM booking_events WHERE booking_id = ? ORDER BY sequence`, bookingID)
	events, err := collect(rows, err, scanEvent)
	return events, wrap("read events", err)
}

func scanEvent(rows *sql.Rows) (e booking.Event, err error) {
	var at int64
	err = rows.Scan(&e.Sequence, &e.BookingID, &e.Type, &at, &e.Actor, &e.Channel)
	e.At = fromMicros(at)
	return e, err
}

// collect reads all rows and closes them; err is the query's own.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) (list []T, _ error) {
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, item)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// textList is a list of texts as a JSON parameter. Marshalling strings cannot fail.
func textList(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	list, _ := json.Marshal(texts)
	return string(list)
}

func optionalTime(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: true}
}
