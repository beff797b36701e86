package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// lineOf is the number of the lock of a service's line. It orders those who join the line, who hold it alone, and changes
// that free time of the service, which share it: either a change sees an entry, or the entry came after it. Only a
// request's idempotency key is taken before it.
func lineOf(service string) string {
	return `hashtextextended('frontdesk/waitlist/' || ` + service + `, 0)`
}

// shareLineSQL locks the line in which people wait for the time of booking $1, which is of one service for ever.
var shareLineSQL = `SELECT pg_advisory_xact_lock_shared(` + lineOf(`service_id`) + `) FROM bookings WHERE id = $1`

// queueLines locks lines by their numbers, sorted like all locks.
func queueLines(batch *pgx.Batch, numbers []int64) {
	if len(numbers) > 0 {
		slices.Sort(numbers)
		batch.Queue(`SELECT count(pg_advisory_xact_lock_shared(n)::text) FROM unnest($1::bigint[]) AS n`, slices.Compact(numbers))
	}
}

// awaits says whether an entry e of the waitlist waits for the time of a booking b. Nobody is offered the same start twice,
// by whichever entry, else a time that nobody wants would go round for ever. What a hold left behind was free for those who joined after it
// had lapsed: they can book it, and are not offered it.
const awaits = `e.service_id = b.service_id AND e.status IN ('waiting', 'offered') AND ` + inLine + `
	AND (b.status <> 'held' OR e.joined_at < b.hold_expires_at) AND e.ends_at > b.start_at AND (e.resource_id = '' OR e.resource_id = ANY (b.resource_ids))
	AND EXISTS (SELECT FROM unnest(e.window_starts, e.window_ends) AS w (first, after) WHERE b.start_at >= w.first AND b.start_at < w.after)
	AND NOT EXISTS (SELECT FROM bookings o WHERE o.customer_id = e.customer_id AND o.waitlist_entry_id IS NOT NULL
		AND o.service_id = b.service_id AND o.start_at = b.start_at)`

const lineSQL = `
SELECT ` + entryColumns + `
FROM bookings b JOIN waitlist e ON ` + awaits + ` JOIN customers c ON c.id = e.customer_id
WHERE b.id = $1 ORDER BY e.joined_at, e.id LIMIT $2`

// freeing is what a transaction knows of a booking whose time it frees, and of the offers that may be made of it. The
// zero value offers nothing.
type freeing struct {
	booking   booking.Booking
	proposals []booking.NewBooking
	// before is how many bookings the transaction frees before this one, and to how many in line it may have offered those.
	before int
	// more says that there may be others in line who were not considered.
	more bool
}

// lineUp looks who waits for a booking's time, before that is freed. Nobody joins from here to the end of the
// transaction, which frees so many bookings before this one.
func lineUp(ctx context.Context, tx pgx.Tx, offering *booking.Offering, id string, before int) (*freeing, error) {
	f, considered := &freeing{before: before}, request.MaxProposals+before
	if offering == nil {
		return f, nil
	}
	batch := &pgx.Batch{}
	batch.Queue(shareLineSQL, id)
	batch.Queue(`SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE b.id = $1`, id).
		QueryRow(func(row pgx.Row) (err error) {
			f.booking, err = scanBooking(row)
			return err
		})
	var line []booking.WaitlistEntry
	batch.Queue(lineSQL, id, considered).Query(func(rows pgx.Rows) (err error) {
		line, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.WaitlistEntry, error) { return scanEntry(row) })
		return err
	})
	err := tx.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		err = booking.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	f.more = len(line) == considered
	for _, e := range line {
		if proposal, ok := offering.Offer(e, f.booking); ok {
			f.proposals = append(f.proposals, proposal)
		}
	}
	return f, nil
}

// locks names what the offers must lock.
func (f *freeing) locks() (names []string) {
	for _, proposal := range f.proposals {
		names = append(names, request.Locks(proposal, request.Identity(proposal.Booking.Customer))...)
	}
	return names
}

// unchanged says whether the version is that of the booking when the line was read. If not it may have been moved, and
// others wait for its new time.
func (f *freeing) unchanged(version int) bool {
	return f.booking.ID == "" || f.booking.Version == version
}

// offer makes the freed time the hold of an offer to the first who can have it, if there is anybody. The caller holds the
// locks.
func (f *freeing) offer(ctx context.Context, tx pgx.Tx) (made bool, err error) {
	overtaken := 0
	for _, proposal := range f.proposals {
		err := makeOffer(ctx, tx, proposal)
		_, limited := errors.AsType[*booking.LimitError](err)
		switch {
		case err == nil:
			return true, nil
		case limited: // he has all the bookings that he may have: the next in line
		case errors.Is(err, booking.ErrNotLive):
			overtaken++
		case errors.Is(err, booking.ErrOccupied):
			return false, nil // what was freed is too short for the service as it is today, or is taken again
		default:
			return false, err
		}
	}
	if overtaken > f.before && f.more {
		return false, errNotWon // others may be in line behind those whom another transaction offered something meanwhile
	}
	return false, nil
}

// makeOffer is bookUnits or bookPlace for an entry of the waitlist. It fails with booking.ErrNotLive when the entry no
// longer waits.
func makeOffer(ctx context.Context, tx pgx.Tx, r booking.NewBooking) error {
	args, err := recordArgs(r)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `SELECT FROM waitlist e WHERE id = $1 AND `+inLine+` FOR UPDATE`, r.Booking.WaitlistEntryID)
	if err == nil && tag.RowsAffected() == 0 {
		err = booking.ErrNotLive
	}
	if err != nil {
		return err
	}
	batch, taken := &pgx.Batch{}, map[int]bool(nil)
	for _, limit := range r.Limits {
		queueLimit(batch, limit, request.Identity(r.Booking.Customer), r.Booking.ID, refuseAtLimit)
	}
	queueTaken(batch, r.Booking.Blocked, r.Candidates, &taken)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	var made booking.Booking
	if request.IsGroup(r.Booking) {
		made, err = bookPlace(ctx, tx, r, args, taken)
	} else {
		made, err = bookUnits(ctx, tx, r, args, taken)
	}
	if err != nil {
		return err
	}
	batch = &pgx.Batch{}
	batch.Queue(`UPDATE bookings SET waitlist_entry_id = $2 WHERE id = $1`, made.ID, r.Booking.WaitlistEntryID)
	batch.Queue(`
		UPDATE waitlist SET status = 'offered', offer_id = $2, offer_expires_at = $3, updated_at = clock_timestamp() WHERE id = $1`,
		r.Booking.WaitlistEntryID, made.ID, made.HoldExpiresAt)
	return tx.SendBatch(ctx, batch).Close()
}

// cancelForOthers cancels a booking in a transaction that holds the locks of what it occupies and of the offers that the
// time may become, which are left to the caller to make. It fails with errNotWon when the booking is not as the
// cancellation needs it.
func cancelForOthers(ctx context.Context, tx pgx.Tx, r booking.Cancellation) (*freeing, error) {
	freed, err := lineUp(ctx, tx, r.Offering, r.BookingID, 0)
	if err != nil {
		return nil, err
	}
	sessionID, units, err := sessionOf(ctx, tx, r.BookingID)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	queueLocks(batch, append(request.ResourceLocks(units), freed.locks()...))
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	cancelled, err := cancelWith(ctx, tx, r, true)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNotWon // it changed since: the next attempt says how
	}
	if err != nil {
		return nil, err
	}
	if !freed.unchanged(cancelled.Version - 1) {
		return nil, errNotWon
	}
	freed.booking = cancelled
	if sessionID != "" {
		err = settleSession(ctx, tx, sessionID)
	}
	return freed, err
}

// lapsedSQL lists up to $1 holds that have run out, whose time nobody has taken since, and that somebody waits for. It asks
// the clock once, so that the indexes can answer; what is done about each hold asks again.
const lapsedSQL = `
SELECT DISTINCT b.id
FROM (
	SELECT booking_id FROM occupancy WHERE expires_at <= now() AND booking_id IS NOT NULL
	UNION ALL
	SELECT booking_id FROM session_places WHERE expires_at <= now()
) AS lapsed
JOIN bookings b ON b.id = lapsed.booking_id
WHERE b.start_at > now() AND EXISTS (SELECT FROM waitlist e WHERE ` + awaits + `)
LIMIT $1`

// handOnPortion bounds how many lapsed holds one call looks at.
const handOnPortion = 100

// HandOn implements booking.WaitlistStore.
func (s *Store) HandOn(ctx context.Context, offering booking.Offering) (offers int, err error) {
	rows, err := s.pool.Query(ctx, lapsedSQL, handOnPortion)
	if err != nil {
		return 0, wrap("look for lapsed holds", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, wrap("look for lapsed holds", err)
	}
	var failed error
	for _, id := range ids {
		made := false
		_, _, err := s.once(ctx, "hand on", nil, func(ctx context.Context) (b booking.Booking, err error) {
			err = s.writer.inTx(ctx, func(tx pgx.Tx) error {
				made, err = handOn(ctx, tx, offering, id)
				return err
			})
			return b, err
		})
		if errors.Is(err, booking.ErrOccupied) {
			err = nil // others were always faster: they have the time
		}
		failed = errors.Join(failed, err)
		if request.EndsHandOn(ctx, err) {
			break
		}
		if made && err == nil {
			offers++
		}
	}
	return offers, failed
}

// handOn removes what a lapsed hold still occupies, if nobody has done so, and offers its time.
func handOn(ctx context.Context, tx pgx.Tx, offering booking.Offering, id string) (made bool, err error) {
	freed, err := lineUp(ctx, tx, &offering, id, 0)
	if err != nil {
		return false, err
	}
	sessionID, units, err := sessionOf(ctx, tx, id)
	if err != nil {
		return false, err
	}
	batch := &pgx.Batch{}
	queueLocks(batch, append(request.ResourceLocks(units), freed.locks()...))
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return false, err
	}
	table := `occupancy`
	if sessionID != "" {
		table = `session_places`
	}
	tag, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE booking_id = $1 AND expires_at <= clock_timestamp()`, id)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	if sessionID != "" {
		if err := settleSession(ctx, tx, sessionID); err != nil {
			return false, err
		}
	}
	return freed.offer(ctx, tx)
}

// removeLapsed deletes what up to limit holds still occupy that lapsed a day ago and more. Nobody is kept out by it, but
// whoever looks for lapsed holds would look at it again and again.
func (s *Store) removeLapsed(ctx context.Context, limit int) (count int, err error) {
	for _, table := range []string{`occupancy`, `session_places`} {
		tag, err := s.pool.Exec(ctx, `
			DELETE FROM `+table+` WHERE ctid = ANY (ARRAY(
				SELECT ctid FROM `+table+` WHERE expires_at <= now() - interval '24 hours' LIMIT $1))`, limit)
		if err != nil {
			return count, wrap("remove lapsed holds", err)
		}
		count += int(tag.RowsAffected())
	}
	return count, nil
}
