package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/test/internal/audit"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	lockers = 64
	// lockedChairs is how many resources they share; few, so that they are in each other's way all the time.
	lockedChairs = 8
	// lockedHours is how many hours ahead they book: nearly all find a place.
	lockedHours = 20_000
	// moveShare and seriesShare are how many of a hundred operations move a booking and book a series.
	moveShare, seriesShare = 30, 5
	// seriesWeeks is how many bookings a series has.
	seriesWeeks = 4
)

// locked has 64 clients book two resources at once, in every order, alone and as series, and move bookings, on the store
// itself. All of that takes locks; none may end in a deadlock that anybody sees, or that Postgres had to break. A series
// counts as one operation.
func locked(ctx context.Context, b *bench) (rows []report.Row, err error) {
	url, err := b.database(ctx, "locked")
	if err != nil {
		return nil, err
	}
	store, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	l := &lockedLoad{store: store, first: rig.FirstDay(time.Now())}
	before, err := spentHere(ctx, url)
	if err != nil {
		return nil, err
	}
	length := 2 * b.each
	limited, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var wait sync.WaitGroup
	for i := range lockers {
		wait.Go(func() { l.client(limited, rand.New(rand.NewPCG(uint64(i), 7))) })
	}
	wait.Wait()
	if first := l.failure.Load(); first != nil {
		return nil, fmt.Errorf("%d operations failed, the first of them: %w", l.failed.Load(), *first)
	}
	used, err := spentHere(ctx, url)
	if err != nil {
		return nil, err
	}
	done := l.booked.Load() + l.series.Load() + l.moved.Load() + l.refused.Load()
	broken, err := count(ctx, url, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`)
	if err != nil {
		return nil, err
	}
	overlaps, err := audit.Overlaps(ctx, audit.Postgres, url)
	fmt.Fprintf(os.Stderr, "  %d booked, %d series, %d moved, %d refused\n", l.booked.Load(), l.series.Load(), l.moved.Load(), l.refused.Load())
	return []report.Row{
		report.Plain("locked_ops", float64(done)/length.Seconds(), "operations/s"),
		report.Plain("locked_cpu_store", microsecondsEach(used.since(before).server, int(done)), "µs of processor time"),
		report.Plain("locked_cpu_postgres", microsecondsEach(used.since(before).postgres, int(done)), "µs of processor time"),
		report.Plain("locked_deadlocks", float64(broken), "deadlocks"),
		report.Plain("locked_overlaps", float64(len(overlaps)), "pairs"),
	}, err
}

type lockedLoad struct {
	store                                  *postgres.Store
	first                                  time.Time
	booked, series, moved, refused, failed atomic.Int64
	failure                                atomic.Pointer[error]
}

// client books and moves until the context ends.
func (l *lockedLoad) client(ctx context.Context, random *rand.Rand) {
	var mine []string
	for ctx.Err() == nil {
		var err error
		roll := random.IntN(100)
		switch {
		case len(mine) > 0 && roll < moveShare:
			if err = l.move(ctx, random, mine[random.IntN(len(mine))]); err == nil {
				l.moved.Add(1)
			}
		case roll < moveShare+seriesShare:
			if err = l.bookSeries(ctx, random); err == nil {
				l.series.Add(1)
			}
		default:
			var id string
			if id, err = l.book(ctx, random); err == nil {
				mine = append(mine, id)
				l.booked.Add(1)
			}
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case isRefusal(err):
			l.refused.Add(1)
		default:
			l.failed.Add(1)
			l.failure.CompareAndSwap(nil, &err)
		}
	}
}

// isRefusal says that what was wanted was not free.
func isRefusal(err error) bool {
	_, series := errors.AsType[*booking.SeriesError](err)
	return series || errors.Is(err, booking.ErrOccupied)
}

func (l *lockedLoad) book(ctx context.Context, random *rand.Rand) (string, error) {
	start, units := l.pair(random)
	wanted := lockedBooking(start, units)
	_, _, err := l.store.Book(ctx, wanted)
	return wanted.Booking.ID, err
}

func (l *lockedLoad) bookSeries(ctx context.Context, random *rand.Rand) error {
	start, units := l.pair(random)
	series := booking.NewSeries{ID: uuid.Must(uuid.NewV7()).String()}
	for week := range seriesWeeks {
		wanted := lockedBooking(start.AddDate(0, 0, 7*week), units)
		wanted.Booking.Customer.Email = series.ID + "@example.com"
		series.Bookings = append(series.Bookings, wanted)
	}
	_, _, err := l.store.BookSeries(ctx, series)
	return err
}

func lockedBooking(start time.Time, units booking.Assignment) booking.NewBooking {
	id := uuid.Must(uuid.NewV7()).String()
	return booking.NewBooking{
		Booking: booking.Booking{
			ID: id, ServiceID: visit, Start: start, End: start.Add(time.Hour), Blocked: booking.Interval{Start: start, End: start.Add(time.Hour)},
			TimeZone: "Europe/London", LocalStart: start.Format("2006-01-02T15:04"), Status: booking.StatusConfirmed, GroupSize: 1,
			Channel: "api", Customer: booking.Customer{Name: "Ann", Email: id + "@example.com"},
		},
		Candidates: []booking.Assignment{units}, Actor: booking.Actor{Principal: "system", Channel: "api"},
	}
}

func (l *lockedLoad) move(ctx context.Context, random *rand.Rand, id string) error {
	start, units := l.pair(random)
	_, _, err := l.store.Reschedule(ctx, booking.Rescheduling{
		BookingID: id, Start: start, End: start.Add(time.Hour), Blocked: booking.Interval{Start: start, End: start.Add(time.Hour)},
		TimeZone: "Europe/London", LocalStart: start.Format("2006-01-02T15:04"),
		Candidates: []booking.Assignment{units}, Actor: booking.Actor{Principal: "system", Channel: "api"},
	})
	return err
}

// pair is a random hour and two chairs in a random order.
func (l *lockedLoad) pair(random *rand.Rand) (time.Time, booking.Assignment) {
	start := l.first.Add(time.Duration(random.IntN(lockedHours)) * time.Hour)
	one := random.IntN(lockedChairs)
	other := (one + 1 + random.IntN(lockedChairs-1)) % lockedChairs
	return start, booking.Assignment{{ResourceID: rig.ResourceID(one), Number: 1}, {ResourceID: rig.ResourceID(other), Number: 1}}
}
