package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/bench/loadgen"
	"github.com/frontdesk-dev/frontdesk/test/internal/audit"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	racers = 64
	// raceRate is how many requests are due in a second, whatever the answers do.
	raceRate = 500
	// raceLength is how long they race.
	raceLength = 10 * time.Second
	// 200 starts: raceChairs chairs of raceStarts starts each.
	raceChairs, raceStarts = 4, 50
	raceGrid               = 15 * time.Minute
	// Of a hundred requests so many cancel and so many move a booking; the others book.
	cancelShare, moveShareInRace = 20, 15
)

// raceOffers are the lengths that the racers want: most overlap several starts.
var raceOffers = []rig.Offer{
	{ID: "quarter", Duration: 15 * time.Minute}, {ID: "half", Duration: 30 * time.Minute},
	{ID: "three-quarters", Duration: 45 * time.Minute}, {ID: "hour", Duration: time.Hour},
}

// race has 64 clients race for 200 starts with random lengths, and cancel and move what others booked, at a fixed rate.
// What the database then holds must not overlap and must be what was acknowledged.
func race(ctx context.Context, b *bench) (rows []report.Row, err error) {
	url, err := b.database(ctx, "race")
	if err != nil {
		return nil, err
	}
	business := rig.Business{Resources: raceChairs, Interval: raceGrid, Offers: raceOffers}
	server, err := b.startServer(ctx, "race", business.Document(), url)
	if err != nil {
		return nil, err
	}
	defer stopServer(server, &err)
	r := newRacers(server)
	result, err := loadgen.Run(ctx, loadgen.Options{
		Address: server.Public, Connections: racers, Duration: raceLength, Rate: raceRate, Next: r.next, Done: r.done,
	})
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, server.LogTail())
	}
	if len(r.unexpected) > 0 {
		return nil, fmt.Errorf("%d unexpected answers, such as %q", len(r.unexpected), r.unexpected[:min(len(r.unexpected), 3)])
	}
	overlaps, err := audit.Overlaps(ctx, audit.Postgres, url)
	if err != nil {
		return nil, err
	}
	kept, err := count(ctx, url, `SELECT count(*) FROM bookings WHERE status = 'confirmed'`)
	if err == nil && kept != r.won-r.cancelled {
		err = fmt.Errorf("%d bookings were acknowledged and %d cancelled, but %d are live", r.won, r.cancelled, kept)
	}
	fmt.Fprintf(os.Stderr, "  %d requests: %d won, %d lost, %d cancelled, %d moved; all p99 %s (load average %.1f)\n",
		result.Requests(), r.won, len(r.losses), r.cancelled, r.moved, result.Percentile(99), loadAverage())
	return []report.Row{
		report.Plain("race_overlaps", float64(len(overlaps)), "pairs"),
		report.Plain("race_winners", float64(r.won), "bookings"),
		report.Plain("race_losers", float64(len(r.losses)), "refusals"),
		report.Plain("race_cancelled", float64(r.cancelled), "bookings"),
		report.Plain("race_moved", float64(r.moved), "bookings"),
		report.Against("race_loser_p99", percentile(r.losses, 99), "ms", percentile(r.wins, 99)),
		report.Plain("race_rate", float64(result.Requests())/result.Elapsed.Seconds(), "requests/s"),
	}, err
}

// wish is what a connection asked for last: of a booking that exists, its id.
type wish struct {
	does string // book, cancel or move
	id   string
}

// racing is the state of the race: what each connection asked last, and which bookings are there to cancel and to move.
type racing struct {
	server     *rig.Server
	first      time.Time
	random     *rand.Rand
	sent       int
	wishes     []wish // by connection
	live       []string
	won        int
	cancelled  int
	moved      int
	wins       []float64 // milliseconds
	losses     []float64
	unexpected []string
}

func newRacers(server *rig.Server) *racing {
	return &racing{
		server: server, first: rig.FirstDay(time.Now()), wishes: make([]wish, racers),
		random: rand.New(rand.NewPCG(1, 2)),
	}
}

func (r *racing) next(connection int, request []byte) []byte {
	r.sent++
	once := fmt.Sprintf("race-%d", r.sent)
	chair := rig.ResourceID(r.random.IntN(raceChairs))
	start := r.first.Add(time.Duration(r.random.IntN(raceStarts)) * raceGrid).Format(time.RFC3339)
	switch roll := r.random.IntN(100); {
	case len(r.live) > 0 && roll < cancelShare:
		id := r.take()
		r.wishes[connection] = wish{"cancel", id}
		return post(request, r.server.Key, "/api/v1/bookings/"+id+"/cancel", once, `{"reason":"race"}`)
	case len(r.live) > 0 && roll < cancelShare+moveShareInRace:
		id := r.take()
		r.wishes[connection] = wish{"move", id}
		return post(request, r.server.Key, "/api/v1/bookings/"+id+"/reschedule", once, fmt.Sprintf(`{"start":%q,"resource":%q}`, start, chair))
	default:
		r.wishes[connection] = wish{does: "book"}
		body := fmt.Sprintf(`{"service":%q,"resource":%q,"start":%q,"customer":{"name":"Ann Miller","email":"ann%d@example.com"}}`,
			raceOffers[r.random.IntN(len(raceOffers))].ID, chair, start, r.sent)
		return post(request, r.server.Key, "/api/v1/bookings", once, body)
	}
}

// take takes a booking out of the list, so that what becomes of it can be counted.
func (r *racing) take() string {
	i := r.random.IntN(len(r.live))
	id := r.live[i]
	r.live = slices.Delete(r.live, i, i+1)
	return id
}

func (r *racing) done(connection int, answer loadgen.Answer) {
	var told struct {
		Code string
		Data struct{ ID string }
	}
	if err := json.Unmarshal(answer.Body, &told); err != nil {
		told.Code = err.Error()
	}
	last, took := r.wishes[connection], milliseconds(answer.Took)
	taken := answer.Status == http.StatusConflict && told.Code == "SLOT_TAKEN"
	switch {
	case last.does == "book" && answer.Status == http.StatusCreated:
		r.won++
		r.wins = append(r.wins, took)
		r.live = append(r.live, told.Data.ID)
	case last.does == "book" && taken:
		r.losses = append(r.losses, took)
	case last.does == "cancel" && answer.Status == http.StatusOK:
		r.cancelled++
	case last.does == "move" && answer.Status == http.StatusOK:
		r.moved++
		r.live = append(r.live, last.id)
	case last.does == "move" && taken:
		r.losses = append(r.losses, took)
		r.live = append(r.live, last.id)
	case last.does == "move" && told.Code == "VALIDATION_ERROR": // it is there already
		r.live = append(r.live, last.id)
	default:
		r.unexpected = append(r.unexpected, fmt.Sprintf("%s: %d %s", last.does, answer.Status, answer.Body[:min(len(answer.Body), 300)]))
	}
}

// percentile of values in any order; 0 of none.
func percentile(values []float64, percent float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(float64(len(sorted))*percent/100), len(sorted)-1)]
}
