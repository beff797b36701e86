package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// entryColumns are what scanEntry reads, from waitlist e and customers c.
const entryColumns = `
	e.id, e.service_id, e.resource_id, c.id, coalesce(e.joined_for, c.name), c.phone, c.email,
	e.window_starts, e.window_ends, e.notes, e.channel, ` + entryStatus + `, coalesce(e.offer_id::text, ''), e.joined_at, e.updated_at`

// inLine says whether an entry e waits by the clock: an offer that has lapsed does not take it out of the line.
const inLine = `(e.status = 'waiting' OR e.status = 'offered' AND e.offer_expires_at <= clock_timestamp())`

// entryStatus is an entry's status by the clock.
const entryStatus = `CASE WHEN NOT ` + inLine + ` THEN e.status WHEN e.ends_at <= clock_timestamp() THEN 'expired' ELSE 'waiting' END`

func scanEntry(row pgx.Row) (booking.WaitlistEntry, error) {
	var (
		e            booking.WaitlistEntry
		starts, ends []time.Time
	)
	err := row.Scan(&e.ID, &e.ServiceID, &e.ResourceID, &e.Customer.ID, &e.Customer.Name, &e.Customer.Phone, &e.Customer.Email,
		&starts, &ends, &e.Notes, &e.Channel, &e.Status, &e.OfferID, &e.JoinedAt, &e.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		err = booking.ErrNotFound
	}
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	for i := range starts {
		e.Windows = append(e.Windows, booking.Interval{Start: starts[i].UTC(), End: ends[i].UTC()})
	}
	e.JoinedAt, e.UpdatedAt = e.JoinedAt.UTC(), e.UpdatedAt.UTC()
	return e, nil
}

// joinerSQL keeps who joins as a hold would, and locks the row.
var joinerSQL = `
	INSERT INTO customers AS c (id, identity, name, phone, email, status)
	VALUES ($1::uuid, ` + personSQL(`$2::text`) + `, $3::text, $4::text, $5::text, 'engaged')
	ON CONFLICT (identity) DO UPDATE SET
		name = CASE WHEN c.name <> '' THEN c.name ELSE excluded.name END,
		email = CASE WHEN excluded.email <> '' THEN excluded.email ELSE c.email END,
		updated_at = clock_timestamp()
	RETURNING c.id`

// joinSQL keeps an entry.
const joinSQL = `WITH joined AS (
	INSERT INTO waitlist (id, service_id, resource_id, customer_id, joined_for, window_starts, window_ends, ends_at, notes, channel)
	SELECT $1::uuid, $2::text, $3::text, id, nullif(nullif($5::text, ''), name), $6::timestamptz[], $7::timestamptz[], $8::timestamptz,
		$9::text, $10::text
	FROM customers WHERE id = $4 RETURNING *
)
SELECT ` + entryColumns + ` FROM joined e JOIN customers c ON c.id = e.customer_id`

// Join implements booking.WaitlistStore. It holds the line's lock alone, so that entries are in the order of their commits.
func (s *Store) Join(ctx context.Context, r booking.NewWaitlistEntry) (e booking.WaitlistEntry, replayed bool, err error) {
	if err := request.CheckJoin(r); err != nil {
		return booking.WaitlistEntry{}, false, err
	}
	earlier, err := s.writeEntry(ctx, "join the waitlist", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
		customerID, err := lockForJoin(ctx, tx, r.Entry)
		if err == nil {
			err = checkOpen(ctx, tx, r.Entry, customerID)
		}
		if err != nil {
			return request.Earlier{}, err
		}
		if e, err = scanEntry(tx.QueryRow(ctx, joinSQL, joinArgs(r.Entry, customerID)...)); err != nil {
			return request.Earlier{}, err
		}
		return request.Earlier{Subject: e.Customer.ID, Answer: e.ID}, addEntryEvent(ctx, tx, e, booking.EventWaitlistJoined, r.Actor)
	})
	return s.entryAnswer(ctx, e, earlier, err)
}

// lockForJoin locks the line, and the row of who joins it, whose id it returns. That row is what the bound on open entries
// is counted under, because they are in the lines of all services, and because merging locks it as well.
func lockForJoin(ctx context.Context, tx pgx.Tx, e booking.WaitlistEntry) (customerID string, err error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	batch := &pgx.Batch{}
	batch.Queue(`SELECT pg_advisory_xact_lock(`+lineOf(`$1::text`)+`)`, e.ServiceID)
	batch.Queue(joinerSQL, fresh.String(), request.Identity(e.Customer), e.Customer.Name, e.Customer.Phone, e.Customer.Email).
		QueryRow(func(row pgx.Row) error { return row.Scan(&customerID) })
	return customerID, tx.SendBatch(ctx, batch).Close()
}

// checkOpen refuses who waits for this already, or for too much. The caller holds the customer's row.
func checkOpen(ctx context.Context, tx pgx.Tx, e booking.WaitlistEntry, customerID string) error {
	var open, alike int
	err := tx.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE e.service_id = $2 AND e.resource_id = $3)
		FROM waitlist e WHERE e.customer_id = $1 AND `+entryStatus+` IN ('waiting', 'offered')`,
		customerID, e.ServiceID, e.ResourceID).Scan(&open, &alike)
	if err != nil {
		return err
	}
	return request.JoinRefusal(open, alike)
}

func joinArgs(e booking.WaitlistEntry, customerID string) []any {
	starts, ends := make([]time.Time, len(e.Windows)), make([]time.Time, len(e.Windows))
	for i, window := range e.Windows {
		starts[i], ends[i] = window.Start, window.End
	}
	return []any{
		e.ID, e.ServiceID, e.ResourceID, customerID, e.Customer.Name, starts, ends, ends[len(ends)-1], e.Notes, e.Channel,
	}
}

// writeEntry is leadStore.write: entries are about people, and their idempotency keys are kept with those of people.
func (s *Store) writeEntry(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx pgx.Tx) (request.Earlier, error),
) (*request.Earlier, error) {
	return s.people().write(ctx, doing, claim, fn)
}

// entryAnswer is what a request for an entry comes to, or came to the first time.
func (s *Store) entryAnswer(ctx context.Context, e booking.WaitlistEntry, earlier *request.Earlier, err error) (booking.WaitlistEntry, bool, error) {
	return request.Answer(e, earlier, err, func(e request.Earlier) (booking.WaitlistEntry, error) { return s.WaitlistEntry(ctx, e.Answer) })
}

func addEntryEvent(ctx context.Context, tx pgx.Tx, e booking.WaitlistEntry, event booking.EventType, actor booking.Actor) error {
	return addLeadEvents(ctx, tx, e.Customer.ID, actor, lead.Event{
		Type: lead.EventType(event), Details: map[string]string{"entry": e.ID, "service": e.ServiceID},
	})
}

// Leave implements booking.WaitlistStore.
func (s *Store) Leave(ctx context.Context, r booking.Leaving) (e booking.WaitlistEntry, replayed bool, err error) {
	if !request.IsUUID(r.EntryID) {
		return booking.WaitlistEntry{}, false, booking.ErrNotFound
	}
	if err := request.CheckLeaving(r); err != nil {
		return booking.WaitlistEntry{}, false, err
	}
	for n := range maxAttempts {
		var earlier *request.Earlier
		earlier, err = s.writeEntry(ctx, "leave the waitlist", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
			e, err = leave(ctx, tx, r)
			return request.Earlier{Subject: e.Customer.ID, Answer: e.ID}, err
		})
		if !errors.Is(err, errNotWon) {
			switch {
			case err == nil && earlier == nil:
				s.announcer.changed() // it may have held a time
			case err != nil && !isRefusal(err):
				s.announcer.doubtful()
			}
			return s.entryAnswer(ctx, e, earlier, err)
		}
		if waitErr := backOff(ctx, n); waitErr != nil {
			return booking.WaitlistEntry{}, false, wrap("leave the waitlist", waitErr)
		}
	}
	return booking.WaitlistEntry{}, false, errors.Join(booking.ErrUnavailable, err)
}

// leave declines the entry's offer, if it has one, before it takes the entry out of the line: bookings are locked before
// entries.
func leave(ctx context.Context, tx pgx.Tx, r booking.Leaving) (booking.WaitlistEntry, error) {
	e, err := entry(ctx, tx, r.EntryID)
	if err == nil {
		err = request.LeaveRefusal(e.Status)
	}
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	freed := &freeing{}
	if e.Status == booking.WaitOffered {
		if freed, err = cancelForOthers(ctx, tx, booking.Cancellation{
			BookingID: e.OfferID, Declines: true, Offering: r.Offering, Actor: r.Actor,
		}); err != nil {
			return booking.WaitlistEntry{}, err
		}
	}
	tag, err := tx.Exec(ctx, `
		UPDATE waitlist e SET status = 'left', offer_expires_at = NULL, updated_at = clock_timestamp() WHERE id = $1 AND `+inLine, e.ID)
	if err == nil && tag.RowsAffected() == 0 {
		err = errNotWon // it was offered something, or accepted it, meanwhile
	}
	if err == nil {
		_, err = freed.offer(ctx, tx)
	}
	if err == nil {
		err = addEntryEvent(ctx, tx, e, booking.EventWaitlistLeft, r.Actor)
	}
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	return entry(ctx, tx, e.ID)
}

func entry(ctx context.Context, db querier, id string) (booking.WaitlistEntry, error) {
	return scanEntry(db.QueryRow(ctx, `SELECT `+entryColumns+` FROM waitlist e JOIN customers c ON c.id = e.customer_id WHERE e.id = $1`, id))
}

// WaitlistEntry implements booking.WaitlistStore.
func (s *Store) WaitlistEntry(ctx context.Context, id string) (booking.WaitlistEntry, error) {
	if !request.IsUUID(id) {
		return booking.WaitlistEntry{}, booking.ErrNotFound
	}
	e, err := entry(ctx, s.pool, id)
	return e, wrap("get waitlist entry", err)
}

// ReplayEntry implements booking.WaitlistStore.
func (s *Store) ReplayEntry(ctx context.Context, claim booking.IdempotencyClaim) (booking.WaitlistEntry, error) {
	if err := request.CheckClaim(claim); err != nil {
		return booking.WaitlistEntry{}, err
	}
	var (
		id   string
		hash []byte
	)
	err := s.pool.QueryRow(ctx, `
		SELECT answer, body_hash FROM lead_claims
		WHERE principal = $1 AND route = $2 AND key = $3 AND created_at > clock_timestamp() - `+keyLifetime,
		claim.Principal, claim.Route, claim.Key).Scan(&id, &hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return booking.WaitlistEntry{}, booking.ErrNotFound
	case err != nil:
		return booking.WaitlistEntry{}, wrap("replay", err)
	case [32]byte(hash) != claim.BodyHash:
		return booking.WaitlistEntry{}, booking.ErrIdempotencyMismatch
	}
	return s.WaitlistEntry(ctx, id)
}

var waitlistSQL = `
SELECT ` + entryColumns + `
FROM waitlist e JOIN customers c ON c.id = e.customer_id
WHERE ($1::text[] IS NULL OR ` + entryStatus + ` = ANY ($1))
	AND ($2::text IS NULL OR e.service_id = $2)
	AND ($3::text IS NULL OR e.resource_id = $3)
	AND ($4::text IS NULL OR c.identity = ` + personSQL(`$4`) + `)
	AND ($5::timestamptz IS NULL OR (e.joined_at, e.id) > ($5, $6::uuid))
ORDER BY e.joined_at, e.id
LIMIT $7`

// Waitlist implements booking.WaitlistStore.
func (s *Store) Waitlist(ctx context.Context, f booking.WaitlistFilter) ([]booking.WaitlistEntry, error) {
	if err := request.CheckWaitlistFilter(f); err != nil {
		return nil, err
	}
	var statuses []string
	if len(f.Statuses) > 0 {
		statuses = texts(f.Statuses)
	}
	rows, err := s.pool.Query(ctx, waitlistSQL, statuses, optional(f.ServiceID), optional(f.ResourceID), optional(f.Phone),
		optionalTime(f.After.Start), optional(f.After.ID), f.Limit)
	if err != nil {
		return nil, wrap("list waitlist", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.WaitlistEntry, error) { return scanEntry(row) })
	return list, wrap("list waitlist", err)
}

// WaitlistEvents implements booking.WaitlistStore.
func (s *Store) WaitlistEvents(ctx context.Context, entryID string) ([]booking.Event, error) {
	if !request.IsUUID(entryID) {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT v.sequence, '', v.type, v.at, v.actor, v.channel
		FROM waitlist e JOIN lead_events v ON v.customer_id = e.customer_id AND v.details ->> 'entry' = e.id::text
		WHERE e.id = $1
		UNION ALL
		SELECT v.sequence, v.booking_id::text, v.type, v.at, v.actor, v.channel
		FROM bookings b JOIN booking_events v ON v.booking_id = b.id
		WHERE b.waitlist_entry_id = $1
		ORDER BY at, sequence`, entryID)
	if err != nil {
		return nil, wrap("read waitlist events", err)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	return events, wrap("read waitlist events", err)
}
