package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

const (
	// collectors is how many shared statements there may be under way at the same time, and writing how many of them may be younger
	// than slow: while one commits, another is written. A third would be no faster: a booking costs least in company, and they
	// would divide those that arrive among them. What is slow waits for a lock, and keeps nobody else waiting.
	collectors, writing = 8, 2
	slow                = 5 * time.Millisecond
	// maxTogether bounds how many changes share a transaction, and so how long the first of them waits for the last. A series
	// is not divided.
	maxTogether = 32
)

// collector writes bookings that arrive at the same time in one statement: one round trip and one commit for all of
// them. Nobody waits for company: a collector takes whoever is there when it has finished with those before, so a
// booking that comes alone is written alone.
//
// When one of them fails, all are undone, and then each is written alone and gets its own answer. Whoever is written alone may have
// to wait for a lock, and keeps neither a collector nor anybody's answer meanwhile.
type collector struct {
	writer *writer
	// late is called after an order was answered whose caller has left.
	late    func()
	waiting chan *order
	places  chan struct{} // has an element for each statement that is not slow yet
	stopped chan struct{}
	running sync.WaitGroup
}

// order is one booking of one known unit, ready to be written.
type order struct {
	//nolint:containedctx // the order is the caller's call, on its way to another goroutine
	ctx        context.Context
	wanted     booking.NewBooking
	identity   string // of the customer
	customerID string // if the customer is new; empty for all bookings of a series but the first
	seriesID   string // empty if there is none
	booking    booking.Booking
	err        error
	answered   chan struct{}
}

func startCollector(writer *writer, late func()) *collector {
	c := &collector{
		writer: writer, late: late, waiting: make(chan *order), places: make(chan struct{}, writing), stopped: make(chan struct{}),
	}
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

// book writes one booking by bookTogetherSQL. It fails with errNotWon when the unit is not free or has an expired hold
// on it. Other errors are those of the statement, or the context's: then it is not known whether the booking was
// written.
func (c *collector) book(ctx context.Context, r booking.NewBooking) (booking.Booking, error) {
	if err := ctx.Err(); err != nil {
		return booking.Booking{}, err // once taken it is written with the others, whatever has become of the caller
	}
	o, err := newOrder(ctx, r)
	if err != nil {
		return booking.Booking{}, err
	}
	select {
	case c.waiting <- o:
	case <-ctx.Done():
		return booking.Booking{}, ctx.Err()
	case <-c.stopped:
		return booking.Booking{}, booking.ErrUnavailable
	}
	select {
	case <-o.answered:
		return o.booking, o.err
	case <-ctx.Done():
		return booking.Booking{}, ctx.Err()
	}
}

func (c *collector) collect() {
	for {
		select {
		case c.places <- struct{}{}:
		case <-c.stopped:
			return
		}
		var batch []*order
		select {
		case first := <-c.waiting:
			batch = c.fill([]*order{first})
		case <-c.stopped:
			return
		}
		makeRoom := sync.OnceFunc(func() { <-c.places })
		late := time.AfterFunc(slow, makeRoom)
		end := func() {
			late.Stop()
			makeRoom()
		}
		if len(batch) == 1 {
			c.running.Go(func() {
				defer end()
				c.writeAlone(batch[0])
			})
			continue
		}
		c.write(batch)
		end()
	}
}

// fill adds those who are waiting already.
func (c *collector) fill(batch []*order) []*order {
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

// write writes the orders, those of one customer one after the other: a statement cannot change a row twice. Each is answered
// when it is known what became of it, some after write has ended.
func (c *collector) write(orders []*order) {
	for len(orders) > 0 {
		together, later := apart(orders)
		c.writeTogether(together)
		orders = later
	}
}

// apart takes the first order of each customer.
func apart(orders []*order) (together, later []*order) {
	known := make(map[string]bool, len(orders))
	for _, o := range orders {
		if known[o.identity] {
			later = append(later, o)
			continue
		}
		known[o.identity] = true
		together = append(together, o)
	}
	return together, later
}

func (c *collector) writeTogether(orders []*order) {
	orders = slices.DeleteFunc(orders, func(o *order) bool {
		gone := o.ctx.Err() != nil // while those before it were written; the caller has been told that
		if gone {
			c.answer(o, o.ctx.Err())
		}
		return gone
	})
	var err error
	if len(orders) > 1 {
		err = c.shareStatement(orders)
	}
	for _, o := range orders {
		if len(orders) == 1 || isUndone(err) {
			c.running.Go(func() { c.writeAlone(o) })
			continue
		}
		c.answer(o, err)
	}
}

func (c *collector) writeAlone(o *order) {
	orders := []*order{o}
	c.answer(o, c.writer.sendApart(o.ctx, func(batch *pgx.Batch) { queueTogether(batch, orders) }))
}

// answer tells the caller what became of the order; err is nil when its booking and error are those of the statement. If he has left,
// he has not heard it, and others hear of it now. (If he leaves after this has looked, he tells them himself, and not too early.)
func (c *collector) answer(o *order, err error) {
	if err != nil {
		o.booking, o.err = booking.Booking{}, err
	}
	close(o.answered)
	if o.ctx.Err() != nil {
		c.late()
	}
}

// shareStatement writes all in one transaction, which pgx makes of every batch. An error means that none has an answer.
func (c *collector) shareStatement(orders []*order) error {
	return c.writer.share(func(batch *pgx.Batch) { queueTogether(batch, orders) })
}

func queueTogether(batch *pgx.Batch, orders []*order) {
	batch.Queue(bookTogetherSQL, oneUnitEach(orders)...).Query(func(rows pgx.Rows) error { return readTogether(rows, orders) })
}

// isUndone says that the server refused a statement and therefore undid the transaction. After any other error, such as
// a lost connection, it may have been committed.
func isUndone(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.SeverityUnlocalized == "ERROR"
}

func newOrder(ctx context.Context, r booking.NewBooking) (*order, error) {
	customerID, err := newID()
	if err != nil {
		return nil, err
	}
	return &order{
		ctx: ctx, wanted: r, identity: request.Identity(r.Booking.Customer), customerID: customerID, answered: make(chan struct{}),
	}, nil
}
