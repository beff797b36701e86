package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/test/bench/loadgen"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	// browsers is how many connections ask for slots.
	browsers = 32
	// sampleService is what they ask for: a check-up with one of two dentists, on a grid of 15 minutes.
	sampleService = "checkup"
	// taken is how many of the week's slots are booked before.
	taken = 40
)

// slots measures questions for a week of the sample business's free slots against a server that only says hello. Cold
// questions differ from each other by a second of their window, so that no answer can be that of an earlier one; warm
// ones are all the same. No question carries an ETag, so every answer has its whole body.
func slots(ctx context.Context, b *bench) (rows []report.Row, err error) {
	document, err := b.sampleDocument()
	if err != nil {
		return nil, err
	}
	url, err := b.database(ctx, "slots")
	if err != nil {
		return nil, err
	}
	server, err := b.startServer(ctx, "slots", document, url)
	if err != nil {
		return nil, err
	}
	defer stopServer(server, &err)
	hello, address, err := b.startHello(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, hello.Stop()) }()
	monday := nextMonday(time.Now())
	if err := fillWeek(ctx, server, monday); err != nil {
		return nil, err
	}
	loads := []load{
		{"hello", address, func(_ int, request []byte) []byte {
			return append(request, "GET /hello HTTP/1.1\r\nHost: bench\r\n\r\n"...)
		}},
		{"cold", server.Public, newBrowser(server, monday, true).next},
		{"cached", server.Public, newBrowser(server, monday, false).next},
	}
	measured, err := b.inTurns(ctx, loads, func() (spent, error) { return spentBy(ctx, server, url) })
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, server.LogTail())
	}
	for _, l := range loads[1:] {
		if err := b.profileLoad(ctx, server, l); err != nil {
			return nil, err
		}
	}
	hellos, cold, cached := measured["hello"], measured["cold"], measured["cached"]
	return []report.Row{
		report.Against("slots_cached_vs_hello", median(cached.rates), "queries/s", median(hellos.rates)),
		report.Against("slots_cold_vs_hello", median(cold.rates), "queries/s", median(hellos.rates)),
		report.Plain("slots_answer", float64(cached.bytes)/float64(cached.answers)/1024, "KiB"),
		report.Plain("slots_cached_cpu_server", microsecondsEach(cached.cpu.server, cached.answers), "µs of processor time"),
		report.Plain("slots_cold_cpu_server", microsecondsEach(cold.cpu.server, cold.answers), "µs of processor time"),
		report.Plain("slots_cold_cpu_postgres", microsecondsEach(cold.cpu.postgres, cold.answers), "µs of processor time"),
	}, nil
}

// answered is what came of one kind of request, in all turns.
type answered struct {
	rates   []float64
	answers int
	bytes   int64
	cpu     spent // by the server that is measured, not by hello
}

// load is one kind of request.
type load struct {
	name, address string
	next          func(connection int, request []byte) []byte
}

func (l load) run(ctx context.Context, length time.Duration) (loadgen.Result, error) {
	result, err := loadgen.Run(ctx, loadgen.Options{Address: l.address, Connections: browsers, Duration: length, Next: l.next})
	if err == nil {
		err = result.Only(http.StatusOK)
	}
	return result, err
}

// inTurns measures the loads one after the other, again and again.
func (b *bench) inTurns(ctx context.Context, loads []load, spentSoFar func() (spent, error)) (map[string]*answered, error) {
	all := map[string]*answered{}
	for range b.runs {
		for _, l := range loads {
			before, err := spentSoFar()
			if err != nil {
				return nil, err
			}
			result, err := l.run(ctx, b.each*2/3)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.name, err)
			}
			after, err := spentSoFar()
			if err != nil {
				return nil, err
			}
			if all[l.name] == nil {
				all[l.name] = &answered{}
			}
			all[l.name].add(result, after.since(before))
			fmt.Fprintf(os.Stderr, "  %s %.0f/s of %.1f KiB", l.name, result.PerSecond(http.StatusOK), float64(result.Bytes)/float64(result.Requests())/1024)
		}
		fmt.Fprintf(os.Stderr, " (load average %.1f)\n", loadAverage())
	}
	return all, nil
}

func (a *answered) add(result loadgen.Result, cpu spent) {
	a.rates = append(a.rates, result.PerSecond(http.StatusOK))
	a.answers += result.Requests()
	a.bytes += result.Bytes
	a.cpu = a.cpu.plus(cpu)
}

func (b *bench) profileLoad(ctx context.Context, server *rig.Server, l load) error {
	if b.profiles == "" {
		return nil
	}
	return b.profile(ctx, server, "slots-"+l.name, func() error {
		_, err := l.run(ctx, b.each)
		return err
	})
}

// sampleDocument is the sample business, without its limit on one customer's bookings, which nobody keeps here.
func (b *bench) sampleDocument() (*tenantconfig.Document, error) {
	text, err := os.ReadFile(b.sample)
	if err != nil {
		return nil, err
	}
	document, err := tenantconfig.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.sample, err)
	}
	document.Access = rig.Business{}.Document().Access
	return document, nil
}

// startHello starts the baseline.
func (b *bench) startHello(ctx context.Context) (*rig.Process, string, error) {
	folder, err := b.subfolder("hello")
	if err != nil {
		return nil, "", err
	}
	address, err := rig.FreeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	process, err := rig.Start(exec.CommandContext(context.WithoutCancel(ctx), b.hello, address), folder)
	if err != nil {
		return nil, "", err
	}
	return process, address, rig.AwaitOK(ctx, process, "http://"+address+"/hello")
}

// browser asks for a week's slots.
type browser struct {
	server *rig.Server
	from   time.Time
	moving bool
	asked  int
}

func newBrowser(server *rig.Server, from time.Time, moving bool) *browser {
	return &browser{server: server, from: from, moving: moving}
}

func (b *browser) next(_ int, request []byte) []byte {
	from := b.from
	if b.moving {
		// Back from midnight, when nobody works: every window holds the same slots.
		from = from.Add(-time.Duration(b.asked%(6*3600)) * time.Second).Add(-time.Duration(b.asked/(6*3600)) * 24 * time.Hour)
		b.asked++
	}
	return fmt.Appendf(request, "GET %s HTTP/1.1\r\nHost: bench\r\nX-API-Key: %s\r\n\r\n",
		slotsPath(from, from.Add(7*24*time.Hour), 200), b.server.Key)
}

func slotsPath(from, to time.Time, limit int) string {
	return fmt.Sprintf("/api/v1/slots?service=%s&from=%s&to=%s&limit=%d", sampleService,
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), limit)
}

// nextMonday is midnight (UTC) of the Monday after next: a week that is wholly to come, and within the notice.
func nextMonday(now time.Time) time.Time {
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 8)
	for day.Weekday() != time.Monday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// fillWeek books some of the week's slots, evenly spread.
func fillWeek(ctx context.Context, server *rig.Server, monday time.Time) error {
	var answer struct {
		Data struct {
			Slots []struct {
				StartUTC  string   `json:"startUtc"`
				Resources []string `json:"resources"`
			}
		}
	}
	if err := call(ctx, server, http.MethodGet, slotsPath(monday, monday.AddDate(0, 0, 7), 1000), "", &answer); err != nil {
		return err
	}
	free := answer.Data.Slots
	if len(free) < 3*taken {
		return fmt.Errorf("the sample business has only %d free slots in a week", len(free))
	}
	for i := range taken {
		slot := free[i*len(free)/taken]
		body := fmt.Sprintf(`{"service":%q,"resource":%q,"start":%q,"customer":{"name":"Ann","email":"ann%d@example.com"}}`,
			sampleService, slot.Resources[i%len(slot.Resources)], slot.StartUTC, i)
		if err := call(ctx, server, http.MethodPost, "/api/v1/bookings", body, nil); err != nil {
			return err
		}
	}
	return nil
}

// call makes one request that must succeed, and reads its answer into out unless that is nil.
func call(ctx context.Context, server *rig.Server, method, path, body string, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+server.Public+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-API-Key", server.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return err
}
