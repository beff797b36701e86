package postgres

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// bookTogetherSQL books one unit for each element of its arrays, those that it can, and returns what the database added
// to them. It does in one go for many what recordSQL does for one, and for that costs each a fraction.
//
// It does not look at units before it inserts: the constraint does. Whose unit is not free gets no row, and neither does one
// in whose way is a hold that has run out, or whose key is known; the caller finds out which. (A known key that got as far as
// its insert would undo them all.) Elements have different customers.
var bookTogetherSQL = `WITH wanted AS (` + wantedSQL(`, $26::text[], $27::integer[]`, `, resource_id, unit`) + `
), gate AS (
	INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
	SELECT id, resource_id, unit, tstzrange(blocked_from, blocked_to), expires_at
	FROM wanted w WHERE ` + unclaimed + `
	ORDER BY resource_id, unit, blocked_from
	ON CONFLICT DO NOTHING
	RETURNING booking_id AS id, ARRAY[resource_id] AS resource_ids, ARRAY[unit] AS unit_numbers
)` + recordTogetherSQL(`NULL::uuid`)

// wantedSQL makes rows of the elements of $1 to $25, which are columnsOf the orders, and of further parameters.
func wantedSQL(parameters, columns string) string {
	return `
	SELECT w.*, ` + personSQL(`w.sent`) + ` AS identity, clock_timestamp() + hold_ttl * interval '1 microsecond' AS expires_at
	FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
		$7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::uuid[], $14::text[], $15::text[],
		$16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::bytea[],
		$25::text[]` + parameters + `)
	AS w (id, service_id, start_at, end_at, blocked_from, blocked_to, time_zone, local_start, status, hold_ttl, notes, channel,
		customer_id, sent, name, phone, email, event, actor, actor_channel, principal, route, key, body_hash, custom_fields` + columns + `)`
}

// unclaimed says of a row w of wanted that its key is unknown, or that it has none. OFFSET 0 has the planner look keys up one
// by one.
const unclaimed = `NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.principal = w.principal AND k.route = w.route AND k.key = w.key OFFSET 0)`

// recordTogetherSQL writes customers, bookings, events and keys of those rows of wanted that got through the gate, which says
// what they occupy. The first of several rows for one customer has the customer's id, the others have none.
//
// Each step goes through its rows in one order, the same in every transaction, so that none waits for another crosswise. (Two
// numbers of one person that come together fail together, and are then written one by one.)
func recordTogetherSQL(seriesID string) string {
	return `, customer AS (
	INSERT INTO customers AS c (id, identity, name, phone, email, status)
	SELECT w.customer_id, w.identity, w.name, w.phone, w.email, CASE WHEN w.status = 'held' THEN 'engaged' ELSE 'booked' END
	FROM wanted w JOIN gate ON gate.id = w.id WHERE w.customer_id IS NOT NULL ORDER BY w.identity` + knownCustomer + `
	RETURNING c.id, c.identity, c.name, c.phone, c.email
), recorded AS (
	INSERT INTO bookings (id, service_id, customer_id, start_at, end_at, blocked, time_zone, local_start, status,
		resource_ids, unit_numbers, group_size, place, hold_expires_at, notes, channel, booked_for, custom_fields, series_id)
	SELECT w.id, w.service_id, c.id, w.start_at, w.end_at, tstzrange(w.blocked_from, w.blocked_to), w.time_zone, w.local_start,
		w.status, gate.resource_ids, gate.unit_numbers, 1, 1, w.expires_at, w.notes, w.channel,
		nullif(nullif(w.name, ''), c.name), w.custom_fields::jsonb, ` + seriesID + `
	FROM wanted w JOIN gate ON gate.id = w.id JOIN customer c ON c.identity = w.identity
	RETURNING id, customer_id, booked_for, status, hold_expires_at, created_at, updated_at
), event AS (
	INSERT INTO booking_events (booking_id, type, actor, channel)
	SELECT w.id, w.event, w.actor, w.actor_channel FROM wanted w JOIN recorded b ON b.id = w.id
), claim AS (
	INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id)
	SELECT w.principal, w.route, w.key, w.body_hash, w.id FROM wanted w JOIN recorded b ON b.id = w.id
	WHERE w.principal IS NOT NULL ORDER BY w.principal, w.route, w.key
)
SELECT b.id, c.id, coalesce(b.booked_for, c.name), c.phone, c.email, ` + currentStatus + `, b.hold_expires_at, b.created_at, b.updated_at
FROM recorded b JOIN customer c ON c.id = b.customer_id`
}

// columnsOf are the parameters $1 to $25 of statements that book for several orders.
func columnsOf(orders []*order) []any {
	text := func(of func(o *order) string) []string { return column(orders, of) }
	moment := func(of func(o *order) time.Time) []time.Time { return column(orders, of) }
	ids := func(of func(o *order) string) []*string {
		return column(orders, func(o *order) *string { return orNone(of(o)) })
	}
	claim := func(of func(c *booking.IdempotencyClaim) string) []*string {
		return column(orders, func(o *order) *string { return claimed(o.wanted.Idempotency, of) })
	}
	return []any{
		text(func(o *order) string { return o.wanted.Booking.ID }),
		text(func(o *order) string { return o.wanted.Booking.ServiceID }),
		moment(func(o *order) time.Time { return o.wanted.Booking.Start }),
		moment(func(o *order) time.Time { return o.wanted.Booking.End }),
		moment(func(o *order) time.Time { return o.wanted.Booking.Blocked.Start }),
		moment(func(o *order) time.Time { return o.wanted.Booking.Blocked.End }),
		text(func(o *order) string { return o.wanted.Booking.TimeZone }),
		text(func(o *order) string { return o.wanted.Booking.LocalStart }),
		text(func(o *order) string { return string(o.wanted.Booking.Status) }),
		column(orders, func(o *order) *int64 { return holdTTL(o.wanted) }),
		text(func(o *order) string { return o.wanted.Booking.Notes }),
		text(func(o *order) string { return o.wanted.Booking.Channel }),
		ids(func(o *order) string { return o.customerID }),
		text(func(o *order) string { return o.identity }),
		text(func(o *order) string { return o.wanted.Booking.Customer.Name }),
		text(func(o *order) string { return o.wanted.Booking.Customer.Phone }),
		text(func(o *order) string { return o.wanted.Booking.Customer.Email }),
		text(func(o *order) string { return string(request.FirstEvent(o.wanted.Booking)) }),
		text(func(o *order) string { return o.wanted.Actor.Principal }),
		text(func(o *order) string { return o.wanted.Actor.Channel }),
		claim(func(c *booking.IdempotencyClaim) string { return c.Principal }),
		claim(func(c *booking.IdempotencyClaim) string { return c.Route }),
		claim(func(c *booking.IdempotencyClaim) string { return c.Key }),
		column(orders, func(o *order) []byte { return claimHash(o.wanted.Idempotency) }),
		text(func(o *order) string { return customFields(o.wanted.Booking.CustomFields) }),
	}
}

// oneUnitEach are the parameters of bookTogetherSQL.
func oneUnitEach(orders []*order) []any {
	return append(columnsOf(orders),
		column(orders, func(o *order) string { return o.wanted.Candidates[0][0].ResourceID }),
		column(orders, func(o *order) int { return o.wanted.Candidates[0][0].Number }))
}

func orNone(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func column[E, T any](rows []E, of func(row E) T) []T {
	values := make([]T, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return values
}

// claimed is one part of a claim, null without one.
func claimed(c *booking.IdempotencyClaim, of func(c *booking.IdempotencyClaim) string) *string {
	if c == nil {
		return nil
	}
	part := of(c)
	return &part
}

func claimHash(c *booking.IdempotencyClaim) []byte {
	if c == nil {
		return nil
	}
	return c.BodyHash[:]
}

// readTogether gives each order its answer. An error means that none has one.
func readTogether(rows pgx.Rows, orders []*order) error {
	for _, o := range orders {
		o.booking, o.err = booking.Booking{}, errNotWon
	}
	var (
		id               string
		customer         booking.Customer
		status           booking.Status
		holdEnds         *time.Time
		created, updated time.Time
	)
	_, err := pgx.ForEachRow(rows, []any{
		&id, &customer.ID, &customer.Name, &customer.Phone, &customer.Email, &status, &holdEnds, &created, &updated,
	}, func() error {
		o := orders[slices.IndexFunc(orders, func(o *order) bool { return o.wanted.Booking.ID == id })]
		b := asKept(o.wanted.Booking)
		b.Customer, b.Status, b.HoldExpiresAt = customer, status, orZero(holdEnds)
		b.Units, b.GroupSize, b.Place, b.Version, b.SeriesID = slices.Clone(o.wanted.Candidates[0]), 1, 1, 1, o.seriesID
		b.CreatedAt, b.UpdatedAt = created.UTC(), updated.UTC()
		o.booking, o.err = b, nil
		return nil
	})
	return err
}

// asKept is a booking with its times as the database keeps them: in UTC, to the microsecond.
func asKept(b booking.Booking) booking.Booking {
	for _, t := range []*time.Time{&b.Start, &b.End, &b.Blocked.Start, &b.Blocked.End} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	return b
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
