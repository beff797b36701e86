package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/bench/loadgen"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// visit is the service that is booked: half an hour on any of chairs resources.
const (
	visit    = "visit"
	duration = 30 * time.Minute
	chairs   = 100
)

// bookings measures bookings per second over HTTP against what pgbench does on the same Postgres: once with the least
// that keeps a slot safely, once with our own statement. The three take turns.
func bookings(ctx context.Context, b *bench) (rows []report.Row, err error) {
	url, err := b.database(ctx, "bookings")
	if err != nil {
		return nil, err
	}
	business := rig.Business{Resources: chairs, Interval: duration, Offers: []rig.Offer{{ID: visit, Duration: duration}}}
	server, err := b.startServer(ctx, "bookings", business.Document(), url)
	if err != nil {
		return nil, err
	}
	defer stopServer(server, &err)
	desk := newDesk(server, url)
	least, full, err := newBaselines(ctx, b, url, func() error {
		_, err := desk.run(ctx, 16, time.Second) // warms both, too
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, clients := range []int{16, 32} {
		measured, err := b.compare(ctx, desk, least, full, clients)
		if err != nil {
			return nil, err
		}
		rows = append(rows, measured...)
	}
	loaded, err := server.RSS()
	if err != nil {
		return nil, err
	}
	rows = append(rows, report.Plain("rss_loaded", loaded, "MiB"),
		report.Plain("booking_cpu_server", microsecondsEach(desk.cpu.server, desk.booked), "µs of processor time"),
		report.Plain("booking_cpu_postgres", microsecondsEach(desk.cpu.postgres, desk.booked), "µs of processor time"),
		report.Against("booking_cpu_vs_pg", microsecondsEach(desk.cpu.server+desk.cpu.postgres, desk.booked), "µs of processor time",
			microsecondsEach(least.cpu, least.done)))
	return rows, desk.check(ctx, url)
}

// compare runs the three in turns and takes the median of each.
func (b *bench) compare(ctx context.Context, desk *desk, least, full *pgbench, clients int) ([]report.Row, error) {
	var ours, theirs, fulls, p99s []float64
	for range b.runs {
		result, err := desk.run(ctx, clients, b.each)
		if err != nil {
			return nil, err
		}
		ours = append(ours, result.PerSecond(http.StatusCreated))
		p99s = append(p99s, milliseconds(result.Percentile(99)))
		for _, baseline := range []struct {
			*pgbench
			rates *[]float64
		}{{least, &theirs}, {full, &fulls}} {
			rate, err := baseline.run(ctx, clients, b.each)
			if err != nil {
				return nil, err
			}
			*baseline.rates = append(*baseline.rates, rate)
		}
		fmt.Fprintf(os.Stderr, "  %d clients: %.0f bookings/s over HTTP, p99 %.1f ms; pgbench %.0f/s, with our statement %.0f/s (load average %.1f)\n",
			clients, ours[len(ours)-1], p99s[len(p99s)-1], theirs[len(theirs)-1], fulls[len(fulls)-1], loadAverage())
	}
	if b.profiles != "" {
		if err := b.profile(ctx, desk.server, fmt.Sprintf("bookings-%d", clients), func() error {
			_, err := desk.run(ctx, clients, b.each)
			return err
		}); err != nil {
			return nil, err
		}
	}
	name := func(format string) string { return fmt.Sprintf(format, clients) }
	return []report.Row{
		report.Against(name("booking_http_vs_pg_%d"), median(ours), "bookings/s", median(theirs)),
		report.Against(name("booking_http_vs_pg_full_%d"), median(ours), "bookings/s", median(fulls)),
		report.Against(name("booking_http_vs_pg_%d_worst"), slices.Min(ours), "bookings/s", slices.Max(theirs)),
		report.Plain(name("booking_http_p99_%d"), median(p99s), "ms"),
	}, nil
}

// desk books one distinct slot after the other.
type desk struct {
	server *rig.Server
	first  time.Time
	made   int // requests sent
	booked int // answers 201
	url    string
	cpu    spent
}

func newDesk(server *rig.Server, url string) *desk {
	return &desk{server: server, url: url, first: rig.FirstDay(time.Now())}
}

func (d *desk) run(ctx context.Context, clients int, length time.Duration) (loadgen.Result, error) {
	before, err := spentBy(ctx, d.server, d.url)
	if err != nil {
		return loadgen.Result{}, err
	}
	result, err := loadgen.Run(ctx, loadgen.Options{
		Address: d.server.Public, Connections: clients, Duration: length, Next: d.next,
	})
	if err == nil {
		err = result.Only(http.StatusCreated)
	}
	if err != nil {
		return result, fmt.Errorf("booking: %w\n%s", err, d.server.LogTail())
	}
	d.booked += result.ByStatus[http.StatusCreated]
	after, err := spentBy(ctx, d.server, d.url)
	d.cpu = d.cpu.plus(after.since(before))
	return result, err
}

// next is the request for the next slot: another chair each time, another customer, another idempotency key.
func (d *desk) next(_ int, request []byte) []byte {
	i := d.made
	d.made++
	slot := d.first.Add(time.Duration(i/chairs) * duration)
	body := fmt.Sprintf(`{"service":%q,"resource":%q,"start":%q,"customer":{"name":"Ann Miller","phone":"+4474%08d","email":"ann%d@example.com"},"notes":"First visit"}`,
		visit, rig.ResourceID(i%chairs), slot.Format(time.RFC3339), i%1e8, i)
	return post(request, d.server.Key, "/api/v1/bookings", fmt.Sprintf("bench-%d", i), body)
}

// post appends a POST request with an idempotency key.
func post(request []byte, key, path, once, body string) []byte {
	return fmt.Appendf(request, "POST %s HTTP/1.1\r\nHost: bench\r\nX-API-Key: %s\r\nIdempotency-Key: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, key, once, len(body), body)
}

// check reads from the database that it holds what was acknowledged.
func (d *desk) check(ctx context.Context, url string) error {
	kept, err := count(ctx, url, `SELECT count(*) FROM bookings JOIN occupancy ON booking_id = id JOIN booking_events e ON e.booking_id = id
		JOIN idempotency_keys k ON k.booking_id = id AND k.principal <> 'pgbench'`)
	if err == nil && kept != d.booked {
		err = fmt.Errorf("%d bookings were acknowledged, and the database holds %d whole ones", d.booked, kept)
	}
	return err
}

func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }
