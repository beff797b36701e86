package postgres

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// bookLocked decides under locks. If there is only one candidate and nothing to be counted, the booking first shares its
// transaction with others; the second try is alone, and frees what holds have left behind.
func (s *Store) bookLocked() attemptToBook {
	tries := 0
	return func(ctx context.Context, r booking.NewBooking) (booking.Booking, error) {
		if tries++; tries == 1 && isOnly(r) {
			return s.bookTogether(ctx, r)
		}
		return s.bookCounted(ctx, r)
	}
}

// isOnly says that a booking's statement can be written before anything is known.
func isOnly(r booking.NewBooking) bool {
	return len(r.Candidates) == 1 && len(r.Limits) == 0 && !request.IsGroup(r.Booking)
}

// bookCounted decides under locks on everything that the booking counts or may occupy.
func (s *Store) bookCounted(ctx context.Context, r booking.NewBooking) (b booking.Booking, err error) {
	args, err := recordArgs(r)
	if err != nil {
		return booking.Booking{}, err
	}
	who, err := whoseLimits(ctx, s.pool, r)
	if err != nil {
		return booking.Booking{}, err
	}
	names := request.Locks(r, who)
	err = s.underLocks(ctx, names, func(tx pgx.Tx, look *pgx.Batch) error {
		taken := map[int]bool(nil)
		if request.LimitsCustomer(r) {
			queuePersonCheck(look, r.Booking.Customer, who)
		}
		queueClaimCheck(look, r.Idempotency)
		for _, limit := range r.Limits {
			queueLimit(look, limit, request.Identity(r.Booking.Customer), r.Booking.ID, refuseAtLimit)
		}
		queueTaken(look, r.Booking.Blocked, r.Candidates, &taken)
		err := tx.SendBatch(ctx, look).Close()
		switch {
		case err != nil:
			return err
		case request.IsGroup(r.Booking):
			b, err = bookPlace(ctx, tx, r, args, taken)
		default:
			b, err = bookUnits(ctx, tx, r, args, taken)
		}
		return err
	})
	return b, err
}

// underLocks runs fn in a transaction, with a batch that takes the locks of these names: what fn adds to it and sends comes
// after them in one round trip. Each statement has a snapshot of its own and so sees what the locks' previous owners
// committed.
func (s *Store) underLocks(ctx context.Context, names []string, fn func(tx pgx.Tx, look *pgx.Batch) error) error {
	leave, err := s.turns.take(ctx, names)
	if err != nil {
		return err
	}
	defer leave()
	return s.writer.inTx(ctx, func(tx pgx.Tx) error {
		look := &pgx.Batch{}
		queueLocks(look, names)
		return fn(tx, look)
	})
}

// whoseLimits is the identity under which the person is kept whose open bookings are limited, so that all numbers of one
// person share a lock. Without such a limit nobody asks.
func whoseLimits(ctx context.Context, db querier, r booking.NewBooking) (identity string, err error) {
	identity = request.Identity(r.Booking.Customer)
	if request.LimitsCustomer(r) {
		err = db.QueryRow(ctx, `SELECT `+personSQL(`$1::text`), identity).Scan(&identity)
	}
	return identity, err
}

// queuePersonCheck fails with errNotWon when the customer was merged into somebody else while the locks were waited for:
// then the other's are needed.
func queuePersonCheck(batch *pgx.Batch, customer booking.Customer, who string) {
	batch.Queue(`SELECT `+personSQL(`$1::text`), request.Identity(customer)).QueryRow(func(row pgx.Row) error {
		var now string
		if err := row.Scan(&now); err != nil || now == who {
			return err
		}
		return errNotWon
	})
}

// queueTaken finds out which candidates are taken.
func queueTaken(batch *pgx.Batch, blocked booking.Interval, candidates []booking.Assignment, taken *map[int]bool) {
	batch.Queue(takenSQL, takenArgs(blocked, candidates)...).QueryRow(func(row pgx.Row) (err error) {
		*taken, err = takenCandidates(row)
		return err
	})
}

// queueClaimCheck fails with errNotWon when the key is known.
func queueClaimCheck(batch *pgx.Batch, claim *booking.IdempotencyClaim) {
	if claim == nil {
		return
	}
	batch.Queue(`SELECT EXISTS (SELECT FROM idempotency_keys WHERE principal = $1 AND route = $2 AND key = $3)`,
		claim.Principal, claim.Route, claim.Key).QueryRow(func(row pgx.Row) error {
		var known bool
		if err := row.Scan(&known); err != nil || !known {
			return err
		}
		return errNotWon
	})
}

// queueLocks takes advisory locks until the end of the transaction, in the order of their numbers, which is
// the same in every transaction.
func queueLocks(batch *pgx.Batch, names []string) {
	if len(names) == 0 {
		return
	}
	numbers := make([]int64, len(names))
	for i, name := range names {
		numbers[i] = lockNumber(name)
	}
	slices.Sort(numbers)
	// One after the other, in the order of the array.
	batch.Queue(`SELECT count(pg_advisory_xact_lock(n)::text) FROM unnest($1::bigint[]) AS n`, slices.Compact(numbers))
}

func lockNumber(name string) int64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("frontdesk/" + name)) // a hash never fails
	return int64(hash.Sum64())
}

// queueLimit counts what the limit counts, apart from the booking itself, and fails with what reached makes of a
// *booking.LimitError when it is reached.
func queueLimit(batch *pgx.Batch, limit booking.Limit, customer, bookingID string, reached func(error) error) {
	var query *pgx.QueuedQuery
	if limit.Kind == booking.LimitOpenPerCustomer {
		query = batch.Queue(`
			SELECT count(*) FROM bookings b JOIN customers c ON c.id = b.customer_id
			WHERE c.identity = `+personSQL(`$1::text`)+` AND b.start_at > clock_timestamp() AND `+isLive, customer)
	} else {
		query = batch.Queue(`
			SELECT count(*) FROM bookings b
			WHERE b.start_at >= $1 AND b.start_at < $2 AND b.id <> $4 AND `+isCounted+` AND `+onAnyOf,
			limit.Within.Start, limit.Within.End, limit.Resources, bookingID)
	}
	query.QueryRow(func(row pgx.Row) error {
		var count int
		if err := row.Scan(&count); err != nil || count < limit.Max {
			return err
		}
		return reached(&booking.LimitError{Limit: limit})
	})
}

// refuseAtLimit is for those whom one limit refuses as a whole.
func refuseAtLimit(limit error) error { return limit }

// isCounted says whether a booking b counts towards the day and week limits.
const isCounted = `(b.status IN ('completed', 'no_show') OR ` + isLive + `)`

// onAnyOf says whether a booking b occupies one of the resources $3, or whether $3 is empty.
const onAnyOf = `(coalesce(cardinality($3::text[]), 0) = 0 OR b.resource_ids && $3)`

// bookUnits books the first candidate that is not taken. Bookings of one unit do not take the lock, so one
// of them may still be faster: then nothing has been recorded, and the transaction is undone and tried again.
func bookUnits(
	ctx context.Context, tx pgx.Tx, r booking.NewBooking, args []any, taken map[int]bool,
) (booking.Booking, error) {
	units, found := request.FirstFree(r.Candidates, taken)
	if !found {
		return booking.Booking{}, booking.ErrOccupied
	}
	b, err := scanBooking(tx.QueryRow(ctx, bookUnitsSQL, unitsArgs(args, units)...))
	if errors.Is(err, pgx.ErrNoRows) || isPartlyWon(err) {
		err = errNotWon
	}
	return b, err
}

// unitsArgs are the parameters of bookUnitsSQL.
func unitsArgs(args []any, units booking.Assignment) []any {
	resources, numbers := unzipUnits(units)
	return append(args[:len(args):len(args)], resources, numbers)
}
