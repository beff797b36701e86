package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// clients is how many callers a benchmark has for each processor.
const clients = 16

// Benchmark measures the shapes of booking that differ in cost. Each reports bookings or attempts.
func Benchmark(b *testing.B, engine Engine) {
	shapes := map[string]func(i int64) booking.NewBooking{
		// Nobody is in anybody's way.
		"Distinct": func(i int64) booking.NewBooking {
			r := appointment(fmt.Sprint("r", i%200), at(int(i/200), 0))
			r.Idempotency = claim(r.Booking.ID, 1)
			return r
		},
		// A person and one of two rooms, under locks.
		"TwoResources": func(i int64) booking.NewBooking {
			r := appointment("", at(int(i/200), 0))
			person := booking.Unit{ResourceID: fmt.Sprint("r", i%200), Number: 1}
			for room := range 2 {
				r.Candidates[0] = booking.Assignment{person, {ResourceID: fmt.Sprint("room", i%200), Number: 1 + room}}
			}
			return r
		},
		// A pool of numbered units that fills up hour by hour.
		"Pool": func(i int64) booking.NewBooking {
			r := appointment("", at(int(i/20), 0))
			r.Candidates = pool("chair", 20)
			return r
		},
		// Everybody wants the same, and nearly all are turned away.
		"Hot": func(int64) booking.NewBooking { return appointment("dr-khan", at(9, 0)) },
	}
	for name, shape := range shapes {
		b.Run(name, func(b *testing.B) {
			store := open(b, engine, engine.New(b))
			ctx := context.Background()
			var next atomic.Int64
			b.SetParallelism(clients)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _, err := store.Book(ctx, shape(next.Add(1)))
					if err != nil && (name != "Hot" || !errors.Is(err, booking.ErrOccupied)) {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
		})
	}
}
