package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

const (
	// collectors is how many transactions are filled at the same time: while one commits, the next is written.
	collectors = 2
	// maxTogether bounds how many bookings share a transaction, and so how long the first of them waits for the last.
	maxTogether = 16
	// togetherTimeout bounds a shared transaction. It has no caller whose patience could bound it.
	togetherTimeout = 20 * time.Second
)

// collector writes bookings that arrive at the same time in one transaction: one round trip and one commit for all of
// them. Nobody waits for company: a collector takes whoever is there when it has finished with those before, so a
// booking that comes alone is a statement of its own.
//
// Bookings of one transaction are written in the order of their units and times, so that two transactions never wait
// for each other's slots crosswise. When one of them fails, all are undone, and then each is written alone and gets its
// own answer.
type collector struct {
	pool    *pgxpool.Pool
	waiting chan *statement
	stopped chan struct{}
	running sync.WaitGroup
}

// statement is one booking of one known unit, ready to be written.
type statement struct {
	//nolint:containedctx // the statement is the caller's call, on its way to another goroutine
	ctx      context.Context
	unit     booking.Unit
	start    time.Time // of what it blocks
	args     []any
	booking  booking.Booking
	err      error
	answered chan struct{}
}

func startCollector(pool *pgxpool.Pool) *collector {
	c := &collector{pool: pool, waiting: make(chan *statement), stopped: make(chan struct{})}
	for range collectors {
		c.running.Go(c.collect)
	}
	return c
}

// stop ends the collector when it has answered whom it has taken.
func (c *collector) stop() {
	close(c.stopped)
	c.running.Wait()
}

// book writes one booking by bookOneSQL. The error is that of the statement, or the context's: then it is not known
// whether the booking was written.
func (c *collector) book(ctx context.Context, r booking.NewBooking, args []any) (booking.Booking, error) {
	if err := ctx.Err(); err != nil {
		return booking.Booking{}, err // once taken it is written with the others, whatever has become of the caller
	}
	s := &statement{
		ctx: ctx, unit: r.Candidates[0][0], start: r.Booking.Blocked.Start, args: args, answered: make(chan struct{}),
	}
	select {
	case c.waiting <- s:
	case <-ctx.Done():
		return booking.Booking{}, ctx.Err()
	case <-c.stopped:
		return booking.Booking{}, booking.ErrUnavailable
	}
	select {
	case <-s.answered:
		return s.booking, s.err
	case <-ctx.Done():
		return booking.Booking{}, ctx.Err()
	}
}

func (c *collector) collect() {
	batch := make([]*statement, 0, maxTogether)
	for {
		select {
		case first := <-c.waiting:
			batch = c.fill(append(batch[:0], first))
		case <-c.stopped:
			return
		}
		c.write(batch)
		for _, s := range batch {
			close(s.answered)
		}
		clear(batch)
	}
}

// fill adds those who are waiting already.
func (c *collector) fill(batch []*statement) []*statement {
	for len(batch) < maxTogether {
		select {
		case next := <-c.waiting:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (c *collector) write(batch []*statement) {
	if len(batch) > 1 {
		err := c.writeTogether(batch)
		if err == nil {
			return
		}
		if !isUndone(err) {
			for _, s := range batch {
				s.booking, s.err = booking.Booking{}, err
			}
			return
		}
	}
	for _, s := range batch {
		s.booking, s.err = scanBooking(c.pool.QueryRow(s.ctx, bookOneSQL, s.args...))
	}
}

// writeTogether writes all in one transaction, which pgx makes of every batch. An error means that none has an answer.
func (c *collector) writeTogether(statements []*statement) error {
	ctx, cancel := context.WithTimeout(context.Background(), togetherTimeout)
	defer cancel()
	slices.SortFunc(statements, func(a, b *statement) int {
		return cmp.Or(cmp.Compare(a.unit.ResourceID, b.unit.ResourceID), a.unit.Number-b.unit.Number, a.start.Compare(b.start))
	})
	batch := &pgx.Batch{}
	for _, s := range statements {
		batch.Queue(bookOneSQL, s.args...).QueryRow(func(row pgx.Row) error {
			s.booking, s.err = scanBooking(row)
			if errors.Is(s.err, pgx.ErrNoRows) {
				return nil // its slot is taken, which is no reason to undo the others
			}
			return s.err
		})
	}
	return c.pool.SendBatch(ctx, batch).Close()
}

// isUndone says that the server refused a statement and therefore undid the transaction. After any other error, such as
// a lost connection, it may have been committed.
func isUndone(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.SeverityUnlocalized == "ERROR"
}
