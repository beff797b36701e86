package postgres

import (
	"context"
	"log/slog"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// Pool lets tests look at the tables and age rows.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// KeepHouse runs one housekeeping pass now.
func (s *Store) KeepHouse(ctx context.Context) error {
	return housekeeping.Pass(ctx, s.removeExpiredKeys)
}

// OpenHearing opens a database that has the newest schema, and hears what its server says beside its answers.
func OpenHearing(ctx context.Context, url string, hear func(*pgconn.Notice)) (*Store, error) {
	config, err := poolConfig(Options{URL: url})
	if err != nil {
		return nil, err
	}
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { hear(notice) }
	return connect(ctx, config, slog.Default())
}

// PoolConfig is the pool's configuration for these options.
var PoolConfig = poolConfig

// BookTogether has these bookings of one unit each arrive at the same moment.
func (s *Store) BookTogether(ctx context.Context, requests []booking.NewBooking) ([]booking.Booking, []error) {
	orders := make([]*order, len(requests))
	for i, r := range requests {
		var err error
		if orders[i], err = newOrder(ctx, r); err != nil {
			return nil, []error{err}
		}
	}
	s.collector.write(slices.Clone(orders))
	bookings, errs := make([]booking.Booking, len(requests)), make([]error, len(requests))
	for i, done := range orders {
		bookings[i], errs[i] = done.booking, done.err
	}
	return bookings, errs
}
