package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Book implements booking.Store.
func (s *Store) Book(ctx context.Context, r booking.NewBooking) (booking.Booking, bool, error) {
	if err := request.CheckNew(r); err != nil {
		return booking.Booking{}, false, err
	}
	return s.once(ctx, "book", r.Idempotency, func(tx *sql.Tx) (booking.Booking, error) { return book(ctx, tx, r) })
}

func book(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (booking.Booking, error) {
	for _, limit := range r.Limits {
		if err := checkLimit(ctx, tx, limit, request.Identity(r.Booking.Customer), r.Booking.ID); err != nil {
			return booking.Booking{}, err
		}
	}
	if request.IsGroup(r.Booking) {
		return bookPlace(ctx, tx, r)
	}
	return bookUnits(ctx, tx, r)
}

// isCounted says whether a booking b counts towards the day and week limits.
const isCounted = `(b.status IN ('completed', 'no_show') OR ` + isLive + `)`

// onAnyOf says whether a booking b occupies one of the resources in the JSON list ?1, or whether that is empty.
const onAnyOf = `(json_array_length(?1) = 0 OR EXISTS (
	SELECT 1 FROM json_each(b.units) u JOIN json_each(?1) wanted ON u.value ->> 0 = wanted.value))`

// checkLimit fails with *booking.LimitError when the limit is reached by others than the booking itself.
func checkLimit(ctx context.Context, tx *sql.Tx, limit booking.Limit, customer, bookingID string) error {
	var row *sql.Row
	if limit.Kind == booking.LimitOpenPerCustomer {
		row = tx.QueryRowContext(ctx, `
			SELECT count(*) FROM bookings b JOIN customers c ON c.id = b.customer_id
			WHERE c.identity = `+personSQL+` AND b.start_at > `+clock+` AND `+isLive, customer)
	} else {
		row = tx.QueryRowContext(ctx, `
			SELECT count(*) FROM bookings b
			WHERE b.start_at >= ?2 AND b.start_at < ?3 AND b.id <> ?4 AND `+isCounted+` AND `+onAnyOf,
			textList(limit.Resources), limit.Within.Start.UnixMicro(), limit.Within.End.UnixMicro(), bookingID)
	}
	var count int
	if err := row.Scan(&count); err != nil {
		return err
	}
	if count >= limit.Max {
		return &booking.LimitError{Limit: limit}
	}
	return nil
}

// bookUnits books the first candidate that is free.
func bookUnits(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (booking.Booking, error) {
	units, err := firstFree(ctx, tx, r.Booking.Blocked, r.Candidates)
	if err != nil {
		return booking.Booking{}, err
	}
	holdEnds, err := holdEnd(ctx, tx, r)
	if err != nil {
		return booking.Booking{}, err
	}
	if err := record(ctx, tx, r, place{units: units, number: 1}, holdEnds); err != nil {
		return booking.Booking{}, err
	}
	if err := occupy(ctx, tx, owner{bookingID: r.Booking.ID}, units, r.Booking.Blocked, holdEnds); err != nil {
		return booking.Booking{}, err
	}
	return get(ctx, tx, r.Booking.ID)
}

// firstFree returns the first candidate none of whose units is occupied, else booking.ErrOccupied.
func firstFree(
	ctx context.Context, tx *sql.Tx, blocked booking.Interval, candidates []booking.Assignment,
) (booking.Assignment, error) {
	for _, candidate := range request.TryOrder(candidates) {
		var taken bool
		err := tx.QueryRowContext(ctx, `
			SELECT EXISTS (SELECT 1 FROM json_each(?1) u JOIN occupancy o ON o.resource_id = u.value ->> 0 AND o.unit = u.value ->> 1
				WHERE o.blocked_to > ?2 AND o.blocked_from < ?3 AND `+notExpired+`)`,
			unitList(candidate).String(), blocked.Start.UnixMicro(), blocked.End.UnixMicro()).Scan(&taken)
		if err != nil {
			return nil, err
		}
		if !taken {
			return candidate, nil
		}
	}
	return nil, booking.ErrOccupied
}

// holdEnd is when the new booking's hold runs out by the database's clock; null for bookings that are no holds.
func holdEnd(ctx context.Context, tx *sql.Tx, r booking.NewBooking) (sql.NullInt64, error) {
	if r.Booking.Status != booking.StatusHeld {
		return sql.NullInt64{}, nil
	}
	end := sql.NullInt64{Valid: true}
	err := tx.QueryRowContext(ctx, `SELECT `+clock+` + ?`, r.HoldTTL.Microseconds()).Scan(&end.Int64)
	return end, err
}

// owner is the booking or the session that an occupancy belongs to; one of the ids is empty.
type owner struct{ bookingID, sessionID string }

// occupy frees expired holds in the way of the units and occupies them.
func occupy(
	ctx context.Context, tx *sql.Tx, by owner, units booking.Assignment, blocked booking.Interval, expires sql.NullInt64,
) error {
	from, to := blocked.Start.UnixMicro(), blocked.End.UnixMicro()
	for _, unit := range units {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM occupancy WHERE resource_id = ? AND unit = ? AND blocked_to > ? AND blocked_from < ? AND expires_at <= `+clock,
			unit.ResourceID, unit.Number, from, to)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO occupancy (booking_id, session_id, resource_id, unit, blocked_from, blocked_to, expires_at)
			VALUES (nullif(?, ''), nullif(?, ''), ?, ?, ?, ?, ?)`,
			by.bookingID, by.sessionID, unit.ResourceID, unit.Number, from, to, expires)
		if isOverlap(err) {
			return booking.ErrOccupied
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place is what the store decides about a booking: its units, and in a group its session and place in it.
type place struct {
	units     booking.Assignment
	sessionID string
	number    int
}

// record writes customer, booking and event.
func record(ctx context.Context, tx *sql.Tx, r booking.NewBooking, seat place, holdEnds sql.NullInt64) error {
	b := r.Booking
	customerID, name, err := upsertCustomer(ctx, tx, b.Customer, b.Status == booking.StatusHeld)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO bookings (id, service_id, customer_id, start_at, end_at, blocked_from, blocked_to, time_zone, local_start,
			status, units, session_id, group_size, place, hold_expires_at, notes, channel, booked_for,
			custom_fields, waitlist_entry_id, created_at, updated_at)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, nullif(nullif(?, ''), ?), ?, nullif(?, ''), now, now FROM (SELECT `+clock+` AS now)`,
		b.ID, b.ServiceID, customerID, b.Start.UnixMicro(), b.End.UnixMicro(), b.Blocked.Start.UnixMicro(), b.Blocked.End.UnixMicro(),
		b.TimeZone, b.LocalStart, string(b.Status), unitList(seat.units).String(), seat.sessionID, max(b.GroupSize, 1), seat.number, holdEnds,
		b.Notes, b.Channel, b.Customer.Name, name, fieldMap(b.CustomFields).String(), b.WaitlistEntryID)
	if err != nil {
		return err
	}
	return addEvent(ctx, tx, b.ID, request.FirstEvent(b), r.Actor)
}

// personSQL is the identity under which the person is kept whom a caller means by the identity ?1, so that a number which
// was merged away does not make a second person.
const personSQL = `coalesce((SELECT p.identity FROM customer_aliases a JOIN customers p ON p.id = a.customer_id WHERE a.identity = ?1), ?1)`

// upsertCustomer returns the id and the name of the customer with this identity. A newer address replaces an older
// one; a name stays. A booking that is more than a hold makes the person booked.
func upsertCustomer(ctx context.Context, tx *sql.Tx, c booking.Customer, held bool) (id, name string, err error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", "", err
	}
	err = tx.QueryRowContext(ctx, `
		INSERT INTO customers AS c (id, identity, name, phone, email, status, created_at, updated_at)
		SELECT ?2, `+personSQL+`, ?3, ?4, ?5, iif(?6, 'engaged', 'booked'), now, now FROM (SELECT `+clock+` AS now) WHERE true
		ON CONFLICT (identity) DO UPDATE SET
			name = CASE WHEN c.name <> '' THEN c.name ELSE excluded.name END,
			email = CASE WHEN excluded.email <> '' THEN excluded.email ELSE c.email END,
			status = CASE WHEN excluded.status = 'booked' AND c.status <> 'opted_out' THEN 'booked' ELSE c.status END,
			updated_at = excluded.updated_at
		RETURNING id, name`, request.Identity(c), fresh.String(), c.Name, c.Phone, c.Email, held).Scan(&id, &name)
	return id, name, err
}
