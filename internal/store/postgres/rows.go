package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// bookingColumns are what scanBooking reads, from bookings b and customers c. A hold that has run out reads
// as expired.
const bookingColumns = `
	b.id, b.service_id, c.id, coalesce(b.booked_for, c.name), c.phone, c.email,
	b.start_at, b.end_at, lower(b.blocked), upper(b.blocked), b.time_zone, b.local_start,
	` + currentStatus + `,
	b.resource_ids, b.unit_numbers, b.group_size, b.place, b.hold_expires_at,
	b.notes, b.channel, b.created_at, b.updated_at, b.version, b.reschedules, b.cancelled_at, b.cancellation_reason,
	b.custom_fields, coalesce(b.series_id::text, ''), coalesce(b.waitlist_entry_id::text, '')`

// currentStatus is a booking's status by the clock.
const currentStatus = `CASE WHEN b.status = 'held' AND b.hold_expires_at <= clock_timestamp() THEN 'expired' ELSE b.status END`

// isLive says whether a booking b is live by the clock.
const isLive = `(b.status IN ('pending', 'confirmed') OR b.status = 'held' AND b.hold_expires_at > clock_timestamp())`

// scanBooking reads bookingColumns, and whatever further columns follow them.
func scanBooking(row pgx.Row, further ...any) (booking.Booking, error) {
	var (
		b                booking.Booking
		resources        []string
		units            []int
		holdEnds, called *time.Time
	)
	err := row.Scan(append([]any{
		&b.ID, &b.ServiceID, &b.Customer.ID, &b.Customer.Name, &b.Customer.Phone, &b.Customer.Email,
		&b.Start, &b.End, &b.Blocked.Start, &b.Blocked.End, &b.TimeZone, &b.LocalStart,
		&b.Status,
		&resources, &units, &b.GroupSize, &b.Place, &holdEnds,
		&b.Notes, &b.Channel, &b.CreatedAt, &b.UpdatedAt, &b.Version, &b.Reschedules, &called, &b.CancellationReason,
		&b.CustomFields, &b.SeriesID, &b.WaitlistEntryID,
	}, further...)...)
	if err != nil {
		return booking.Booking{}, err
	}
	for _, t := range []*time.Time{&b.Start, &b.End, &b.Blocked.Start, &b.Blocked.End, &b.CreatedAt, &b.UpdatedAt} {
		*t = t.UTC()
	}
	b.HoldExpiresAt, b.CancelledAt = orZero(holdEnds), orZero(called)
	b.Units = zipUnits(resources, units)
	return b, nil
}

// queueScan has the booking read that sql returns.
func queueScan(batch *pgx.Batch, b *booking.Booking, sql string, args []any) {
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) (err error) {
		*b, err = scanBooking(row)
		return err
	})
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func zipUnits(resources []string, numbers []int) booking.Assignment {
	units := make(booking.Assignment, len(resources))
	for i := range resources {
		units[i] = booking.Unit{ResourceID: resources[i], Number: numbers[i]}
	}
	return units
}

func unzipUnits(units booking.Assignment) (resources []string, numbers []int) {
	resources, numbers = make([]string, len(units)), make([]int, len(units))
	for i, unit := range units {
		resources[i], numbers[i] = unit.ResourceID, unit.Number
	}
	return resources, numbers
}
