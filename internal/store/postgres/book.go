package postgres

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// errNotWon: nothing was written, because the units were not free, another request was faster, or the
// idempotency key is known. Which of these it was takes a new snapshot to see.
var errNotWon = errors.New("not won")

// Book implements booking.Store.
func (s *Store) Book(ctx context.Context, r booking.NewBooking) (booking.Booking, bool, error) {
	if err := request.CheckNew(r); err != nil {
		return booking.Booking{}, false, err
	}
	attempt := s.bookLocked()
	if request.IsSimple(r) {
		attempt = s.bookSimple()
	}
	return s.once(ctx, "book", r.Idempotency, func(ctx context.Context) (booking.Booking, error) {
		b, err := attempt(ctx, r)
		if !errors.Is(err, errNotWon) {
			return b, err
		}
		free, err := s.anyFree(ctx, r)
		if err == nil && !free {
			err = booking.ErrOccupied
		}
		if err == nil {
			err = errNotWon
		}
		return booking.Booking{}, err
	})
}

// attemptToBook tries once. It fails with errNotWon when another try may end differently.
type attemptToBook func(ctx context.Context, r booking.NewBooking) (booking.Booking, error)

// bookSimple decides in one statement. A booking of one known unit first shares it with others that arrive at the same
// time. That statement does not look at what is in its way, so the second try is one that does. While there are losers,
// certain ones are turned away before they join the others: there they might wait for whoever is giving the slot back,
// and all the others with them.
func (s *Store) bookSimple() attemptToBook {
	tries := 0
	return func(ctx context.Context, r booking.NewBooking) (booking.Booking, error) {
		if tries++; tries > 1 || len(r.Candidates) > 1 {
			return s.bookAny(ctx, r)
		}
		if s.lost.lately() {
			if free, err := s.anyFree(ctx, r); err != nil || !free {
				s.lost.now()
				return booking.Booking{}, cmp.Or(err, booking.ErrOccupied)
			}
		}
		b, err := s.collector.book(ctx, r)
		if errors.Is(err, errNotWon) {
			s.lost.now()
		}
		return b, err
	}
}

// losses remembers when a booking was lost to another one last.
type losses struct{ last atomic.Int64 }

// contentionLasts is how long after a loss others are expected.
const contentionLasts = time.Second

func (l *losses) now() { l.last.Store(time.Now().UnixNano()) }

func (l *losses) lately() bool { return time.Since(time.Unix(0, l.last.Load())) < contentionLasts }

// bookAny books the best of the candidates that is free, and frees what holds have left behind.
func (s *Store) bookAny(ctx context.Context, r booking.NewBooking) (b booking.Booking, err error) {
	args, err := recordArgs(r)
	if err != nil {
		return booking.Booking{}, err
	}
	resources, numbers := make([]string, len(r.Candidates)), make([]int, len(r.Candidates))
	for i, candidate := range r.Candidates {
		resources[i], numbers[i] = candidate[0].ResourceID, candidate[0].Number
	}
	args = append(args, request.Ranks(r.Candidates), resources, numbers)
	err = s.writer.send(ctx, func(batch *pgx.Batch) { queueScan(batch, &b, bookAnySQL, args) })
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNotWon
	}
	return b, err
}

// anyFree says whether any candidate of a booking without group is free now.
func (s *Store) anyFree(ctx context.Context, r booking.NewBooking) (bool, error) {
	if request.IsGroup(r.Booking) {
		return true, nil // the locked path has the last word on groups
	}
	taken, err := takenCandidates(s.pool.QueryRow(ctx, takenSQL, takenArgs(r.Booking.Blocked, r.Candidates)...))
	return len(taken) < len(r.Candidates), err
}

// takenSQL lists which candidates ($3 numbers them, for each unit) have a unit that is not free in [$1, $2).
const takenSQL = `
SELECT coalesce(array_agg(DISTINCT c.candidate), '{}')
FROM unnest($3::integer[], $4::text[], $5::integer[]) AS c (candidate, resource_id, unit)
WHERE EXISTS (
	SELECT FROM occupancy o
	WHERE ` + onUnit + ` AND o.blocked && tstzrange($1::timestamptz, $2::timestamptz)
		AND ` + notExpired + `)`

func takenArgs(blocked booking.Interval, candidates []booking.Assignment) []any {
	var (
		indexes, numbers []int
		resources        []string
	)
	for i, candidate := range candidates {
		for _, unit := range candidate {
			indexes = append(indexes, i)
			resources = append(resources, unit.ResourceID)
			numbers = append(numbers, unit.Number)
		}
	}
	return []any{blocked.Start, blocked.End, indexes, resources, numbers}
}

func takenCandidates(row pgx.Row) (map[int]bool, error) {
	var indexes []int
	if err := row.Scan(&indexes); err != nil {
		return nil, err
	}
	return set(indexes), nil
}

func set(numbers []int) map[int]bool {
	in := make(map[int]bool, len(numbers))
	for _, n := range numbers {
		in[n] = true
	}
	return in
}
