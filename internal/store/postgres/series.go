package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// BookSeries implements booking.Store.
func (s *Store) BookSeries(ctx context.Context, r booking.NewSeries) ([]booking.Booking, bool, error) {
	if err := request.CheckSeries(r); err != nil {
		return nil, false, err
	}
	return s.series(ctx, "book series", r.Idempotency, func(ctx context.Context) (first booking.Booking, err error) {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			who, err := whoseLimits(ctx, tx, r.Bookings[0]) // they are all of one customer, with the same limits
			if err != nil {
				return err
			}
			batch := &pgx.Batch{}
			queueLocks(batch, request.SeriesLocks(r, who))
			queueClaimCheck(batch, r.Idempotency)
			if err := tx.SendBatch(ctx, batch).Close(); err != nil {
				return err
			}
			seats, err := seatSeries(ctx, tx, r)
			if err == nil {
				first, err = recordSeries(ctx, tx, r, seats)
			}
			return err
		})
		return first, err
	})
}

// series runs try once and returns the series of the booking that it, or the earlier request, ended with.
func (s *Store) series(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, try attempt,
) ([]booking.Booking, bool, error) {
	b, replayed, err := s.once(ctx, doing, claim, try)
	if err != nil {
		return nil, false, err
	}
	bookings, err := s.Series(ctx, b.SeriesID)
	return bookings, replayed, err
}

// seatSeries occupies a unit or finds a place for each booking. All of it comes before the first booking is written:
// single bookings occupy first and touch their customer second, and whoever does it in another order meets them
// in a deadlock.
func seatSeries(ctx context.Context, tx pgx.Tx, r booking.NewSeries) ([]place, error) {
	seats, refused := make([]place, len(r.Bookings)), map[int]error{}
	for i, wanted := range r.Bookings {
		var err error
		seats[i], err = seatOne(ctx, tx, wanted, i)
		if _, limit := errors.AsType[*booking.LimitError](err); limit || errors.Is(err, booking.ErrOccupied) {
			refused[i] = err
		} else if err != nil {
			return nil, err
		}
	}
	if len(refused) > 0 {
		return nil, &booking.SeriesError{Refused: refused}
	}
	return seats, nil
}

// seatOne seats a booking before which so many others of the series have been seated, which the customer's limit must
// count although they are not written yet. Days and weeks have one of them each.
func seatOne(ctx context.Context, tx pgx.Tx, wanted booking.NewBooking, before int) (place, error) {
	batch, taken := &pgx.Batch{}, map[int]bool(nil)
	for _, limit := range wanted.Limits {
		if limit.Kind == booking.LimitOpenPerCustomer {
			limit.Max -= before
		}
		queueLimit(batch, limit, request.Identity(wanted.Booking.Customer), wanted.Booking.ID)
	}
	b := wanted.Booking
	queueTaken(batch, b.Blocked, wanted.Candidates, &taken)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return place{}, err
	}
	if request.IsGroup(b) {
		return takePlace(ctx, tx, b, wanted.Candidates, taken)
	}
	units, found := request.FirstFree(wanted.Candidates, taken)
	if !found {
		return place{}, booking.ErrOccupied
	}
	return place{place: 1, units: units}, occupy(ctx, tx, owner{bookingID: &b.ID}, units, b.Blocked, nil)
}

// recordSeries writes the bookings and returns the first.
func recordSeries(ctx context.Context, tx pgx.Tx, r booking.NewSeries, seats []place) (first booking.Booking, err error) {
	ids := make([]string, len(r.Bookings))
	for i, wanted := range r.Bookings {
		wanted.Idempotency = nil
		if i == 0 {
			wanted.Idempotency = r.Idempotency
		}
		b, err := recordOne(ctx, tx, wanted, seats[i])
		if err != nil {
			return booking.Booking{}, err
		}
		if i == 0 {
			first = b
		}
		ids[i] = b.ID
	}
	_, err = tx.Exec(ctx, `UPDATE bookings SET series_id = $1 WHERE id = ANY ($2::uuid[])`, r.ID, ids)
	first.SeriesID = r.ID
	return first, err
}

func recordOne(ctx context.Context, tx pgx.Tx, wanted booking.NewBooking, seat place) (booking.Booking, error) {
	args, err := recordArgs(wanted)
	if err != nil {
		return booking.Booking{}, err
	}
	if !request.IsGroup(wanted.Booking) {
		resources, numbers := unzipUnits(seat.units)
		return scanBooking(tx.QueryRow(ctx, bookKeptSQL, append(args, resources, numbers)...))
	}
	b, err := scanBooking(tx.QueryRow(ctx, bookPlaceSQL, append(args, seat.sessionID, seat.place)...))
	if err != nil {
		return booking.Booking{}, err
	}
	return b, settleSession(ctx, tx, seat.sessionID)
}

// Series implements booking.Store.
func (s *Store) Series(ctx context.Context, id string) ([]booking.Booking, error) {
	if !request.IsUUID(id) {
		return nil, booking.ErrNotFound
	}
	rows, err := s.pool.Query(ctx, seriesSQL, id)
	bookings, err := collectSeries(rows, err)
	return bookings, wrap("read series", err)
}

const seriesSQL = `
SELECT ` + bookingColumns + ` FROM bookings b JOIN customers c ON c.id = b.customer_id
WHERE b.series_id = $1 ORDER BY b.start_at, b.id`

func collectSeries(rows pgx.Rows, err error) ([]booking.Booking, error) {
	if err != nil {
		return nil, err
	}
	bookings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Booking, error) { return scanBooking(row) })
	if err == nil && len(bookings) == 0 {
		err = booking.ErrNotFound
	}
	return bookings, err
}

// CancelSeries implements booking.Store.
func (s *Store) CancelSeries(ctx context.Context, r booking.SeriesCancellation) ([]booking.Booking, bool, error) {
	if !request.IsUUID(r.SeriesID) {
		return nil, false, booking.ErrNotFound
	}
	if err := request.CheckCancellation(r.Cancellation); err != nil {
		return nil, false, err
	}
	return s.series(ctx, "cancel series", r.Idempotency, func(ctx context.Context) (b booking.Booking, err error) {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			b, err = cancelRest(ctx, tx, r)
			return err
		})
		return b, err
	})
}

// cancelRest cancels what can be cancelled, under the locks of everything that the series occupies.
func cancelRest(ctx context.Context, tx pgx.Tx, r booking.SeriesCancellation) (last booking.Booking, err error) {
	rows, err := tx.Query(ctx, seriesSQL, r.SeriesID)
	before, err := collectSeries(rows, err)
	if err != nil {
		return booking.Booking{}, err
	}
	names, freed, err := lineUpAll(ctx, tx, r, before)
	if err != nil {
		return booking.Booking{}, err
	}
	batch := &pgx.Batch{}
	queueLocks(batch, names)
	queueClaimCheck(batch, r.Idempotency)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return booking.Booking{}, err
	}
	refusal := booking.ErrNotLive
	for i, b := range before {
		if !r.Concerns(b) {
			continue
		}
		r.BookingID = b.ID
		cancelled, err := cancelOfSeries(ctx, tx, r.Cancellation, b, freed[i])
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			refusal = booking.ErrTooLate
		case err != nil:
			return booking.Booking{}, err
		default:
			last, r.Idempotency = cancelled, nil // the first one claims the key for all
		}
	}
	if last.ID == "" {
		return booking.Booking{}, refusal
	}
	return last, nil
}

// lineUpAll names what cancelling a series must lock, and looks who waits for the time of each booking.
func lineUpAll(
	ctx context.Context, tx pgx.Tx, r booking.SeriesCancellation, bookings []booking.Booking,
) (names []string, freed []*freeing, err error) {
	freed = make([]*freeing, len(bookings))
	for i, b := range bookings {
		names = append(names, request.ResourceLocks(b.Units)...)
		if !r.Concerns(b) {
			continue
		}
		if freed[i], err = lineUp(ctx, tx, r.Offering, b.ID, i); err != nil {
			return nil, nil, err
		}
		names = append(names, freed[i].locks()...)
	}
	return names, freed, nil
}

func cancelOfSeries(
	ctx context.Context, tx pgx.Tx, r booking.Cancellation, found booking.Booking, freed *freeing,
) (booking.Booking, error) {
	sessionID, units, err := sessionOf(ctx, tx, r.BookingID)
	if err != nil {
		return booking.Booking{}, err
	}
	if !slices.Equal(units, found.Units) {
		return booking.Booking{}, errNotWon // it was moved in between: other locks are needed
	}
	b, err := cancelWith(ctx, tx, r, true)
	if err == nil && !freed.unchanged(b.Version-1) {
		err = errNotWon
	}
	if err == nil && sessionID != "" {
		err = settleSession(ctx, tx, sessionID)
	}
	if err == nil {
		_, err = freed.offer(ctx, tx)
	}
	return b, err
}
