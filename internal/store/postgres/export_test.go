package postgres

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// Pool lets tests look at the tables and age rows.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// ExpectLosers has the store turn certain losers away before their statements wait, as it does for a while after each loss.
func (s *Store) ExpectLosers() { s.lost.now() }

// LockNumber is the number of the advisory lock of this name.
var LockNumber = lockNumber

// KeepHouse runs one housekeeping pass now.
func (s *Store) KeepHouse(ctx context.Context) (removed int, err error) {
	return housekeeping.Pass(ctx, s.removePast)
}

// OpenHearing opens a database that has the newest schema, and hears what its server says beside its answers.
func OpenHearing(ctx context.Context, url string, hear func(*pgconn.Notice)) (*Store, error) {
	config, err := poolConfig(Options{URL: url})
	if err != nil {
		return nil, err
	}
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { hear(notice) }
	return connect(ctx, config, housekeeping.Options{Logger: slog.Default()})
}

// PoolConfig is the pool's configuration for these options.
var PoolConfig = poolConfig

// KeepOrder has changes wait for locks where they stand, as long as a statement may, so that they get them in the order in which they came.
func (s *Store) KeepOrder() { s.writer.waits.first, s.writer.waits.crowded = time.Minute, time.Minute }

// WaitInAll is how long changes are tried again that miss a lock.
func (s *Store) WaitInAll(patience time.Duration) { s.writer.waits.inAll = patience }

// DoubtLong has what nobody knows the outcome of announced once only, as long as a test may take.
func (s *Store) DoubtLong() { s.announcer.doubt = time.Hour }

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
		<-done.answered
		bookings[i], errs[i] = done.booking, done.err
	}
	return bookings, errs
}

// Together has these requests (booking.NewBooking, booking.NewSeries, booking.Rescheduling) have their turn at the same moment.
func (s *Store) Together(ctx context.Context, requests ...any) []error {
	tasks, err := s.tasksOf(ctx, requests)
	if err != nil {
		return []error{err}
	}
	s.together(slices.Clone(tasks))
	return column(tasks, func(t *task) error { return t.err })
}

// Answers are the bookings that Together makes and moves.
func (s *Store) Answers(ctx context.Context, requests ...any) (answers []booking.Booking) {
	tasks, err := s.tasksOf(ctx, requests)
	if err != nil {
		return nil
	}
	s.together(slices.Clone(tasks))
	for _, t := range tasks {
		for _, o := range t.orders {
			answers = append(answers, o.booking)
		}
		if t.move != nil {
			answers = append(answers, t.move.moved)
		}
	}
	return answers
}

func (s *Store) tasksOf(ctx context.Context, requests []any) ([]*task, error) {
	tasks := make([]*task, len(requests))
	for i, r := range requests {
		var err error
		switch r := r.(type) {
		case booking.NewBooking:
			tasks[i], err = bookingTask(ctx, r)
		case booking.NewSeries:
			tasks[i], err = seriesTask(ctx, r)
		case booking.Rescheduling:
			var before seen
			if before, err = s.turnAway(ctx, r); errors.Is(err, booking.ErrOccupied) {
				before.taken, err = nil, nil // as if that had happened a moment later
			}
			tasks[i] = moveTask(ctx, r, before)
		}
		if err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

// ErrNotWon is what a task fails with that has changed nothing.
var ErrNotWon = errNotWon

// ListPlan is how Postgres finds a listing's bookings when it plans the statement for all callers.
func (s *Store) ListPlan(ctx context.Context, filter booking.Filter) (string, error) {
	var lines []string
	err := s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		defer conn.Conn().Close(ctx) // it has settings that nobody else should have
		for _, statement := range []string{
			`SET plan_cache_mode = force_generic_plan`, `SET enable_seqscan = off`, `PREPARE listing AS ` + listSQL(filter),
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		rows, err := conn.Query(ctx, `EXPLAIN EXECUTE listing (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10)`)
		if err != nil {
			return err
		}
		lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return strings.Join(lines, "\n"), err
}
