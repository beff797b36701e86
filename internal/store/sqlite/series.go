package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// BookSeries implements booking.Store.
func (s *Store) BookSeries(ctx context.Context, r booking.NewSeries) ([]booking.Booking, bool, error) {
	if err := request.CheckSeries(r); err != nil {
		return nil, false, err
	}
	return s.series(ctx, "book series", r.Idempotency, func(tx *sql.Tx) (first booking.Booking, err error) {
		refused := map[int]error{}
		for i, wanted := range r.Bookings {
			b, err := book(ctx, tx, wanted)
			if _, limit := errors.AsType[*booking.LimitError](err); limit || errors.Is(err, booking.ErrOccupied) {
				refused[i] = err
				continue
			}
			if err == nil {
				_, err = tx.ExecContext(ctx, `UPDATE bookings SET series_id = ? WHERE id = ?`, r.ID, b.ID)
			}
			if err != nil {
				return booking.Booking{}, err
			}
			if first.ID == "" {
				first = b
			}
		}
		if len(refused) > 0 {
			return booking.Booking{}, &booking.SeriesError{Refused: refused}
		}
		first.SeriesID = r.ID
		return first, nil
	})
}

// series runs fn once and returns the series of the booking that it, or the earlier request, ended with.
func (s *Store) series(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx *sql.Tx) (booking.Booking, error),
) ([]booking.Booking, bool, error) {
	b, replayed, err := s.once(ctx, doing, claim, fn)
	if err != nil {
		return nil, false, err
	}
	bookings, err := s.Series(ctx, b.SeriesID)
	return bookings, replayed, err
}

// Series implements booking.Store.
func (s *Store) Series(ctx context.Context, id string) ([]booking.Booking, error) {
	bookings, err := series(ctx, s.read, id)
	return bookings, wrap("read series", err)
}

func series(ctx context.Context, db queryer, id string) ([]booking.Booking, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id
		WHERE b.series_id = ? ORDER BY b.start_at, b.id`, id)
	bookings, err := collect(rows, err, func(rows *sql.Rows) (booking.Booking, error) { return scanBooking(rows) })
	if err == nil && len(bookings) == 0 {
		err = booking.ErrNotFound
	}
	return bookings, err
}

// CancelSeries implements booking.Store.
func (s *Store) CancelSeries(ctx context.Context, r booking.SeriesCancellation) ([]booking.Booking, bool, error) {
	if err := request.CheckCancellation(r.Cancellation); err != nil {
		return nil, false, err
	}
	return s.series(ctx, "cancel series", r.Idempotency, func(tx *sql.Tx) (last booking.Booking, err error) {
		bookings, err := series(ctx, tx, r.SeriesID)
		if err != nil {
			return booking.Booking{}, err
		}
		refusal := booking.ErrNotLive
		for _, b := range bookings {
			if !r.Concerns(b) {
				continue
			}
			r.BookingID = b.ID
			cancelled, err := cancel(ctx, tx, r.Cancellation)
			switch {
			case errors.Is(err, booking.ErrTooLate):
				refusal = err
			case err != nil:
				return booking.Booking{}, err
			default:
				last = cancelled
			}
		}
		if last.ID == "" {
			return booking.Booking{}, refusal
		}
		return last, nil
	})
}
