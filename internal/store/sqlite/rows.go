package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// clock is the database's clock in microseconds; SQLite counts milliseconds, and as a float.
const clock = `(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)`

// keyLifetime is how long an idempotency key is kept.
const keyLifetime = 24 * time.Hour

// bookingColumns are what scanBooking reads, from bookings b and customers c. A hold that has run out reads
// as expired.
const bookingColumns = `
	b.id, b.service_id, c.id, coalesce(b.booked_for, c.name), c.phone, c.email,
	b.start_at, b.end_at, b.blocked_from, b.blocked_to, b.time_zone, b.local_start,
	` + currentStatus + `,
	b.units, b.group_size, b.place, b.hold_expires_at,
	b.notes, b.channel, b.created_at, b.updated_at, b.version, b.reschedules, b.cancelled_at, b.cancellation_reason,
	b.custom_fields, coalesce(b.series_id, ''), coalesce(b.waitlist_entry_id, '')`

// currentStatus is a booking's status by the clock.
const currentStatus = `CASE WHEN b.status = 'held' AND b.hold_expires_at <= ` + clock + ` THEN 'expired' ELSE b.status END`

// isLive says whether a booking b is live by the clock.
const isLive = `(b.status IN ('pending', 'confirmed') OR b.status = 'held' AND b.hold_expires_at > ` + clock + `)`

// notExpired says whether an occupancy or place o still holds.
const notExpired = `(o.expires_at IS NULL OR o.expires_at > ` + clock + `)`

type scanner interface{ Scan(dest ...any) error }

// scanBooking reads bookingColumns, and whatever further columns follow them.
func scanBooking(row scanner, further ...any) (booking.Booking, error) {
	var (
		b                                     booking.Booking
		start, end, from, to, created, edited int64
		holdEnds, called                      sql.NullInt64
		units                                 unitList
	)
	err := row.Scan(append([]any{
		&b.ID, &b.ServiceID, &b.Customer.ID, &b.Customer.Name, &b.Customer.Phone, &b.Customer.Email,
		&start, &end, &from, &to, &b.TimeZone, &b.LocalStart,
		&b.Status,
		&units, &b.GroupSize, &b.Place, &holdEnds,
		&b.Notes, &b.Channel, &created, &edited, &b.Version, &b.Reschedules, &called, &b.CancellationReason,
		(*fieldMap)(&b.CustomFields), &b.SeriesID, &b.WaitlistEntryID,
	}, further...)...)
	if err != nil {
		return booking.Booking{}, err
	}
	b.Start, b.End = fromMicros(start), fromMicros(end)
	b.Blocked = booking.Interval{Start: fromMicros(from), End: fromMicros(to)}
	b.CreatedAt, b.UpdatedAt = fromMicros(created), fromMicros(edited)
	b.HoldExpiresAt, b.CancelledAt = orZero(holdEnds), orZero(called)
	b.Units = booking.Assignment(units)
	return b, nil
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func orZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicros(n.Int64)
}

// unitList is an assignment as the database keeps it: [["room-2",1], …].
type unitList booking.Assignment

// String is the list as JSON. Marshalling strings and numbers cannot fail.
func (u unitList) String() string {
	pairs := make([][2]any, len(u))
	for i, unit := range u {
		pairs[i] = [2]any{unit.ResourceID, unit.Number}
	}
	text, _ := json.Marshal(pairs)
	return string(text)
}

// Scan implements sql.Scanner.
func (u *unitList) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("units are %T, not text", value)
	}
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return fmt.Errorf("read units: %w", err)
	}
	*u = make(unitList, len(pairs))
	for i, pair := range pairs {
		if err := json.Unmarshal(pair[0], &(*u)[i].ResourceID); err != nil {
			return fmt.Errorf("read units: %w", err)
		}
		if err := json.Unmarshal(pair[1], &(*u)[i].Number); err != nil {
			return fmt.Errorf("read units: %w", err)
		}
	}
	return nil
}

// fieldMap are custom fields as the database keeps them: {"name": "text", …}.
type fieldMap map[string]string

// String is the map as JSON. Marshalling texts cannot fail.
func (f fieldMap) String() string {
	if len(f) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(map[string]string(f))
	return string(text)
}

// Scan implements sql.Scanner.
func (f *fieldMap) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("custom fields are %T, not text", value)
	}
	if err := json.Unmarshal([]byte(text), f); err != nil {
		return fmt.Errorf("read custom fields: %w", err)
	}
	return nil
}
