package postgres

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// task is what a request wants done under locks, when that can be decided by a statement that is written before anything is
// known: then locks, statement and commit are one round trip, and tasks whose turn comes at the same time (turns.go) share it.
// The statement changes everything that the task asks for, or nothing.
type task struct {
	//nolint:containedctx // the task is the caller's call, on its way to another goroutine
	ctx   context.Context
	names []string // of its locks
	// orders are the bookings that it makes; none if it is a move.
	orders []*order
	move   *move
	err    error
	done   chan struct{} // closed when the orders or the move, and err, are as they will be
}

func newTask(ctx context.Context, names []string, orders []*order, move *move) *task {
	return &task{ctx: ctx, names: names, orders: orders, move: move, done: make(chan struct{})}
}

// together does the tasks whose turn has come, and answers each: those that can share a transaction, and then the others.
func (s *Store) together(tasks []*task) {
	for len(tasks) > 0 {
		now, later := unlike(tasks)
		s.doTogether(now)
		tasks = later
	}
}

// unlike takes tasks that one statement can do side by side: of the bookings of one person, and of those that want a unit at the same
// time, the first. Moves are statements of their own.
func unlike(tasks []*task) (now, later []*task) {
	var booked []*order
	for _, t := range tasks {
		if slices.ContainsFunc(t.orders, func(o *order) bool {
			return slices.ContainsFunc(booked, func(other *order) bool { return o.identity == other.identity || meet(o.wanted, other.wanted) })
		}) {
			later = append(later, t)
			continue
		}
		booked = append(booked, t.orders...)
		now = append(now, t)
	}
	return now, later
}

// meet says whether two bookings, each of one candidate, want a unit at the same time.
func meet(one, other booking.NewBooking) bool {
	return one.Booking.Blocked.Start.Before(other.Booking.Blocked.End) && other.Booking.Blocked.Start.Before(one.Booking.Blocked.End) &&
		slices.ContainsFunc(one.Candidates[0], func(unit booking.Unit) bool { return slices.Contains(other.Candidates[0], unit) })
}

// doTogether does tasks in one transaction. When one of them fails, all are undone, and then each is done alone and gets its own
// answer when it is there: one that waits for a lock keeps no other from its own.
func (s *Store) doTogether(tasks []*task) {
	tasks = slices.DeleteFunc(tasks, func(t *task) bool {
		gone := t.ctx.Err() != nil // while those before it were done; the caller has been told that
		if gone {
			s.answer(t, t.ctx.Err())
		}
		return gone
	})
	if len(tasks) > 1 {
		err := s.writer.share(func(batch *pgx.Batch) { queueTasks(batch, tasks) })
		if !isUndone(err) {
			for _, t := range tasks {
				s.answer(t, err)
			}
			return
		}
	}
	var alone sync.WaitGroup
	defer alone.Wait()
	for _, t := range tasks {
		alone.Go(func() { s.doAlone(t) })
	}
}

func (s *Store) doAlone(t *task) {
	err := s.writer.sendApart(t.ctx, func(batch *pgx.Batch) { queueTasks(batch, []*task{t}) })
	if isPartlyWon(err) {
		err = errNotWon
	}
	s.answer(t, err)
}

// answer tells the caller what became of the task, like the collector's; err is nil when its error is that of its statement.
func (s *Store) answer(t *task, err error) {
	if err != nil {
		t.err = err
	}
	close(t.done)
	if t.ctx.Err() != nil {
		s.announcer.late()
	}
}

// queueTasks is all of a transaction. Moves come first, and all bookings are one statement: whoever has touched a customer must
// not wait for units.
func queueTasks(batch *pgx.Batch, tasks []*task) {
	var (
		names  []string
		lines  []int64
		moves  []*task
		booked []*task
	)
	for _, t := range tasks {
		t.err = errNotWon
		names = append(names, t.names...)
		if t.move == nil {
			booked = append(booked, t)
			continue
		}
		moves = append(moves, t)
		if t.move.wanted.Offering != nil {
			lines = append(lines, t.move.seen.line)
		}
	}
	queueLines(batch, lines)
	queueLocks(batch, names)
	slices.SortFunc(moves, func(a, b *task) int { return strings.Compare(a.move.wanted.BookingID, b.move.wanted.BookingID) })
	for _, t := range moves {
		t.move.queue(batch, &t.err)
	}
	if len(booked) > 0 {
		queueBookTasks(batch, booked)
	}
}
