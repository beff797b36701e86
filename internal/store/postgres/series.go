package postgres

import (
	"cmp"
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
	var made []booking.Booking
	tries := 0
	first, replayed, err := s.once(ctx, "book series", r.Idempotency, func(ctx context.Context) (first booking.Booking, err error) {
		if tries++; tries > 1 || !isOnlySeries(r) {
			return s.bookSeriesLooking(ctx, r)
		}
		if made, err = s.bookSeriesTogether(ctx, r); err == nil {
			return made[0], nil
		}
		if errors.Is(err, errNotWon) {
			err = cmp.Or(s.refusedOfSeries(ctx, r), err)
		}
		return booking.Booking{}, err
	})
	if len(made) > 0 {
		return made, false, nil
	}
	return s.seriesOf(ctx, first, replayed, err)
}

// isOnlySeries says that the statement of a series can be written before anything is known.
func isOnlySeries(r booking.NewSeries) bool {
	return !slices.ContainsFunc(r.Bookings, func(b booking.NewBooking) bool {
		return !isOnly(b) || request.Identity(b.Booking.Customer) != request.Identity(r.Bookings[0].Booking.Customer)
	})
}

// bookSeriesLooking books a series in a transaction of its own, which decides when it has the locks and has seen everything.
func (s *Store) bookSeriesLooking(ctx context.Context, r booking.NewSeries) (first booking.Booking, err error) {
	who, err := whoseLimits(ctx, s.pool, r.Bookings[0]) // they are all of one customer, with the same limits
	if err != nil {
		return booking.Booking{}, err
	}
	err = s.underLocks(ctx, request.SeriesLocks(r, who), func(tx pgx.Tx, look *pgx.Batch) (err error) {
		if request.LimitsCustomer(r.Bookings[0]) {
			queuePersonCheck(look, r.Bookings[0].Booking.Customer, who)
		}
		queueClaimCheck(look, r.Idempotency)
		if request.IsGroup(r.Bookings[0].Booking) {
			first, err = bookSeriesPlaces(ctx, tx, look, r)
		} else {
			first, err = bookSeriesUnits(ctx, tx, look, r)
		}
		return err
	})
	return first, err
}

// refusedOfSeries says which bookings of a series without limits cannot be had, as a *booking.SeriesError, or nil if all of them can.
func (s *Store) refusedOfSeries(ctx context.Context, r booking.NewSeries) error {
	batch, taken := &pgx.Batch{}, make([]map[int]bool, len(r.Bookings))
	for i, wanted := range r.Bookings {
		queueTaken(batch, wanted.Booking.Blocked, wanted.Candidates, &taken[i])
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	refused := map[int]error{}
	for i, wanted := range r.Bookings {
		if len(taken[i]) == len(wanted.Candidates) {
			refused[i] = booking.ErrOccupied
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &booking.SeriesError{Refused: refused}
}

// series runs try once and returns the series of the booking that it, or the earlier request, ended with.
func (s *Store) series(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, try attempt,
) ([]booking.Booking, bool, error) {
	b, replayed, err := s.once(ctx, doing, claim, try)
	return s.seriesOf(ctx, b, replayed, err)
}

// seriesOf is the answer of a change of a series that ended with one of its bookings.
func (s *Store) seriesOf(ctx context.Context, b booking.Booking, replayed bool, err error) ([]booking.Booking, bool, error) {
	if err != nil {
		return nil, false, err
	}
	bookings, err := s.Series(ctx, b.SeriesID)
	return bookings, replayed, err
}

// bookSeriesUnits books a series of no group, and returns its first booking: it looks for all of them, then writes all of
// them, each in one round trip.
func bookSeriesUnits(ctx context.Context, tx pgx.Tx, look *pgx.Batch, r booking.NewSeries) (first booking.Booking, err error) {
	taken, refused := make([]map[int]bool, len(r.Bookings)), map[int]error{}
	for i, wanted := range r.Bookings {
		queueSeriesLimits(look, wanted, i, refused)
		queueTaken(look, wanted.Booking.Blocked, wanted.Candidates, &taken[i])
	}
	if err := tx.SendBatch(ctx, look).Close(); err != nil {
		return booking.Booking{}, err
	}
	seats := make([]place, len(r.Bookings))
	for i, wanted := range r.Bookings {
		units, found := request.FirstFree(wanted.Candidates, taken[i])
		if !found && refused[i] == nil {
			refused[i] = booking.ErrOccupied
		}
		seats[i] = place{place: 1, units: units}
	}
	if len(refused) > 0 {
		return booking.Booking{}, &booking.SeriesError{Refused: refused}
	}
	batch := &pgx.Batch{}
	for i, wanted := range r.Bookings {
		queueOccupy(batch, owner{bookingID: &wanted.Booking.ID}, seats[i].units, wanted.Booking.Blocked, nil)
	}
	err = eachOfSeries(r, func(i int, args []any) error {
		resources, numbers := unzipUnits(seats[i].units)
		batch.Queue(bookKeptSQL, append(args, resources, numbers)...).QueryRow(func(row pgx.Row) error {
			b, err := scanBooking(row)
			if i == 0 {
				first = b
			}
			return err
		})
		return nil
	})
	if err != nil {
		return booking.Booking{}, err
	}
	queueNameSeries(batch, r)
	err = tx.SendBatch(ctx, batch).Close()
	first.SeriesID = r.ID
	return first, err
}

// queueSeriesLimits counts the limits of a booking before which so many others of the series are written, which the
// customer's limit must count although they are not there yet. Days and weeks have one of them each.
func queueSeriesLimits(batch *pgx.Batch, wanted booking.NewBooking, before int, refused map[int]error) {
	for _, limit := range wanted.Limits {
		if limit.Kind == booking.LimitOpenPerCustomer {
			limit.Max -= before
		}
		queueLimit(batch, limit, request.Identity(wanted.Booking.Customer), wanted.Booking.ID, func(limit error) error {
			if refused[before] == nil {
				refused[before] = limit
			}
			return nil
		})
	}
}

// bookSeriesPlaces books a series of places in groups, and returns its first booking. All places are found before the first
// booking is written: single bookings occupy first and touch their customer second, and whoever does it in another order
// meets them in a deadlock.
func bookSeriesPlaces(ctx context.Context, tx pgx.Tx, look *pgx.Batch, r booking.NewSeries) (first booking.Booking, err error) {
	if err := tx.SendBatch(ctx, look).Close(); err != nil {
		return booking.Booking{}, err
	}
	seats, refused := make([]place, len(r.Bookings)), map[int]error{}
	for i, wanted := range r.Bookings {
		batch, taken := &pgx.Batch{}, map[int]bool(nil)
		queueSeriesLimits(batch, wanted, i, refused)
		queueTaken(batch, wanted.Booking.Blocked, wanted.Candidates, &taken)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return booking.Booking{}, err
		}
		if refused[i] != nil {
			continue
		}
		seats[i], err = takePlace(ctx, tx, wanted.Booking, wanted.Candidates, taken)
		if errors.Is(err, booking.ErrOccupied) {
			refused[i] = err
		} else if err != nil {
			return booking.Booking{}, err
		}
	}
	if len(refused) > 0 {
		return booking.Booking{}, &booking.SeriesError{Refused: refused}
	}
	err = eachOfSeries(r, func(i int, args []any) error {
		b, err := scanBooking(tx.QueryRow(ctx, bookPlaceSQL, append(args, seats[i].sessionID, seats[i].place)...))
		if i == 0 {
			first = b
		}
		if err == nil {
			err = settleSession(ctx, tx, seats[i].sessionID)
		}
		return err
	})
	if err != nil {
		return booking.Booking{}, err
	}
	batch := &pgx.Batch{}
	queueNameSeries(batch, r)
	first.SeriesID = r.ID
	err = tx.SendBatch(ctx, batch).Close()
	return first, err
}

// eachOfSeries calls record for each booking with the arguments of its record. The first one claims the key for all.
func eachOfSeries(r booking.NewSeries, record func(i int, args []any) error) error {
	for i, wanted := range r.Bookings {
		wanted.Idempotency = nil
		if i == 0 {
			wanted.Idempotency = r.Idempotency
		}
		args, err := recordArgs(wanted)
		if err == nil {
			err = record(i, args)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// queueNameSeries says of which series the bookings are.
func queueNameSeries(batch *pgx.Batch, r booking.NewSeries) {
	ids := make([]string, len(r.Bookings))
	for i, wanted := range r.Bookings {
		ids[i] = wanted.Booking.ID
	}
	batch.Queue(`UPDATE bookings SET series_id = $1 WHERE id = ANY ($2::uuid[])`, r.ID, ids)
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
		err = s.writer.inTx(ctx, func(tx pgx.Tx) error {
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
