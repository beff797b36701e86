package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// entryColumns are what scanEntry reads, from waitlist e and customers c.
const entryColumns = `
	e.id, e.service_id, e.resource_id, c.id, coalesce(e.joined_for, c.name), c.phone, c.email,
	e.windows, e.notes, e.channel, ` + entryStatus + `, coalesce(e.offer_id, ''), e.joined_at, e.updated_at`

// inLine says whether an entry e waits by the clock: an offer that has lapsed does not take it out of the line.
const inLine = `(e.status = 'waiting' OR e.status = 'offered' AND e.offer_expires_at <= ` + clock + `)`

// entryStatus is an entry's status by the clock.
const entryStatus = `CASE WHEN NOT ` + inLine + ` THEN e.status WHEN e.ends_at <= ` + clock + ` THEN 'expired' ELSE 'waiting' END`

func scanEntry(row scanner) (booking.WaitlistEntry, error) {
	var (
		e              booking.WaitlistEntry
		windows        windowList
		joined, edited int64
	)
	err := row.Scan(&e.ID, &e.ServiceID, &e.ResourceID, &e.Customer.ID, &e.Customer.Name, &e.Customer.Phone, &e.Customer.Email,
		&windows, &e.Notes, &e.Channel, &e.Status, &e.OfferID, &joined, &edited)
	if errors.Is(err, sql.ErrNoRows) {
		err = booking.ErrNotFound
	}
	e.Windows, e.JoinedAt, e.UpdatedAt = windows, fromMicros(joined), fromMicros(edited)
	return e, err
}

// windowList are windows as the database keeps them: [[1893456000000000,1893459600000000], …].
type windowList []booking.Interval

// String is the list as JSON. Marshalling numbers cannot fail.
func (w windowList) String() string {
	pairs := make([][2]int64, len(w))
	for i, window := range w {
		pairs[i] = [2]int64{window.Start.UnixMicro(), window.End.UnixMicro()}
	}
	text, _ := json.Marshal(pairs)
	return string(text)
}

// Scan implements sql.Scanner.
func (w *windowList) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("windows are %T, not text", value)
	}
	var pairs [][2]int64
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return fmt.Errorf("read windows: %w", err)
	}
	*w = make(windowList, len(pairs))
	for i, pair := range pairs {
		(*w)[i] = booking.Interval{Start: fromMicros(pair[0]), End: fromMicros(pair[1])}
	}
	return nil
}

// Join implements booking.WaitlistStore.
func (s *Store) Join(ctx context.Context, r booking.NewWaitlistEntry) (e booking.WaitlistEntry, replayed bool, err error) {
	if err := request.CheckJoin(r); err != nil {
		return booking.WaitlistEntry{}, false, err
	}
	earlier, err := s.writeEntry(ctx, "join the waitlist", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		e, err = join(ctx, tx, r.Entry)
		if err == nil {
			err = addEntryEvent(ctx, tx, e, booking.EventWaitlistJoined, r.Actor)
		}
		return request.Earlier{Subject: e.Customer.ID, Answer: e.ID}, err
	})
	return s.entryAnswer(ctx, e, earlier, err)
}

func join(ctx context.Context, tx *sql.Tx, e booking.WaitlistEntry) (booking.WaitlistEntry, error) {
	if err := checkOpen(ctx, tx, e); err != nil {
		return booking.WaitlistEntry{}, err
	}
	customerID, name, err := upsertCustomer(ctx, tx, e.Customer, true)
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO waitlist (id, service_id, resource_id, customer_id, joined_for, windows, ends_at, notes, channel, joined_at, updated_at)
		SELECT ?, ?, ?, ?, nullif(nullif(?, ''), ?), ?, ?, ?, ?, now, now FROM (SELECT `+clock+` AS now)`,
		e.ID, e.ServiceID, e.ResourceID, customerID, e.Customer.Name, name, windowList(e.Windows).String(),
		e.Windows[len(e.Windows)-1].End.UnixMicro(), e.Notes, e.Channel)
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	return entry(ctx, tx, e.ID)
}

// checkOpen refuses who waits for this already, or for too much.
func checkOpen(ctx context.Context, tx *sql.Tx, e booking.WaitlistEntry) error {
	var open, alike int
	err := tx.QueryRowContext(ctx, `
		SELECT count(*), count(*) FILTER (WHERE e.service_id = ?2 AND e.resource_id = ?3)
		FROM waitlist e JOIN customers c ON c.id = e.customer_id
		WHERE c.identity = `+personSQL+` AND `+entryStatus+` IN ('waiting', 'offered')`,
		request.Identity(e.Customer), e.ServiceID, e.ResourceID).Scan(&open, &alike)
	if err != nil {
		return err
	}
	return request.JoinRefusal(open, alike)
}

// writeEntry is leadStore.write: entries are about people, and their idempotency keys are kept with those of people.
func (s *Store) writeEntry(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx *sql.Tx) (request.Earlier, error),
) (*request.Earlier, error) {
	return (&leadStore{Store: s}).write(ctx, doing, claim, fn)
}

// entryAnswer is what a request for an entry comes to, or came to the first time.
func (s *Store) entryAnswer(ctx context.Context, e booking.WaitlistEntry, earlier *request.Earlier, err error) (booking.WaitlistEntry, bool, error) {
	return request.Answer(e, earlier, err, func(e request.Earlier) (booking.WaitlistEntry, error) { return s.WaitlistEntry(ctx, e.Answer) })
}

func addEntryEvent(ctx context.Context, tx *sql.Tx, e booking.WaitlistEntry, event booking.EventType, actor booking.Actor) error {
	return addLeadEvents(ctx, tx, e.Customer.ID, actor, lead.Event{
		Type: lead.EventType(event), Details: map[string]string{"entry": e.ID, "service": e.ServiceID},
	})
}

// Leave implements booking.WaitlistStore.
func (s *Store) Leave(ctx context.Context, r booking.Leaving) (e booking.WaitlistEntry, replayed bool, err error) {
	if err := request.CheckLeaving(r); err != nil {
		return booking.WaitlistEntry{}, false, err
	}
	earlier, err := s.writeEntry(ctx, "leave the waitlist", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		e, err = leave(ctx, tx, r)
		return request.Earlier{Subject: e.Customer.ID, Answer: e.ID}, err
	})
	return s.entryAnswer(ctx, e, earlier, err)
}

// leave takes the entry out of the line before it declines its offer, so that this goes to somebody else.
func leave(ctx context.Context, tx *sql.Tx, r booking.Leaving) (booking.WaitlistEntry, error) {
	e, err := entry(ctx, tx, r.EntryID)
	if err == nil {
		err = request.LeaveRefusal(e.Status)
	}
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE waitlist SET status = 'left', offer_expires_at = NULL, updated_at = `+clock+` WHERE id = ?`, e.ID)
	if err == nil && e.Status == booking.WaitOffered {
		_, err = cancel(ctx, tx, booking.Cancellation{BookingID: e.OfferID, Declines: true, Offering: r.Offering, Actor: r.Actor})
		if errors.Is(err, booking.ErrNotLive) {
			err = nil // it has lapsed since, and whoever hands on lapsed holds finds it
		}
	}
	if err == nil {
		err = addEntryEvent(ctx, tx, e, booking.EventWaitlistLeft, r.Actor)
	}
	if err != nil {
		return booking.WaitlistEntry{}, err
	}
	return entry(ctx, tx, e.ID)
}

func entry(ctx context.Context, db queryer, id string) (booking.WaitlistEntry, error) {
	return scanEntry(db.QueryRowContext(ctx, `SELECT `+entryColumns+` FROM waitlist e JOIN customers c ON c.id = e.customer_id WHERE e.id = ?`, id))
}

// WaitlistEntry implements booking.WaitlistStore.
func (s *Store) WaitlistEntry(ctx context.Context, id string) (booking.WaitlistEntry, error) {
	e, err := entry(ctx, s.read, id)
	return e, wrap("get waitlist entry", err)
}

// ReplayEntry implements booking.WaitlistStore.
func (s *Store) ReplayEntry(ctx context.Context, claim booking.IdempotencyClaim) (booking.WaitlistEntry, error) {
	if err := request.CheckClaim(claim); err != nil {
		return booking.WaitlistEntry{}, err
	}
	earlier, err := lookUpClaim(ctx, s.read, claim)
	if err != nil {
		return booking.WaitlistEntry{}, wrap("replay", err)
	}
	return s.WaitlistEntry(ctx, earlier.Answer)
}

const waitlistSQL = `
SELECT ` + entryColumns + `
FROM waitlist e JOIN customers c ON c.id = e.customer_id
WHERE (json_array_length(?4) = 0 OR ` + entryStatus + ` IN (SELECT value FROM json_each(?4)))
	AND (?2 = '' OR e.service_id = ?2)
	AND (?3 = '' OR e.resource_id = ?3)
	AND (?1 = '' OR c.identity = ` + personSQL + `)
	AND (e.joined_at, e.id) > (?5, ?6)
ORDER BY e.joined_at, e.id
LIMIT ?7`

// Waitlist implements booking.WaitlistStore.
func (s *Store) Waitlist(ctx context.Context, f booking.WaitlistFilter) ([]booking.WaitlistEntry, error) {
	if err := request.CheckWaitlistFilter(f); err != nil {
		return nil, err
	}
	statuses := make([]string, len(f.Statuses))
	for i, status := range f.Statuses {
		statuses[i] = string(status)
	}
	var afterJoined int64
	if f.After != (booking.Position{}) {
		afterJoined = f.After.Start.UnixMicro()
	}
	rows, err := s.read.QueryContext(ctx, waitlistSQL, f.Phone, f.ServiceID, f.ResourceID, textList(statuses), afterJoined, f.After.ID, f.Limit)
	list, err := collect(rows, err, func(rows *sql.Rows) (booking.WaitlistEntry, error) { return scanEntry(rows) })
	return list, wrap("list waitlist", err)
}

// WaitlistEvents implements booking.WaitlistStore.
func (s *Store) WaitlistEvents(ctx context.Context, entryID string) ([]booking.Event, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT v.sequence, '', v.type, v.at AS at, v.actor, v.channel
		FROM waitlist e JOIN lead_events v ON v.customer_id = e.customer_id AND v.details ->> 'entry' = e.id
		WHERE e.id = ?1
		UNION ALL
		SELECT v.sequence, v.booking_id, v.type, v.at, v.actor, v.channel
		FROM bookings b JOIN booking_events v ON v.booking_id = b.id
		WHERE b.waitlist_entry_id = ?1
		ORDER BY at, sequence`, entryID)
	events, err := collect(rows, err, scanEvent)
	return events, wrap("read waitlist events", err)
}
