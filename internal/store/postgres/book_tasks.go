package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// bookTasksSQL is bookTogetherSQL for bookings of several units, and for several bookings that are made all together or not at all:
// those with the same number in $26. The units are $28 (of which booking), $29 and $30. $27 are the series.
//
// A task gets nothing if one of its units is not free, or is kept by a hold that has run out, or if its key is known. The caller
// holds the locks of everybody who books several units, and no two bookings of one call meet; what may still be in the way is a
// booking of one unit that is made in this moment. Then some booking has no resources, which its table refuses
// (isPartlyWon), and everything is undone.
var bookTasksSQL = `WITH wanted AS (` + wantedSQL(`, $26::integer[], $27::uuid[]`, `, task, series_id`) + `
), wish AS (
	SELECT w.task, c.*, tstzrange(w.blocked_from, w.blocked_to) AS blocked, w.expires_at
	FROM unnest($28::uuid[], $29::text[], $30::integer[]) WITH ORDINALITY AS c (booking_id, resource_id, unit, position)
	JOIN wanted w ON w.id = c.booking_id
), refused AS (
	SELECT c.task FROM wish c WHERE EXISTS (SELECT FROM occupancy o WHERE ` + onUnit + ` AND o.blocked && c.blocked OFFSET 0)
	UNION ALL
	SELECT w.task FROM wanted w WHERE NOT ` + unclaimed + `
), pick AS (
	SELECT * FROM wish WHERE task NOT IN (SELECT task FROM refused)
), won AS (
	INSERT INTO occupancy (booking_id, resource_id, unit, blocked, expires_at)
	SELECT booking_id, resource_id, unit, blocked, expires_at FROM pick
	ORDER BY resource_id, unit, lower(blocked)
	ON CONFLICT DO NOTHING
	RETURNING 1
), gate AS (
	SELECT booking_id AS id, array_agg(unit ORDER BY position) AS unit_numbers,
		CASE WHEN (SELECT count(*) FROM won) = (SELECT count(*) FROM pick) THEN array_agg(resource_id ORDER BY position) END AS resource_ids
	FROM pick GROUP BY booking_id
	HAVING (SELECT count(*) FROM won) >= 0 -- all are occupied before a customer is touched
)` + recordTogetherSQL(`w.series_id`)

// bookTogether books the only candidate of r in a transaction that others may share.
func (s *Store) bookTogether(ctx context.Context, r booking.NewBooking) (booking.Booking, error) {
	t, err := bookingTask(ctx, r)
	if err == nil {
		err = s.turns.share(t)
	}
	if err != nil {
		return booking.Booking{}, err
	}
	return t.orders[0].booking, nil
}

// bookSeriesTogether books the only candidates of r in a transaction that others may share.
func (s *Store) bookSeriesTogether(ctx context.Context, r booking.NewSeries) ([]booking.Booking, error) {
	t, err := seriesTask(ctx, r)
	if err == nil {
		err = s.turns.share(t)
	}
	if err != nil {
		return nil, err
	}
	return column(t.orders, func(o *order) booking.Booking { return o.booking }), nil
}

func bookingTask(ctx context.Context, r booking.NewBooking) (*task, error) {
	o, err := newOrder(ctx, r)
	if err != nil {
		return nil, err
	}
	return newTask(ctx, request.Locks(r, o.identity), []*order{o}, nil), nil
}

func seriesTask(ctx context.Context, r booking.NewSeries) (*task, error) {
	orders := make([]*order, len(r.Bookings))
	for i, wanted := range r.Bookings {
		wanted.Idempotency = nil
		if i == 0 {
			wanted.Idempotency = r.Idempotency // claimed for all
		}
		o, err := newOrder(ctx, wanted)
		if err != nil {
			return nil, err
		}
		if orders[i], o.seriesID = o, r.ID; i > 0 {
			o.customerID = ""
		}
	}
	return newTask(ctx, request.SeriesLocks(r, orders[0].identity), orders, nil), nil
}

// queueBookTasks books what the tasks want. A booking that comes alone is decided by a statement that frees what holds have left
// behind, too.
func queueBookTasks(batch *pgx.Batch, tasks []*task) {
	if len(tasks) == 1 && len(tasks[0].orders) == 1 {
		queueBookUnits(batch, tasks[0], tasks[0].orders[0])
		return
	}
	var orders []*order
	for _, t := range tasks {
		orders = append(orders, t.orders...)
	}
	batch.Queue(bookTasksSQL, tasksColumns(tasks, orders)...).Query(func(rows pgx.Rows) error {
		if err := readTogether(rows, orders); err != nil {
			return err
		}
		for _, t := range tasks {
			t.err = t.orders[0].err
		}
		return nil
	})
}

func queueBookUnits(batch *pgx.Batch, t *task, o *order) {
	batch.Queue(bookUnitsSQL, unitsArgs(argsOf(o.wanted, o.customerID), o.wanted.Candidates[0])...).QueryRow(func(row pgx.Row) error {
		return answerRow(row, &o.booking, &t.err)
	})
}

// answerRow reads the booking that a task made or moved, which had the error errNotWon so far. That there is none is no error
// here: it would be one of all tasks of the batch.
func answerRow(row pgx.Row, b *booking.Booking, outcome *error) error {
	made, err := scanBooking(row)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil {
		*b, *outcome = made, nil
	}
	return err
}

// tasksColumns are the parameters of bookTasksSQL.
func tasksColumns(tasks []*task, orders []*order) []any {
	var (
		numbers, units []int
		ids, resources []string
	)
	for i, t := range tasks {
		for _, o := range t.orders {
			numbers = append(numbers, i)
			for _, unit := range o.wanted.Candidates[0] {
				ids, resources, units = append(ids, o.wanted.Booking.ID), append(resources, unit.ResourceID), append(units, unit.Number)
			}
		}
	}
	return append(columnsOf(orders), numbers, column(orders, func(o *order) *string { return orNone(o.seriesID) }), ids, resources, units)
}
