package postgres

import (
	"encoding/json"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// A booking statement is made of two halves. The first decides which units or which place the booking gets and ends
// in a CTE named gate, with one row if it gets any and none if not. The second, recordSQL, writes everything else
// out of that row. Parameters $1 to $26 are recordArgs; the first half's own ones follow.

// recordSQL writes customer, booking, event and idempotency key, in this order: each CTE reads the one before. A
// known customer keeps the name, and the booking has its own where that is another one.
var recordSQL = `,
customer AS (
	INSERT INTO customers AS c (id, identity, name, phone, email, status)
	SELECT $14::uuid, ` + personSQL(`$15::text`) + `, $16::text, $17::text, $18::text, CASE WHEN $9::text = 'held' THEN 'engaged' ELSE 'booked' END FROM gate` + knownCustomer + `
	RETURNING c.id, c.name, c.phone, c.email
), recorded AS (
	INSERT INTO bookings (id, service_id, customer_id, start_at, end_at, blocked, time_zone, local_start, status,
		resource_ids, unit_numbers, session_id, group_size, place, hold_expires_at, notes, channel, booked_for,
		custom_fields)
	SELECT $1::uuid, $2::text, customer.id, $3::timestamptz, $4::timestamptz, tstzrange($5, $6), $7::text, $8::text,
		$9::text, gate.resource_ids, gate.unit_numbers, gate.session_id, $13::integer, gate.place, gate.expires_at,
		$11::text, $12::text, nullif(nullif($16::text, ''), customer.name), $26::jsonb
	FROM gate, customer
	RETURNING *
), event AS (
	INSERT INTO booking_events (booking_id, type, actor, channel)
	SELECT id, $19::text, $20::text, $21::text FROM recorded
), claim AS (
	INSERT INTO idempotency_keys (principal, route, key, body_hash, booking_id)
	SELECT $22::text, $23::text, $24::text, $25::bytea, id FROM recorded WHERE $22::text IS NOT NULL
)
SELECT ` + bookingColumns + ` FROM recorded b, customer c`

// knownCustomer is what becomes of the row c of a customer who is known already: the name stays, the newest address and
// the booking count.
const knownCustomer = `
	ON CONFLICT (identity) DO UPDATE SET
		name = CASE WHEN c.name <> '' THEN c.name ELSE excluded.name END,
		email = CASE WHEN excluded.email <> '' THEN excluded.email ELSE c.email END,
		status = CASE WHEN excluded.status = 'booked' AND c.status <> 'opted_out' THEN 'booked' ELSE c.status END,
		updated_at = clock_timestamp()`

// personSQL is the identity under which the person is kept whom a caller means by an identity, so that a number which
// was merged away does not make a second person.
func personSQL(identity string) string {
	return `coalesce((SELECT p.identity FROM customer_aliases a JOIN customers p ON p.id = a.customer_id WHERE a.identity = ` + identity + `), ` + identity + `)`
}

// expiry is when the new booking's hold ends; null for bookings that are no holds.
const expiry = `clock_timestamp() + $10::bigint * interval '1 microsecond'`

// overlaps says whether an occupancy row o is in the way of candidate unit c.
const overlaps = onUnit + ` AND o.blocked && tstzrange($5::timestamptz, $6::timestamptz)`

// onUnit says whether an occupancy row o is of the unit c, by the number that the constraint's index has (migration 70).
const onUnit = `o.unit_key = (hashtextextended(c.resource_id, 0) & -4096) + c.unit`

// onResource says whether an occupancy row o is of the resource r, whatever its unit.
const onResource = `o.unit_key > (hashtextextended(r.id, 0) & -4096) AND o.unit_key < (hashtextextended(r.id, 0) & -4096) + 4096 AND o.resource_id = r.id`

const notExpired = `(o.expires_at IS NULL OR o.expires_at > clock_timestamp())`

// freeExpired deletes the expired occupancies in the way of the picked units, for each by one probe of the index:
// OFFSET 0 keeps the planner from looking for those of all units at once. That a row has expired is asked again of its
// newest version.
const freeExpired = `
	DELETE FROM occupancy WHERE expires_at <= clock_timestamp() AND ctid = ANY (ARRAY(
		SELECT o.id FROM pick c CROSS JOIN LATERAL (
			SELECT o.ctid AS id FROM occupancy o WHERE ` + overlaps + ` AND o.expires_at <= clock_timestamp() OFFSET 0
		) o
	)) RETURNING 1`

// occupySQL frees expired holds in the way of the picked units and occupies them, in sorted order. Nothing is
// recorded unless every picked unit was won.
const occupySQL = `, freed AS (` + freeExpired + `
), won AS (
	INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
	SELECT $1::uuid, c.resource_id, c.unit, tstzrange($5, $6), ` + expiry + ` FROM pick c
	WHERE (SELECT count(*) FROM freed) >= 0 -- freed must run first
	ORDER BY c.resource_id, c.unit
	ON CONFLICT DO NOTHING
	RETURNING resource_id, unit, expires_at
)`

// bookAnySQL books one of the units $28 (resources) and $29 (numbers), by the preference in $27. It returns nothing when
// none was free, when another request won the one that it took, or when the key is known.
var bookAnySQL = `WITH pick AS (
	SELECT c.resource_id, c.unit
	FROM unnest($27::integer[], $28::text[], $29::integer[]) AS c (rank, resource_id, unit)
	WHERE ` + bookable + `
	ORDER BY c.rank, random() LIMIT 1
)` + bookPickedSQL

// keyUnknown says whether the request's key is unknown, or it has none, as far as the snapshot shows.
const keyUnknown = `NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.principal = $22 AND k.route = $23 AND k.key = $24)`

// bookable says whether candidate unit c is free and the key unknown, as far as the snapshot shows.
const bookable = keyUnknown + `
		AND NOT EXISTS (SELECT FROM occupancy o WHERE ` + overlaps + ` AND ` + notExpired + `)`

var bookPickedSQL = occupySQL + `, gate AS (
	SELECT array_agg(resource_id) AS resource_ids, array_agg(unit) AS unit_numbers, NULL::uuid AS session_id,
		1 AS place, max(expires_at) AS expires_at
	FROM won HAVING count(*) = 1
)` + recordSQL

// bookUnitsSQL books all of the units $27 (resources) and $28 (numbers), or returns nothing if one of them is not free or the
// key is known. When another request was faster at only some of them the booking has no resources, which its table refuses
// (isPartlyWon), and everything is undone.
var bookUnitsSQL = `WITH pick AS (
	SELECT c.resource_id, c.unit FROM unnest($27::text[], $28::integer[]) AS c (resource_id, unit)
	WHERE ` + keyUnknown + ` AND NOT EXISTS (
		SELECT FROM unnest($27::text[], $28::integer[]) AS c (resource_id, unit)
		WHERE EXISTS (SELECT FROM occupancy o WHERE ` + overlaps + ` AND ` + notExpired + `))
)` + occupySQL + `, gate AS (
	SELECT CASE WHEN count(*) = cardinality($27::text[]) THEN $27::text[] END AS resource_ids, $28::integer[] AS unit_numbers,
		NULL::uuid AS session_id, 1 AS place, max(expires_at) AS expires_at
	FROM won HAVING count(*) > 0
)` + recordSQL

// bookKeptSQL books the units $27 (resources) and $28 (numbers), which the caller has occupied.
var bookKeptSQL = `WITH gate AS (
	SELECT $27::text[] AS resource_ids, $28::integer[] AS unit_numbers, NULL::uuid AS session_id, 1 AS place, ` + expiry + ` AS expires_at
)` + recordSQL

// bookPlaceSQL books place $28 of session $27.
var bookPlaceSQL = `WITH seat AS (
	INSERT INTO session_places (session_id, place, booking_id, expires_at)
	VALUES ($27::uuid, $28::integer, $1::uuid, ` + expiry + `)
	RETURNING session_id, place, expires_at
), gate AS (
	SELECT s.resource_ids, s.unit_numbers, s.id AS session_id, seat.place, seat.expires_at
	FROM seat JOIN sessions s ON s.id = seat.session_id
)` + recordSQL

// recordArgs are the parameters $1 to $26 of every booking statement.
func recordArgs(r booking.NewBooking) ([]any, error) {
	customerID, err := newID()
	return argsOf(r, customerID), err
}

// argsOf are recordArgs for a customer who has this id if it is a new one.
func argsOf(r booking.NewBooking, customerID string) []any {
	b := r.Booking
	args := []any{
		b.ID, b.ServiceID, b.Start, b.End, b.Blocked.Start, b.Blocked.End, b.TimeZone, b.LocalStart,
		string(b.Status), holdTTL(r), b.Notes, b.Channel, max(b.GroupSize, 1),
		customerID, request.Identity(b.Customer), b.Customer.Name, b.Customer.Phone, b.Customer.Email,
		string(request.FirstEvent(b)), r.Actor.Principal, r.Actor.Channel,
	}
	args = append(args, claimArgs(r.Idempotency)...)
	return append(args, customFields(b.CustomFields))
}

// holdTTL is in microseconds; null for a booking that is no hold.
func holdTTL(r booking.NewBooking) *int64 {
	if r.Booking.Status != booking.StatusHeld {
		return nil
	}
	microseconds := r.HoldTTL.Microseconds()
	return &microseconds
}

// customFields are the fields as JSON. Marshalling texts cannot fail.
func customFields(fields map[string]string) string {
	if len(fields) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// claimArgs are principal, route, key and body hash; nulls without a claim.
func claimArgs(claim *booking.IdempotencyClaim) []any {
	if claim == nil {
		return []any{nil, nil, nil, nil}
	}
	return []any{claim.Principal, claim.Route, claim.Key, claim.BodyHash[:]}
}
